"""Loading a million contacts into the recipients of one mailing, and the pages that show them.

The time is compared with that of the bare `INSERT … SELECT` of the same columns into a table with
the same unique index, in psql on the same database, in the same run. So are the times of a list of
two tags, without those who opened an earlier mailing of a million, under a limit of mailings for
each person that two such mailings count for; and of a mailing list of Odoo's Email Marketing, which
is also compared with a tag of the same contacts. The numbers that the form shows beside the entries
are asked for as the form does.

Parts, of which `--part=NAME` chooses some: loading, pages, choosing, counting, mailing-list.
`--scale=0.1` takes a tenth of the contacts.
"""

import argparse
import statistics
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config

from benchmarks._figures import Figures
from devtools import database
from devtools.console import say
from devtools.odoo_process import odoo as running_odoo

FEW, MANY = 10_000, 1_000_000  # contacts, at scale 1
ROUNDS = 3

# Limits of the figures: times the bare statement; megabytes; time for a contact at MANY divided by
# that at FEW.
MAX_TIMES_BARE, MAX_MEGABYTES, MAX_GROWTH = 2.5, 100, 1.3
MAX_QUERIES, MAX_BYTES = 15, 200_000
# Of choosing in both columns: times the bare statement; seconds to the number beside an entry.
MAX_CHOOSING_TIMES_BARE, MAX_COUNTING = 5.0, 1.0
COUNTINGS = 20
# Of a mailing list: times a tag of the same contacts.
MAX_TIMES_TAG = 1.5

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


