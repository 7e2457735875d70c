"""Beside Odoo's own apps: what they know of contacts chooses audiences; their websites are no obstacle."""

import email
import email.policy
import re
import time
import urllib.parse
from dataclasses import dataclass

import pytest

from devtools import company, database
from devtools.inbox import Inbox
from devtools.rpc import Client

from .mailings import MAILING, RECIPIENT, validated, write

# The limit is for the installation of Odoo's addons, once for each version of Odoo.
pytestmark = [pytest.mark.slow(100), pytest.mark.timeout(900)]

APPS = ("account", "crm", "partnership", "website")
AUDIENCE = "mass_mailing_lite.audience_{}"
# What stands on websites for everybody to see, in two languages.
WEBSITES = """
es, fr = (env["res.lang"]._lang_get(code) for code in ("es_ES", "fr_FR"))
first = env["website"].search([], limit=1)
first.write({"domain": "http://one.example", "language_ids": [(4, es.id)]})
env["website"].create({
    "name": "Second", "domain": "http://two.example", "company_id": first.company_id.id,
    "language_ids": [(6, 0, [fr.id])], "default_lang_id": fr.id,
})
env.cr.commit()
"""


# An accounting that can post an invoice to an address of a company, which has contacts of its own.
INVOICE = """
company = env["res.company"].search([], limit=1)
env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
address = env["res.partner"].search([("email", "=", "invoices@example.com")])
env["account.move"].create({
    "move_type": "out_invoice", "partner_id": address.id,
    "invoice_line_ids": [(0, 0, {"name": "Roof", "price_unit": 100.0, "tax_ids": []})],
}).action_post()
env.cr.commit()
"""


@dataclass
class Office:
    """A running Odoo with other apps; whoever is logged in."""

    url: str
    database: str
    admin: Client
    author: Client
    validator: Client


@pytest.fixture(scope="module")
def office(tools):
    """Return a running Odoo with these apps, two websites, and ours installed last."""
    name = database.prepared(tools, "other_apps", APPS)
    install = ("server", "-d", name, "-i", "mass_mailing_lite", "--stop-after-init", "--no-http")
    tools.run(*install, what="The installation beside other apps", log="other-apps")
    tools.script(name, WEBSITES, what="Two websites", log="other-apps")
    # As behind a proxy that serves both websites: the host in the address is the one asked for.
    with tools.serve(name, name="other-apps", proxy_mode=True) as url:
        admin = company.login(url, name, "admin")
        company.create_users(admin)
        sales = admin.record("sales_team.group_sale_salesman_all_leads")
        author = admin.search_read("res.users", [("login", "=", "marketing")], "id")[0]["id"]
        admin.call("res.users", "write", [author], {"group_ids": [(4, sales)]})
        people = (company.login(url, name, login) for login in ("marketing", "validator"))
        yield Office(url, name, admin, *people)
    database.drop(tools, name)


