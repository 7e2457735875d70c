"""From the rows of a file to addresses with names. A name comes from the row of its address only."""

from .. import address_list
from ..address_list import MOVED_CELLS, NO_ADDRESS, OPEN_QUOTE, Entry

# Share of rows that have the same number of cells, from which on another number is a mistake.
REGULAR = 0.95


def read_people(table, columns, heading, parse_cell, is_address):
    """Return an ``Entry`` for each address, and for each row in which none can be read.

    :param columns: of addresses, names, family names; each may be None
    :param heading: position of the row with the headings, which is the last one that is passed
        over; None when there is none
    :param parse_cell: function of the text of a cell and its line, returns entries
    """
    address, name, family = columns
    rows = table.rows[0 if heading is None else heading + 1 :]
    regular = sum(len(row.cells) == table.width for row in rows)
    is_regular = bool(rows) and regular >= REGULAR * len(rows)
    entries = []
    for row in rows:
        problem = _get_problem(row, table.width if is_regular else None, is_address)
        if problem:
            entries.append(Entry(row.line, _shown(row), problem=problem))
            continue
        typed, person = row.cell(address), _join(row.cell(name), row.cell(family))
        if is_address(person) and not is_address(typed) and "@" not in typed:
            # The two cells of this row are swapped.
            typed, person = person, typed
        found = parse_cell(typed, row.line) if typed else []
        if not found:
            found = [Entry(row.line, _shown(row), problem=NO_ADDRESS)]
        if len(found) == 1 and person:
            found = [address_list.named(found[0], person)]
        entries += found
    return entries


def _get_problem(row, width, is_address):
    """Return why no cell of a row can be trusted, or None.

    :param width: number of cells that nearly all rows have, None when rows differ
    """
    if row.is_broken:
        return OPEN_QUOTE
    if width and len(row.cells) != width and sum(map(is_address, row.cells)) > 1:
        return MOVED_CELLS
    return None


def _join(given, family):
    return " ".join(filter(None, (given, family)))


def _shown(row):
    return " | ".join(filter(None, row.cells))


def without_repeated(entries):
    """Return ``(entries without problem, each address once, number of those left out)``."""
    found = {}
    usable = [entry for entry in entries if not entry.problem]
    for entry in usable:
        found.setdefault(entry.address, entry)
    return list(found.values()), len(usable) - len(found)
