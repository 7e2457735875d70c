"""The fingerprint of a million recipients, as a share of the time that loading them takes."""

import time

from devtools import database
from devtools.odoo_process import odoo as running_odoo

from .recipients import FEW, MANY, Measurement, PeakMemory

MAX_SHARE, MAX_QUERIES, MAX_MEGABYTES = 0.25, 2, 100


def main():
    """Measure, print a line for each size, and return whether all limits hold."""
    results = []
    with running_odoo() as tools:
        for count in (FEW, MANY):
            name = database.fresh(tools, f"bench_fingerprint_{count}")
            try:
                results.append(measure(Measurement(tools, name, count)))
            finally:
                database.drop(tools, name)
    return all(results)


def measure(measurement):
    """Load, freeze the list and take the fingerprint; return whether all limits hold."""
    with measurement.environment() as env:
        mailing = measurement.new_mailing(env)
        mailing.write({"subject": "Hi", "body_html": "<p>Hi</p>", "email_from": "a@example.com"})
        env.cr.commit()
        started = time.perf_counter()
        mailing.action_load_recipients()
        env.cr.commit()
        loading = time.perf_counter() - started
        env["partner.mailing.recipient"]._freeze_list(mailing)
        env.cr.commit()
        mailing._get_fingerprint()  # the first call fills caches, as opening the form does
        before = env.cr.sql_log_count
        with PeakMemory() as memory:
            started = time.perf_counter()
            mailing._get_fingerprint()
            seconds = time.perf_counter() - started
        queries = env.cr.sql_log_count - before
    share = seconds / loading
    print(
        f"{measurement.count:>9,} recipients: fingerprint {seconds:.2f} s, loading {loading:.2f} s:"
        f" {share:.0%} (at most {MAX_SHARE:.0%}); {queries} queries (at most {MAX_QUERIES});"
        f" {memory.megabytes:.0f} MB more (at most {MAX_MEGABYTES})"
    )
    return share <= MAX_SHARE and queries <= MAX_QUERIES and memory.megabytes <= MAX_MEGABYTES
