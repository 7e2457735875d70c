"""What the measurements do inside Odoo; each function runs in an Odoo shell of its own.

Only the work between two readings of the clock is measured; users, contacts, loading and validation
come before.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.mass_mailing_lite.delivery.outcome import SENT, Outcome
from odoo.addons.mass_mailing_lite.delivery.smtp.pool import Pool
from odoo.addons.mass_mailing_lite.sender import worker
from odoo.addons.mass_mailing_lite.transport.smtp import SmtpTransport
from odoo.tools import SQL

from benchmarks import _peers as peers

SUBJECT = "News for {{ object.name }}"
SENTENCE = "<p>The catalogue is out; {} finds the prices on <b>page {}</b> and us upstairs.</p>"
CLAIM = 100  # rows, while costs are counted
LINES = 63  # bring the HTML to 5.7 kB

PLAIN_BODY = '<p>Dear <t t-out="object.name"/>,</p>' + "".join(
    SENTENCE.format("everybody", line) for line in range(LINES)
)
QWEB_BODY = PLAIN_BODY + (
    "<p><t t-if=\"object.name.endswith('7')\">Seven is your number, "
    '<t t-out="object.name.upper()"/>.</t><t t-else="">Good luck.</t></p>'
)
BODIES = {"plain": PLAIN_BODY, "qweb": QWEB_BODY}


def prepare(
    env, result, *, count, port, connections=1, body="plain", attachment=0, encryption="none"
):
    """Make a validated mailing to ``count`` new contacts through the server on ``port``.

    Writes the mailing's id and the size of one message in octets.
    """
    author, validator = _person(env, "author", "user"), _person(env, "decider", "validator")
    author.group_ids += env.ref("mail.group_mail_template_editor")
    server = _mail_server(
        env, port, partner_mailing_connections=connections, smtp_encryption=encryption
    )
    audience = env["partner.mailing.audience"].create(
        {"name": "Measured", "category_ids": [(4, _contacts(env, count).id)]}
    )
    files = [(0, 0, {"name": "catalogue.bin", "raw": b"\x00\xff" * (attachment // 2)})]
    mailing = (
        env["partner.mailing"]
        .with_user(author)
        .create(
            {
                "name": "Measured",
                "subject": SUBJECT,
                "body_html": BODIES[body],
                "email_from": "news@example.com",
                "mail_server_id": server.id,
                "audience_ids": [(4, audience.id)],
                "attachment_ids": files if attachment else [],
            }
        )
    )
    mailing.action_submit()
    mailing.with_user(validator).action_validate()
    anyone = SimpleNamespace(from_filter=False, smtp_from=False)
    size = mailing.sudo()._get_transport().compile("en_US", anyone).template.size
    env.cr.commit()
    # Autovacuum does this in a database that is older than a minute.
    env.cr.execute("ANALYZE partner_mailing_recipient")
    env.cr.execute("ANALYZE res_partner")
    env.cr.commit()
    _write(result, {"mailing": mailing.id, "size": size})


def send(env, result, *, mailing, go=None, joins=False, sink=None):
    """Send a validated mailing to its end, and write time, statements and memory.

    :param go: file to wait for, so that several processes begin at once; a file beside it says that
        this process is ready
    :param joins: wait until another process has begun
    :param sink: process id of the server that the messages go to
    """
    mailing = env["partner.mailing"].browse(mailing)
    memory, counts = [], []

    def commit_progress(count, _waiting):
        env.cr.commit()
        counts.append(count)
        memory.append(peers.resident_kilobytes("self"))
        return float("inf")

    if go:
        Path(f"{go}.{os.getpid()}").touch()
    while go and not Path(go).exists():
        time.sleep(0.001)
    while joins and mailing.state == "validated":
        env.cr.rollback()
        env.invalidate_all()
    [(backend,)] = env.execute_query(SQL("SELECT pg_backend_pid()"))
    processes = {"sender": os.getpid(), "PostgreSQL": backend, "sink": sink}
    before = {who: peers.processor_seconds(pid) for who, pid in processes.items()}
    statements, began = env.cr.sql_log_count, time.time()
    mailing._send_due(commit_progress)
    ended = time.time()
    processor = {who: peers.processor_seconds(pid) - before[who] for who, pid in processes.items()}
    env.invalidate_all()
    _write(
        result,
        {
            "began": began,
            "ended": ended,
            "processor": processor,
            "handled": sum(counts),
            "sent": mailing.sent_count,
            "state": mailing.state,
            "statements": env.cr.sql_log_count - statements,
            "megabytes": max(memory) / 1024,
        },
    )


def cost(env, result, *, mailings, count):
    """Send one mailing after the other, and write what a mail of each costs.

    Claims have a fixed size: with the server's pace, which they follow, a mail's share of a round
    would change. Instructions are counted last, and only where ``perf`` can.
    """
    worker.CLAIM_SECONDS, worker.MAX_CLAIM = 60.0, CLAIM
    mailings = env["partner.mailing"].browse(mailings)

    def send_whole(mailing):
        mailing._send_due(lambda *_counts: env.cr.commit() or float("inf"))
        env.invalidate_all()
        if mailing.sent_count != count:
            raise AssertionError(f"{mailing.sent_count} of {count} were sent.")

    statements = env.cr.sql_log_count
    send_whole(mailings[0])
    taken = {"statements": (env.cr.sql_log_count - statements) / count}
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    send_whole(mailings[1])
    taken["peak of allocated memory"] = (tracemalloc.get_traced_memory()[1] - before) / 1024
    tracemalloc.stop()
    with _CallCounter() as calls:
        send_whole(mailings[2])
    taken["calls of functions"] = calls.total / count
    if instructions := _count_instructions(lambda: send_whole(mailings[3])):
        taken["instructions"] = instructions / count
    _write(result, taken)


class _CallCounter:
    """Counts the calls of functions, Python's and C's, in this thread and those that it starts."""

    def __init__(self):
        self._counts = []

    @property
    def total(self):
        """Calls so far, of all threads."""
        return sum(map(len, self._counts))

    def __enter__(self):
        threading.setprofile(lambda *_event: self._begin())
        self._begin()
        return self

    def __exit__(self, *_exc):
        threading.setprofile(None)
        sys.setprofile(None)

    def _begin(self):
        """Count in the current thread, by appending: no two threads write the same list."""
        count = []
        self._counts.append(count)
        append = count.append

        def profile(_frame, event, _argument):
            if event in ("call", "c_call"):
                append(None)

        sys.setprofile(profile)


def _count_instructions(step):
    """Run a step; return how many instructions this process needed, or None without counters."""
    command = ["perf", "stat", "-x,", "-e", "instructions:u", "-p", str(os.getpid())]
    try:
        counter = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        return None
    step()
    counter.send_signal(signal.SIGINT)
    value = counter.communicate(timeout=10)[1].partition(",")[0]
    return int(value) if value.isdecimal() else None


def connection_alone(env, result, *, mailing):
    """Transmit the messages of a validated mailing, without the database."""
    mailing = env["partner.mailing"].browse(mailing).sudo()
    mailing._as_system().write({"state": "sending"})
    env.flush_all()
    recipients, columns = env["partner.mailing.recipient"], mailing._get_contact_columns()
    rows = recipients._claim(mailing.id, 1, mailing.pending_count, columns=columns)
    session = mailing._get_transport().connect()
    compiled = mailing._get_transport().compile("en_US", session)
    envelopes = [envelope for _row, envelope, _e in mailing._get_transport().fill(compiled, rows)]
    sessions = iter([session])
    with mailing._get_transport().open_pool(
        lambda: next(sessions, None) or mailing._get_transport().connect(), 1
    ) as pool:
        began = time.time()
        outcomes = pool.transmit(envelopes)
        ended = time.time()
    sent = sum(outcome.kind == "sent" for outcome in outcomes)
    _write(result, {"began": began, "ended": ended, "sent": sent})


def database_alone(env, result, *, mailing, rate):
    """Send a validated mailing over connections that take no time.

    :param rate: messages a second, from which the size of the claims is set: without the time of a
        connection the sender would claim more rows than it does in the whole job
    """
    most = max(1, int(rate * worker.CLAIM_SECONDS))
    with (
        patch.object(worker, "MAX_CLAIM", most),
        patch.object(SmtpTransport, "open_pool", lambda *_args: _TimelessPool()),
    ):
        send(env, result, mailing=mailing)


class _TimelessPool(Pool):
    """Accepts messages and reports them as sent when it is asked."""

    def __init__(self):
        super().__init__(connect=None)

    def put(self, envelopes):
        self._waiting.extend(envelopes)

    def collect(self, least, seconds=0):
        sent = Outcome(SENT, "end_of_data", 250)
        count = min(max(least, 1), len(self._waiting))
        return [(self._waiting.popleft(), sent) for _each in range(count)]


def send_templates(env, result, *, port):
    """Send a mailing from each shipped template; write the templates' names, in order."""
    author, validator = _person(env, "author", "user"), _person(env, "decider", "validator")
    server = _mail_server(env, port)
    shipped = env["ir.model.data"].search(
        [("module", "=", "mass_mailing_lite"), ("model", "=", "mail.template")], order="name"
    )
    templates = env["mail.template"].browse(shipped.mapped("res_id"))
    for template in templates:
        audience = env["partner.mailing.audience"].create(
            {"name": template.name, "category_ids": [(4, _contacts(env, 1).id)]}
        )
        mailing = (
            env["partner.mailing"]
            .with_user(author)
            .create(
                {
                    "name": template.name,
                    "email_from": "Shop <shop@example.com>",
                    "mail_server_id": server.id,
                    "audience_ids": [(4, audience.id)],
                }
            )
        )
        mailing._load_template(template)
        mailing.mail_server_id = server
        # Sample text is what is measured here.
        mailing.action_keep_language(mailing.main_lang)
        mailing.action_submit()
        mailing.with_user(validator).action_validate()
        mailing.sudo()._send_due(lambda _done, _waiting: env.cr.commit() or float("inf"))
    _write(result, {"names": templates.mapped("name")})


