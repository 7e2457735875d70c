"""Quoted-printable texts and header fields come out of Python's own parser as they went in."""

import email
import email.header
import email.policy
import quopri
import re
from email.message import EmailMessage

import pytest
from delivery.compose import header, quoted_printable
from delivery.compose.encoded_word import encoded_words
from hypothesis import example, given, settings
from hypothesis import strategies as st

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=400)
TRICKY = st.text(st.sampled_from('ab .=\t\r\né€😀?_-:<>"\\,;@()[]'), max_size=300)


def breaks(text):
    return re.sub("\r\n|\r|\n", "\r\n", text)


def one_line(text):
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def parse(field, policy=STRICT):
    message = email.message_from_bytes(field + b"\r\nbody", policy=policy)
    (name,) = message.keys()
    return message[name]


def check_lines(field):
    lines = field.split(b"\r\n")
    assert lines.pop() == b""
    assert field.replace(b"\r\n", b"").isascii()
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert all(line.strip() and len(line) <= 998 for line in lines)
    assert all(line.startswith(b" ") for line in lines[1:])


# Quoted-printable


@given(st.lists(st.one_of(TEXT, TRICKY), max_size=4))
@example(["." * 300])
@example(["x" * 75, "x" * 76, "." + "x" * 74, " " * 80])
@example(["", "", "a\n", "", ".b"])
@example([" \n \n", "\t"])
@example(["é" * 100 + "\n." + "é" * 100])
@settings(max_examples=600, deadline=None)
@pytest.mark.parametrize(
    "encode",
    [lambda texts: b"".join(map(quoted_printable.encode, texts)), quoted_printable.encode_pieces],
)
def test_texts_join_to_lines_that_decode_to_them(encode, texts):
    octets = encode(texts) + quoted_printable.encode_last("end")
    assert quopri.decodestring(octets).decode() == breaks("".join(map(breaks, texts)) + "end")
    lines = octets.split(b"\r\n")
    assert all(len(line) <= 76 for line in lines)
    assert not any(line.endswith((b" ", b"\t")) for line in lines)
    assert not any(line.startswith(b".") for line in lines)
    assert octets.isascii()
    assert b"\r" not in b"".join(lines)
    assert b"\n" not in b"".join(lines)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("", b""),
        ("a", b"a=\r\n"),
        ("a\n", b"a\r\n"),
        ("é\r", b"=C3=A9\r\n"),
        (".", b"=2E=\r\n"),
        ("x" * 75, b"x" * 75 + b"=\r\n"),
    ],
)
def test_text_ends_in_its_own_line_break_or_in_a_soft_one(text, octets):
    assert quoted_printable.encode(text) == octets


def test_long_texts_are_encoded_once_and_huge_ones_not_kept():
    cached = quoted_printable._encode_cached
    cached.cache_clear()
    for name in ("Ada", "Grace", "Zoë"):
        quoted_printable.encode_pieces([f"Dear {name},", "x" * 200, "y" * 100_000, "z" * 199])
    assert cached.cache_info()[:2] == (2, 1)


# Unstructured fields


@given(st.one_of(TEXT, TRICKY))
@example("=?utf-8?q?not_encoded?=")
@example("a" * 2000)
@example("word " * 300)
@example("two  blanks " * 20)
@example("\r\nBcc: x@example.com")
@example("😀" * 60)
@settings(max_examples=600, deadline=None)
def test_subject_comes_back_on_one_line(text):
    field = header.encoder("Subject")(text)
    check_lines(field)
    assert str(parse(field)) == one_line(text)


@given(TEXT.filter(bool), st.integers(1, 30))
@settings(deadline=None)
def test_encoded_words_keep_their_limits(text, column):
    for number, line in enumerate(encoded_words(text, column).split("\r\n ")):
        assert len(line) <= (76 - column if number == 0 else 75) or len(text) == 1
        decoded, charset = email.header.decode_header(line)[0]
        decoded.decode(charset)  # each word by itself


# Address fields


@given(st.one_of(TEXT, TRICKY))
@example('Ada "the first" Lovelace')
@example("back\\slash")
@example("Lovelace, Ada")
@example("=?utf-8?q?x?=")
@example("Zoë")
@example("x" * 1500)
@example("é" * 100)
@example("a@example.com> <b@example.com")
@settings(max_examples=600, deadline=None)
def test_display_name_comes_back(name):
    field = header.encoder("To")((name, "ada@example.com"))
    check_lines(field)
    (address,) = parse(field).addresses
    assert address.addr_spec == "ada@example.com"
    if field.count(b"=?utf-8?") > 1:
        # Python's address parser keeps the blank between encoded words (RFC 2047 section 6.2 drops
        # it); its older decoder does not.
        phrase = field[4 : field.rindex(b"<")].decode().strip()
        decoded = str(email.header.make_header(email.header.decode_header(phrase)))
        assert decoded == one_line(name)
    elif re.search(r"\s\s|\t", one_line(name)):
        assert address.display_name.split() == one_line(name).split()
    else:
        assert address.display_name == one_line(name)


