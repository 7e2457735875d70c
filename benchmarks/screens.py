"""How long the addon's screens take to open in a browser, against Odoo's Contacts in the same run.

A time is that of the web client from a press of a button or menu until the screen is drawn. Screens
are opened in turns, so that other work of the machine affects all of them in the same way. What is
compared is the 95th percentile: one of twenty openings takes longer.

The database has a million contacts, a mailing that waits to be sent to all of them, and one that
was sent to all of them. A page of the list has mailings with results. What a screen is compared with:

- list of mailings, page of recipients, list of the report: the list of contacts
- form of a mailing: the form of a contact
- statistics of a mailing, figures of its million recipients by language, domain and hour: the list
  of contacts by language, the screen of Contacts with figures of the same million
- graph and pivot table of the report: those of the contacts by language
- filters, searches and groups of the page of recipients: a second, because Contacts has no screen
  with the same filters

In a database with Odoo's Email Marketing beside ours, the form of a designed mailing is measured
against Email Marketing's own form with the same design: until both are complete, with the design,
the messages and all that was asked of the server. Email Marketing's form opens with its builder, ours
shows the design, and opens the builder when the pointer moves over it; that time is told beside the
time that Email Marketing's needs until its builder stands ready.

Options: `--recipients=1000000`, `--rounds=20`, `--part=contacts` or `--part=builder` for one of the two
databases, `--screens=WORD` for screens with a word in their name and what they are compared with.
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict

from playwright.sync_api import sync_playwright

from benchmarks._figures import Figures
from benchmarks.recipients import CONTACTS
from devtools import browser, company, database, odoo_process
from devtools.console import Failure, step

MAX_TIMES = 1.0
MAX_SECONDS = 1.0  # of a filter, a search or a group
MIN_ROUNDS = 10
MAILINGS = 80  # a page of the list
MAILING = "partner.mailing"
RECIPIENT, REPORT = "partner.mailing.recipient", "partner.mailing.report"

# Opens a screen and gives two numbers of milliseconds: until it is drawn with the server's answers, as
# the web client first draws what it has cached, and until the element that is waited for was there. A
# screen is an action, or a button that asks for one.
OPEN = """async (screen) => {
    const { env } = odoo.__WOWL_DEBUG__.root;
    const { rpcBus } = odoo.loader.modules.get("@web/core/network/rpc");
    const drawn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const waiting = new Set();
    let last = 0;
    let readyAt = 0;
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
    const action = screen.method
        ? await env.services.orm.call(screen.model, screen.method, [screen.ids], { context: screen.context })
        : screen;
    await env.services.action.doAction(action, { clearBreadcrumbs: true });
    await drawn();
    last = performance.now();
    let isThere = !UNTIL;
    while (!isThere || waiting.size || performance.now() - last < QUIET) {
        if (!isThere && document.querySelector(UNTIL)) {
            isThere = true;
            last = readyAt = performance.now();
        }
        if (performance.now() - began > LIMIT) {
            throw new Error("The server did not answer.");
        }
        await new Promise((done) => setTimeout(done, 5));
    }
    rpcBus.removeEventListener("RPC:REQUEST", asked);
    rpcBus.removeEventListener("RPC:RESPONSE", answered);
    return [last - began, readyAt - began];
}"""
LIMIT = 60_000  # milliseconds
QUIET = 250  # milliseconds without a request, after which a screen counts as complete

# Waits until the builder has its blocks; a body that nobody has touched must stay untouched.
BUILDER = ".o-snippets-menu .o_snippet"
SHOWN = "[name=body_arch] iframe[is-ready]"
BUILDER_READY = ", builder"  # of the name of a screen: the time until then
# Moves the pointer over a design that is shown, and gives the milliseconds until its builder is there.
OPEN_BUILDER = f"""async () => {{
    const began = performance.now();
    const shown = document.querySelector(".o_partner_mailing_open_design");
    shown.dispatchEvent(new PointerEvent("pointermove", {{ bubbles: true }}));
    while (shown.isConnected || !document.querySelector("{BUILDER}")) {{
        await new Promise((done) => setTimeout(done, 5));
    }}
    return performance.now() - began;
}}"""
DRAWN = ".o_list_renderer, .o_form_sheet, .o_graph_canvas_container, .o_pivot"
DIRTY = ".o_form_status_indicator_buttons:not(.invisible)"

BODY = """<h1>News</h1><p>Dear <t t-out="object.name"/>,</p><p>the new catalogue is out.</p>"""

# A mailing to all contacts as it is after sending. Of the other mailings of the page most were sent,
# with results: a row of the list then has all its figures.
RECIPIENTS = """
    INSERT INTO partner_mailing_recipient (
           mailing_id, partner_id, name, email, email_normalized, lang, state, skip_reason,
           failure_type, failure_reason, attempts, is_submitted, sent_at, bounced_at, bounce_type,
           opened_at, clicked_at)
    SELECT {mailing}, id, name, email, email_normalized, lang, state,
           CASE state WHEN 'skipped' THEN 'unsubscribed' END,
           CASE state WHEN 'failed' THEN 'address_unknown' END,
           CASE state WHEN 'failed' THEN '550 5.1.1 No such user' END,
           1, TRUE, sent_at, CASE state WHEN 'bounced' THEN sent_at END,
           CASE state WHEN 'bounced' THEN 'permanent' END,
           CASE WHEN state = 'sent' AND part > 70 THEN sent_at + interval '1 hour' END,
           CASE WHEN state = 'sent' AND part > 95 THEN sent_at + interval '2 hours' END
      FROM (SELECT *, CASE part WHEN 0 THEN 'failed' WHEN 1 THEN 'bounced' WHEN 2 THEN 'skipped'
                           ELSE 'sent' END AS state,
                   timestamp '2026-01-05 08:00' + interval '1 second' * (id / 200) AS sent_at
              FROM (SELECT *, id % 100 AS part FROM res_partner
                     WHERE email LIKE 'contact%.example') contact) result
