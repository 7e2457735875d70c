"""Messages built a second, against the stock mixin's rendering of the same templates.

The mixin (`mail.render.mixin`, `_render_field`) renders subject and body only; the addon builds the
whole message, ready to be transmitted. Both in the same run, with the same contacts, which each
reads from the database anew.
"""

import statistics
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config

from benchmarks._figures import Figures
from devtools import database
from devtools.odoo_process import odoo as running_odoo

CONTACTS, ROUNDS = 5000, 3
CONTACTS_OF_MIXIN = 200  # the time for each contact does not depend on their number
ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)
TEMPLATE = "mass_mailing_lite.mail_template_newsletter"

# Template logic: a condition, a loop, a call.
LOGIC = """
<div>
    <p t-if="object.city">We deliver to <t t-out="object.city"/>, too.</p>
    <p t-else="">We deliver to you, too.</p>
    <ul><li t-foreach="range(3)" t-as="number"><t t-out="number + 1"/>. <t t-out="object.name.upper()"/></li></ul>
</div>
"""

# How many times the mixin's rate the addon's must be at least.
SHORT, USUAL, LONG, LOGICAL = "plain, as shipped", "plain, usual", "plain, long", "QWeb"
LINKED = "plain, usual, links"
MIN_TIMES = {SHORT: 50, USUAL: 100, LONG: 100, LOGICAL: 10, LINKED: 100}
TIMES_USUAL, TIMES_LONGER = 2, 6


@contextmanager
def environment(tools, name):
    """Give an environment on a database of Odoo's in this process."""
    config.parse_config(
        ["-c", str(tools.configure("bench", db_name=name)), "--workers=0", "--log-level=warn"]
    )
    with Registry(name).cursor() as cursor:
        yield Environment(cursor, SUPERUSER_ID, {})


def make_mailings(env):
    """Return {what is measured: mailing}: the shipped template, and longer newsletters."""
    template = env.ref(TEMPLATE)
    body = str(template.body_html)
    # Without the links of each recipient's own: the mixin does not make them.
    short = env["partner.mailing"].create(
        {"name": "Short", "email_from": "shop@example.com", "has_unsubscribe": False}
    )
    short._load_template(template)
    return {
        SHORT: short,
        USUAL: short.copy({"body_html": body * TIMES_USUAL}),
        LONG: short.copy({"body_html": body * TIMES_LONGER}),
        LOGICAL: short.copy({"body_html": body + LOGIC}),
        LINKED: short.copy({"body_html": body * TIMES_USUAL, "has_unsubscribe": True}),
    }


def make_contacts(env):
    """Return contacts as rows that the sender claims."""
    contacts = env["res.partner"].create(
        [
            {"name": f"Contact {n}", "email": f"contact{n}@example.com", "city": n % 2 and "Łódź"}
            for n in range(CONTACTS)
        ]
    )
    env.flush_all()
    return [
        {
            "id": contact.id,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email,
            "message_id": f"<{contact.id}@example.com>",
        }
        for contact in contacts
    ]


def seconds_of_mixin(mailing, rows):
    """Return the mixin's seconds a row for rendering subject, preview text and body."""
    ids = [row["partner_id"] for row in rows[:CONTACTS_OF_MIXIN]]
    mailing.env.invalidate_all()
    started = time.perf_counter()
    for name in ("subject", "preview_text", "body_html"):
        mailing._render_field(name, ids)
    return (time.perf_counter() - started) / len(ids)


def seconds_of_ours(mailing, rows):
    """Return the addon's seconds a row for building the message, compiling included."""
    mailing.env.invalidate_all()
    started = time.perf_counter()
    compiled = mailing._get_transport().compile("en_US", ANYONE)
    for _row, envelope, error in mailing._get_transport().fill(compiled, rows):
        if not envelope:
            raise AssertionError(error)
        envelope.pieces()
    return (time.perf_counter() - started) / len(rows)


def measure(mailing, rows):
    """Return messages a second of (the mixin, the addon), medians of several rounds."""
    times = [
        (seconds_of_mixin(mailing, rows), seconds_of_ours(mailing, rows)) for _ in range(ROUNDS)
    ]
    return [1 / statistics.median(column) for column in zip(*times, strict=True)]


def main():
    """Measure, and return the figures."""
    figures = Figures()
    with running_odoo() as tools:
        name = database.fresh(tools, "bench")
        try:
            with environment(tools, name) as env:
                rows = make_contacts(env)
                mailings = make_mailings(env)
                sizes = {what: len(mailing.body_html) for what, mailing in mailings.items()}
                results = {what: measure(mailing, rows) for what, mailing in mailings.items()}
                env.cr.rollback()
        finally:
            with suppress(KeyError):
                Registry.delete(name)
            database.drop(tools, name)
    for what, (mixin, ours) in results.items():
        detail = f"body {sizes[what] / 1024:.0f} kB; mixin {mixin:,.0f}/s, ours {ours:,.0f}/s"
        figures.at_least(f"{what} × mixin", ours / mixin, MIN_TIMES[what], detail=detail)
    return figures