def test_usual_fields_stay_on_one_line():
    assert header.encoder("Subject")("News") == b"Subject: News\r\n"
    assert header.encoder("To")(("Ada", "a@example.com")) == b'To: "Ada" <a@example.com>\r\n'
    assert header.encoder("To")(("", "a@example.com")) == b"To: a@example.com\r\n"
    assert header.encoder("Message-Id")("<1@example.com>") == b"Message-Id: <1@example.com>\r\n"


@pytest.mark.parametrize("name", sorted(header.ADDRESS_HEADERS))
def test_address_fields_take_a_mailbox(name):
    assert header.encoder(name.title())(("Ada", "a@example.com")).endswith(
        b': "Ada" <a@example.com>\r\n'
    )
    assert len(header.ADDRESS_HEADERS) == 11


def test_mailbox_is_folded_only_where_the_line_would_be_too_long():
    for length in range(40, 80):
        field = header.encoder("To")(("x" * length + '"', "ada@example.com"))
        line = field.removesuffix(b"\r\n").replace(b"\r\n", b"")
        assert (b"\r\n " in field) == (len(line) > 78)
        field = header.encoder("To")(("é" * length, "ada@example.com"))
        assert all(len(line) <= 78 for line in field.split(b"\r\n"))


def test_several_mailboxes_are_folded_between_them():
    boxes = [(f"Person Number {n}", f"person{n}@example.com") for n in range(20)]
    field = header.encoder("Cc")(boxes)
    check_lines(field)
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert [(a.display_name, a.addr_spec) for a in parse(field).addresses] == boxes


def test_text_of_mailboxes_is_understood():
    field = header.encoder("To")('"Zoë, M." <z@example.com>, b@example.com')
    parsed = [(a.display_name, a.addr_spec) for a in parse(field).addresses]
    assert parsed == [("Zoë, M.", "z@example.com"), ("", "b@example.com")]


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("a@exämple.com", b"To: a@xn--exmple-cua.com\r\n"),
        ("zoë@example.com", "To: zoë@example.com\r\n".encode()),
        ("a,b@example.com", b'To: "a,b"@example.com\r\n'),
        ('"a b"@example.com', b'To: "ab"@example.com\r\n'),
        ('a"b@example.com', b'To: "a\\"b"@example.com\r\n'),
        ("a\\b@example.com", b'To: "a\\\\b"@example.com\r\n'),
        ('"@example.com', b'To: "\\""@example.com\r\n'),
        ("no address", b"To: noaddress\r\n"),
        ("a@example.com>\r\nBcc: <b@example.com", b'To: "a@example.comBcc:b"@example.com\r\n'),
    ],
)
def test_address_cannot_leave_its_place(address, field):
    assert header.encoder("To")(("", address)) == field


# Identifiers and URLs


def test_url_is_neither_folded_nor_encoded():
    url = "<https://www.example.com/" + "x" * 300 + ">"
    field = header.encoder("List-Unsubscribe")(f"<mailto:u@example.com>, {url}")
    assert url.encode() in field
    check_lines(field)
    assert header.encoder("List-Help")("<https://example.com/é>").endswith(b"/%C3%A9>\r\n")


@given(TEXT)
@settings(deadline=None)
def test_no_value_begins_another_field(text):
    for name in ("Subject", "Message-Id", "To", "X-Any", "List-Unsubscribe"):
        field = header.encoder(name)(text)
        lines = field.split(b"\r\n")
        assert lines.pop() == b""
        assert not any(re.match(rb"\S+:", line) for line in lines[1:])


@pytest.mark.parametrize(
    "name",
    [
        "Doe, Jane",
        "Example Company International, Customer Relations (EU); <Sales> @ work " * 3,
        "Ünal, " + "Jörg; " * 30,
        'Jane "JD" \\ Doe, ' * 9,
    ],
)
def test_a_message_that_others_make_octets_of_keeps_its_mailboxes_whole(name):
    """Python alone makes a mailbox of each part of a long name with commas."""
    message = EmailMessage(policy=email.policy.SMTP)
    escaped = name.strip().replace("\\", "\\\\").replace('"', '\\"')
    message["From"] = f'"{escaped}" <us@example.com>'
    message["Cc"] = [f'"{escaped}" <a@example.com>', "b@example.com"]
    message["Subject"] = "Żółć " * 40
    message.policy = header.with_own_encoding(message.policy)
    octets = message.as_bytes()
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    read = email.message_from_bytes(octets, policy=email.policy.SMTP)
    [box] = read["From"].addresses
    assert box.addr_spec == "us@example.com"
    assert "".join(box.display_name.split()) == "".join(name.split())
    assert [box.addr_spec for box in read["Cc"].addresses] == ["a@example.com", "b@example.com"]
    assert read["Subject"].split() == message["Subject"].split()
