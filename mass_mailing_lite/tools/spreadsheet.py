"""Rows of CSV and Excel files, and their columns of addresses and names."""

import csv
import io
import string
import zipfile

import chardet
import openpyxl

MAX_COLUMNS = 26
MAX_ROWS = 100_000
DELIMITERS = ",;\t|"
SAMPLE = 64 * 1024  # bytes that the encoding is guessed from
ROWS_TO_GUESS_FROM = 50
NO_TABLE, TOO_MANY_ROWS = "no_table", "too_many_rows"


class UnreadableError(Exception):
    """The file cannot be read; ``reason`` is ``NO_TABLE`` or ``TOO_MANY_ROWS``."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


def letter(place):
    """Return the letter of a column, as spreadsheets show it; columns count from 0."""
    return string.ascii_uppercase[place]


def read(data):
    """Return the rows of a file: a list of lists of texts, at most ``MAX_COLUMNS`` wide.

    :param data: bytes of a CSV file (any encoding and delimiter) or an .xlsx file
    :raises UnreadableError: when it is neither, or longer than ``MAX_ROWS``
    """
    rows = []
    for row in _excel_rows(data) if data[:4] == b"PK\x03\x04" else _csv_rows(data):
        if len(rows) == MAX_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        rows.append([_text(cell) for cell in row[:MAX_COLUMNS]])
    return rows


def guess_columns(rows):
    """Return ``(column of addresses, column of names)``, each None when there is none.

    Addresses are in the column with the most cells with an @. Names are in the column with the most
    cells with letters and without an @; of equal columns, in the one nearest to the addresses,
    first to their left.
    """
    sample = rows[:ROWS_TO_GUESS_FROM]
    width = max(map(len, sample), default=0)
    columns = [[row[place] for row in sample if place < len(row)] for place in range(width)]
    with_at = [sum("@" in cell for cell in cells) for cells in columns]
    if not any(with_at):
        return None, None
    address = with_at.index(max(with_at))
    letters = [sum(any(map(str.isalpha, cell)) for cell in cells) for cells in columns]
    # The nearest first, columns to the left before those to the right.
    places = [*range(address - 1, -1, -1), *range(address + 1, width)]
    names = [place for place in places if letters[place] and not with_at[place]]
    return address, max(names, key=letters.__getitem__, default=None)


def has_headings(rows, address):
    """Tell whether the first row names the columns.

    It does when its cell above the addresses has neither an @ nor a dot, so that it is not an
    address with a mistake.

    :param address: the column of addresses, None when there is none
    """
    if address is None or len(rows) < 2:
        return False
    above, below = ("".join(row[address : address + 1]) for row in rows[:2])
    return bool(above) and not set("@.") & set(above) and "@" in below


def _text(cell):
    return "" if cell is None else str(cell).strip()


def _excel_rows(data):
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except (zipfile.BadZipFile, KeyError, IndexError, ValueError, OSError) as error:
        raise UnreadableError(NO_TABLE) from error


def _csv_rows(data):
    text = _decode(data)
    if "\0" in text:
        raise UnreadableError(NO_TABLE)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise UnreadableError(NO_TABLE) from error


def _decode(data):
    """Decode a file: by its byte order mark, as UTF-8, or by guessing the encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        encoding = chardet.detect(data[:SAMPLE])["encoding"] or "latin-1"
        return data.decode(encoding, "replace")
