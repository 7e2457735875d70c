"""What real mail servers return finds its recipient, however often and from wherever it comes."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from devtools import company, paths
from devtools.inbox import Inbox
from devtools.rpc import Client

from . import exim, opensmtpd, postfix
from .mailings import command, validated
from .test_mail_servers import use

pytestmark = pytest.mark.slow(90)

BOUNCES = "bounce@example.com"
FINE = "fine@example.com"
PATIENCE = 150  # seconds for the server to give up and report

# What the next server says to some.
REFUSALS = {
    "unknown@refused.example.org": "550 5.1.1 No such user here",
    "full@refused.example.org": "552 5.2.2 The mailbox is full",
    "later@refused.example.org": "452 4.2.2 Over quota, try later",
}
# What becomes of it; address: bounce_type, failure_type, part of the reason.
REFUSED = {
    "unknown@refused.example.org": ("permanent", "address_unknown", "No such user here"),
    "full@refused.example.org": ("permanent", "mailbox_full", "The mailbox is full"),
    "later@refused.example.org": ("transient", "mailbox_full", "Over quota"),
}
NOBODY = {"nobody@closed.example.org": ("permanent", "address_unknown", "User unknown")}
# What each server returns, its own judgement among it: to Exim a full mailbox is a reason to wait,
# until it gives up; OpenSMTPD calls it a delay when it gives up what it has tried again (6.8.0p2).
RETURNS = {
    exim: REFUSED
    | NOBODY
    | {"room@closed.example.org": ("transient", "mailbox_full", "mailbox is full")},
    postfix: REFUSED
    | NOBODY
    | {"room@closed.example.org": ("permanent", "mailbox_full", "The mailbox is full")},
    opensmtpd: REFUSED | {"later@refused.example.org": None},
}
AT_ONCE = 4  # times that each report comes, at the same time


class RefusingInbox(Inbox):
    """Keeps what it takes; refuses some recipients."""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if reply := REFUSALS.get(address):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"


@pytest.fixture(scope="module")
def server(start_server):
    with start_server("returned", max_cron_threads=0, workers=4, db_maxconn=16) as running:
        company.create_users(running.login("admin"))
        yield running


@pytest.mark.skipif(not paths.is_root(), reason="a mail server changes users, which only root can")
@pytest.mark.parametrize("program", RETURNS, ids=lambda program: program.PACKAGE)
def test_what_a_server_returns_is_noted_once(server, tmp_path, program):
    expected = RETURNS[program]
    forget(server)
    with RefusingInbox(tmp_path / "inbox") as inbox, program.running(inbox.port) as port:
        use(server, port, program.ENCRYPTED)
        mailing = validated(
            server.login("marketing"),
            server.login("validator"),
            extra_emails="\n".join([FINE, *expected]),
        )
        output, _nothing = command(server, "--mailing", str(mailing)).communicate(timeout=120)
        states = rows(server, mailing, "state")
        assert states == dict.fromkeys([FINE, *expected], ("sent",)), output
        reports = wait_for_reports(inbox, len(expected))
    feed(server, reports)
    returned = {address: found for address, found in expected.items() if found}
    found = rows(server, mailing, "state", "bounce_type", "failure_type", "failure_reason")
    for address, (state, bounce_type, failure_type, reason) in found.items():
        if address not in returned:
            assert state == "sent"
            continue
        kind, failure, words = returned[address]
        assert (state, bounce_type, failure_type) == ("bounced", kind, failure), reason
        assert words in reason
    names = ("sent_count", "bounced_count", "pending_count", "state")
    totals = server.login("admin").read("partner.mailing", mailing, *names)
    delivered = 1 + len(expected) - len(returned)
    assert [totals[name] for name in names] == [delivered, len(returned), 0, "done"]
    listed = dict(server.sql("SELECT email, active FROM mail_blacklist"))
    dead = [address for address, (kind, *_rest) in returned.items() if kind == "permanent"]
    assert listed == dict.fromkeys(dead, "t")


def forget(server):
    """Take everybody off the blocklist, and let bounces come to an address of ours."""
    admin = server.login("admin")
    listed = admin.search_read("mail.blacklist", [], "id")
    admin.call("mail.blacklist", "unlink", [entry["id"] for entry in listed])
    if not admin.search_read("mail.alias.domain", [], "id"):
        admin.create("mail.alias.domain", name="example.com", bounce_alias="bounce")


def wait_for_reports(inbox, count):
    """Wait until each failure was reported to the bounce address; return the reports."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        reports = [found for found in inbox.deliveries() if found.recipients == [BOUNCES]]
        if len(reports) >= count:
            break
        time.sleep(0.2)
    assert len(reports) == count
    assert {report.sender for report in reports} == {""}
    return [report.path.read_bytes().decode() for report in reports]


def feed(server, reports):
    """Hand each report to Odoo's gateway several times at once, as its mail servers do."""
    clients = [Client(server.url, server.database, "admin") for _number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for report in reports:
            calls = [
                pool.submit(client.call, "mail.thread", "message_process", False, report)
                for client in clients
            ]
            for call in calls:
                call.result()


def rows(server, mailing, *columns):
    """Return {address: columns} of a mailing's recipients, as the database has them."""
    lines = server.sql(
        f"SELECT email_normalized, {', '.join(columns)} FROM partner_mailing_recipient"
        f" WHERE mailing_id = {mailing}"
    )
    return {address: tuple(values) for address, *values in lines}
