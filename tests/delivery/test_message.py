"""A filled message equals the one that ``email`` would have built with the values in place."""

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from delivery.compose.header import encode_literal
from delivery.compose.message import MessageTemplate, Value
from delivery.compose.slots import SlotMarkers
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markupsafe import Markup, escape

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
HEADERS = {
    "To": ("Ada", "ada@example.com"),
    "Message-Id": "<1.2@example.com>",
    "Date": "Mon, 01 Jan 2024 00:00:00 -0000",
}
VALUE = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    st.text(st.sampled_from("ab .=\t\r\né€😀<>&'\"-"), max_size=200),
)
LONG = "word " * 300 + "x" * 1200
PICTURE = bytes(range(256)) * 20


def build(subject, text, html, attachments=(), related=False, policy=email.policy.SMTP):
    """Build a message in the way of Odoo's ``ir.mail_server``."""
    message = EmailMessage(policy=policy)
    message["Message-Id"] = "<mark@example.com>"
    message["Subject"] = subject
    message["From"] = '"Zoë\'s News" <news@example.com>'
    message["Reply-To"] = "reply@example.com"
    message["To"] = "mark@example.com"
    message["Date"] = "Tue, 02 Jan 2024 00:00:00 -0000"
    message["X-Long"] = "é" * 90
    message["MIME-Version"] = "1.0"
    message.add_alternative(text, subtype="plain", charset="utf-8")
    message.add_alternative(html, subtype="html", charset="utf-8")
    if related:
        message.get_payload()[1].add_related(PICTURE, "image", "png", cid="<pic>")
    for name, content, kind in attachments:
        message.add_attachment(content, *kind.split("/"), filename=name)
    return message


def fill(message, markers, values, headers=HEADERS):
    return MessageTemplate.compile(message, list(markers)).fill(values, headers)


def parse(octets):
    return email.message_from_bytes(octets, policy=STRICT)


def parts(message):
    """The structure and contents of a message, decoded."""
    return [
        (
            part.get_content_type(),
            part.get_filename(),
            part["Content-ID"],
            None if part.is_multipart() else lines(part),
        )
        for part in message.walk()
    ]


def lines(part):
    if part.get_content_maintype() != "text":
        return part.get_payload(decode=True)
    return re.sub("\r\n|\r", "\n", part.get_payload(decode=True).decode())


def one_line(text):
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text).strip()


def check_octets(octets):
    assert octets.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", octets)
    rows = octets.split(b"\r\n")
    assert all(len(row) <= 998 for row in rows)
    assert not any(row.startswith(b".") for row in rows)
    body = octets.partition(b"\r\n\r\n")[2]
    assert all(len(row) <= 78 for row in body.split(b"\r\n"))


@given(VALUE, VALUE, VALUE)
@example(LONG, LONG, LONG)
@example("." * 100, ".", "\n.\n..\r.")
@example("", "", "")
@example("\r\nBcc: x@example.com\r\n\r\nbody", "=2E=\r\n", "--===============")
@settings(max_examples=200, deadline=None)
def test_any_value_comes_back_equal_in_every_part(first, second, third):
    markers = SlotMarkers()
    a, b, c = markers.new(), markers.new(), markers.new()

    def message(a, b, c, html=lambda text: text):
        return build(
            f"News for {a}, {b}",
            f"{a}{b}\nDear {a},\n.{c}\n{'é' * 50}{c} ende\n{b}",
            f"<p title='{html(b)}'>Dear {html(a)}{html(b)}!</p>\n.\n{html(c)}<br>" + "x" * 100,
        )

    values = [first, second, third]
    octets = fill(message(a, b, c), markers, values)
    check_octets(octets)
    filled = parse(octets)
    safe = [one_line(value) or "x" for value in values]  # email itself refuses line breaks
    expected = message(*safe, html=lambda text: str(escape(text)))
    expected_parts = parts(expected)
    assert [part[:3] for part in parts(filled)] == [part[:3] for part in expected_parts]
    text, html = (lines(part) for part in filled.walk() if not part.is_multipart())
    first, second, third = (re.sub("\r\n|\r", "\n", value) for value in values)
    assert text == (f"{first}{second}\nDear {first},\n.{third}\n{'é' * 50}{third} ende\n{second}\n")
    first, second, third = map(escape, (first, second, third))
    assert html == (
        f"<p title='{second}'>Dear {first}{second}!</p>\n.\n{third}<br>" + "x" * 100 + "\n"
    )
    assert str(filled["Subject"]) == one_line(f"News for {values[0]}, {values[1]}")
    assert filled.keys() == expected.keys()


