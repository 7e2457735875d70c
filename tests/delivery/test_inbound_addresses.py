"""International addresses in delivery statuses: as octets of UTF-8, escaped, or in ASCII."""

import email

import pytest
from delivery.address import same
from delivery.inbound import inbound_mail

REPORT = """\
From: MAILER-DAEMON@mx.example.com
To: bounce@example.com
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=global-delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

It came back.
--b
Content-Type: message/global-delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""


def read(recipient):
    source = REPORT.format(recipient=recipient).encode("utf-8")
    [status] = inbound_mail.read(email.message_from_bytes(source)).failures
    return status.addresses


@pytest.mark.parametrize(
    "recipient",
    [
        "utf-8; info@bücher.example",
        "utf-8; INFO@BÜCHER.example",
        r"utf-8; info@b\x{FC}cher.example",
        "rfc822; info@xn--bcher-kva.example",
        "rfc822; info@xn--bcher-kva.example.",
    ],
)
def test_each_way_to_write_the_recipient_names_the_same_mailbox(recipient):
    assert [same(address) for address in read(recipient)] == ["info@xn--bcher-kva.example"]


@pytest.mark.parametrize("code", ["00", "0A", "D800", "FFFFFF"])
def test_an_escape_of_no_letter_stays_an_escape(code):
    [address] = read(rf"utf-8; in\x{{{code}}}fo@example.com")
    assert address.isprintable()
    assert address.isascii()
