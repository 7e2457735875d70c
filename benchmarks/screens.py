"""How long the addon's screens take to open in a browser, against Odoo's Contacts in the same run.

A time is that of the web client from asking for an action until the screen is drawn. Screens are
opened in turns, so that other work of the machine affects all of them in the same way.

In a database with Odoo's Email Marketing beside ours, the form of a designed mailing is measured
against Email Marketing's own form with the same design: until both builders stand ready.

Options: `--recipients=100000`, `--rounds=15`.
"""

import argparse
import json
import statistics
import sys

from playwright.sync_api import sync_playwright

from benchmarks._figures import Figures
from benchmarks.recipients import CONTACTS
from devtools import browser, company, database, odoo_process
from devtools.console import Failure, step

MAX_TIMES = 1.0
MIN_ROUNDS = 10
MAILINGS = 80  # a page of the list
MAILING = "partner.mailing"

# Opens a screen and gives the milliseconds until it is drawn with the server's answers: the web
# client first draws what it has cached.
OPEN = """async (action) => {
    const { env } = odoo.__WOWL_DEBUG__.root;
    const { rpcBus } = odoo.loader.modules.get("@web/core/network/rpc");
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const waiting = new Set();
    let last = 0;
    const asked = ({ detail }) => waiting.add(detail.data.id);
    const answered = async ({ detail }) => {
        await drawn();
        // Answers to requests of an earlier screen do not count.
        if (waiting.delete(detail.data.id)) {
            last = performance.now();
        }
    };
    rpcBus.addEventListener("RPC:REQUEST", asked);
    rpcBus.addEventListener("RPC:RESPONSE", answered);
    const began = performance.now();
    await env.services.action.doAction(action, { clearBreadcrumbs: true });
    await drawn();
    last = performance.now();
    let isThere = !UNTIL;
    while (!isThere || waiting.size || performance.now() - last < QUIET) {
        if (!isThere && document.querySelector(UNTIL)) {
            isThere = true;
            last = performance.now();
        }
        if (performance.now() - began > LIMIT) {
            throw new Error("The server did not answer.");
        }
        await new Promise((done) => setTimeout(done, 5));
    }
    rpcBus.removeEventListener("RPC:REQUEST", asked);
    rpcBus.removeEventListener("RPC:RESPONSE", answered);
    return last - began;
}"""
LIMIT = 60_000  # milliseconds
QUIET = 250  # milliseconds without a request, after which a screen counts as complete

# Waits until the builder has its blocks; a body that nobody has touched must stay untouched.
BUILDER = ".o-snippets-menu .o_snippet"
DIRTY = ".o_form_status_indicator_buttons:not(.invisible)"

BODY = """<h1>News</h1><p>Dear <t t-out="object.name"/>,</p><p>the new catalogue is out.</p>"""

DESIGN = """<div class="o_layout oe_unremovable oe_unmovable o_empty_theme" data-name="Mailing">
<div class="container o_mail_wrapper o_mail_regular oe_unremovable"><div class="row mw-100 mx-0">
<div class="col o_mail_no_options o_mail_wrapper_td bg-white oe_structure">
<section class="s_text_block o_mail_snippet_general pt24 pb24" data-snippet="s_text_block"
data-vxml="001">
<div class="container s_allow_columns"><h1>News</h1><p>Dear <t t-out="object.name">reader</t>,</p>
<p>the new catalogue is out.</p></div></section></div></div></div></div>"""


