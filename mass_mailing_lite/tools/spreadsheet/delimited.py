"""Rows of a text file with delimiters (CSV, RFC 4180, and what programs make of it).

``csv`` of Python reads a row; what it is given, and what becomes of a row that it cannot read, is
decided here. Its reader alone swallows all rows up to the next quotation mark when one is not
closed; and ``csv.Sniffer`` looks at quoted cells first, so that a semicolon in a quoted name is
taken for the delimiter. So a row ends where its line ends, unless a quoted cell that is closed
properly goes on, and the row then has as many cells as the others and holds no other row.

The delimiter is the one that gives rows with an address in a cell of its own, over the first
``LINES_TO_JUDGE`` lines. Of the 54 files in ``tests/tools/dirty_files.py`` that have a delimiter:

=========================================  ===========
way                                        it is found
=========================================  ===========
most frequent in the first line            50
csv.Sniffer                                44
csv.Sniffer, told the five that there are  44
clevercsv 0.8                              52
as here                                    54
=========================================  ===========

clevercsv fails on zero bytes alone, and would do as well without them; but no Odoo has it, and it
does not know lines of addresses that have no delimiter at all (``Doe, Jane <jane@example.com>``).
"""

import bisect
import contextlib
import csv
import io
import itertools
import re
from collections import Counter

from .table import MAX_COLUMNS, NO_TABLE, RowCollector, Table, UnreadableError

