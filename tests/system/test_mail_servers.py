"""A mailing goes through Debian's mail servers and arrives unchanged.

Through Exim and Postfix encrypted, logged in and pipelined; through OpenSMTPD in the clear.
"""

import base64
import email
import email.policy
import time

import pytest

from devtools import company, paths

from . import exim, mail_server, opensmtpd, postfix
from .mailings import command, validated

pytestmark = pytest.mark.slow(80)

COUNT = 200
PATIENCE = 120  # seconds for a server to pass on what it took
CONTENT = bytes(range(256)) * 40

# Lines that begin with dots or with From, a line too long for SMTP, characters of all kinds.
BODY = (
    '<p>Dear <t t-out="object.name"/>,</p>'
    "<pre>\n.\n..\n.hidden\nFrom here on\n</pre><p>Zażółć gęślą jaźń, Привет, 你好 🙂</p>"
    f"<p>{'long ' * 400}</p>"
)
READERS = [f"Reader {number} Łódź <reader{number}@example.com>" for number in range(COUNT)]


@pytest.fixture(scope="module")
def server(start_server):
    with start_server("mail_servers", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


@pytest.mark.skipif(not paths.is_root(), reason="a mail server changes users, which only root can")
@pytest.mark.parametrize("program", [exim, postfix, opensmtpd], ids=lambda it: it.PACKAGE)
def test_a_mailing_goes_through_and_arrives_unchanged(server, inbox, program, monkeypatch):
    monkeypatch.setattr(opensmtpd, "QUEUE_TIME", "10m")  # nothing is returned on a busy machine
    with program.running(inbox.port) as port:
        use(server, port, program.ENCRYPTED)
        mailing = validated(
            server.login("marketing"),
            server.login("validator"),
            subject="Żółć für {{ object.name }}",
            body_html=BODY,
            extra_emails="\n".join(READERS),
            attachment_ids=[
                (0, 0, {"name": "list ü.bin", "datas": base64.b64encode(CONTENT).decode()})
            ],
        )
        output, _nothing = command(server, "--mailing", str(mailing)).communicate(timeout=120)
        rows = sent(server, mailing)
        assert len(rows) == COUNT, output
        arrived = wait_for(inbox)
    assert sorted(arrived) == sorted(rows)
    for address, message in arrived.items():
        check(address, message, rows[address])


def use(server, port, encrypted):
    """Let Odoo send through a port, encrypted and logged in or neither."""
    admin = server.login("admin")
    company.send_to(admin, port)
    [own] = admin.search_read("ir.mail_server", [("name", "=", company.MAIL_SERVER)], "id")
    values = {
        "smtp_encryption": "starttls" if encrypted else "none",
        "smtp_user": encrypted and mail_server.USER,
        "smtp_pass": encrypted and mail_server.PASSWORD,
    }
    admin.call("ir.mail_server", "write", [own["id"]], values)


def sent(server, mailing):
    """Return {address: Message-ID} of the rows that were sent."""
    return dict(
        server.sql(
            "SELECT email_normalized, message_id FROM partner_mailing_recipient"
            f" WHERE mailing_id = {mailing} AND state = 'sent'"
        )
    )


def wait_for(inbox):
    """Wait until all messages came; return {address: message}, each once."""
    deadline = time.monotonic() + PATIENCE
    while len(inbox.deliveries()) < COUNT and time.monotonic() < deadline:
        time.sleep(0.2)
    deliveries = inbox.deliveries()
    assert len(deliveries) == COUNT
    return {delivery.recipients[0]: delivery for delivery in deliveries}


def check(address, delivery, message_id):
    """Compare what arrived with what was written."""
    strict = email.policy.SMTP.clone(raise_on_defect=True)
    message = email.message_from_bytes(delivery.content(), policy=strict)
    number = address.removeprefix("reader").partition("@")[0]
    name = f"Reader {number} Łódź"
    assert message["Message-Id"] == message_id
    assert message["Subject"] == f"Żółć für {name}"
    assert message["To"].addresses[0].display_name == name
    for kind in ("plain", "html"):
        text = message.get_body((kind,)).get_content().replace("\r\n", "\n")
        assert f"Dear {name}," in text
        assert "Zażółć gęślą jaźń, Привет, 你好 🙂" in text
        assert "\n.\n..\n.hidden\nFrom here on\n" in text
    assert ("long " * 400).strip() in text
    [file] = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("list ü.bin", CONTENT)