@pytest.fixture(scope="module")
def kinds(office, tools):
    """Make a contact of each kind, all with one tag; return the tag's id."""
    admin = office.admin
    tag = admin.create("res.partner.category", name="Kinds")

    def contact(name, **values):
        address = f"{name.lower()}@example.com"
        return admin.create(
            "res.partner", name=name, email=address, category_id=[(4, tag)], **values
        )

    contact("Customer", customer_rank=1)
    contact("Vendor", supplier_rank=2)
    contact("Both", customer_rank=1, supplier_rank=1)
    contact("Neither")
    contact("Member", grade_id=admin.create("res.partner.grade", name="Gold"))
    prospect, lost = contact("Prospect"), contact("Lost")
    admin.create("crm.lead", name="Roof", type="opportunity", partner_id=prospect)
    gone = admin.create("crm.lead", name="Door", type="opportunity", partner_id=lost)
    admin.call("crm.lead", "action_set_lost", [gone])
    # A company to whose address for invoices one is posted; a vendor that is archived, whose
    # contact is not.
    firm = contact("Firm", is_company=True)
    contact("Invoices", parent_id=firm, type="invoice")
    contact("Boss", parent_id=firm)
    shop = contact("Shop", is_company=True, supplier_rank=1)
    contact("Seller", parent_id=shop)
    admin.call("res.partner", "write", [shop], {"active": False})
    group = contact("Group", is_company=True)
    contact("Clerk", parent_id=group)
    tools.script(office.database, INVOICE, what="An invoice", log="other-apps")
    return tag


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ("customers", {"Customer", "Both", "Firm", "Invoices", "Boss"}),
        ("vendors", {"Vendor", "Both", "Seller"}),
        ("neither", {"Neither", "Member", "Prospect", "Lost", "Group", "Clerk"}),
        ("prospects", {"Prospect"}),
        ("members", {"Member"}),
    ],
)
def test_a_predefined_audience_is_what_its_app_says(office, kinds, audience, expected):
    chosen = office.admin.record(AUDIENCE.format(audience))
    assert office.author.read("partner.mailing.audience", chosen, "is_available")["is_available"]
    mailing = write(office.author, extra_emails=False, audience_ids=[(4, chosen)])
    office.author.call(MAILING, "action_load_recipients", [mailing])
    written_to = office.author.search_read(
        RECIPIENT,
        [("mailing_id", "=", mailing), ("partner_id.category_id", "in", [kinds])],
        "name",
    )
    assert {recipient["name"] for recipient in written_to} == expected


def test_prospects_are_not_learnt_by_who_may_not_read_opportunities(office, kinds):
    chosen = office.admin.record(AUDIENCE.format("prospects"))
    seen = office.validator.read(
        "partner.mailing.audience", chosen, "is_available", "unavailable_reason", "partner_count"
    )
    assert (seen["is_available"], seen["partner_count"]) == (False, 0)
    assert "you may read its records" in seen["unavailable_reason"]


@pytest.fixture(scope="module")
def link(office, kinds, tmp_path_factory):
    """Return the path by which the member unsubscribes, from a message that arrived."""
    with Inbox(tmp_path_factory.mktemp("other-apps")) as inbox:
        company.send_to(office.admin, inbox.port)
        members = office.admin.record(AUDIENCE.format("members"))
        mailing = validated(
            office.author,
            office.validator,
            extra_emails=False,
            audience_ids=[(4, members)],
            unsubscribe_category_ids=[(4, kinds)],
        )
        deadline = time.monotonic() + 120
        while office.author.read(MAILING, mailing, "state")["state"] != "done":
            assert time.monotonic() < deadline, "the mailing was not sent"
            time.sleep(0.2)
        [delivery] = inbox.deliveries()
    message = email.message_from_bytes(delivery.content(), policy=email.policy.default)
    found = re.search(r"<(\S+/partner_mailing/unsubscribe/\S+?)>", message["List-Unsubscribe"])
    return urllib.parse.urlsplit(found[1]).path


@pytest.mark.parametrize("host", ["one.example", "two.example", "unknown.example"])
def test_the_page_to_unsubscribe_is_the_same_on_each_website(office, page, link, host):
    """No website's menu, cookie bar or language in the address comes between."""
    page.set_extra_http_headers({"X-Forwarded-Host": host, "Accept-Language": "fr"})
    answer = page.goto(office.url + link)
    assert answer.status == 200
    assert urllib.parse.urlsplit(page.url).path == link
    assert "member@example.com" in page.inner_text("main")
    assert page.query_selector("header, #wrapwrap, .o_main_navbar") is None


def test_one_click_unsubscribes_where_there_are_websites(office, kinds, page, link):
    answer = page.request.post(office.url + link, form={"List-Unsubscribe": "One-Click"})
    assert (answer.status, answer.url) == (200, office.url + link)
    [member] = office.admin.search_read(
        "res.partner", [("email", "=", "member@example.com")], "category_id"
    )
    assert kinds not in member["category_id"]
