"""Messages of hostile texts, made by the addon's code without Odoo: ``python header_corpus.py SEED COUNT``.

Prints a line of JSON for each message. A program of its own, so that the same messages can be made
by several versions of Python, whose ``email`` packages decode and fold in different ways.
"""

import email.policy
import json
import random
import re
import sys
import types
from email.message import EmailMessage
from pathlib import Path

addon = types.ModuleType("addon")
addon.__path__ = [str(Path(__file__).parents[2] / "mass_mailing_lite")]
sys.modules.setdefault("addon", addon)

from addon.delivery.characters import CONTROL  # noqa: E402
from addon.delivery.compose import header  # noqa: E402
from addon.delivery.compose.message import MessageTemplate  # noqa: E402
from addon.delivery.compose.slots import SlotMarkers  # noqa: E402
from addon.tools import address_field  # noqa: E402

PIECES = (
    *(
        "News",
        " ",
        "  ",
        "\t",
        ",",
        ";",
        ":",
        '"',
        "\\",
        "(",
        ")",
        "<",
        ">",
        "@",
        ".",
        "=",
        "?",
        "_",
    ),
    *(
        "=?",
        "?=",
        "=?utf-8?q?",
        "=?utf-8?b?",
        "=?UTF-8?Q?a?=",
        "=?utf-8?q?=0D=0ABcc:_x@y.example?=",
    ),
    *("=?utf-8?b?DQpCY2M6IHhAeS5leGFtcGxl?=", "=?utf-7?q?+AA0ACg-X:?=", "=?utf-16-be?b?AA0ACg==?="),
    *(
        "=?utf-8?q?=C2?=",
        "=?utf-8?q?=85?=",
        "=?utf-8?q?=E2=80=A8?=",
        "=?utf-8?q?=3D=3Futf-8=3Fq=3F",
    ),
    *(
        "=0D=0A",
        "=00",
        "3D=3D",
        "\r\n",
        "\n",
        "\r",
        "\x0b",
        "\x0c",
        "\0",
        "\x85",
        "\u2028",
        "\u2029",
    ),
    *("\r\nBcc: x@y.example", "\r\n\r\n<h1>body</h1>", "\n ", "\r\n\t", "Content-Type: text/html"),
    *(
        "é",
        "李",
        "😀",
        "\u202e",
        "\u200b",
        "x" * 80,
        "word " * 20,
        "us@y.example",
        "<us@y.example>",
    ),
    *("{{ object.name }}", "%0D%0A", "&#10;", "'", "/", "%", "*", "''", "utf-8''", "\ud800"),
)
FIELDS = ["Message-Id", "Subject", "From", "Reply-To", "To", "Cc", "Date", "X-Custom", "List-Help"]


USUAL = ("News", " ", "=?", "?=", "=?utf-8?q?a_b?=", "é", "x" * 80, ",", '"', "=", "?", "word " * 9)


def make_text(source, most=6):
    """Return a text, in one of three from pieces that are refused when they stand alone."""
    pieces = PIECES if source.random() < 0.3 else USUAL
    return "".join(source.choice(pieces) for _piece in range(source.randrange(most)))


def make_spec(source):
    """Return the texts of one message: {field: what was typed}."""
    return {
        "is_gated": source.random() < 0.7,
        "subject": make_text(source),
        "from": f"{make_text(source, 4)} <us@example.com>",
        "reply_to": f'"{make_text(source, 4)}" <reply@example.com>',
        "cc": f'"{make_text(source, 4)}" <a@example.com>, "{make_text(source, 4)}" <b@example.com>',
        "custom": make_text(source),
        "link": f"<https://example.com/{make_text(source, 3)}>",
        "file": make_text(source, 5),
        "name": make_text(source),
        "value": make_text(source),
    }


def make(spec):
    """Return the octets of a message; None when a gate refuses one of its texts.

    Without the gates, which read texts when they are saved, the last look at each field is left.
    """
    try:
        return _make(spec)
    except (ValueError, IndexError, AttributeError, TypeError):  # the email package refuses, too
        if spec["is_gated"]:
            raise
        return None


def _make(spec):
    markers = SlotMarkers()
    marker = markers.new()
    texts = dict(spec)
    if spec["is_gated"]:
        try:
            texts["subject"] = header.read_text(spec["subject"], 1000)
            for name in ("from", "reply_to"):
                texts[name] = address_field.read_one(spec[name]).header
            texts["cc"] = [box.header for box in address_field.read_many(spec["cc"])]
        except (header.HeaderError, address_field.Unreadable):
            return None
        if any(
            CONTROL.search(spec[name]) or "=?" in spec[name] for name in ("file", "custom", "link")
        ):
            return None
    message = EmailMessage(policy=email.policy.SMTP)
    message["Message-Id"] = "<1@example.com>"
    message["Subject"] = f"{texts['subject']}{marker}"
    message["From"] = texts["from"]
    message["Reply-To"] = texts["reply_to"]
    message["To"] = "mark@example.com"
    message["Cc"] = texts["cc"]
    message["Date"] = "Tue, 02 Jan 2024 00:00:00 -0000"
    message["X-Custom"] = texts["custom"]
    message["List-Help"] = texts["link"]
    message["MIME-Version"] = "1.0"
    message.add_alternative(marker, subtype="plain", charset="utf-8")
    message.add_alternative(f"<p>{marker}</p>", subtype="html", charset="utf-8")
    message.add_attachment(b"x", "application", "pdf", filename=texts["file"] or "x")
    template = MessageTemplate.compile(message, list(markers))
    values = {
        "To": (spec["name"], "ada@example.com"),
        "Message-Id": "<1.2@example.com>",
        "Date": "Mon, 01 Jan 2024 00:00:00 -0000",
    }
    octets = template.fill([spec["value"]], values)
    found = list(dict.fromkeys(re.findall(rb"={15}\d+==", octets)))
    for number, boundary in enumerate(found):
        octets = octets.replace(boundary, b"BOUNDARY%d" % number)
    return octets


def main(seed, count):
    source = random.Random(seed)
    for _message in range(count):
        spec = make_spec(source)
        octets = make(spec)
        made = octets.decode("utf-8", "surrogateescape") if octets else None
        print(json.dumps({"spec": spec, "made": made}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
