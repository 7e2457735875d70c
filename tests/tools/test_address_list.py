import string

import pytest
from addon.tools import address_list
from hypothesis import example, given
from hypothesis import strategies as st

WORD = st.text(string.ascii_lowercase + string.digits, min_size=2, max_size=12)
ADDRESS = st.builds("{}.{}@{}.example".format, WORD, WORD, WORD)
NAME = st.builds("{} {}".format, WORD, WORD)
SEPARATOR = st.sampled_from([",", ";", ", ", " ; ", "\n", "\r\n", " | ", "\u2028", ",\n"])


def read(text):
    """Return [(name, address or problem)] of a text."""
    return [(entry.name, entry.address or entry.problem) for entry in address_list.parse(text)]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("anna@example.com", [("", "anna@example.com")]),
        ("Anna <ANNA@Example.com>", [("Anna", "anna@example.com")]),
        ('"Doe, Jane" <jane@example.com>', [("Doe, Jane", "jane@example.com")]),
        ("Doe, Jane <jane@example.com>", [("Doe, Jane", "jane@example.com")]),
        ("a@example.com,b@example.com;c@example.com", [("", f"{x}@example.com") for x in "abc"]),
        ("a@example.com b@example.com", [("", f"{x}@example.com") for x in "ab"]),
        ("A <a@example.com> B <b@example.com>", [("A", "a@example.com"), ("B", "b@example.com")]),
        ("Anna anna@example.com", [("Anna", "anna@example.com")]),
        ("Anna\tanna@example.com\tParis", [("Anna", "anna@example.com")]),
        ("anna@example.com\tAnna", [("Anna", "anna@example.com")]),
        ("Name\tE-mail", [("", "no_at")]),
        ("<mailto:anna@example.com>", [("", "anna@example.com")]),
        ("'anna@example.com'", [("", "anna@example.com")]),
        ("eva@bücher.example", [("", "eva@bücher.example")]),
        ("Ольга@почта.example", [("", "Ольга@почта.example")]),
        ("rubbish", [("", "no_at")]),
        ("rubbish, a@example.com", [("", "no_at"), ("", "a@example.com")]),
        ("two@@example.com", [("", "two_at")]),
        ("@example.com", [("", "no_local_part")]),
        ("anna@", [("", "no_domain")]),
        ("anna@localhost", [("", "incomplete_domain")]),
        ("anna..b@example.com", [("", "misplaced_dot")]),
        ("anna@example.com.", [("", "misplaced_dot")]),
        ("anna @ example.com", [("", "character")]),
        ("Anna <an na@example.com>", [("Anna", "character")]),
        ("an\x00na@example.com", [("", "control_character")]),
        ("a" * 65 + "@example.com", [("", "too_long")]),
        ("anna@" + "b" * 63 + ".example", [("", "anna@" + "b" * 63 + ".example")]),
        ("anna@" + "b" * 64 + ".example", [("", "too_long")]),
        # 57 of these letters make a label of 63 characters as it is sent
        ("anna@" + "ü" * 57 + ".example", [("", "anna@" + "ü" * 57 + ".example")]),
        ("anna@" + "ü" * 58 + ".example", [("", "too_long")]),
        ("ж" * 32 + "@example.com", [("", "ж" * 32 + "@example.com")]),
        ("ж" * 33 + "@example.com", [("", "too_long")]),
        ("anna@" + "b.example" * 28 + ".org", [("", "too_long")]),
        ("anna@☃.example", [("", "character")]),
        ("", []),
        (" \n,;\t\n", []),
    ],
)
def test_what_people_type(text, entries):
    assert read(text) == entries


def test_every_problem_has_its_line():
    entries = address_list.parse("a@example.com\n\nrubbish\r\nb@example.com; c@@example.com")
    assert [(entry.line, entry.problem) for entry in entries] == [
        (1, None),
        (3, "no_at"),
        (4, None),
        (4, "two_at"),
    ]


@given(st.lists(st.tuples(st.booleans(), NAME, ADDRESS), max_size=20), SEPARATOR)
def test_whatever_is_written_properly_is_read(people, separator):
    texts = [f"{name} <{address}>" if named else address for named, name, address in people]
    expected = [(name if named else "", address) for named, name, address in people]
    assert read(separator.join(texts)) == expected


@given(st.lists(st.tuples(NAME, ADDRESS, WORD), min_size=1, max_size=20))
def test_rows_of_a_spreadsheet_are_read(rows):
    text = "\n".join("\t".join(row) for row in rows)
    assert read(text) == [(name, address) for name, address, _city in rows]


@given(st.text())
@example('"')
@example('a@b.example "c')
@example("<<>>,;|\t\"' @")
@example("a,b,c <d@example.com")
def test_nothing_is_lost_and_nothing_breaks(text):
    """Each sign of an address that was typed is in some entry, and each entry says what it is."""
    entries = address_list.parse(text)
    assert sum(entry.text.count("@") for entry in entries) == text.count("@")
    for line in address_list.LINE_BREAK.split(text):
        if set(line) - set('",;|\t <>') and line.strip(',;| \t"<>').strip():
            assert entries
    for entry in entries:
        assert bool(entry.address) != bool(entry.problem)
        assert entry.problem in (None, *address_list.PROBLEMS)


@given(st.text(max_size=300))
def test_no_address_can_carry_a_header(text):
    """Neither line breaks nor control characters nor a second @ come through (RFC 5322, 2.2)."""
    for entry in address_list.parse(text):
        if entry.address:
            assert entry.address.count("@") == 1
            assert not address_list.CONTROL.search(entry.address)
            assert not address_list.NEVER_IN_ADDRESS.search(entry.address)
            assert address_list.normalize(entry.address) == (entry.address, None)
        assert "\n" not in entry.name
        assert "\r" not in entry.name


@given(st.text(max_size=40), ADDRESS)
def test_what_is_written_back_is_read_as_the_same_address(name, address):
    entry = address_list.named(address_list.Entry(1, address, address=address), name)
    [again] = address_list.parse(address_list.format_entry(entry))
    assert again.address == address


def test_a_cell_with_the_header_of_a_message_is_no_list():
    [entry] = address_list.parse_cell("lia@example.com\nBcc: everyone@example.com")
    assert entry.problem == address_list.CONTROL_CHARACTER
    lines = 'lia@example.com\nmailto:anna@example.com\n"Doe, Jane" <jane@example.com>'
    assert [one.problem for one in address_list.parse_cell(lines)] == [None, None, None]