# A mailing list with a list contact for each contact, of whom one in a hundred has opted out.
MAILING_LIST = """
    WITH people AS (
        INSERT INTO mailing_contact (name, email, email_normalized, create_date, write_date,
                                     create_uid, write_uid)
        SELECT name, email, email_normalized, now(), now(), 1, 1
          FROM res_partner WHERE email LIKE 'contact%.example' ORDER BY id
     RETURNING id)
    INSERT INTO mailing_subscription (contact_id, list_id, opt_out, create_date, write_date,
                                      create_uid, write_uid)
    SELECT id, {list}, id % 100 = 0, now(), now(), 1, 1 FROM people
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
        # Half of them opened; of the others, every tenth got two mailings.
        expected = (self.count * 9 // 20, self.count * 11 // 20)
        return self.seconds_of([*tags, {"side": "out", **earlier}], expected)

    def seconds_of(self, entries, expected):
        """Return the seconds of loading the entries into a new mailing, up to the commit.

        :param expected: numbers of recipients and excluded
        """
        with self.environment() as env:
            mailing = env["partner.mailing"].create(
                {"name": "Chosen", "source_ids": [(0, 0, entry) for entry in entries]}
            )
            env.cr.commit()
            started = time.perf_counter()
            mailing.action_load_recipients()
            env.cr.commit()
            seconds = time.perf_counter() - started
            if (mailing.recipient_count, mailing.skipped_count) != expected:
                raise AssertionError(f"{mailing.recipient_count}, {mailing.skipped_count}")
        return seconds

    def make_mailing_list(self):
        """Make a mailing list of all contacts, and give them a tag."""
        with self.environment() as env:
            self.tags = env["res.partner.category"].sudo().create([{"name": "First"}]).ids
            self.list = env["mailing.list"].sudo().create({"name": "Bench"}).id
            group = env.ref("mass_mailing.group_mass_mailing_user")
            env.user.sudo().group_ids = [(4, group.id)]
            env.cr.commit()
        self.sql(MAILING_LIST.replace("{list}", str(self.list)))
        self.sql(TAGS.replace("{tags}", ", ".join(map(str, self.tags * 2))))
        self.sql("VACUUM ANALYZE")

    def seconds_of_list(self):
        """Return the seconds of loading the mailing list."""
        entry = {"side": "in", "kind": "mailing_list", "mailing_list_id": self.list}
        left = self.count // 100
        return self.seconds_of([entry], (self.count - left, left))

    def seconds_of_tag(self):
        """Return the seconds of loading the tag of the same contacts."""
        return self.seconds_of(
            [{"side": "in", "kind": "tag", "category_id": self.tags[0]}], (self.count, 0)
        )

    def seconds_counting_list(self):
        """Return {what: 95th percentile of the seconds to a number of a form}."""
        with self.environment() as env:
            mailing = env["partner.mailing"].create({"name": "Counted"})
            entry = {"side": "in", "kind": "mailing_list", "mailing_list_id": self.list}
            sources = env["partner.mailing.source"]
            beside = self.seconds_asked(
                lambda: sources.new({**entry, "mailing_id": mailing.id}).count
            )
            mailing.source_ids = [(0, 0, entry)]
            whole = self.seconds_asked(
                lambda: env.execute_query(mailing._query_recipients().count())[0][0]
            )
        return {
            "number beside an entry, p95: mailing list": beside,
            "number of the whole, p95: mailing list": whole,
        }

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


class Bench:
    """The parts of the measurement at one number of contacts.

    :param figures: where they are added
    """

    def __init__(self, tools, figures, count, is_many):
        self.tools, self.figures, self.count, self.is_many = tools, figures, count, is_many
        self.seconds_a_contact = None

    def run(self, parts):
        """Measure the parts, those of a mailing list in a database of their own."""
        own = [name for name in parts if name != "mailing-list"]
        for names, bridges in ((own, False), (parts[len(own) :], True)):
            if names:
                with self._database(bridges) as self.measurement:
                    for name in names:
                        say(f"· {name}, {self.count:,} contacts")
                        PARTS[name](self)

    @contextmanager
    def _database(self, bridges):
        """Give the measurement of a new database, which is removed afterwards."""
        name = database.fresh(self.tools, "bench", bridges=bridges)
        try:
            measurement = Measurement(self.tools, name, self.count)
            with measurement.environment() as env:  # loads the registry before memory is measured
                env.cr.commit()
            yield measurement
        finally:
            with suppress(KeyError):
                Registry.delete(name)
            database.drop(self.tools, name)

    def loading(self):
        """A filter of all contacts."""
        seconds = self._compare(f"{self.count:,}", self.measurement.seconds_loading, MAX_TIMES_BARE)
        self.seconds_a_contact = seconds / self.count

    def pages(self):
        """What the pages of a mailing ask for, and what a refresh computes."""
        self._load(1)
        seconds = self.measurement.seconds_refreshing()
        self.figures.inform(f"{self.count:,}: computing what a refresh would change", seconds, "s")
        for page, (queries, size) in self.measurement.look_at_pages().items():
            name = f"{self.count:,}: queries to open the {page}"
            self.figures.at_most(name, queries, MAX_QUERIES)
            name = f"{self.count:,}: answer when the {page} opens"
            self.figures.at_most(name, size, MAX_BYTES, "bytes")

    def choosing(self):
        """Two tags without an earlier mailing, under a limit for each person."""
        self._send_one()
        name = f"two tags without openers, {self.count:,}"
        self._compare(name, self.measurement.seconds_choosing, MAX_CHOOSING_TIMES_BARE)

    def counting(self):
        """The numbers of a form."""
        self._send_one()
        self._add_numbers(self.measurement.seconds_counting())

    def mailing_list(self):
        """A mailing list of all contacts, and a tag of the same ones."""
        measurement = self.measurement
        measurement.make_mailing_list()
        name = f"mailing list of {self.count:,}"
        seconds = self._compare(name, measurement.seconds_of_list, MAX_CHOOSING_TIMES_BARE)
        tag = statistics.median(measurement.seconds_of_tag() for _round in range(ROUNDS))
        if self.is_many:
            detail = f"{seconds:.2f} s, tag {tag:.2f} s"
            self.figures.at_most(f"{name} ÷ a tag", seconds / tag, MAX_TIMES_TAG, "", detail)
        self._add_numbers(measurement.seconds_counting_list())

    def _compare(self, name, load, goal):
        """Load several times, each beside the bare statement; return the median of the seconds."""
        bare, loading, memory = [], [], []
        for _round in range(ROUNDS):
            bare.append(self.measurement.seconds_bare())
            with PeakMemory() as peak:
                loading.append(load())
            memory.append(peak.megabytes)
        seconds, beside = statistics.median(loading), statistics.median(bare)
        if self.is_many:
            detail = f"{seconds:.2f} s, bare {beside:.2f} s; median of {ROUNDS} rounds"
            self.figures.at_most(f"{name}: loading ÷ bare", seconds / beside, goal, "", detail)
        self.figures.at_most(f"{name}: growth of memory", max(memory), MAX_MEGABYTES, "MB")
        return seconds

    def _add_numbers(self, counting):
        for name, seconds in counting.items():
            if self.is_many:
                self.figures.at_most(name, seconds, MAX_COUNTING, "s")

    def _load(self, wanted):
        """Load lists until there are as many."""
        with self.measurement.environment() as env:
            loaded = env["partner.mailing"].search_count([("recipient_count", "=", self.count)])
        for _missing in range(loaded, wanted):
            self.measurement.seconds_loading()

    def _send_one(self):
        """Have mailings that were sent, and tags, as soon as a part needs them."""
        if not hasattr(self.measurement, "earlier"):
            self._load(2)
            self.measurement.send_one()


PARTS = {
    "loading": Bench.loading,
    "pages": Bench.pages,
    "choosing": Bench.choosing,
    "counting": Bench.counting,
    "mailing-list": Bench.mailing_list,
}


def main():
    """Measure, and return the figures."""
    options = parse_options(sys.argv[1:])
    parts = [name for name in PARTS if name in (options.part or PARTS)]
    few, many = FEW, max(FEW, int(MANY * options.scale))
    figures, costs = Figures(), {}
    with running_odoo() as tools:
        config.parse_config(["--workers=0"])
        for count in dict.fromkeys((few, many)):
            bench = Bench(tools, figures, count, is_many=count == many)
            bench.run(parts)
            costs[count] = bench.seconds_a_contact
    if costs[many] and few < many:
        name = f"time per contact at {many:,} ÷ at {few:,}"
        figures.at_most(name, costs[many] / costs[few], MAX_GROWTH)
    return figures


def parse_options(words):
    """Return the options of this measurement; those of others are not looked at."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the numbers of contacts")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    return parser.parse_known_args(words)[0]
