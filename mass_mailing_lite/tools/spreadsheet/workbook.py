"""Excel workbooks: .xlsx by openpyxl, .xls by xlrd.

A workbook of 150 kB can hold gigabytes. The sizes that its parts say they have are added up before
any is unpacked (``zipfile`` unpacks no more than a part says), and rows and cells are counted while
they are read, empty ones too: one row may say that it is the billionth.
"""

import io
import logging
import re
import zipfile

import openpyxl
import xlrd

from .table import (
    ENCRYPTED,
    NO_TABLE,
    TOO_MANY_CELLS,
    TOO_MANY_ROWS,
    UNPACKED,
    RowCollector,
    Table,
    UnreadableError,
)

_logger = logging.getLogger(__name__)

MAX_UNPACKED = 150_000_000  # bytes of all parts
MAX_STRINGS = 50_000_000  # bytes of the part with all texts, which is kept in memory
MAX_OTHER = 10_000_000  # bytes of any part that is neither a sheet nor that, such as the styles
MAX_PARTS = 5_000
MAX_SHEET_ROWS = 1_048_576  # of Excel
MAX_SCANNED_CELLS = 30_000_000  # empty ones included; 1 s
MAX_SHEETS = 200
ROWS_TO_LOOK_FOR_ADDRESSES = 50
HEAD = 4096  # bytes of a part in which its first element must be
DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
# A formula with no result behind it, as programs save it that do not calculate.
NO_RESULT = re.compile(rb"(?:</f>|<f[^<>]{0,200}/>)\s{0,9}(?:<v\s?/>|<v></v>)?\s{0,9}</c>")


def open_archive(data):
    """Return the ``ZipFile`` of a workbook whose parts have the sizes of one.

    :raises UnreadableError: when it is damaged, encrypted, or too large when it is unpacked
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableError(NO_TABLE) from error
    parts = archive.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError(ENCRYPTED)
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise UnreadableError(UNPACKED)
    for part in parts:
        if part.file_size > _largest(part.filename):
            raise UnreadableError(UNPACKED)
    return archive


def _largest(name):
    """Return how many bytes a part may have; pictures are not unpacked."""
    name = name.lower()
    if not name.endswith((".xml", ".rels")) or "/worksheets/" in name or name == "content.xml":
        return MAX_UNPACKED
    return MAX_STRINGS if "sharedstrings" in name else MAX_OTHER


def begins_with_element(head):
    """Tell whether the first bytes of XML come to an element, so that no DOCTYPE can follow.

    In UTF-16 and other encodings that hide it they do not; no spreadsheet program writes these.
    """
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while head.startswith((b"<?", b"<!--")):
        head = head.partition(b"?>" if head[1:2] == b"?" else b"-->")[2].lstrip()
    return head[:1] == b"<" and (head[1:2].isalpha() or head[1:2] == b"_")


def read(data, archive, is_address, sheet):
    """Return the ``Table`` of a sheet of an .xlsx file; parameters as of ``reader.read``."""
    return _guarded(lambda: _read(data, archive, is_address, sheet))


def read_old(data, is_address, sheet):
    """Return the ``Table`` of a sheet of an .xls file."""
    return _guarded(lambda: _read_old(data, is_address, sheet))


def _guarded(read_it):
    """Read, and answer with words whatever a reader makes of a damaged file.

    openpyxl and xlrd raise what happens to them: errors of XML, of zip files, of types, of struct.
    """
    try:
        return read_it()
    except UnreadableError:
        raise
    except Exception as error:
        _logger.info("A workbook cannot be read: %s: %s", type(error).__name__, error)
        is_encrypted = isinstance(error, xlrd.XLRDError) and "encrypted" in str(error).lower()
        raise UnreadableError(ENCRYPTED if is_encrypted else NO_TABLE) from error


def choose_sheet(sheets, is_address):
    """Return the position of the first sheet that has an address in its first rows.

    :param sheets: list of ``(is visible, function that returns the rows)``
    """
    order = sorted(range(len(sheets)), key=lambda place: not sheets[place][0])
    for place in order:
        for row, _number in zip(
            sheets[place][1](), range(ROWS_TO_LOOK_FOR_ADDRESSES), strict=False
        ):
            if any(is_address(cell.strip()) for cell in row if isinstance(cell, str)):
                return place
    return order[0]


def collect(rows):
    """Return the ``Row`` list of an iterator of rows, counted from 1."""
    collector, scanned = RowCollector(), 0
    for line, row in enumerate(rows, 1):
        scanned += len(row)
        if line > MAX_SHEET_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        if scanned > MAX_SCANNED_CELLS:
            raise UnreadableError(TOO_MANY_CELLS)
        if row:
            collector.add(line, row)
    return collector.rows


# ------------------------------------------------------------
# .xlsx
# ------------------------------------------------------------


def _read(data, archive, is_address, sheet):
    for part in archive.infolist():
        if part.filename.lower().endswith((".xml", ".rels")):
            with archive.open(part) as stream:
                # No spreadsheet program writes declarations; entities are how XML grows.
                head = stream.read(HEAD)
                if DECLARATION.search(head) or not begins_with_element(head):
                    raise UnreadableError(NO_TABLE)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    pages = book.worksheets[:MAX_SHEETS]
    for page in pages:
        # Some programs write A1:A1 as the size of each sheet.
        page.reset_dimensions()
    if sheet is None or not 0 <= sheet < len(pages):
        sheet = choose_sheet(
            [
                (page.sheet_state == "visible", lambda page=page: page.iter_rows(values_only=True))
                for page in pages
            ],
            is_address,
        )
    return Table(
        collect(pages[sheet].iter_rows(values_only=True)),
        sheets=[page.title for page in pages],
        sheet=sheet,
        has_unknown_results=_has_unknown_results(archive),
    )


def _has_unknown_results(archive):
    """Tell whether a sheet has a formula that was saved without its result."""
    for part in archive.infolist():
        if "/worksheets/" in part.filename.lower() and part.filename.lower().endswith(".xml"):
            tail = b""
            with archive.open(part) as stream:
                while chunk := stream.read(1 << 20):
                    if NO_RESULT.search(tail + chunk):
                        return True
                    tail = chunk[-300:]
    return False


# ------------------------------------------------------------
# .xls
# ------------------------------------------------------------


def _read_old(data, is_address, sheet):
    book = xlrd.open_workbook(
        file_contents=data, on_demand=True, ragged_rows=True, logfile=io.StringIO()
    )
    names = book.sheet_names()[:MAX_SHEETS]
    if sheet is None or not 0 <= sheet < len(names):
        sheet = choose_sheet(
            [
                (
                    not getattr(book, "_sheet_visibility", [0] * len(names))[place],
                    lambda place=place: _old_rows(book, place),
                )
                for place in range(len(names))
            ],
            is_address,
        )
    return Table(collect(_old_rows(book, sheet)), sheets=names, sheet=sheet)


def _old_rows(book, place):
    """Yield the rows of a sheet, with values as openpyxl gives them."""
    page = book.sheet_by_index(place)
    for number in range(page.nrows):
        yield [_old_value(cell, book.datemode) for cell in page.row(number)]


def _old_value(cell, datemode):
    if cell.ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK, xlrd.XL_CELL_ERROR):
        return None
    if cell.ctype == xlrd.XL_CELL_BOOLEAN:
        return bool(cell.value)
    if cell.ctype == xlrd.XL_CELL_DATE:
        try:
            return xlrd.xldate_as_datetime(cell.value, datemode)
        except (ValueError, OverflowError, xlrd.xldate.XLDateError):
            return cell.value
    return cell.value
