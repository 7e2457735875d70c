"""Loading a million contacts into the recipients of one mailing, and the pages that show them.

The time is compared with that of the bare `INSERT … SELECT` of the same columns into a table with
the same unique index, in psql on the same database, in the same run.
"""

import statistics
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config

from devtools import database
from devtools.odoo_process import odoo as running_odoo

FEW, MANY = 10_000, 1_000_000
ROUNDS = 3

# Limits of the figures: times the bare statement; megabytes; time for a contact at MANY divided by
# that at FEW.
MAX_TIMES_BARE, MAX_MEGABYTES, MAX_GROWTH = 3.0, 100, 1.3
MAX_QUERIES, MAX_BYTES = 15, 200_000

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
    """Measure one size; return (seconds of the bare statement, of loading, MB, refresh, pages)."""
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
    finally:
        with suppress(KeyError):
            Registry.delete(name)
        database.drop(tools, name)
    return statistics.median(bare), statistics.median(loading), max(memory), look, found


def report(what, value, limit, unit):
    """Print a figure beside its limit and return whether it is within the limit."""
    print(f"  {what:<58}{value:>12,.6g} {unit:<6} at most {limit:,g}")
    return value <= limit


def main():
    """Measure, print, and return whether all limits hold."""
    with running_odoo() as tools:
        config.parse_config(["--workers=0"])
        results = {count: measure(tools, count) for count in (FEW, MANY)}
    passed = []
    for count, (bare, loading, memory, look, found) in results.items():
        print(f"\n{count:,} contacts into one mailing, median of {ROUNDS} rounds")
        print(f"  {'bare INSERT … SELECT':<58}{bare:>12.2f} s")
        print(f"  {'loading':<58}{loading:>12.2f} s")
        print(f"  {'computing what a refresh would change':<58}{look:>12.2f} s")
        if count == MANY:
            passed.append(report("loading to bare", loading / bare, MAX_TIMES_BARE, "times"))
        passed.append(report("growth of Odoo's memory", memory, MAX_MEGABYTES, "MB"))
        for page, (queries, size) in found.items():
            passed.append(report(f"queries to open the {page}", queries, MAX_QUERIES, ""))
            passed.append(report(f"answer when the {page} opens", size, MAX_BYTES, "bytes"))
    growth = (results[MANY][1] / MANY) / (results[FEW][1] / FEW)
    print()
    passed.append(
        report(f"time per contact at {MANY:,} to that at {FEW:,}", growth, MAX_GROWTH, "times")
    )
    return all(passed)
