import pytest
from addon.tools import address_list, spreadsheet

from .dirty_files import FILES


def read(data, **options):
    return spreadsheet.read(data, address_list.is_address, address_list.is_list, **options)


def people(table):
    """Return the entries that the dialog shows when nobody changes anything."""
    address = spreadsheet.guess_address(table.rows, address_list.is_list)
    heading = spreadsheet.find_heading(table.rows, address, address_list.is_list)
    names = spreadsheet.guess_names(table.rows, address, heading)
    return spreadsheet.read_people(
        table, (address, *names), heading, address_list.parse_cell, address_list.is_address
    )


@pytest.mark.parametrize(
    ("data", "delimiter", "expected", "problems"),
    [pytest.param(*file[1:], id=file[0]) for file in FILES],
)
def test_a_dirty_file_is_read_as_it_was_meant(data, delimiter, expected, problems):
    table = read(data)
    entries = people(table)
    found = [(entry.name, entry.address) for entry in entries if not entry.problem]
    assert found == expected
    assert [entry.line for entry in entries if entry.problem] == problems
    assert table.delimiter == delimiter
