"""Loading a million contacts into the recipients of one mailing, and the pages that show them.

The time is compared with that of the bare `INSERT … SELECT` of the same columns into a table with
the same unique index, in psql on the same database, in the same run. So is that of a list of two
tags, without those who opened an earlier mailing of a million, under a limit of mailings for each
person that two such mailings count for. Last, the numbers that the form shows beside the entries are asked for as the form does.
"""

import statistics
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config

from benchmarks._figures import Figures
from devtools import database
from devtools.odoo_process import odoo as running_odoo

FEW, MANY = 10_000, 1_000_000
ROUNDS = 3

# Limits of the figures: times the bare statement; megabytes; time for a contact at MANY divided by
# that at FEW.
MAX_TIMES_BARE, MAX_MEGABYTES, MAX_GROWTH = 2.5, 100, 1.3
MAX_QUERIES, MAX_BYTES = 15, 200_000
# Of choosing in both columns: times the bare statement; seconds to the number beside an entry.
MAX_CHOOSING_TIMES_BARE, MAX_COUNTING = 5.0, 1.0
COUNTINGS = 20

CONTACTS = """
    INSERT INTO res_partner (name, complete_name, email, email_normalized, lang, active, is_company,
                             type, color, create_date, write_date, create_uid, write_uid)
    SELECT 'Contact ' || n, 'Contact ' || n, 'contact' || n || '@example' || n % 1000 || '.example',
           'contact' || n || '@example' || n % 1000 || '.example',
           (ARRAY['en_US', 'es_ES', 'fr_FR', 'pl_PL', 'ru_RU'])[n % 5 + 1],
           TRUE, n % 7 = 0, 'contact', 0, now(), now(), 1, 1
      FROM generate_series(1, {count}) n
"""
# The same columns from the same contacts, the same unique index, and nothing else.
BARE_TABLE = """
    CREATE TABLE bare_recipient (
        id serial, mailing_id integer, partner_id integer, name varchar, email varchar,
        email_normalized varchar, lang varchar, state varchar, skip_reason varchar,
        attempts integer, is_submitted boolean);
    CREATE UNIQUE INDEX ON bare_recipient (mailing_id, email_normalized)
     WHERE skip_reason IS NULL OR skip_reason IN ('by_hand', 'unsubscribed')
"""
BARE_INSERT = """
    INSERT INTO bare_recipient (mailing_id, partner_id, name, email, email_normalized, lang, state,
                                attempts, is_submitted)
    SELECT 1, id, name, email, email_normalized, lang, 'pending', 0, FALSE
      FROM res_partner WHERE email LIKE 'contact%.example'
"""

# Each contact has one of two tags. Of two loaded lists, one was sent and every second recipient
# opened it; of the other a tenth was sent.
TAGS = """
    INSERT INTO res_partner_res_partner_category_rel (partner_id, category_id)
    SELECT id, (ARRAY[{tags}])[id % 2 + 1] FROM res_partner WHERE email LIKE 'contact%.example'
"""
SENT = """
    UPDATE partner_mailing_recipient
       SET state = 'sent', sent_at = now() AT TIME ZONE 'UTC', is_submitted = TRUE,
           opened_at = CASE WHEN partner_id % 4 < 2 THEN now() AT TIME ZONE 'UTC' END
     WHERE mailing_id = {mailing};
    UPDATE partner_mailing_recipient
       SET state = CASE WHEN partner_id % 10 = 0 THEN 'sent' ELSE 'failed' END,
           sent_at = now() AT TIME ZONE 'UTC', is_submitted = TRUE
     WHERE mailing_id = {other};
    UPDATE partner_mailing
       SET state = 'done', track_opens = TRUE, started_at = now() AT TIME ZONE 'UTC',
           finished_at = now() AT TIME ZONE 'UTC'
     WHERE id IN ({mailing}, {other});
    UPDATE res_company SET partner_mailing_pressure_count = 2, partner_mailing_pressure_days = 7
"""


