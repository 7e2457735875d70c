"""What reads texts from people and from outside takes time in proportion to them."""

import email
import email.policy
import time
from contextlib import suppress

import pytest
from addon.delivery.ask import spamd, web_address
from addon.delivery.compose import encoded_word, header, plain_text, quoted_printable
from addon.delivery.inbound import inbound_mail
from addon.tools import (
    address_field,
    address_list,
    blank,
    file_name,
    leftover,
    link_problem,
    mailbox,
    outlook,
    page_look,
    person_name,
    placeholder,
    placeholder_kind,
    srcset,
    subject_look,
)
from addon.tools.spreadsheet import reader

SMALL, GROWTH = 1000, 8  # characters, and how many times as many then
QUICK = (
    0.012  # seconds for the larger text: what takes the square of the time takes 100 ms and more
)
MOST = 24  # times the time for 8 times the text; linear is 8, a square 64

UNITS = (
    *("-", "a ", "{{", "{{ object.name |||", "{{ object.name }}", "<", "<div>", "<a href=", "<!--"),
    *("&lt;t t-out=", "=?utf-8?q?a", "=?utf-8?q?a?=", "=?", "(", "((a)", '"', "\\", '"a" ', "a@"),
    *(
        "a@b.example,",
        "<a@",
        "a,",
        " ",
        "\n",
        "\n \n",
        "--\n",
        "550 ",
        "5.",
        "#",
        "<>",
        "mailbox a ",
    ),
    *(
        "<!--[if mso]>",
        "<![endif]-->",
        "<!--[if mso]><![endif]-->",
        "<![if mso]>",
        "<!--[if !mso]><!-->",
    ),
    *("[[name", "*|A", "%%a", "\u200b", "\u3000", '<t t-out="object.name"/>', "::: ", "__a", "|"),
    *(
        "<img src=x>",
        "<a href=x><p style='color:#eee'>",
        "<table width=900>",
        "color:",
        "rgba(1,",
        "A ",
    ),
    *("SALE! ", "ß", "./", ".exe", "\u202e", "https://a.example/", "http://a@", "%"),
    *("/web/image?", "a@b.example and ", "data:,", "\u00e9", "@", "..", "550 a"),
)


def read_mail(text):
    return inbound_mail.read(email.message_from_string(text, policy=email.policy.SMTP))


def read_failure(text):
    """A failure notification, whose text is searched for codes and addresses."""
    read_mail(f"From: MAILER-DAEMON@x.example\nSubject: failed\n\n550 failed {text}")


def read_answer(text):
    """An answer from a postmaster, whose words are searched for a quote."""
    line = text.replace("\n", " ")
    read_mail(f"From: postmaster@x.example\nIn-Reply-To: <a@b>\nSubject: {line}\n\n{text}")


def read_headers(text):
    line = text.replace("\n", " ")
    read_mail(f"From: {line}\nReferences: {line}\nAuto-Submitted: {line}\n\n{text}")


def read_status(text):
    line = text.replace("\n", " ")
    read_mail(
        "From: a@b.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=x"
        "\n\n--x\n\nt\n--x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        f"Final-Recipient: rfc822; {line}\nAction: failed\nDiagnostic-Code: smtp; {line}\n\n--x--\n"
    )


def read_file(text):
    with suppress(reader.UnreadableError):
        reader.read(text.encode(), address_list.is_address, address_list.is_list)


FUNCTIONS = {
    "addresses of a file or a field": address_list.parse,
    "e-mail of a contact": address_list.read_field,
    "cell": address_list.parse_cell,
    "is a list": address_list.is_list,
    "mailbox": lambda text: mailbox.read(text, one=True),
    "name": mailbox.decode_name,
    "parts of a name": person_name.read_name,
    "copies": address_field.read_many,
    "sender": address_field.read_one,
    "leftovers": leftover.find_leftovers,
    "link": link_problem.find_problem,
    "host": link_problem.is_private_host,
    "what only Outlook reads": lambda text: outlook.mask(text + " [if").text,
    "srcset": srcset.find_addresses,
    "srcset in a body": lambda text: srcset.replace_in_srcsets(f' srcset="{text}" {text}', str),
    "placeholders of a subject": lambda text: placeholder.find_placeholders(text, "text"),
    "placeholders of a body": lambda text: placeholder.find_placeholders(text, "html"),
    "inline": lambda text: placeholder_kind.to_inline(text, bool),
    "elements": lambda text: placeholder_kind.to_elements(text, bool),
    "blank": blank.is_blank,
    "failure": read_failure,
    "answer": read_answer,
    "headers": read_headers,
    "status": read_status,
    "gate": lambda text: header.read_text(text, 10**6),
    "coded words": encoded_word.decode_words,
    "subject": lambda text: header.encode_text("Subject", text),
    "recipient": lambda text: header.encode_mailboxes("To", (text, "a@b.example")),
    "file name": lambda text: header.encode_parameters("Content-Type", "a/b", {"name": text}),
    "plain text": plain_text.html_to_text,
    "quoted-printable": quoted_printable.encode,
    "file": read_file,
    "page": page_look.read_page,
    "style": page_look.read_style,
    "colour": page_look.read_colour,
    "subject in capitals": subject_look.is_shouted,
    "exclamation marks": subject_look.count_marks,
    "columns": subject_look.count_columns,
    "refused file": file_name.find_refusal,
    "web address": web_address.read,
    "answer of spamd": lambda text: spamd.read_answer(
        b"SPAMD/1.1 0 EX_OK\r\nSpam: " + text.encode("latin-1", "replace")
    ),
}


def take(function, text):
    began = time.process_time()
    with suppress(ValueError, placeholder.UnsupportedTemplate, spamd.SpamdError):
        function(text)
    return time.process_time() - began


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_text_and_no_faster(name):
    function = FUNCTIONS[name]
    for unit in UNITS:
        text = unit * (SMALL // len(unit))
        small = take(function, text)
        if small < QUICK / MOST:
            continue
        large = take(function, text * GROWTH)
        if large > max(QUICK, MOST * small):  # once more: something else may have run meanwhile
            small = max(take(function, text), take(function, text))
            large = min(take(function, text * GROWTH), take(function, text * GROWTH))
        assert large < max(QUICK, MOST * small), f"{large / small:.0f} times for {unit!r}"


@pytest.mark.parametrize(
    "source",
    ["{{" * 20_000, "{{ object.name |||" * 5000, "{{ object.name }}" * 20_000, "<" * 200_000],
)
def test_a_text_of_braces_is_read_at_once(source):
    assert take(FUNCTIONS["placeholders of a subject"], source) < 5
    assert take(FUNCTIONS["placeholders of a body"], source) < 5


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{{object.a}}", ["object.a"]),
        ("{{{object.a}}", None),
        ("{{ object.a ||| x }} {{object.b|||}}", ["object.a", "object.b"]),
        ("{{ object.a |||\n x }}", ["object.a"]),
        ("{{ object.a \n}}", []),
        ("{{ object.a ||| x \n}}", []),
        ("{{}} {{ }}", None),
        ("{{ {{ object.a", []),
        ("{{ object.a }", []),
        ("{{\n {{ object.a }} ||| }}", ["object.a"]),
        ("{{ object.a }} ||| {{ object.b }}", ["object.a", "object.b"]),
    ],
)
def test_placeholders_of_a_subject_are_those_of_odoo(source, found):
    if found is None:
        with pytest.raises(placeholder.UnsupportedTemplate):
            placeholder.find_placeholders(source, "text")
    else:
        assert [one.path for one in placeholder.find_placeholders(source, "text")] == found
