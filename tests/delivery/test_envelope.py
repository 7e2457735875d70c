"""An envelope's addresses, and the octets that follow DATA."""

import pytest
from delivery.smtp.envelope import END_OF_DATA, Envelope, content, is_path


def envelope(data=b"x\r\n", sender="news@example.com", recipients=("a@example.com",), **fields):
    return Envelope(1, sender, recipients, data, **fields)


@pytest.mark.parametrize(
    ("data", "octets"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b".\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".a\r\n.\r\n..\r\nb.\r\n", b"..a\r\n..\r\n...\r\nb.\r\n.\r\n"),
    ],
)
def test_content_is_dot_stuffed_and_ended(data, octets):
    one = envelope(data)
    assert b"".join(content(one, one.pieces())) == octets
    half = len(data) // 2
    assert b"".join(content(one, (data[:half], data[half:]))) == octets


def test_content_without_dots_is_not_copied():
    one = envelope(b"Subject: x\r\n\r\n", dot_free=True)
    head, tail = b"Subject: x\r\n\r\n", b"hello\r\n"
    pieces = content(one, (head, tail))
    assert pieces == (head, tail, END_OF_DATA)
    assert pieces[0] is head
    assert pieces[1] is tail


def test_data_may_be_a_function():
    made = envelope(lambda: (b"Subject: x\r\n", b"\r\nhello\r\n"))
    assert made.pieces() == (b"Subject: x\r\n", b"\r\nhello\r\n")
    assert made.octets() == b"Subject: x\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        ({}, False),
        ({"smtputf8": True}, True),
        ({"sender": "zoë@example.com"}, True),
        ({"recipients": ("zoë@example.com",)}, True),
        ({"recipients": ("a@example.com", "zoë@example.com")}, True),
        ({"recipients": ()}, False),
    ],
)
def test_smtputf8_is_needed_for_addresses_and_headers_in_utf_8(fields, needs):
    assert envelope(**fields).needs_smtputf8 == needs


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("a@example.com", True),
        ("a.b+c-d_e@example.com", True),
        ("o'neill@example.com", True),
        ('"a"@example.com', True),
        ("zoë@example.com", True),
        ("", False),
        ("a b@example.com", False),
        ("a>@example.com", False),
        ("<a@example.com", False),
        ("a\r\n@example.com", False),
        ("a\x7f@example.com", False),
        ("a\u2028@example.com", False),
        ("a\ud800@example.com", False),
    ],
)
def test_path_is_an_address_that_does_not_end_the_command(address, fits):
    assert is_path(address) is fits
    assert is_path(address, may_be_empty=True) is (fits or not address)
