"""The fingerprint of a million recipients, as a share of the time that loading them takes."""

import time

from devtools import database
from devtools.odoo_process import odoo as running_odoo

from ._figures import Figures
from .recipients import FEW, MANY, Measurement, PeakMemory

MAX_SHARE, MAX_QUERIES, MAX_MEGABYTES = 0.25, 2, 100


def main():
    """Measure, and return the figures."""
    figures = Figures()
    with running_odoo() as tools:
        for count in (FEW, MANY):
            name = database.fresh(tools, f"bench_fingerprint_{count}")
            try:
                measure(Measurement(tools, name, count), figures)
            finally:
                database.drop(tools, name)
    return figures


def measure(measurement, figures):
    """Load, freeze the list and take the fingerprint; add the figures."""
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
    of = f"of {measurement.count:,} recipients"
    detail = f"{seconds:.2f} s; loading {loading:.2f} s"
    figures.at_most(f"fingerprint {of} ÷ loading", seconds / loading, MAX_SHARE, detail=detail)
    figures.at_most(f"queries {of}", queries, MAX_QUERIES)
    figures.at_most(f"growth of memory {of}", memory.megabytes, MAX_MEGABYTES, "MB")