"""
SENT = """
    WITH total AS (
        SELECT count(*) FILTER (WHERE state != 'skipped') AS recipients,
               count(*) FILTER (WHERE state = 'sent') AS sent,
               count(*) FILTER (WHERE state = 'failed') AS failed,
               count(*) FILTER (WHERE state = 'bounced') AS bounced,
               count(*) FILTER (WHERE state = 'skipped') AS skipped,
               count(opened_at) AS opened, count(clicked_at) AS clicked
          FROM partner_mailing_recipient WHERE mailing_id = {mailing}
    ), sent AS (
        UPDATE partner_mailing
           SET state = 'done', started_at = timestamp '2026-01-05 08:00' + interval '1 day' * id,
               finished_at = timestamp '2026-01-05 10:00' + interval '1 day' * id
         WHERE name LIKE 'News %' AND (id % 8 != 0 OR id = {mailing})
     RETURNING counter_id
    )
    UPDATE partner_mailing_counter k
       SET recipient_count = total.recipients, sent_count = total.sent,
           failed_count = total.failed, bounced_count = total.bounced,
           skipped_count = total.skipped, opened_count = total.opened,
           clicked_count = total.clicked
      FROM sent, total
     WHERE k.id = sent.counter_id
"""

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
    parser.add_argument("--recipients", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--part", choices=("contacts", "builder"))
    parser.add_argument("--screens", default="")
    args, _others = parser.parse_known_args(sys.argv[1:])
    if args.rounds < MIN_ROUNDS:
        raise Failure(f"Fewer than {MIN_ROUNDS} rounds say nothing: --rounds={args.rounds}.")
    figures = Figures()
    with odoo_process.odoo() as tools:
        if args.part != "builder":
            add(figures, measure_in(tools, "bench_screens", prepare, args), args)
        if args.part != "contacts":
            times = measure_in(tools, "bench_builder", prepare_designs, args, bridges=True)
            add(figures, times, args)
    return figures


def measure_in(tools, name, make, args, bridges=False):
    """Measure the screens that `make` gives, in a database of their own: {screen: [milliseconds]}."""
    name = database.fresh(tools, name, bridges=bridges)
    try:
        tools.server.sql(CONTACTS.replace("{count}", str(args.recipients)), name)
        tools.server.sql("VACUUM ANALYZE res_partner", name)
        with tools.serve(name, name="bench-screens") as url:
            screens = make(tools, url, name)
            tools.server.sql("VACUUM ANALYZE", name)
            return measure(url, choose(screens, args.screens), args.rounds, bridges)
    finally:
        database.drop(tools, name)


def choose(screens, word):
    """Return the screens with a word in their name, and those that they are compared with."""
    chosen = {name for name in screens if word in name}
    chosen |= {AGAINST[name] for name in chosen & set(AGAINST)}
    return {name: screen for name, screen in screens.items() if name in chosen}


def prepare(tools, url, name):
    """Make mailings, two of them to all contacts, of which one was sent; return {screen: action}."""
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
        tracking = {"track_opens": True, "track_clicks": True}
        sent = [
            marketing.create(MAILING, name=f"News {number}", **values, **tracking)
            for number in range(MAILINGS)
        ]
        later = {"scheduled_at": "2099-01-01 08:00:00", "audience_ids": [(4, audience)]}
        mailing = marketing.create(MAILING, name="To all", **values, **later)
        marketing.call(MAILING, "action_submit", [mailing])
        validator.call(MAILING, "action_validate", [mailing])
    with step("Making the results of a mailing"):
        for statement in (RECIPIENTS, "VACUUM ANALYZE partner_mailing_recipient", SENT):
            tools.server.sql(statement.replace("{mailing}", str(sent[-1])), name)
    contact = _make_equal(admin, marketing, mailing)
    return {
        "Contacts: list": _window("res.partner", "list"),
        "Contacts: form": _window("res.partner", "form", res_id=contact),
        "Contacts: list by language": _window(
            "res.partner", "list", context={"group_by": ["lang"]}
        ),
        "Contacts: graph by language": _window(
            "res.partner", "graph", context={"graph_groupbys": ["lang"]}
        ),
        "Contacts: pivot by language": _window(
            "res.partner", "pivot", context={"pivot_row_groupby": ["lang"]}
        ),
        "list of mailings": _window(MAILING, "list"),
        "form of a mailing": _window(MAILING, "form", res_id=mailing),
        "page of its recipients": _button("action_open_recipients", sent[-1]),
        "statistics of a mailing": _button("action_open_statistics", sent[-1]),
        "graph of the report": _window(REPORT, "graph"),
        "pivot of the report": _window(REPORT, "pivot"),
        "list of the report": _window(REPORT, "list"),
        **{
            f"recipients: {what}": _window(
                RECIPIENT, "list", domain=[("mailing_id", "=", sent[-1]), *domain], context=context
            )
            for what, domain, context in FACETS
        },
    }


def prepare_designs(_tools, url, name):
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
    "statistics of a mailing": "Contacts: list by language",
    "graph of the report": "Contacts: graph by language",
    "pivot of the report": "Contacts: pivot by language",
    "list of the report": "Contacts: list",
}


def _found_by(words):
    """Return the domain of the search box of the page of recipients."""
    return [("display_name", "ilike", words)]


# What a user presses on the page of recipients: words, domain, context.
FACETS = [
    ("failed ones", [("state", "=", "failed")], {}),
    ("those written to", [("state", "!=", "skipped")], {}),
    ("those that opened", [("opened_at", "!=", False)], {}),
    ("those that replied", [("replied_at", "!=", False)], {}),
    ("written to lately", [("skip_reason", "=", "written_to_lately")], {}),
    ("an address", _found_by("contact777777@example777.example"), {}),
    ("a name", _found_by("Contact 777777"), {}),
    ("a domain", _found_by("@example777.example"), {}),
    ("by state", [], {"group_by": ["state"]}),
    ("by language", [], {"group_by": ["lang"]}),
]


def _window(model, view, **values):
    return {
        "type": "ir.actions.act_window",
        "name": model,
        "res_model": model,
        "views": [[False, view]],
        **values,
    }


def _make_equal(admin, marketing, mailing):
    """Return a contact with as many messages and the same followers as a mailing.

    The chatter is Odoo's in both forms.
    """
    contact = marketing.call("res.partner", "search", [("email", "=like", "contact%")], limit=1)[0]
    said = len(marketing.read(MAILING, mailing, "message_ids")["message_ids"])
    told = len(marketing.read("res.partner", contact, "message_ids")["message_ids"])
    for number in range(said - told):
        admin.call("res.partner", "message_post", [contact], body=f"Message {number}")
    followers = marketing.read(MAILING, mailing, "message_partner_ids")["message_partner_ids"]
    admin.call("res.partner", "message_subscribe", [contact], partner_ids=followers)
    return contact


def _button(method, *ids, **context):
    return {"model": MAILING, "method": method, "ids": ids, "context": context}


def measure(url, screens, rounds, with_builder=False):
    """Return {screen: [milliseconds]}; the first two rounds, which fetch assets, do not count.

    :param with_builder: a screen is complete when its design is there, Email Marketing's with the
        blocks of the builder; there are further times of the builder, of "<screen>, builder"
    :raises Failure: for a screen that has changed its record though nobody did
    """
    times = defaultdict(list)
    values = {
        "QUIET": str(QUIET),
        "LIMIT": str(LIMIT),
    }
    opening = OPEN
    for word, value in values.items():
        opening = opening.replace(word, value)
    shown = {name: BUILDER if name in AGAINST.values() else SHOWN for name in screens}
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
                until = json.dumps(shown[name] if with_builder else None)
                taken, ready = page.evaluate(opening.replace("UNTIL", until), action)
                page.wait_for_selector(DRAWN)
                if with_builder and shown[name] == SHOWN:
                    ready = page.evaluate(OPEN_BUILDER)
                if page.locator(DIRTY).count():
                    raise Failure(f"To open the screen changed its record: {name}.")
                if number > 1:
                    times[name].append(taken)
                    if with_builder:
                        times[name + BUILDER_READY].append(ready)
        running.close()
    return times


def add(figures, times, args):
    """Add the figures of screens: each against its counterpart of Odoo's own."""
    slow = {name: get_95th(values) for name, values in times.items()}
    for name, value in slow.items():
        median = statistics.median(times[name])
        detail = f"p95 {value:.0f} ms, median {median:.0f} ms, {args.rounds} rounds"
        if name in AGAINST:
            other = AGAINST[name]
            medians = median / statistics.median(times[other])
            detail = f"{detail}; medians {medians:.2f}"
            figures.at_most(f"{name} ÷ {other}", value / slow[other], MAX_TIMES, detail=detail)
        elif name.startswith("recipients: "):
            figures.at_most(name, value / 1000, MAX_SECONDS, "s", detail)
        elif (screen := name.removesuffix(BUILDER_READY)) in AGAINST and screen != name:
            medians = median / statistics.median(times[AGAINST[screen] + BUILDER_READY])
            figures.inform(name, value, "ms", f"{detail}; medians {medians:.2f}")
        else:
            figures.inform(name, value, "ms", detail)


def get_95th(values):
    """Return the 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]