def stock(env, result, *, count, port):
    """Send the same message by the stock addon ``mass_mailing``, its queue included."""
    _mail_server(env, port)
    tag = _contacts(env, count)
    mailing = env["mailing.mailing"].create(
        {
            "subject": SUBJECT,
            "body_arch": PLAIN_BODY,
            "body_html": PLAIN_BODY,
            "email_from": "news@example.com",
            "mailing_model_id": env["ir.model"]._get_id("res.partner"),
            "mailing_domain": [("category_id", "in", tag.ids)],
        }
    )
    env.cr.commit()
    statements, began = env.cr.sql_log_count, time.time()
    mailing.action_send_mail()
    env["mail.mail"].process_email_queue()
    env.cr.commit()
    ended = time.time()
    traces = env["mailing.trace"].search([("mass_mailing_id", "=", mailing.id)])
    sent = len(traces.filtered(lambda trace: trace.trace_status == "sent"))
    values = {"sent": sent, "statements": env.cr.sql_log_count - statements}
    _write(result, {"began": began, "ended": ended, **values})


def _person(env, login, group):
    """Return a user of the addon, created on first use."""
    known = env["res.users"].search([("login", "=", login)])
    values = {
        "name": login,
        "login": login,
        "email": f"{login}@example.com",
        "notification_type": "inbox",
        "group_ids": [(4, env.ref(f"mass_mailing_lite.group_{group}").id)],
    }
    return known or env["res.users"].with_context(no_reset_password=True).create(values)


def _mail_server(env, port, **values):
    """Return the one mail server, listening on ``port``."""
    server = env["ir.mail_server"].search([], limit=1)
    values = {"smtp_encryption": "none", **values}
    values.update(name="Sink", smtp_host="127.0.0.1", smtp_port=port)
    if server:
        server.write(values)
    return server or env["ir.mail_server"].create(values)


def _contacts(env, count):
    """Insert contacts by SQL (the ORM takes a millisecond for each); return their tag."""
    tag = env["res.partner.category"].create({"name": f"Measured {time.time()}"})
    env.flush_all()
    env.cr.execute(
        """
        WITH made AS (
            INSERT INTO res_partner
                   (name, complete_name, email, email_normalized, type, active, lang)
            SELECT 'Reader ' || n, 'Reader ' || n, a, a, 'contact', TRUE, 'en_US'
              FROM (SELECT n, 'r' || n || '.' || %(tag)s || '@example.com' AS a
                      FROM generate_series(1, %(count)s) n) numbered
         RETURNING id)
        INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
        SELECT %(tag)s, id FROM made
        """,
        {"tag": tag.id, "count": count},
    )
    env.invalidate_all()
    return tag


def _write(result, values):
    Path(result).write_text(json.dumps(values))