DELIMITERS = (",", ";", "\t", "|", ":")
NONE = ""
LINES_TO_JUDGE = 1_000
SIGNS_TO_JUDGE = 200_000  # of these lines; more of one line are cut off
# How far a quoted cell may go; the price of a quotation mark that is not closed.
LINES_OF_ROW = 100
SEPARATOR_LINE = re.compile(r'"?sep=(.|\\t)"?\s*', re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
MAX_CONTROL = 0.02  # share of characters in a text
END_OF_FILE = "\0\x1a \r\n\t"  # what programs and file systems fill a file up with


class _Dialect(csv.Dialect):
    quoting = csv.QUOTE_MINIMAL
    doublequote = True
    skipinitialspace = True
    strict = True
    lineterminator = "\n"

    def __init__(self, delimiter, quotechar='"', **options):
        self.delimiter, self.quotechar = delimiter, quotechar
        for name, value in options.items():
            setattr(self, name, value)
        super().__init__()


class DelimitedText:
    """A text, its lines, and how its rows are found.

    :param delimiter: between cells, ``NONE`` when each line is one cell; judged when it is None
    :param is_address: function that tells whether a text is an address and nothing else
    :param is_list: function that tells whether a line is one or more addresses with their names
    """

    def __init__(self, text, is_address, is_list, delimiter=None):
        check_is_text(text)
        self.is_address, self.is_list = is_address, is_list
        text = text.lstrip("\ufeff").rstrip(END_OF_FILE).replace("\0", "\N{REPLACEMENT CHARACTER}")
        self.lines = list(io.StringIO(text, newline=""))
        self.first = 0
        self._unwrap()
        named = self.lines and SEPARATOR_LINE.fullmatch(self.lines[0])
        if named:
            self.first = 1
        self.quote = self._judge_quote()
        if delimiter is None and named:
            delimiter = named.group(1).replace("\\t", "\t")
        self.delimiter = self._judge_delimiter() if delimiter is None else delimiter
        self.width = self._judge_width(self.delimiter)
        self.open_quotes = []

    def to_table(self):
        """Return the ``Table``; its row numbers are those of lines."""
        collector = RowCollector()
        for line, cells, is_broken in self._rows(
            self.lines, self.first, self.delimiter, self.width
        ):
            collector.add(line, cells, is_broken)
        return Table(
            collector.rows,
            width=self.width,
            delimiter=self.delimiter,
            open_quotes=self.open_quotes,
        )

    # ------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------

    def _rows(self, lines, place, delimiter, width):
        """Yield ``(number of the line, cells, is broken)``."""
        while place < len(lines):
            line = lines[place]
            if not delimiter:
                yield place + 1, [line], False
                place += 1
            elif self.quote not in line:
                yield place + 1, line.rstrip("\r\n").split(delimiter, MAX_COLUMNS), False
                place += 1
            else:
                cells, is_broken, used = self._quoted_row(lines, place, delimiter, width)
                yield place + 1, cells, is_broken
                place += used

    def _quoted_row(self, lines, place, delimiter, width):
        """Return ``(cells, is broken, number of lines)`` of a row with quotation marks."""
        window = lines[place : place + LINES_OF_ROW]
        reader = csv.reader(iter(window), _Dialect(delimiter, self.quote))
        try:
            cells = next(reader)
        except csv.Error:
            cells = None
        used = reader.line_num
        if cells is not None and (
            used == 1 or not self._swallows(cells, window[:used], delimiter, width)
        ):
            return cells, False, used
        if window[0].count(self.quote) % 2:
            self.open_quotes.append(place + 1)
        return *self._line_alone(window[0], delimiter, width), 1

    def _swallows(self, cells, lines, delimiter, width):
        """Tell whether a row of several lines holds what are rows of their own.

        It does when a line in it, taken alone, has an address and all the cells of a row; or any
        address, when the row does not have the cells that the others have.
        """
        if width and len(cells) != width:
            return any(self._has_address(line, delimiter) for line in lines[1:])
        # What follows the first line of a cell is inside of quotation marks.
        inside = [line for cell in cells for line in cell.splitlines()[1:]]
        return any(
            len(self._split(line, delimiter)) == len(cells) and self._has_address(line, delimiter)
            for line in inside
        )

    def _has_address(self, line, delimiter):
        return any(map(self.is_address, self._split(line, delimiter)))

    def _line_alone(self, line, delimiter, width):
        """Return ``(cells, is broken)`` of a line whose quotation marks do not close properly.

        Tried are: quotation marks with a backslash before them, text behind the closing one, and
        quotation marks without a meaning. What gives as many cells as the other rows have is right.
        """
        tries = (
            {"escapechar": "\\", "doublequote": False},
            {"strict": False},
        )
        found = []
        for options in tries:
            try:
                found.append(next(csv.reader([line], _Dialect(delimiter, self.quote, **options))))
            except (csv.Error, StopIteration):
                found.append(None)
        found.append(self._split(line, delimiter))
        right = [cells for cells in found if cells is not None and len(cells) == width]
        return (right[0], False) if right else (found[-1], True)

    def _split(self, line, delimiter):
        return [cell.strip().strip(self.quote) for cell in line.rstrip("\r\n").split(delimiter)]

    # ------------------------------------------------------------
    # Judging
    # ------------------------------------------------------------

    def _sample(self):
        lines = [
            line if len(line) <= SIGNS_TO_JUDGE else _cut(line)
            for line in self.lines[self.first : self.first + LINES_TO_JUDGE]
        ]
        sizes = list(itertools.accumulate(map(len, lines)))
        return lines[: max(bisect.bisect(sizes, SIGNS_TO_JUDGE), 1)]

    def _unwrap(self):
        """Take the quotation marks off lines that are one quoted cell, when nearly all lines are.

        So a table looks that a spreadsheet program took for one column and saved again.
        """
        lines = [line for line in self._sample() if line.strip()]
        wrapped = [line for line in lines if _inside(line) is not None]
        if len(wrapped) >= 0.9 * len(lines) and any(
            delimiter in line for delimiter in DELIMITERS for line in wrapped
        ):
            self.lines = [
                line if inside is None else f"{inside}\n"
                for line, inside in ((line, _inside(line)) for line in self.lines)
            ]

    def _judge_quote(self):
        """Return the apostrophe when lines begin with one and no line has a quotation mark."""
        lines = self._sample()
        begins = sum(line.startswith("'") for line in lines)
        if begins * 2 > len(lines) and not any('"' in line for line in lines):
            return "'"
        return '"'

    def _judge_delimiter(self):
        """Return the delimiter with the most rows that have an address in a cell of its own.

        Of several, the one with the most rows of one width, then the one with the most cells. Lines
        that are addresses with names as mail programs write them have none.
        """
        lines = self._sample()
        scores = {}
        for delimiter in DELIMITERS:
            if any(delimiter in line for line in lines):
                scores[delimiter] = self._score(lines, delimiter)
        if not scores:
            return NONE
        best = max(scores, key=scores.get)
        with_at = [line.strip() for line in lines if self.is_address(line.strip()) or "@" in line]
        lists = sum(1 for line in with_at if "\t" not in line and self.is_list(line))
        is_table = scores[best][0] and scores[best][1] == 1 and self._has_headings(lines, best)
        if with_at and lists >= 0.9 * len(with_at) and not is_table:
            return NONE
        return best

    def _score(self, lines, delimiter):
        width = self._judge_width(delimiter)
        places, regular, rows = Counter(), 0, 0
        open_quotes, self.open_quotes = getattr(self, "open_quotes", []), []
        for _line, cells, _is_broken in self._rows(lines, 0, delimiter, width):
            if not any(map(str.strip, cells)):
                continue
            rows += 1
            regular += len(cells) == width
            places.update(place for place, cell in enumerate(cells) if self.is_list(cell.strip()))
        self.open_quotes = open_quotes
        most = max(places.values(), default=0)
        return round(most / max(rows, 1), 2), round(regular / max(rows, 1), 2), width or 0

    def _has_headings(self, lines, delimiter):
        """Tell whether the first line has several cells and no address."""
        first = next((line for line in lines if line.strip()), "")
        return delimiter in first and "@" not in first

    def _judge_width(self, delimiter):
        """Return the number of cells that most rows have, None when there is one alone."""
        if not delimiter:
            return None
        lines = self._sample()
        widths = Counter()
        for line in lines:
            if self.quote not in line:
                cells = line.split(delimiter)
            else:
                try:
                    cells = next(csv.reader([line], _Dialect(delimiter, self.quote)))
                except (csv.Error, StopIteration):
                    continue
            widths[len(cells)] += any(map(str.strip, cells))
        # Quoted cells of several lines: whole rows count, too.
        if any(self.quote in line for line in lines):
            reader = csv.reader(iter(lines), _Dialect(delimiter, self.quote, strict=False))
            with contextlib.suppress(csv.Error):  # a cell of more than 128 kB
                widths.update(len(cells) for cells in reader if any(map(str.strip, cells)))
        del widths[1]
        return max(widths, key=widths.get, default=None)


def _inside(line):
    """Return what is in a line that is one cell in quotation marks, else None."""
    line = line.strip()
    inside = line[1:-1]
    if len(line) < 2 or line[0] != '"' or line[-1] != '"':
        return None
    # Inside of a cell, quotation marks are doubled.
    if '"' in inside.replace('""', ""):
        return None
    return inside.replace('""', '"')


def _cut(line):
    """Return the beginning of a long line, up to what separates cells or addresses."""
    ends = [line.rfind(sign, 0, SIGNS_TO_JUDGE) for sign in DELIMITERS]
    return line[: max(*ends, 0) or SIGNS_TO_JUDGE]


def check_is_text(text):
    """Raise ``UnreadableError`` when a text is that of a program, picture or document."""
    if len(CONTROL.findall(text.rstrip(END_OF_FILE))) > MAX_CONTROL * len(text):
        raise UnreadableError(NO_TABLE)
