"""The web client while a mailing is sent: it moves by itself, and "Pause" works at full speed."""

import asyncio
import re

import pytest

from devtools import company
from devtools.inbox import Inbox

from .mailings import MAILING, addresses, validated
from .proofs import wait_for

pytestmark = [pytest.mark.slow(40), pytest.mark.timeout(900)]

COUNT, AT_FIRST = 4000, 200
PATIENCE = 300  # seconds on a busy machine, which sends 40 a second


class WaitingInbox(Inbox):
    """Takes ``most`` messages, others when that is raised: on a busy machine a page opens slowly."""

    taken, most = 0, AT_FIRST

    async def handle_DATA(self, server, session, envelope):
        """Keep one message, in time."""
        self.taken += 1
        while self.taken > self.most:
            await asyncio.sleep(0.02)
        return await super().handle_DATA(server, session, envelope)


@pytest.fixture
def inbox(tmp_path):
    with WaitingInbox(tmp_path / "inbox") as running:
        yield running


@pytest.fixture
def mailing(odoo_server, inbox):
    """Return a mailing that the scheduled action has begun to send."""
    company.send_to(odoo_server.login("admin"), inbox.port)
    author, validator = odoo_server.login("marketing"), odoo_server.login("validator")
    mailing = validated(author, validator, name="At full speed", extra_emails=addresses(COUNT))
    yield mailing
    if author.read(MAILING, mailing, "state")["state"] != "done":
        author.call(MAILING, "action_cancel", [mailing])


def count_sent(page):
    """Return how many were sent, as the page says."""
    text = page.inner_text(".o_partner_mailing_progress")
    return int(re.search(r"([\d,]+) sent", text).group(1).replace(",", ""))


def settled(server, mailing, inbox):
    """Wait until the sender of a paused mailing has left it; return how many messages arrived."""
    # With its first claim a sender leaves a note, which it takes away with the last result.
    noted = (
        "SELECT count(*) FROM partner_mailing m JOIN partner_mailing_counter k ON k.id = m.counter_id"
        f" WHERE m.id = {mailing} AND k.claimed_by != '{{}}'"
    )
    wait_for(lambda: server.sql(noted) == [["0"]], PATIENCE, "the sender leaves the mailing")
    return len(inbox.deliveries())


def test_a_mailing_is_watched_paused_and_resumed_in_the_web_client(
    odoo_server, page, mailing, inbox
):
    author = odoo_server.login("marketing")
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.goto(f"{odoo_server.url}/web/login")
    page.fill("input[name=login]", "marketing")
    page.fill("input[name=password]", "marketing")
    page.click("button[type=submit]")
    page.wait_for_selector(".o_main_navbar")
    page.goto(f"{odoo_server.url}/odoo/action-mass_mailing_lite.partner_mailing_action/{mailing}")
    page.wait_for_selector(".o_arrow_button_current:has-text('Sending')")

    first = count_sent(page)
    inbox.most = COUNT // 2
    page.wait_for_function(
        "first => parseInt(document.querySelector('.o_partner_mailing_progress').innerText"
        ".match(/([\\d,]+) sent/)[1].replace(',', '')) > first",
        arg=first,
        timeout=PATIENCE * 1000,
    )

    page.click("button[name=action_pause]")
    page.wait_for_selector("button[name=action_resume]:visible")
    paused_at = len(inbox.deliveries())
    inbox.most = COUNT
    stopped_at = settled(odoo_server, mailing, inbox)
    # What the sender had claimed by then: 25 ms of messages.
    assert stopped_at - paused_at < COUNT / 10, "still sending long after the pause"
    assert 0 < stopped_at < COUNT
    assert author.read(MAILING, mailing, "sent_count")["sent_count"] == stopped_at
    assert not page.query_selector(".o_error_dialog")

    page.click("button[name=action_resume]")
    page.wait_for_selector(".o_arrow_button_current:has-text('Done')", timeout=PATIENCE * 1000)
    arrived = [address for delivery in inbox.deliveries() for address in delivery.recipients]
    assert len(arrived) == len(set(arrived)) == COUNT
    assert not errors
