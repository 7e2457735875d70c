"""One server at scale: many mailings at once, a long history, years of statistics, memory.

Each figure is a ratio to the same thing without the load, in the same run.
Options: `--part=fairness`, `--scale=0.02` (share of the numbers), `--seconds=20`.
"""

import argparse
import contextlib
import sys
import tempfile

from benchmarks.sending import Bench
from devtools import database, odoo_process
from devtools.console import step

# Numbers at scale 1.
AT_ONCE, EACH = 10, 100_000  # mailings, and recipients of each
HISTORY, MEASURED = 10_000_000, 40_000  # rows of earlier mailings, and of the one that is measured
LARGEST = 1_000_000  # recipients of the mailing of which memory is measured
PER_YEAR, YEARS = 104, 5  # mailings in the statistics
CHUNK = 1_000_000  # rows of history that one statement adds

MAX_WAIT = 2.0  # seconds to the first message
MIN_SHARE = 0.95  # of one mailing's rate, for all at once
MAX_TIMES = 1.1  # with history against without
MAX_MEMORY = 1.15  # against an idle shell
MAX_YEARS = 5 * 1.1  # cost of five years of statistics against one

ROWS = """
    INSERT INTO partner_mailing_recipient
           (mailing_id, name, email, email_normalized, lang, state, sent_at, attempts, is_submitted,
            partner_id, message_id)
    SELECT mailing, 'Contact ' || n, a, a, 'en_US',
           CASE n % 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'bounced' ELSE 'sent' END,
           now() - interval '1 year', 1, TRUE, {contact} + n,
           '<' || mailing || '.' || n || '@example.com>'
      FROM (SELECT 1000000 + {begin} / {each} + (n - 1) / {each} AS mailing,
                   (n - 1) % {each} AS n, 'h' || (n - 1) % {each} || '@example.com' AS a
              FROM generate_series(1, {count}) n) numbered
"""


class Scale(Bench):
    """The database and the figures of one run."""

    side = "_scale_side"

    def __init__(self, tools, folder, args):
        super().__init__(tools, folder, args)
        self.seconds = args.seconds
        self.loaded_wal = 0.0

    def sql(self, statement):
        """Run a statement in PostgreSQL, without Odoo."""
        return self.tools.server.sql(statement, self.own)

    def prepare_many(self, mailings, count):
        """Make validated mailings to ``count`` contacts each; return their ids."""
        with step(f"Making {mailings} mailings to {count:,} contacts each"):
            made = self.run("prepare", mailings=mailings, count=count, port=self.port)
        self.loaded_wal = made["wal"]
        return made["mailings"]


def fairness(bench):
    """Ten mailings validated at once, against one."""
    figures, count = bench.figures, bench.size(EACH)
    first, *others = bench.prepare_many(1 + AT_ONCE, count)
    one = bench.run("send", mailings=[first], seconds=bench.seconds)
    many = bench.run("send", mailings=others, seconds=2 * bench.seconds)
    waits = [wait for wait in many["waits"] if wait is not None]
    begun = f"of {len(waits)} of {AT_ONCE} mailings to {count:,}"
    detail = f"{begun}; from its own beginning"
    figures.at_most("last to begin: first message", max(many["own_waits"]), MAX_WAIT, "s", detail)
    detail = f"{begun}; from the beginning of the run, behind the lists of the others"
    figures.inform("all validated at one moment: last first message", max(waits), "s", detail)
    detail = f"{many['steady']:.0f}/s and {one['steady']:.0f}/s, after the first messages"
    figures.at_least("all at once ÷ one", many["steady"] / one["steady"], MIN_SHARE, "", detail)
    for name, taken in (("one", one), ("all at once", many)):
        figures.inform(f"{name}: processor a mail", taken["cpu"], "µs", "sender")
        figures.inform(f"{name}: PostgreSQL a mail", taken["database"], "µs")
    detail = "octets of PostgreSQL's log, without images of full pages"
    figures.inform("a recipient loaded and submitted", bench.loaded_wal, "", detail)
    figures.inform("a message sent", one["wal"], "", detail)


