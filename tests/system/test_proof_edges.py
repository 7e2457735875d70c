"""Nobody, one recipient and a million; a clock that jumps while a mailing waits."""

import os
from pathlib import Path

import pytest

from devtools import company
from devtools.rpc import RpcError

from . import proofs
from .ledger import Ledger
from .mailings import MAILING, validated, write

pytestmark = pytest.mark.slow(25)

LARGE = proofs.size(3_000, int(os.environ.get("MASS_MAILING_LITE_PROOF_LIST", "1000000")))
MEMORY = 50  # megabytes that a sender may need more at the end of a long list than at its beginning


@pytest.fixture(scope="module")
def server(start_server):
    """Return a server without scheduled actions: forked senders send."""
    with start_server("edges", max_cron_threads=0) as running:
        company.create_users(running.login("admin"))
        yield running


@pytest.fixture(scope="module")
def senders(server):
    with proofs.senders(server.tools, server.database) as running:
        yield running


def state_of(server, mailing):
    return server.login("marketing").read(MAILING, mailing, "state")["state"]


def test_a_mailing_to_nobody_is_not_submitted(server):
    author = server.login("marketing")
    mailing = write(author, extra_emails=False)
    with pytest.raises(RpcError, match="Recipients"):
        author.call(MAILING, "action_submit", [mailing])
    assert state_of(server, mailing) == "draft"


def test_a_mailing_to_one_is_sent_once(server, senders):
    with Ledger() as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(
            server.login("marketing"), server.login("validator"), extra_emails="ana@example.com"
        )
        senders.run()
        senders.run()
        assert ledger.addresses() == ["ana@example.com"]
    assert state_of(server, mailing) == "done"


@pytest.mark.parametrize("hours", [-1, 1], ids=["forward", "back"])
def test_a_clock_that_jumps_an_hour_loses_and_doubles_nothing(server, senders, hours):
    """Set forward, stored moments lie an hour further back; set back, an hour further ahead."""
    first = set()

    def defer(stage, address):
        if stage != "rcpt" or address in first:
            return None
        first.add(address)
        return "450 4.7.1 Greylisted"

    jump = f"interval '{hours} hour'"
    with Ledger(defer) as ledger:
        company.send_to(server.login("admin"), ledger.port)
        emails = "\n".join(f"reader{number}@example.com" for number in range(40))
        mailing = validated(
            server.login("marketing"), server.login("validator"), extra_emails=emails
        )
        senders.run()
        assert not ledger.entries
        server.sql(
            "UPDATE partner_mailing_recipient SET next_attempt_at = next_attempt_at +"
            f" {jump} WHERE mailing_id = {mailing}"
        )
        server.sql(f"UPDATE partner_mailing SET started_at = started_at + {jump}")
        senders.run()
        due_at_once = hours < 0
        assert len(ledger.entries) == (40 if due_at_once else 0)
        # The clock is set right again.
        server.sql(
            "UPDATE partner_mailing_recipient SET next_attempt_at = next_attempt_at -"
            f" {jump} - interval '1 hour' WHERE mailing_id = {mailing} AND state = 'pending'"
        )
        senders.run()
        assert proofs.compare(ledger, proofs.states(server, mailing)) == 0
        assert len(ledger.entries) == 40
    assert state_of(server, mailing) == "done"


def make_contacts(server, count):
    """Insert contacts with a tag past the ORM, which takes a millisecond each; return the tag."""
    tag = server.login("admin").create("res.partner.category", name="A long list")
    server.sql(
        f"""
        WITH made AS (
            INSERT INTO res_partner
                   (name, complete_name, email, email_normalized, type, active, lang)
            SELECT 'Reader ' || n, 'Reader ' || n, a, a, 'contact', TRUE, 'en_US'
              FROM (SELECT n, 'long' || n || '@example.com' AS a
                      FROM generate_series(1, {count}) n) numbered
         RETURNING id)
        INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
        SELECT {tag}, id FROM made
        """
    )
    server.sql("ANALYZE res_partner")
    return tag


def megabytes(number):
    """Return the memory that a process has in use of its own."""
    fields = Path(f"/proc/{number}/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.timeout(6 * 3600)
def test_memory_does_not_grow_with_the_list(server, senders):
    author = server.login("marketing")
    tag = make_contacts(server, LARGE)
    audience = author.create(
        "partner.mailing.audience", name="A long list", category_ids=[(4, tag)]
    )
    with Ledger() as ledger:
        company.send_to(server.login("admin"), ledger.port)
        mailing = validated(
            author,
            server.login("validator"),
            extra_emails=False,
            audience_ids=[(4, audience)],
        )
        sender = senders.start()
        used = []
        for tenth in range(1, 10):
            proofs.wait_for(
                lambda goal=LARGE * tenth / 10: len(ledger.entries) >= goal, 3600, "goes on"
            )
            used.append(megabytes(sender))
        assert senders.wait(sender) == 0
        assert len(set(ledger.addresses())) == len(ledger.entries) == LARGE
        took = ledger.entries[-1].moment - ledger.entries[0].moment
    values = author.read(MAILING, mailing, "state", "sent_count", "pending_count")
    assert (values["state"], values["sent_count"], values["pending_count"]) == ("done", LARGE, 0)
    proofs.say(
        f"{LARGE} recipients: 0 twice, 0 lost, in {took:.0f} s; {used[0]:.0f} MB after a tenth,"
        f" {used[-1]:.0f} MB after nine"
    )
    assert used[-1] - used[0] < MEMORY
