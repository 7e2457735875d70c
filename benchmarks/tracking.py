"""Statistics of a million recipients, and the requests that record openings and clicks.

Requests are compared with those for Odoo's login page, one after the other over one connection to
one server, in the same run. Then the same picture is requested while the row with the totals of its
mailing is written continuously, as a sender writes it.
"""

import http.client
import itertools
import statistics
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from odoo.api import SUPERUSER_ID, Environment
from odoo.modules.registry import Registry
from odoo.tools import config

from benchmarks._figures import Figures
from devtools import database
from devtools.odoo_process import odoo as running_odoo

MANY = 1_000_000
REQUESTS = 400  # of each kind
WORDS = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}

# Limits of the figures: times the login page; times a bare count by domain; queries.
MAX_TIMES_LOGIN, MAX_TIMES_BARE, MAX_QUERIES = 2, 5, 10

# One recipient of ten has opened, one of fifty has clicked; ten thousand domains.
ROWS = """
    INSERT INTO partner_mailing_recipient
           (mailing_id, name, email, email_normalized, lang, state, sent_at, opened_at, clicked_at,
            attempts, is_submitted, message_id)
    SELECT {mailing}, 'Contact ' || n, a, a,
           (ARRAY['en_US', 'es_ES', 'fr_FR', 'pl_PL', 'ru_RU'])[n % 5 + 1],
           CASE n % 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'bounced' ELSE 'sent' END,
           t, CASE WHEN n % 10 = 2 THEN t END, CASE WHEN n % 50 = 2 THEN t END,
           1, TRUE, '<' || n || '@example.com>'
      FROM (SELECT n, 'c' || n || '@d' || (sqrt(n)::integer * 10) || '.example' AS a,
                   now() - interval '1 hour' + n * interval '3 ms' AS t
              FROM generate_series(1, {count}) n) numbered
"""


class Measurement:
    """A database with one mailing that was sent to many recipients."""

    def __init__(self, tools, name):
        self.name = name
        with self.environment() as env:
            self.mailing = self._make(env).id
        tools.server.sql(ROWS.format(mailing=self.mailing, count=MANY), name)
        tools.server.sql("VACUUM ANALYZE partner_mailing_recipient", name)
        with self.environment() as env:
            env["partner.mailing"].browse(self.mailing)._recount()
            env.cr.commit()

    def environment(self):
        """Give the system's environment, in a `with` block."""
        return _Environment(self.name)

    def _make(self, env):
        mailing = env["partner.mailing"].create(
            {"name": "Measured", "track_opens": True, "track_clicks": True}
        )
        mailing._as_system().write(
            {
                "state": "done",
                "started_at": "2026-01-01 10:00:00",
                "finished_at": "2026-01-01 11:00:00",
            }
        )
        env["partner.mailing.link"]._as_system().create(
            {"mailing_id": mailing.id, "url": "https://www.example.com/"}
        )
        env.cr.commit()
        return mailing

    def look_at_statistics(self):
        """Return (times a bare count by domain, queries, seconds of reading the page after it)."""
        with self.environment() as env:
            mailing = env["partner.mailing"].browse(self.mailing)
            started = time.perf_counter()
            mailing.action_open_statistics()
            env.cr.commit()
            counting = time.perf_counter() - started
            env.invalidate_all()
            mailing.statistics  # fills the caches of the process
            env.invalidate_all()
            before, started = env.cr.sql_log_count, time.perf_counter()
            lines = len(mailing.statistics["domains"])
            reading = time.perf_counter() - started
            if not lines:
                raise AssertionError("Nothing was counted.")
            queries = env.cr.sql_log_count - before
            started = time.perf_counter()
            env.cr.execute(
                "SELECT split_part(email_normalized, '@', 2), count(*)"
                " FROM partner_mailing_recipient WHERE mailing_id = %s GROUP BY 1",
                [mailing.id],
            )
            bare = time.perf_counter() - started
            print(f"\n  counting {MANY:,} recipients: {counting:.2f} s")
            return counting / bare, queries, reading

    def look_at_removal(self):
        """Return (seconds of removing all names and addresses, the longest batch)."""
        with self.environment() as env:
            mailing = env["partner.mailing"].browse(self.mailing)
            moments = [time.perf_counter()]

            def note(_count):
                env.cr.commit()
                moments.append(time.perf_counter())
                return float("inf")

            mailing._remove_personal_data(note)
            batches = [end - start for start, end in itertools.pairwise(moments)]
            return moments[-1] - moments[0], max(batches)

    def paths(self, purpose):
        """Return the paths of the first recipients' picture or link."""
        with self.environment() as env:
            mailing = env["partner.mailing"].browse(self.mailing)
            link = env["partner.mailing.link"].search([("mailing_id", "=", mailing.id)])
            ids = (
                env["partner.mailing.recipient"]
                .search(
                    [
                        ("mailing_id", "=", mailing.id),
                        ("opened_at", "=", False),
                        ("state", "=", "sent"),
                    ],
                    order="id desc" if purpose == "click" else "id",
                    limit=2 * REQUESTS,
                )
                .ids
            )
            key = mailing._get_link_key(purpose)
            end = f"/{link.id}" if purpose == "click" else ".gif"
            return [f"/partner_mailing/{purpose}/{key.make(number)}{end}" for number in ids]


