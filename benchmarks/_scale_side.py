"""What the measurements of ``scale`` do inside Odoo; each function runs in a shell of its own."""

import json
import resource
import statistics
import time
from datetime import timezone
from pathlib import Path

from lxml import etree

from benchmarks import _odoo_side as odoo_side
from benchmarks import _peers as peers

MEASURED_TABLES = (
    "partner_mailing_recipient",
    "res_partner",
    "res_partner_res_partner_category_rel",
)
OPENINGS = 11  # of a page; the first is not counted


def prepare(env, result, *, mailings, count, port, connections=1):
    """Make validated mailings to the same ``count`` new contacts; write their ids."""
    author = odoo_side._person(env, "author", "user")
    validator = odoo_side._person(env, "decider", "validator")
    server = odoo_side._mail_server(env, port, partner_mailing_connections=connections)
    tag = odoo_side._contacts(env, count)
    env.cr.commit()
    _analyze(env)
    audience = env["partner.mailing.audience"].create(
        {"name": "Measured", "category_ids": [(4, tag.id)]}
    )
    made = (
        env["partner.mailing"]
        .with_user(author)
        .create(
            [
                {
                    "name": f"Measured {number}",
                    "subject": odoo_side.SUBJECT,
                    "body_html": odoo_side.PLAIN_BODY,
                    "email_from": "news@example.com",
                    "mail_server_id": server.id,
                    "audience_ids": [(4, audience.id)],
                }
                for number in range(mailings)
            ]
        )
    )
    written = wal_octets(env)
    for mailing in made:
        mailing.action_submit()
        mailing.with_user(validator).action_validate()
        env.cr.commit()
    written = wal_octets(env) - written
    _analyze(env)
    _write(result, {"mailings": made.ids, "wal": written / (mailings * count)})


def send(env, result, *, mailings, seconds):
    """Send mailings for ``seconds``, or to their end, and write rate, processor time and memory.

    ``waits``: seconds from the beginning of the run to the first message of each mailing.
    """
    run = env["partner.mailing"].browse(mailings)
    backend = env.cr._cnx.get_backend_pid()
    counts = []
    began, worked, database = time.time(), time.process_time(), peers.processor_seconds(backend)
    statements, written = env.cr.sql_log_count, wal_octets(env)

    def commit_progress(count, _waiting):
        env.cr.commit()
        counts.append(count)
        return began + seconds - time.time()

    run._send_due(commit_progress)
    ended = time.time()
    worked, database = time.process_time() - worked, peers.processor_seconds(backend) - database
    statements, written = env.cr.sql_log_count - statements, wal_octets(env) - written
    firsts = _find_firsts(env, mailings)
    count = sum(counts)
    # From the second of two halves: all mailings have begun by then.
    middle = began + (ended - began) / 2
    env.cr.execute(
        "SELECT count(*), max(sent_at) FROM partner_mailing_recipient"
        " WHERE mailing_id = ANY(%s) AND sent_at > to_timestamp(%s) AT TIME ZONE 'UTC'",
        [mailings, middle],
    )
    [(later, last)] = env.cr.fetchall()
    _write(
        result,
        {
            "sent": sum(sent for _first, sent, _own in firsts),
            "steady": later / (_seconds(last) - middle) if last else 0.0,
            "rate": count / (ended - began),
            "seconds": ended - began,
            "cpu": 1e6 * worked / max(count, 1),
            "database": 1e6 * database / max(count, 1),
            "wal": written / max(count, 1),
            "statements": statements / max(count, 1),
            "waits": [first and first - began for first, _sent, _own in firsts],
            "own_waits": [first - max(own, began) for first, _sent, own in firsts if first],
            "peak": peak_megabytes(),
        },
    )


def _find_firsts(env, mailings):
    """Return for each mailing: when its first message was sent, how many were, when it began."""
    env.cr.execute(
        """
        SELECT min(sent_at), count(sent_at),
               (SELECT started_at FROM partner_mailing m WHERE m.id = mailing_id)
          FROM partner_mailing_recipient WHERE mailing_id = ANY(%s)
      GROUP BY mailing_id ORDER BY 1
        """,
        [mailings],
    )
    return [
        (first and _seconds(first), sent, _seconds(own)) for first, sent, own in env.cr.fetchall()
    ]


