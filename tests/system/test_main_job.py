"""The main job on a running Odoo: a validated mailing goes out by itself, once to each contact."""

import pytest

from devtools import demo
from devtools.rpc import RpcError

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