def history(bench):
    """Millions of rows of earlier mailings, against none."""
    figures, count = bench.figures, bench.size(MEASURED)
    rows = bench.size(HISTORY, CHUNK // 10)
    warm, before, after = bench.prepare_many(3, count)
    bench.run("send", mailings=[warm], seconds=bench.seconds)
    without = bench.run("send", mailings=[before], seconds=bench.seconds)
    pages = bench.run("open_pages", mailing=before)
    each = max(1, min(CHUNK, rows) // 50)
    with step(f"Adding {rows:,} rows of earlier mailings"):
        for begin in range(0, rows, CHUNK):
            size = min(CHUNK, rows - begin)
            bench.sql(ROWS.format(contact=0, begin=begin, count=size, each=each))
        bench.sql("VACUUM ANALYZE partner_mailing_recipient")
    [[octets]] = bench.sql("SELECT pg_total_relation_size('partner_mailing_recipient')")
    loaded = bench.run("send", mailings=[after], seconds=bench.seconds)
    figures.inform("history", rows / 1e6, "million rows", f"{int(octets) / 1e9:.2f} GB")
    detail = f"{loaded['database']:.0f} and {without['database']:.0f} µs of PostgreSQL"
    times = loaded["database"] / without["database"]
    figures.at_most("history ÷ none: PostgreSQL a mail", times, MAX_TIMES, "", detail)
    detail = f"{loaded['cpu']:.0f} and {without['cpu']:.0f} µs of the sender"
    times = loaded["cpu"] / without["cpu"]
    figures.at_most("history ÷ none: sender a mail", times, MAX_TIMES, "", detail)
    detail = f"{loaded['rate']:.0f}/s and {without['rate']:.0f}/s"
    figures.inform("history ÷ none: rate", loaded["rate"] / without["rate"], "", detail)
    longer = bench.run("open_pages", mailing=before)
    for name, milliseconds in longer.items():
        detail = f"{milliseconds:.1f} and {pages[name]:.1f} ms"
        times = milliseconds / pages[name]
        figures.at_most(f"history ÷ none: {name}", times, MAX_TIMES, "", detail)


def statistics(bench):
    """Five years of statistics, against one."""
    figures = bench.figures
    per_year = bench.size(PER_YEAR, 10)
    one = bench.run("open_statistics", mailings=per_year, years=1)
    five = bench.run("open_statistics", mailings=per_year, years=YEARS)
    for name, milliseconds in five.items():
        detail = f"{milliseconds:.1f} and {one[name]:.1f} ms; {per_year} mailings a year"
        times = milliseconds / one[name]
        figures.at_most(f"five years ÷ one: {name}", times, MAX_YEARS, "", detail)


def memory(bench):
    """The sender's peak at a million recipients, against an idle shell."""
    figures, count = bench.figures, bench.size(LARGEST)
    [mailing] = bench.prepare_many(1, count)
    idle = bench.run("idle")["peak"]
    taken = bench.run("send", mailings=[mailing], seconds=2 * bench.seconds)
    sent = f"list of {count:,}, of which {taken['sent']:,} were sent"
    figures.inform("peak of an idle shell", idle, "MB")
    figures.inform("peak of the sender", taken["peak"], "MB", sent)
    figures.at_most("sender ÷ idle shell", taken["peak"] / idle, MAX_MEMORY, "", sent)


PARTS = {"fairness": fairness, "history": history, "statistics": statistics, "memory": memory}


def main():
    """Run the parts; return their figures. The database is removed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the numbers")
    parser.add_argument("--seconds", type=float, default=20.0, help="of sending, each time")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    args = parser.parse_known_args(sys.argv[1:])[0]
    args.repeat = 1
    with contextlib.ExitStack() as stack:
        tools = stack.enter_context(odoo_process.odoo())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        bench = Scale(tools, folder, args)
        stack.callback(database.drop, tools, bench.own)
        return bench.run_parts(PARTS, args.part)
