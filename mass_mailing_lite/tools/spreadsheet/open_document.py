"""OpenDocument spreadsheets (.ods), OASIS OpenDocument 1.3, part 3, section 9.

Read row by row with lxml: ``odfpy``, which Odoo's own import uses for them, is in no list of what
Odoo requires, keeps the whole document in memory, and writes out each repeated cell.
"""

from lxml import etree

from .table import (
    ENCRYPTED,
    MAX_COLUMNS,
    MAX_ROWS,
    NO_TABLE,
    TOO_MANY_CELLS,
    RowCollector,
    Table,
    UnreadableError,
)
from .workbook import MAX_SCANNED_CELLS, MAX_SHEETS, ROWS_TO_LOOK_FOR_ADDRESSES

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
# Attributes with the value of a cell, by its type; of others, what is shown.
VALUES = {"float": "value", "percentage": "value", "currency": "value", "date": "date-value"}


def is_one(archive):
    """Tell whether an archive is an OpenDocument spreadsheet."""
    return {"mimetype", "content.xml"} <= set(archive.namelist())


def read(archive, is_address, sheet):
    """Return the ``Table`` of a sheet; parameters as of ``reader.read``."""
    try:
        if "META-INF/manifest.xml" in archive.namelist():
            with archive.open("META-INF/manifest.xml") as stream:
                if b"encryption-data" in stream.read():
                    raise UnreadableError(ENCRYPTED)
        names, with_addresses = _look(archive, is_address)
        if sheet is None or not 0 <= sheet < len(names):
            sheet = with_addresses
        collector = RowCollector()
        for place, _name, line, repeat, cells in _rows(archive):
            if place > sheet:
                break
            if place == sheet:
                for number in range(min(repeat, MAX_ROWS + 1) if any(cells) else 0):
                    collector.add(line + number, cells)
    except UnreadableError:
        raise
    except Exception as error:  # of zip, XML and numbers that are none
        raise UnreadableError(NO_TABLE) from error
    return Table(collector.rows, sheets=names, sheet=sheet)


def _look(archive, is_address):
    """Return the names of the sheets and the position of the first that has an address."""
    names, found, filled = [], None, 0
    for place, name, _line, _repeat, cells in _rows(archive):
        if place == len(names):
            if place == MAX_SHEETS:
                break
            names.append(name)
            filled = 0
        filled += 1
        # A cell that is repeated is looked at once.
        texts = dict.fromkeys(cells) if filled <= ROWS_TO_LOOK_FOR_ADDRESSES else ()
        if found is None and any(map(is_address, texts)):
            found = place
    if not names:
        raise UnreadableError(NO_TABLE)
    return names, found or 0


def _rows(archive):
    """Yield ``(place of the sheet, its name, line, how often the row stands there, cells)``.

    :raises UnreadableError: when cells that are repeated are more than a workbook may have
    """
    place, name, line, scanned = -1, "", 1, 0
    row_tag, table_tag = f"{TABLE}table-row", f"{TABLE}table"
    with archive.open("content.xml") as stream:
        for event, element in etree.iterparse(
            stream,
            events=("start", "end"),
            tag=(table_tag, row_tag),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        ):
            if element.tag == table_tag:
                if event == "start":
                    place, name, line = place + 1, element.get(f"{TABLE}name", ""), 1
                continue
            if event == "start":
                continue
            repeat = int(element.get(f"{TABLE}number-rows-repeated", 1))
            cells = _cells(element)
            scanned += len(cells) * max(repeat, 1)
            if scanned > MAX_SCANNED_CELLS:
                raise UnreadableError(TOO_MANY_CELLS)
            yield place, name, line, repeat, cells
            line += repeat
            # What was read is dropped: the memory is that of one row.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _cells(row):
    cells, empty = [], 0
    for cell in row.iterchildren(CELLS):
        repeat = int(cell.get(f"{TABLE}number-columns-repeated", 1))
        text = _text(cell)
        if not text:
            empty += repeat
        elif len(cells) + empty < MAX_COLUMNS:
            cells += [""] * empty
            empty = 0
            cells += [text] * min(repeat, MAX_COLUMNS - len(cells))
    return cells


def _text(cell):
    attribute = VALUES.get(cell.get(f"{OFFICE}value-type"))
    value = cell.get(f"{OFFICE}{attribute}") if attribute else None
    if value is not None:
        return _number(value)
    # Remarks on a cell are no paragraphs of its own.
    return "\n".join(
        "".join(_pieces(paragraph)) for paragraph in cell.iterchildren(f"{TEXT}p")
    ).strip()


def _number(value):
    """Return a number without ``.0`` and exponent, where that changes nothing."""
    try:
        number = float(value)
    except ValueError:
        return value
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else value


def _pieces(element):
    """Yield the text in an element; blanks and line breaks are elements of their own."""
    if element.tag in (f"{TEXT}s", f"{TEXT}tab"):
        yield " " * min(int(element.get(f"{TEXT}c", 1)), 100)
    elif element.tag == f"{TEXT}line-break":
        yield "\n"
    yield element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            yield from _pieces(child)
        yield child.tail or ""