def test_everything_else_equals_the_message_built_with_the_values():
    markers = SlotMarkers()
    name, link = markers.new(), markers.new()
    attachments = [
        ("prices é.pdf", PICTURE * 50, "application/pdf"),
        ("notes.txt", "é\n.\n".encode() * 30, "text/plain"),
    ]

    def message(name, link):
        return build(
            f"For {name}", f"Hi {name} {link}", f"<a href='{link}'>{name}</a>", attachments, True
        )

    filled = parse(fill(message(name, link), markers, ["Zoë", "https://example.com/?a=b"]))
    expected = message("Zoë", "https://example.com/?a=b")
    assert parts(filled) == parts(expected)
    for header in ("Subject", "From", "Reply-To", "X-Long", "MIME-Version"):
        assert str(filled[header]) == str(expected[header])
    assert str(filled["To"]) == "Ada <ada@example.com>"
    assert filled["Message-Id"] == "<1.2@example.com>"
    assert filled["Date"].datetime.year == 2024


def test_markup_goes_into_html_as_it_is():
    markers = SlotMarkers()
    marker = markers.new()
    octets = fill(build(marker, marker, marker), markers, [Markup("<b>A &amp; B</b>")])
    text, html = (lines(part) for part in parse(octets).walk() if not part.is_multipart())
    assert (text, html) == ("A & B\n", "<b>A &amp; B</b>\n")


def test_value_gives_both_forms():
    markers = SlotMarkers()
    marker = markers.new()
    octets = fill(build(marker, marker, marker), markers, [Value("plain", Markup("<i>rich</i>"))])
    filled = parse(octets)
    text, html = (lines(part) for part in filled.walk() if not part.is_multipart())
    assert (text, html, filled["Subject"]) == ("plain\n", "<i>rich</i>\n", "plain")


def test_value_may_be_given_in_pieces():
    markers = SlotMarkers()
    marker = markers.new()
    value = Value(["Dear ", "Zoë", ",\n" + "word " * 100], ["<p>Dear ", "Zoë", "</p>" * 100])
    filled = parse(fill(build(marker, marker, marker), markers, [value]))
    text, html = (lines(part) for part in filled.walk() if not part.is_multipart())
    assert (text, html) == ("".join(value.text) + "\n", "".join(value.html) + "\n")
    assert str(filled["Subject"]) == "Dear Zoë, " + ("word " * 100).strip()


def test_large_attachment_is_a_piece_that_all_recipients_share():
    markers = SlotMarkers()
    marker = markers.new()
    small = MessageTemplate.compile(build(marker, marker, "x"), list(markers))
    assert len(small.fill_pieces(["Ada"], HEADERS)) == 1
    attachments = [("large.bin", PICTURE * 20, "application/octet-stream")]
    large = MessageTemplate.compile(build(marker, marker, "x", attachments), list(markers))
    ada, zoe = (large.fill_pieces([name], HEADERS) for name in ("Ada", "Zoë"))
    assert ada[0] != zoe[0]
    assert ada[1] is zoe[1]
    assert b"".join(ada) == large.fill(["Ada"], HEADERS)
    [attached] = parse(b"".join(ada)).iter_attachments()
    assert attached.get_content() == PICTURE * 20


@pytest.mark.parametrize("size", [0, 1, 57, 58, 5700])
@pytest.mark.parametrize("kind", ["application/pdf", "text/plain", "image/png"])
def test_files_are_the_octets_that_python_makes_of_them(size, kind):
    message = build("x", "é", "<p>x</p>", [("file", (PICTURE * 20)[:size], kind)], related=True)
    message.set_boundary("fixed")
    made = MessageTemplate.compile(message, []).fill([], HEADERS)
    assert made.rpartition(b"--fixed\r\n")[2] == message.as_bytes().rpartition(b"--fixed\r\n")[2]
    decoded = [part.get_payload(decode=True) for part in parse(made).walk()]
    assert decoded[-2:] == [PICTURE, (PICTURE * 20)[:size]]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inside", ["AAAA", "AA AA", "AAAA.", ".AAAA"])
def test_base64_that_another_program_wrote_is_sent_as_python_would(line_end, inside):
    octets = f"Content-Type: image/png\nContent-Transfer-Encoding: BASE64 \n\nAAAA\n{inside}\n"
    inner = email.message_from_bytes(octets.encode(), policy=email.policy.SMTP)
    inner.set_payload(inner.get_payload().replace("\n", line_end))
    message = build("outer", "x", "x")
    message.add_attachment(inner)
    made = MessageTemplate.compile(message, []).fill([], HEADERS)
    policy = email.policy.SMTP.clone(cte_type="7bit")
    assert (
        message.as_bytes(policy).partition(b"BASE64")[2][:20] == made.partition(b"BASE64")[2][:20]
    )


def test_marker_in_a_file_is_left_alone_and_in_an_attached_message_refused():
    markers = SlotMarkers()
    marker = markers.new()
    message = build("x", "x", "x")
    message.add_attachment(build(marker, "x", "x"))
    with pytest.raises(ValueError, match="no value can be put"):
        MessageTemplate.compile(message, list(markers))
    message = build("x", "x", "x", [("a.txt", marker.encode(), "text/plain")])
    [attached] = parse(fill(message, markers, ["Ada"])).iter_attachments()
    assert attached.get_content() == marker