def _analyze(env):
    """Do what autovacuum does in a database that is older than a minute."""
    for name in MEASURED_TABLES:
        env.cr.execute(f"ANALYZE {name}")
    env.cr.commit()


def idle(env, result):
    """Write the peak of a shell that has done nothing but load Odoo."""
    env["partner.mailing"].search([], limit=1)
    _write(result, {"peak": peak_megabytes()})


def open_pages(env, result, *, mailing):
    """Write the milliseconds of the server to what the web client asks for, {page: median}."""
    # Here, because it brings all tests with it, whose memory is not the sender's.
    from odoo.addons.mass_mailing_lite.tests import pages

    env = env(user=env["res.users"].search([("login", "=", "author")]))
    mailing = env["partner.mailing"].browse(mailing)
    arch = etree.fromstring(env["partner.mailing"].get_view(view_type="list")["arch"])
    spec = pages.specification(env, "partner.mailing", arch)
    calls = {
        "form of a mailing": pages.opening_form(env, mailing),
        "list of mailings": lambda: env["partner.mailing"].web_search_read([], spec, limit=80),
        "page of its recipients": pages.opening_page(env, mailing),
    }
    _write(result, {name: _milliseconds(env, call) for name, call in calls.items()})


def open_statistics(env, result, *, mailings, years):
    """Write the milliseconds of the statistics' views with so many mailings in each year.

    Mailings that earlier calls made are kept.
    """
    env.cr.execute("SELECT count(*) FROM partner_mailing WHERE name LIKE 'Earlier %'")
    [(there,)] = env.cr.fetchall()
    model = env["partner.mailing"]
    made = model.create([{"name": f"Earlier {n}"} for n in range(there, mailings * years)])
    env.flush_all()
    env.cr.execute(
        """
        UPDATE partner_mailing m
           SET state = 'done', started_at = t, finished_at = t + interval '1 hour'
          FROM (SELECT id, now() - row_number() OVER (ORDER BY id) * make_interval(secs => %s) AS t
                  FROM partner_mailing WHERE name LIKE 'Earlier %%') x
         WHERE x.id = m.id;
        UPDATE partner_mailing_counter k
           SET recipient_count = 20000, sent_count = 19800, bounced_count = 100, failed_count = 100,
               opened_count = 4000, clicked_count = 800
          FROM partner_mailing m WHERE m.counter_id = k.id AND m.id = ANY(%s);
        ANALYZE partner_mailing; ANALYZE partner_mailing_counter;
        """,
        [365 * 86400 / mailings, made.ids],
    )
    env.cr.commit()
    env.invalidate_all()
    report = env["partner.mailing.report"]
    sums = [f"{name}:sum" for name in ("recipient_count", "sent_count", "opened_count")]
    rates = [*sums, "delivered_rate:avg", "opened_rate:avg", "clicked_rate:avg"]
    calls = {
        "graph by month": lambda: report.formatted_read_group([], ["started_at:month"], sums),
        "graph by day": lambda: report.formatted_read_group([], ["started_at:day"], sums),
        "pivot by month and person": lambda: report.formatted_read_group(
            [], ["started_at:month", "user_id"], rates
        ),
        "list": lambda: report.web_search_read([], {"mailing_id": {}}, limit=80),
        "dashboard of 365 days": lambda: report.get_dashboard(365),
    }
    _write(result, {name: _milliseconds(env, call) for name, call in calls.items()})


def _milliseconds(env, call):
    """Return the median time of a call, with nothing cached but what a worker has."""
    times = []
    for _each in range(OPENINGS):
        env.flush_all()
        env.invalidate_all()
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    env.cr.rollback()
    return 1000 * statistics.median(times[1:])


def _seconds(moment):
    """Return a naive moment in UTC as seconds since 1970."""
    return moment.replace(tzinfo=timezone.utc).timestamp()


def wal_octets(env):
    """Return how many octets PostgreSQL has written to its log, for all databases together."""
    env.cr.execute("SELECT pg_current_wal_insert_lsn() - '0/0'")
    return float(env.cr.fetchone()[0])


def peak_megabytes():
    """Return the largest resident memory that this process had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _write(result, values):
    Path(result).write_text(json.dumps(values))