class Measurement:
    """A database with contacts, in which mailings are created."""

    def __init__(self, tools, name, count):
        self.tools, self.name, self.count = tools, name, count
        self.sql = lambda statement: tools.server.sql(statement, name)
        self.sql(CONTACTS.replace("{count}", str(count)))
        self.sql("VACUUM ANALYZE res_partner")

    @contextmanager
    def environment(self):
        """Give the environment of a user who prepares mailings."""
        with Registry(self.name).cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            user = env["res.users"].search([("login", "=", "bench")]) or env["res.users"].create(
                {
                    "name": "Bench",
                    "login": "bench",
                    "email": "bench@example.com",
                    "group_ids": [(4, env.ref("mass_mailing_lite.group_user").id)],
                }
            )
            yield env(user=user)

    def new_mailing(self, env):
        """Return a draft to all contacts of the measurement."""
        audience = env["partner.mailing.audience"].create(
            {"name": "All", "domain": "[('email', '=like', 'contact%.example')]"}
        )
        return env["partner.mailing"].create({"name": "Bench", "audience_ids": [(4, audience.id)]})

    def seconds_bare(self):
        """Return the seconds of the bare statement, in psql."""
        self.sql("DROP TABLE IF EXISTS bare_recipient")
        self.sql(BARE_TABLE)
        started = time.perf_counter()
        self.sql(BARE_INSERT)
        return time.perf_counter() - started

    def seconds_loading(self):
        """Return the seconds of loading into a new mailing, up to the commit."""
        with self.environment() as env:
            mailing = self.new_mailing(env)
            env.cr.commit()
            started = time.perf_counter()
            mailing.action_load_recipients()
            env.cr.commit()
            seconds = time.perf_counter() - started
            if mailing.recipient_count != self.count:
                raise AssertionError(f"{mailing.recipient_count} recipients of {self.count}")
        return seconds

    def send_one(self):
        """Make of two loaded lists those of mailings that were sent, and give all contacts a tag."""
        with self.environment() as env:
            tags = env["res.partner.category"].sudo()
            self.tags = tags.create([{"name": "First"}, {"name": "Second"}]).ids
            self.earlier, other = env["partner.mailing"].search([], limit=2).ids
            env.cr.commit()
        self.sql(TAGS.replace("{tags}", ", ".join(map(str, self.tags))))
        sent = SENT.replace("{mailing}", str(self.earlier)).replace("{other}", str(other))
        self.sql(sent)
        self.sql("VACUUM ANALYZE partner_mailing_recipient")
        self.sql("VACUUM ANALYZE res_partner_res_partner_category_rel")

    def seconds_choosing(self):
        """Return the seconds of loading two tags without those who opened, up to the commit."""
        tags = [{"side": "in", "kind": "tag", "category_id": tag} for tag in self.tags]
        earlier = {"kind": "mailing", "earlier_mailing_id": self.earlier, "outcome": "opened"}
        entries = [*tags, {"side": "out", **earlier}]
        with self.environment() as env:
            mailing = env["partner.mailing"].create(
                {"name": "Chosen", "source_ids": [(0, 0, entry) for entry in entries]}
            )
            env.cr.commit()
            started = time.perf_counter()
            mailing.action_load_recipients()
            env.cr.commit()
            seconds = time.perf_counter() - started
            # Half of them opened; of the others, every tenth got two mailings.
            expected = (self.count * 9 // 20, self.count * 11 // 20)
            if (mailing.recipient_count, mailing.skipped_count) != expected:
                raise AssertionError(f"{mailing.recipient_count}, {mailing.skipped_count}")
        return seconds

    def seconds_counting(self):
        """Return {what: 95th percentile of the seconds to a number of a form}."""
        with self.environment() as env:
            audience = env["partner.mailing.audience"].search([("name", "=", "All")], limit=1)
            earlier = {"earlier_mailing_id": self.earlier, "outcome": "not_opened"}
            entries = {
                "filter": {"kind": "domain", "domain": "[('lang', '=', 'es_ES')]"},
                "tag": {"kind": "tag", "category_id": self.tags[0]},
                "audience": {"kind": "audience", "audience_id": audience.id},
                "earlier mailing": {"kind": "mailing", **earlier},
            }
            sources = env["partner.mailing.source"]
            mailing = env["partner.mailing"].create({"name": "Counted"})
            found = {
                f"number beside an entry, p95: {name}": self.seconds_asked(
                    lambda entry=entry: sources.new({**entry, "mailing_id": mailing.id}).count
                )
                for name, entry in entries.items()
            }
            mailing.source_ids = [(0, 0, {"side": "in", **entries["filter"]})]
            found["number of the whole, p95: filter"] = self.seconds_asked(
                lambda: env.execute_query(mailing._query_recipients().count())[0][0]
            )
            return found

    def seconds_asked(self, ask):
        """Return the 95th percentile of the seconds to a number."""
        times = []
        for _asked in range(COUNTINGS):
            started = time.perf_counter()
            if not ask():
                raise AssertionError("nobody was counted")
            times.append(time.perf_counter() - started)
        return statistics.quantiles(times, n=20)[-1]

    def look_at_pages(self):
        """Return {page: (queries, bytes)} of a mailing with a loaded list."""
        # Odoo finds the module only after its configuration is read.
        from odoo.addons.mass_mailing_lite.tests import pages

        openings = {
            "form": pages.opening_form,
            "tab": pages.opening_tab,
            "page": pages.opening_page,
        }
        with self.environment() as env:
            mailing = env["partner.mailing"].search([], limit=1)
            return {name: pages.cost(env, make(env, mailing)) for name, make in openings.items()}

    def seconds_refreshing(self):
        """Return the seconds of computing what a refresh would change."""
        with self.environment() as env:
            mailing = env["partner.mailing"].search([], limit=1)
            started = time.perf_counter()
            mailing._get_refresh_changes()
            return time.perf_counter() - started


class PeakMemory:
    """Measures by how many megabytes this process's resident memory grows within a block."""

    def __enter__(self):
        self._start = self._peak = self._now()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._watcher.join()
        self.megabytes = (self._peak - self._start) / 1024

    def _watch(self):
        while not self._ended.wait(0.02):
            self._peak = max(self._peak, self._now())

    def _now(self):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def measure(tools, count):
    """Measure one size.

    :return: seconds of the bare statement, of loading, MB, refresh, pages, and of choosing: seconds
        of the bare statement, of loading, MB, numbers beside entries
    """
    name = database.fresh(tools, "bench")
    try:
        measurement = Measurement(tools, name, count)
        with measurement.environment() as env:  # loads the registry before memory is measured
            env.cr.commit()
        bare, loading, memory = [], [], []
        for _round in range(ROUNDS):
            bare.append(measurement.seconds_bare())
            with PeakMemory() as peak:
                loading.append(measurement.seconds_loading())
            memory.append(peak.megabytes)
        look = measurement.seconds_refreshing()
        found = measurement.look_at_pages()
        measurement.send_one()
        bare_beside, choosing, memory_choosing = [], [], []
        for _round in range(ROUNDS):
            bare_beside.append(measurement.seconds_bare())
            with PeakMemory() as peak:
                choosing.append(measurement.seconds_choosing())
            memory_choosing.append(peak.megabytes)
        chosen = (
            statistics.median(bare_beside),
            statistics.median(choosing),
            max(memory_choosing),
            measurement.seconds_counting(),
        )
    finally:
        with suppress(KeyError):
            Registry.delete(name)
        database.drop(tools, name)
    return statistics.median(bare), statistics.median(loading), max(memory), look, found, chosen


def add_choosing(figures, count, bare, choosing, memory, counting):
    """Add the figures of a list of two tags without an earlier mailing."""
    of = f"two tags without openers, {count:,}"
    figures.at_most(f"{of}: growth of memory", memory, MAX_MEGABYTES, "MB")
    if count == MANY:
        detail = f"{choosing:.2f} s, bare {bare:.2f} s"
        figures.at_most(
            f"{of}: loading ÷ bare", choosing / bare, MAX_CHOOSING_TIMES_BARE, "", detail
        )
        for name, seconds in counting.items():
            figures.at_most(name, seconds, MAX_COUNTING, "s")


def main():
    """Measure, and return the figures."""
    with running_odoo() as tools:
        config.parse_config(["--workers=0"])
        results = {count: measure(tools, count) for count in (FEW, MANY)}
    figures = Figures()
    for count, (bare, loading, memory, look, found, chosen) in results.items():
        detail = f"{loading:.2f} s, bare {bare:.2f} s; median of {ROUNDS} rounds"
        if count == MANY:
            figures.at_most(
                f"{count:,}: loading ÷ bare", loading / bare, MAX_TIMES_BARE, "", detail
            )
        figures.at_most(f"{count:,}: growth of memory", memory, MAX_MEGABYTES, "MB")
        figures.inform(f"{count:,}: computing what a refresh would change", look, "s")
        for page, (queries, size) in found.items():
            figures.at_most(f"{count:,}: queries to open the {page}", queries, MAX_QUERIES)
            figures.at_most(f"{count:,}: answer when the {page} opens", size, MAX_BYTES, "bytes")
        add_choosing(figures, count, *chosen)
    growth = (results[MANY][1] / MANY) / (results[FEW][1] / FEW)
    figures.at_most(f"time per contact at {MANY:,} ÷ at {FEW:,}", growth, MAX_GROWTH)
    return figures