class _Environment:
    def __init__(self, name):
        self._name = name

    def __enter__(self):
        self._cr = Registry(self._name).cursor()
        return Environment(self._cr, SUPERUSER_ID, {})

    def __exit__(self, *_):
        self._cr.close()


class Client:
    """One connection to a server, with one request at a time."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port)

    def take_turns(self, kinds, count):
        """Request one of each kind, ``count`` times.

        In turns, so that other work of the machine affects all kinds in the same way.

        :param kinds: {what: paths}; the last path is used for all further requests
        :return: {what: milliseconds of each request}
        """
        times = {what: [] for what in kinds}
        for number in range(count):
            for what, paths in kinds.items():
                times[what].append(self._ask(paths[min(number, len(paths) - 1)]))
        return times

    def _ask(self, path):
        started = time.perf_counter()
        self._connection.request("GET", path, headers=WORDS)
        answer = self._connection.getresponse()
        answer.read()
        expected = 302 if "/click/" in path else 404 if "AAAA" in path else 200
        if answer.status != expected:
            raise AssertionError(f"{path}: {answer.status} instead of {expected}")
        return 1000 * (time.perf_counter() - started)


class Writer:
    """Writes the totals of a mailing within a block, in one transaction of 5 ms after the other."""

    def __init__(self, measurement):
        self._measurement = measurement
        self._ended = threading.Event()
        self.writes = 0

    def __enter__(self):
        self._thread = threading.Thread(target=self._write)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _write(self):
        with self._measurement.environment() as env:
            while not self._ended.is_set():
                env.cr.execute(
                    "UPDATE partner_mailing_counter k SET sent_count = sent_count"
                    " FROM partner_mailing m WHERE m.id = %s AND k.id = m.counter_id",
                    [self._measurement.mailing],
                )
                time.sleep(0.005)
                env.cr.commit()
                self.writes += 1


def main():
    """Measure, and return the figures."""
    with running_odoo() as tools:
        config.parse_config(["--workers=0"])
        name = database.fresh(tools, "bench-tracking")
        try:
            measurement = Measurement(tools, name)
            return _measure(tools, measurement)
        finally:
            with suppress(KeyError):
                Registry.delete(name)
            database.drop(tools, name)


def _measure(tools, measurement):
    counting, queries, reading = measurement.look_at_statistics()
    opened, clicked = measurement.paths("open"), measurement.paths("click")
    kinds = {
        "Odoo's login page": ["/web/login"],
        "a picture, for the first time": opened,
        "a picture, once more": opened[:1],
        "a link": clicked,
        "a forged picture": ["/partner_mailing/open/" + "A" * 32 + ".gif"],
    }
    with tools.serve(measurement.name, name="bench-tracking", max_cron_threads=0) as url:
        client = Client(url)
        client.take_turns({what: paths[-1:] for what, paths in kinds.items()}, 20)
        times = client.take_turns(kinds, REQUESTS)
        with Writer(measurement) as writer:
            beside = client.take_turns({"": opened[REQUESTS:]}, REQUESTS - 1)[""]
    figures = Figures()
    of = f"statistics of {MANY:,}"
    figures.at_most(f"{of}: counting ÷ a bare count by domain", counting, MAX_TIMES_BARE)
    figures.at_most(f"{of}: queries to read the page", queries, MAX_QUERIES)
    figures.inform(f"{of}: reading the page", 1000 * reading, "ms")
    seconds, longest = measurement.look_at_removal()
    detail = f"longest batch {longest:.2f} s"
    figures.inform("removing names and addresses", seconds, "s", detail)
    times[f"a picture, beside {writer.writes} writes of the totals"] = beside
    login = statistics.median(times["Odoo's login page"])
    for what, all_times in times.items():
        median = statistics.median(all_times)
        detail = f"median {median:.2f} ms, longest {max(all_times):.0f} ms, {REQUESTS} requests"
        figures.at_most(f"{what} ÷ login page", median / login, MAX_TIMES_LOGIN, detail=detail)
    return figures
