"""How long the addon's screens take to open in a browser, against Odoo's Contacts in the same run.

A time is that of the web client from asking for an action until the screen is drawn. Screens are
opened in turns, so that other work of the machine affects all of them in the same way.

Options: `--recipients=100000`, `--rounds=15`.
"""

import argparse
import statistics
import sys

from playwright.sync_api import sync_playwright

from benchmarks.recipients import CONTACTS
from devtools import browser, company, database, odoo_process
from devtools.console import Failure, say, step, table

MAX_TIMES = 1.2
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
    while (waiting.size || performance.now() - last < QUIET) {
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

BODY = """<h1>News</h1><p>Dear <t t-out="object.name"/>,</p><p>the new catalogue is out.</p>"""


def main():
    """Measure, print, and return whether all screens are fast enough."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    args, _others = parser.parse_known_args(sys.argv[1:])
    if args.rounds < MIN_ROUNDS:
        raise Failure(f"Fewer than {MIN_ROUNDS} rounds say nothing: --rounds={args.rounds}.")
    with odoo_process.odoo() as tools:
        name = database.fresh(tools, "bench_screens")
        try:
            tools.server.sql(CONTACTS.replace("{count}", str(args.recipients)), name)
            tools.server.sql("VACUUM ANALYZE res_partner", name)
            with tools.serve(name, name="bench-screens") as url:
                screens = prepare(url, name)
                tools.server.sql("VACUUM ANALYZE", name)
                times = measure(url, screens, args.rounds)
        finally:
            database.drop(tools, name)
    return report(times, args)


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


# What each of the addon's screens is measured against.
AGAINST = {
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


def measure(url, screens, rounds):
    """Return {screen: [milliseconds]}; the first two rounds, which fetch assets, do not count."""
    times = {name: [] for name in screens}
    opening = OPEN.replace("QUIET", str(QUIET)).replace("LIMIT", str(LIMIT))
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
                if number > 1:
                    times[name].append(taken)
        running.close()
    return times


def report(times, args):
    """Print the table of medians; return whether all ratios are within the limit."""
    say(f"\n{args.recipients:,} contacts and recipients, medians of {args.rounds} rounds")
    medians = {name: statistics.median(values) for name, values in times.items()}
    rows, kept = [], True
    for name, median in medians.items():
        ratio = median / medians[AGAINST[name]] if name in AGAINST else None
        kept = kept and (ratio is None or ratio <= MAX_TIMES)
        times_of = f"{ratio:.2f} times, at most {MAX_TIMES}" if ratio else ""
        rows.append([name, f"{median:.0f} ms", f"{min(times[name]):.0f} ms", times_of])
    table(rows, ["Screen", "Median", "Fastest", "Against Contacts"])
    return kept