def main():
    """Measure, and return the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    args, _others = parser.parse_known_args(sys.argv[1:])
    if args.rounds < MIN_ROUNDS:
        raise Failure(f"Fewer than {MIN_ROUNDS} rounds say nothing: --rounds={args.rounds}.")
    with odoo_process.odoo() as tools:
        times = measure_in(tools, "bench_screens", prepare, args)
        designed = measure_in(tools, "bench_builder", prepare_designs, args, bridges=True)
    figures = Figures()
    add(figures, times, args)
    add(figures, designed, args, with_builder=True)
    return figures


def measure_in(tools, name, make, args, bridges=False):
    """Measure the screens that `make` gives, in a database of their own: {screen: [milliseconds]}."""
    name = database.fresh(tools, name, bridges=bridges)
    try:
        tools.server.sql(CONTACTS.replace("{count}", str(args.recipients)), name)
        tools.server.sql("VACUUM ANALYZE res_partner", name)
        with tools.serve(name, name="bench-screens") as url:
            screens = make(url, name)
            tools.server.sql("VACUUM ANALYZE", name)
            return measure(url, screens, args.rounds, until=BUILDER if bridges else None)
    finally:
        database.drop(tools, name)


def prepare(url, name):
    """Make mailings, one of them to all contacts; return {screen: action}."""
    admin = company.login(url, name, "admin")
    company.create_users(admin)
    marketing = company.login(url, name, "marketing")
    validator = company.login(url, name, "validator")
    with step("Making mailings"):
        audience = marketing.create(
            "partner.mailing.audience",
            name="All",
            domain="[('email', '=like', 'contact%.example')]",
        )
        values = {"subject": "News", "body_html": BODY, "email_from": "news@example.com"}
        for number in range(MAILINGS):
            marketing.create(MAILING, name=f"News {number}", **values)
        later = {"scheduled_at": "2099-01-01 08:00:00", "audience_ids": [(4, audience)]}
        mailing = marketing.create(MAILING, name="To all", **values, **later)
        marketing.call(MAILING, "action_submit", [mailing])
        validator.call(MAILING, "action_validate", [mailing])
        recipients = marketing.call(MAILING, "action_open_recipients", [mailing])
    contact = marketing.call("res.partner", "search", [("email", "=like", "contact%")], limit=1)[0]
    # As many messages and the same followers in the chatter of the contact as in that of the
    # mailing: the chatter is Odoo's in both forms.
    said = len(marketing.read(MAILING, mailing, "message_ids")["message_ids"])
    told = len(marketing.read("res.partner", contact, "message_ids")["message_ids"])
    for number in range(said - told):
        admin.call("res.partner", "message_post", [contact], body=f"Message {number}")
    followers = marketing.read(MAILING, mailing, "message_partner_ids")["message_partner_ids"]
    admin.call("res.partner", "message_subscribe", [contact], partner_ids=followers)
    return {
        "Contacts: list": _window("res.partner", "list"),
        "Contacts: form": _window("res.partner", "form", res_id=contact),
        "list of mailings": _window(MAILING, "list"),
        "form of a mailing": _window(MAILING, "form", res_id=mailing),
        "page of its recipients": _window(
            recipients["res_model"], "list", domain=recipients["domain"]
        ),
    }


def prepare_designs(url, name):
    """Make a mailing of Email Marketing and one of ours of the same blocks: {screen: action}."""
    admin = company.login(url, name, "admin")
    company.create_users(admin)
    group = admin.record("mass_mailing.group_mass_mailing_user")
    people = admin.search_read("res.users", [("login", "=", "marketing")], "id")
    admin.call("res.users", "write", [people[0]["id"]], {"group_ids": [(4, group)]})
    marketing = company.login(url, name, "marketing")
    with step("Making designed mailings"):
        contacts = admin.search_read("ir.model", [("model", "=", "res.partner")], "id")[0]["id"]
        values = {"subject": "News", "body_arch": DESIGN, "body_html": BODY}
        theirs = marketing.create("mailing.mailing", mailing_model_id=contacts, **values)
        values["email_from"] = "news@example.com"
        ours = marketing.create(MAILING, name="News", editor="builder", **values)
    return {
        "Email Marketing: form": _window("mailing.mailing", "form", res_id=theirs),
        "form of a designed mailing": _window(MAILING, "form", res_id=ours),
    }


# What each of the addon's screens is measured against.
AGAINST = {
    "form of a designed mailing": "Email Marketing: form",
    "list of mailings": "Contacts: list",
    "form of a mailing": "Contacts: form",
    "page of its recipients": "Contacts: list",
}


def _window(model, view, **values):
    return {
        "type": "ir.actions.act_window",
        "name": model,
        "res_model": model,
        "views": [[False, view]],
        **values,
    }


def measure(url, screens, rounds, until=None):
    """Return {screen: [milliseconds]}; the first two rounds, which fetch assets, do not count.

    :param until: selector of what each screen has when it is ready, beside the server's answers
    :raises Failure: for a screen that has changed its record though nobody did
    """
    times = {name: [] for name in screens}
    values = {"QUIET": str(QUIET), "LIMIT": str(LIMIT), "UNTIL": json.dumps(until)}
    opening = OPEN
    for word, value in values.items():
        opening = opening.replace(word, value)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=browser.program(), args=browser.OPTIONS
        )
        page = running.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/web/login")
        page.fill("input[name=login]", "marketing")
        page.fill("input[name=password]", "marketing")
        page.click(".oe_login_form button[type=submit]")
        page.wait_for_selector(".o_main_navbar", timeout=60_000)
        for number in range(rounds + 2):
            for name, action in screens.items():
                taken = page.evaluate(opening, action)
                page.wait_for_selector(".o_data_row, .o_form_sheet")
                if page.locator(DIRTY).count():
                    raise Failure(f"To open the screen changed its record: {name}.")
                if number > 1:
                    times[name].append(taken)
        running.close()
    return times


def add(figures, times, args, with_builder=False):
    """Add the figures of screens: each against its counterpart of Odoo's own."""
    others = "Email Marketing" if with_builder else "Contacts"
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, median in medians.items():
        detail = f"median {median:.0f} ms, fastest {min(times[name]):.0f} ms, {args.rounds} rounds"
        if name in AGAINST:
            ratio = median / medians[AGAINST[name]]
            figures.at_most(f"{name} ÷ {others}", ratio, MAX_TIMES, detail=detail)
        else:
            figures.inform(name, median, "ms", detail)
    return figures
