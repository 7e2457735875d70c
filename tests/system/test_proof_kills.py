"""`kill -9` of the sender at many random moments: ledger and database agree on every recipient."""

import random
import time

import pytest

from devtools import company

from . import proofs
from .ledger import Ledger
from .mailings import MAILING, addresses, validated

pytestmark = pytest.mark.slow(20)

COUNT = proofs.size(2_000, 20_000)
KILLS = proofs.size(12, 100)
CONNECTIONS = 4
RECOVERY = 60  # seconds


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server without scheduled actions: forked senders send, and are killed."""
    with start_server("kills", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


def prepare(server, port):
    """Return a validated mailing to be sent over several connections."""
    admin = server.login("admin")
    company.send_to(admin, port)
    [own] = admin.search_read("ir.mail_server", [("name", "=", company.MAIL_SERVER)], "id")
    admin.call("ir.mail_server", "write", [own["id"]], {"partner_mailing_connections": CONNECTIONS})
    return validated(
        server.login("marketing"), server.login("validator"), extra_emails=addresses(COUNT)
    )


def count_waiting(server, mailing):
    """Return how many recipients wait."""
    [[found]] = server.sql(
        "SELECT count(*) FROM partner_mailing_recipient"
        f" WHERE mailing_id = {mailing} AND state = 'pending'"
    )
    return int(found)


@pytest.mark.timeout(1800)
def test_whenever_a_sender_is_killed_nothing_is_sent_twice_or_lost(server):
    chance = random.Random(7)
    left_open, limits = [], []
    held = proofs.Held()
    with Ledger(held) as ledger, proofs.senders(server.tools, server.database) as senders:
        held.ledger = ledger
        mailing = prepare(server, ledger.port)
        for kill in range(KILLS):
            begun = len(ledger.entries)
            # So spread that all the kills hit before the end, the last one near it.
            waiting = count_waiting(server, mailing)
            target = begun + chance.uniform(0, 1.6) * waiting / (KILLS - kill + 1)
            with held.at(max(target, begun + waiting - 2 * CONNECTIONS)):
                sender = senders.start()
                until = time.monotonic() + RECOVERY
                while len(ledger.entries) < target and time.monotonic() < until:
                    time.sleep(0.0005)
                time.sleep(chance.uniform(0, 0.01))
                code = senders.kill(sender)
            assert code == -9, f"kill {kill}: it has ended by itself, at {begun}"
            left_open.append(proofs.count_open(server, mailing, sender))
            moments = ledger.moments()[begun:]
            limits.append(CONNECTIONS + proofs.busiest(moments, proofs.CLAIM_SECONDS))
        senders.run()
        found = proofs.states(server, mailing)
        uncertain = proofs.compare(ledger, found)
    assert set(found.values()) <= {"sent", "uncertain"}
    assert len(found) == COUNT
    assert uncertain == sum(left_open)
    proofs.say(
        f"{KILLS} kills in {COUNT} messages: 0 twice, 0 lost; uncertain {uncertain}, at most"
        f" {max(left_open)} a kill; {CONNECTIONS} connections and 25 ms of messages: {max(limits)}"
    )
    assert max(left_open) <= max(limits)
    values = server.login("marketing").read(
        MAILING, mailing, "state", "sent_count", "uncertain_count", "pending_count"
    )
    assert values["state"] == "done"
    assert (values["sent_count"], values["uncertain_count"]) == (COUNT - uncertain, uncertain)
    assert values["pending_count"] == 0
