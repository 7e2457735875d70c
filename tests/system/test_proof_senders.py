"""Four senders in four processes, three mailings, two mail servers with limits."""

import collections
import random
import time

import pytest

from devtools import company

from . import proofs
from .ledger import Ledger
from .mailings import MAILING, validated

pytestmark = pytest.mark.slow(20)

MINUTE = 60.0
SENDERS = 4
# Messages a minute that the two mail servers take, and recipients of the mailings.
SHARED, OWN = proofs.size((40, 30), (120, 90))
FIRST, SECOND, THIRD = proofs.size((70, 30, 50), (300, 120, 200))


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server without scheduled actions: forked senders send."""
    with start_server("senders", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


def to(name, count):
    return "\n".join(f"{name}{number}@example.com" for number in range(count))


def of(ledger, name):
    """Return how many messages of a mailing a ledger holds."""
    return sum(address.startswith(name) for address in ledger.addresses())


def let_a_minute_pass(server):
    """Move what was sent a minute back; the processes that look at it next know no better."""
    server.sql(
        "UPDATE partner_mailing_reservation"
        f" SET taken_at = taken_at - {MINUTE}, ended_at = ended_at - {MINUTE}"
    )
    server.sql(
        "UPDATE partner_mailing_counter"
        " SET wait_until = wait_until - interval '1 minute', served_at = served_at - interval '1 minute'"
    )


def prepare(server, shared, own):
    """Return three validated mailings; the first two share a mail server."""
    admin, author, validator = (server.login(name) for name in ("admin", "marketing", "validator"))
    numbers = [
        admin.create(
            "ir.mail_server",
            name=f"Limit {limit}",
            smtp_host="127.0.0.1",
            smtp_port=ledger.port,
            smtp_encryption="none",
            partner_mailing_limit_minute=limit,
            partner_mailing_connections=2,
        )
        for ledger, limit in ((shared, SHARED), (own, OWN))
    ]
    lists = {"first": (FIRST, 0), "second": (SECOND, 0), "third": (THIRD, 1)}
    return [
        validated(author, validator, extra_emails=to(name, count), mail_server_id=numbers[which])
        for name, (count, which) in lists.items()
    ]


@pytest.mark.timeout(1200)
def test_four_senders_exceed_no_limit_and_let_no_mailing_starve(server):
    chance = random.Random(5)
    progress, windows = [], []
    with (
        Ledger() as shared,
        Ledger() as own,
        proofs.senders(server.tools, server.database) as senders,
    ):
        mailings = prepare(server, shared, own)
        begun = time.monotonic()
        for _round in range(40 if not proofs.FULL else 400):
            before = len(shared.entries), len(own.entries)
            running = [senders.start() for _sender in range(SENDERS)]
            if chance.random() < 0.2:
                time.sleep(chance.uniform(0, 0.2))
            assert [senders.wait(number) for number in running] == [0] * SENDERS
            windows.append((len(shared.entries) - before[0], len(own.entries) - before[1]))
            progress.append((of(shared, "first"), of(shared, "second"), of(own, "third")))
            found = server.login("marketing").call(MAILING, "read", mailings, ["state"])
            if {row["state"] for row in found} == {"done"}:
                break
            if not proofs.FULL:
                let_a_minute_pass(server)
        assert {row["state"] for row in found} == {"done"}, progress
        took = time.monotonic() - begun
    arrived = collections.Counter(shared.addresses() + own.addresses())
    assert (len(arrived), max(arrived.values())) == (FIRST + SECOND + THIRD, 1)
    if proofs.FULL:
        most = [proofs.busiest(ledger.moments(), MINUTE) for ledger in (shared, own)]
    else:
        most = [max(window) for window in zip(*windows, strict=True)]
    assert most == [SHARED, OWN], "the limit is kept, and used fully"
    # How far each of the first two has come in a minute depends on which of them began earlier in
    # it; a mailing that starves has sent nothing when the longer one ends.
    order = [address for address in shared.addresses() if address.startswith(("first", "second"))]
    last = max(i for i, address in enumerate(order) if address.startswith("first"))
    assert last + 1 - FIRST > SECOND / 2, progress
    assert any(row[2] for row in progress[:2]), "the other mail server waits for nobody"
    proofs.say(
        f"{SENDERS} senders, {len(arrived)} messages of 3 mailings in {took:.0f} s: 0 twice, at most"
        f" {most[0]} and {most[1]} a minute (limits {SHARED} and {OWN})"
    )
