"""What all readers of files return, and what they refuse."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ...delivery.characters import EMPTY

# More is refused, with words. What takes longest within these limits, on two slow cores: a workbook
# of 100,000 rows with ten cells each, 13 s; text of as many rows with 83 columns, 8 s and 200 MB.
MAX_BYTES = 25_000_000
MAX_ROWS = 100_000
MAX_FILLED_CELLS = 2_000_000
MAX_COLUMNS = 16_384  # of Excel; what is further to the right is not read

MAX_CELL = 2_500_000  # signs: as many addresses in one cell as rows are allowed

NO_TABLE, ENCRYPTED, TOO_LARGE = "no_table", "encrypted", "too_large"
TOO_MANY_ROWS, TOO_MANY_CELLS, LONG_CELL = "too_many_rows", "too_many_cells", "long_cell"
UNPACKED = "unpacked"

# What spreadsheets show for a formula that failed; it is nobody's name.
ERRORS = frozenset(
    ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#NV", "#WERT!", "Err:502"]
)
# Marks of byte order and writing direction, fillers: what stands at the edge of a cell unseen.
_UNSEEN = frozenset(EMPTY)
# ="0049170" keeps Excel from reading a number.
AS_TEXT = re.compile(r'="([^"]*)"')


class UnreadableError(Exception):
    """The file cannot be read; ``reason`` is one of the constants above, from ``NO_TABLE`` on."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Row(NamedTuple):
    """One row of the file.

    :ivar line: number of its first line, or of its row in the sheet, from 1
    :ivar cells: texts without blanks around them
    :ivar is_broken: whether its quotation marks cannot be understood, so that a cell may stand in
        the wrong column
    """

    line: int
    cells: list[str]
    is_broken: bool = False

    def cell(self, column):
        """Return the text in a column that counts from 0; empty where the row ends before it."""
        return self.cells[column] if column is not None and column < len(self.cells) else ""


@dataclass
class Table:
    """The rows of a file, and how it was read.

    :ivar width: number of cells that most rows have; None where rows may differ
    :ivar encoding: Python's name, None for a workbook
    :ivar delimiter: between cells, empty when each line is one cell, None for a workbook
    :ivar sheets: names of the sheets; the position of the one that was read is ``sheet``
    :ivar undecoded: number of characters that the encoding does not have
    :ivar other_lines: numbers of lines that were read in another encoding
    :ivar open_quotes: numbers of lines with a quotation mark that is not closed
    :ivar has_unknown_results: whether formulas were saved without their results
    """

    rows: list[Row]
    width: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheets: list[str] = field(default_factory=list)
    sheet: int | None = None
    undecoded: int = 0
    other_lines: list[int] = field(default_factory=list)
    open_quotes: list[int] = field(default_factory=list)
    has_unknown_results: bool = False


class RowCollector:
    """Cleans cells, leaves out empty rows, and refuses more than a table may have."""

    def __init__(self):
        self.rows = []
        self.filled = 0

    def add(self, line, cells, is_broken=False):
        """Add one row; ``cells`` are texts or values of a workbook."""
        texts = [clean(cell) for cell in cells[:MAX_COLUMNS]]
        filled = sum(map(bool, texts))
        if not filled:
            return
        self.filled += filled
        if max(map(len, texts)) > MAX_CELL:
            raise UnreadableError(LONG_CELL)
        if len(self.rows) == MAX_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        if self.filled > MAX_FILLED_CELLS:
            raise UnreadableError(TOO_MANY_CELLS)
        self.rows.append(Row(line, texts, is_broken))


def clean(value):
    """Return the text of a cell. A phone number that a workbook keeps as 491701234567.0 has no dot."""
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
        if not text or text in ERRORS:
            return ""
        if text[0] in _UNSEEN or text[-1] in _UNSEEN:
            text = text.strip(EMPTY)
        match = AS_TEXT.fullmatch(text)
        return match.group(1).strip() if match else text
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