def test_whole_body_may_be_a_value():
    markers = SlotMarkers()
    marker = markers.new()
    html = "<p>Zoë</p>\n.\n" * 200
    octets = fill(build("x", marker, marker), markers, [Value("Zoë", Markup(html))])
    check_octets(octets)
    assert lines(list(parse(octets).walk())[2]) == html + "\n"


def test_markers_in_other_headers_are_filled():
    markers = SlotMarkers()
    name, url = markers.new(), markers.new()
    message = build("x", "x", "x")
    message["List-Unsubscribe"] = f"<https://example.com/u/{url}>, <mailto:u@example.com>"
    message["X-Name"] = f"{name} and co"
    del message["From"]
    message["From"] = f'"{name} (news)" <news@example.com>'
    filled = parse(fill(message, markers, ["Zoë, M.", "a" * 80]))
    assert filled["List-Unsubscribe"].startswith(f"<https://example.com/u/{'a' * 80}>")
    assert filled["X-Name"] == "Zoë, M. and co"
    assert filled["From"].addresses[0].display_name == "Zoë, M. (news)"


def test_per_recipient_headers_keep_their_place_come_last_or_stay_out():
    message = build("x", "x", "x")
    names = ("To", "Message-Id", "Date", "X-New", "Cc")
    template = MessageTemplate.compile(message, [], names)
    octets = template.fill([], {**HEADERS, "X-New": "né", "Cc": None})
    keys = parse(octets).keys()
    assert keys[:6] == ["Message-Id", "Subject", "From", "Reply-To", "To", "Date"]
    assert "X-New" in keys
    assert "Cc" not in keys
    with pytest.raises(KeyError):
        template.fill([], {})


def test_every_text_part_is_seven_bit():
    octets = fill(build("x", "é" * 30, "<p>é</p>"), SlotMarkers(), [])
    check_octets(octets)
    assert b"Content-Transfer-Encoding: 8bit" not in octets


def test_message_of_one_part_is_filled():
    markers = SlotMarkers()
    message = EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = "x"
    message.set_content(f"<p>{markers.new()}</p>", subtype="html", charset="utf-8")
    filled = parse(fill(message, markers, ["<Zoë>"]))
    assert filled.get_content_type() == "text/html"
    assert lines(filled) == "<p>&lt;Zoë&gt;</p>\n"


def test_text_in_another_charset_becomes_utf_8():
    markers = SlotMarkers()
    message = EmailMessage(policy=email.policy.SMTP)
    message.set_content(f"é {markers.new()}", charset="iso-8859-1")
    filled = parse(fill(message, markers, ["€"]))
    assert filled.get_content() == "é €\r\n"


def test_attached_message_stays_whole():
    inner = build("inner", ".dot\né", "<p>x</p>")
    message = build("outer", "x", "x")
    message.add_attachment(inner)
    template = MessageTemplate.compile(message, [])
    octets = template.fill([], HEADERS)
    attached = next(parse(octets).iter_attachments()).get_content()
    assert parts(attached) == parts(inner)
    assert str(attached["Subject"]) == "inner"
    assert not template.eight_bit


def test_line_that_begins_with_a_dot_in_a_static_part_is_told():
    assert MessageTemplate.compile(build("x", "x", "x"), []).dot_free
    message = build("x", "x", "x")
    message.add_attachment(".dot\n", subtype="plain", filename="a.txt")
    assert not MessageTemplate.compile(message, []).dot_free


def test_compiling_leaves_the_message_as_it_was():
    markers = SlotMarkers()
    marker = markers.new()
    message = build(marker, marker, marker)
    before = message.as_bytes()
    boundary = message.get_boundary()
    MessageTemplate.compile(message, list(markers))
    assert message.as_bytes().replace(boundary.encode(), b"") == before.replace(
        boundary.encode(), b""
    )


def test_marker_where_no_value_can_stand_is_refused():
    markers = SlotMarkers()
    marker = markers.new()
    message = build("x", "x", "x", [(f"{marker}.pdf", b"x", "application/pdf")])
    with pytest.raises(ValueError, match="no value can be put"):
        MessageTemplate.compile(message, list(markers))


def test_size_is_near_the_truth():
    markers = SlotMarkers()
    marker = markers.new()
    template = MessageTemplate.compile(build(marker, marker * 3, "x" * 5000), list(markers))
    assert abs(template.size - len(template.fill(["Ada Lovelace"], HEADERS))) < 300


@given(st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,101}", fullmatch=True), VALUE))
@example("x\r\nBcc: eve@example.com")
@example("")
def test_link_in_a_header_is_the_same_whatever_its_token(token):
    markers = SlotMarkers()
    link = "<https://example.com/unsubscribe/{}>"
    message = build("Hi", "Hi", "<p>Hi</p>")
    message["List-Unsubscribe"] = link.format(markers.new())
    filled = fill(message, markers, [token])
    wanted = encode_literal("List-Unsubscribe", link.format(token))
    assert filled.count(b"\r\n" + wanted) == 1
    assert parse(filled)["Bcc"] is None
