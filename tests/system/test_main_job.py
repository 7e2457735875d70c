"""The main job on a running Odoo: a validated mailing goes out by itself, once to each contact."""

import re
import time
import urllib.request
from email import policy
from email.parser import BytesParser

import pytest

from devtools import company, demo
from devtools.rpc import RpcError

PATIENCE = 90  # seconds for a scheduled action on a busy machine

PEOPLE = [
    ("Ana García", "ana@example.com", ["Newsletter"]),
    ("Ben Smith", "BEN@example.com ", ["Newsletter"]),
    ("Ben Again", "ben@example.com", ["Newsletter"]),
    ("Zoë Müller", "zoe@bücher.example", ["Newsletter"]),
    ("Vera Important", "vera@example.org", ["Newsletter", "VIP"]),
    ("Nobody Asked", "nobody@example.org", []),
    ("No Address", False, ["Newsletter"]),
    ("Wrong Address", "wrong address", ["Newsletter"]),
]


@pytest.fixture(scope="module")
def contacts(odoo_server):
    """Create the contacts and their tags."""
    admin = odoo_server.login("admin")
    tags = {name: admin.create("res.partner.category", name=name) for name in ("Newsletter", "VIP")}
    for name, email, names in PEOPLE:
        category_ids = [(4, tags[tag]) for tag in names]
        admin.create("res.partner", name=name, email=email, category_id=category_ids)


def test_a_validated_mailing_is_sent_by_the_scheduled_action(odoo_server, contacts, mail_server):
    marketing, validator = odoo_server.login("marketing"), odoo_server.login("validator")
    mailing = demo.write_mailing(marketing)
    marketing.call(demo.MAILING, "action_submit", [mailing])
    validator.call(demo.MAILING, "action_validate", [mailing])

    demo.watch(marketing, mailing)

    demo.compare(marketing, mailing, mail_server.folder)
    arrived = sorted(delivery.recipients[0] for delivery in mail_server.deliveries())
    assert arrived == ["ana@example.com", "ben@example.com", "zoe@xn--bcher-kva.example"]


@pytest.fixture
def proofs(odoo_server):
    """Let submitted mailings come to the mailboxes of validators."""
    admin = odoo_server.login("admin")
    company.switch_proofs(admin, is_on=True)
    yield
    company.switch_proofs(admin, is_on=False)


def wait_for_message(inbox, address):
    """Return the message that arrives for an address."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for delivery in inbox.deliveries():
            if address in delivery.recipients:
                return BytesParser(policy=policy.default).parsebytes(delivery.content())
        time.sleep(0.2)
    raise AssertionError(f"nothing arrived for {address}")


def test_a_submitted_mailing_comes_to_the_validators_mailbox(
    odoo_server, contacts, mail_server, proofs, page
):
    marketing, validator = odoo_server.login("marketing"), odoo_server.login("validator")
    mailing = demo.write_mailing(marketing)
    marketing.call(demo.MAILING, "action_submit", [mailing])

    proof = wait_for_message(mail_server, "validator@example.com")

    assert proof["Subject"] == "[To validate] News for Ana García"
    assert [file.get_filename() for file in proof.iter_attachments()] == [demo.ATTACHMENT[0]]
    html = proof.get_body(("html",)).get_content()
    assert "Dear Ana García" in html
    [unsubscribe] = set(re.findall(r"http://[^\s\"]+/partner_mailing/unsubscribe/[\w-]+", html))
    for data in (None, b"do=leave_all", b"List-Unsubscribe=One-Click"):
        with urllib.request.urlopen(unsubscribe, data) as answer:  # noqa: S310
            text = answer.read().decode()
        assert text == "OK" or "a test message or a proof" in text
    counts = ("recipient_count", "pending_count", "skipped_count", "sent_count", "state")
    before = validator.read(demo.MAILING, mailing, *counts)
    assert (before["state"], before["pending_count"]) == ("to_validate", before["recipient_count"])
    assert not validator.search_read("partner.mailing.unsubscription", [], "id")

    review, *others = re.findall(r"http://[^\s\"]+/partner_mailing/review/\d+", html)
    assert set(others) == {review}
    page.goto(review)
    page.fill("input[name=login]", "validator")
    page.fill("input[name=password]", "validator")
    page.click("button[type=submit]")
    page.wait_for_selector("button[name=action_open_validation]")
    page.wait_for_selector(".o_partner_mailing_review")

    marketing.call(demo.MAILING, "action_back_to_draft", [mailing])
    page.goto(review)
    page.wait_for_selector("text=This request is no longer open")
    assert "Withdrawn" in page.inner_text("main")


def test_who_writes_a_mailing_cannot_validate_it(odoo_server, contacts):
    validator = odoo_server.login("validator")
    mailing = demo.write_mailing(validator)
    validator.call(demo.MAILING, "action_submit", [mailing])

    with pytest.raises(RpcError):
        validator.call(demo.MAILING, "action_validate", [mailing])

    assert validator.read(demo.MAILING, mailing, "state")["state"] == "to_validate"


def test_a_browser_shows_the_mailings(odoo_server, page):
    page.goto(f"{odoo_server.url}/odoo")
    page.fill("input[name=login]", "marketing")
    page.fill("input[name=password]", "marketing")
    page.click("button[type=submit]")

    page.wait_for_selector(".o_main_navbar")
