"""Whether a message looks as it was designed: as stored, as sent, and as Gmail shows it.

For each theme of Odoo's Email Marketing, chosen in its own builder, and each template that the addon
brings: the page as it is stored, the HTML of the message that arrived, and that HTML after what is known
of Gmail's rewriting (`devtools/gmail.py`). Pictures of the three are taken at 600 and 390 px and compared
(`devtools/pictures.py`); they stay in the run folder.

A theme is stored as the builder's design, with its style sheets; what is sent of it are the tables that
the builder made of it. A template is stored as HTML; its page is the one of the gallery of templates.

Options: `--only=event,newsletter`.
"""

import argparse
import sys

from playwright.sync_api import sync_playwright

from benchmarks._figures import Figures
from devtools import browser, company, database, designs, fidelity, odoo_process, paths
from devtools.console import say, step, table
from devtools.inbox import Inbox

PATIENCE = 90  # seconds for the builder on a busy machine
FOLDER = paths.RUN / "fidelity"


def main():
    """Measure, print the table of all, and return the figures: the worst of each kind."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    args, _others = parser.parse_known_args(sys.argv[1:])
    only = [name for name in args.only.split(",") if name]
    with odoo_process.odoo() as tools:
        name = database.fresh(tools, "bench_fidelity", bridges=True)
        try:
            with tools.serve(name, name="bench-fidelity") as url:
                rows, results = measure(url, name, only)
        finally:
            database.drop(tools, name)
    head = ["What", "Width", "Compared", "Squares that differ", "Height", "Goal", "Reason"]
    table(rows, head)
    say(f"\nPictures: {FOLDER}")
    return summarize(results)


def summarize(results):
    """Return the figures of all comparisons."""
    figures = Figures()
    detail = f"{len(results)} comparisons"
    figures.at_most(
        "squares that differ, at most",
        100 * max(result.difference[0] for result in results),
        100 * fidelity.MAX_SHARE,
        "%",
        detail,
    )
    missed = sum(not result.is_kept() for result in results)
    figures.at_most("comparisons over a limit", missed, 0, detail=detail)
    return figures


def measure(url, name, only):
    """Return (rows of the table, results)."""
    admin = company.login(url, name, "admin")
    company.create_users(admin)
    admin.call("res.users", "write", [admin.uid], {"email": "admin@example.com"})
    people = [company.login(url, name, login) for login in ("marketing", "validator")]
    rows, results = [], []
    with sync_playwright() as playwright, Inbox(FOLDER / "inbox") as inbox:
        company.send_to(admin, inbox.port)
        running = playwright.chromium.launch(
            executable_path=browser.program(), args=browser.OPTIONS
        )
        context = running.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE * 1000)
        context.add_cookies(admin.cookies())
        page = context.new_page()
        with step("Designing and sending"):
            shown = [
                fidelity.of_theme(designs.make(page, url, admin, theme))
                for theme in designs.names(page, url)
                if not only or theme in only
            ]
            shown += [one for one in fidelity.of_templates(admin) if not only or one.name in only]
            sent = fidelity.send(*people, inbox, shown)
        with step("Taking and comparing pictures"):
            for one in shown:
                for result in fidelity.compare(page, url, one, sent[one.name], FOLDER):
                    rows.append(result.row())
                    results.append(result)
        running.close()
    return rows, results
