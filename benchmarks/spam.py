"""SpamAssassin's points for the shipped templates, each sent as a mailing and received.

Needs Debian's package ``spamassassin``. Only its local rules are used, no network lists and no
learning. The message is checked as it is in the mailbox, without ``Received`` headers: the addresses
reserved for examples would add points.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks._figures import Figures
from benchmarks.sending import Bench, parse_options
from devtools import database, odoo_process
from devtools.console import Failure, say, table
from devtools.inbox import Inbox

MAX_POINTS = 1.0  # 5 make a message spam


def get_points(message):
    """Return the points of a message (bytes as received), and the names of the rules that match."""
    program = shutil.which("spamassassin")
    if not program:
        raise Failure("This needs SpamAssassin: install the package spamassassin.")
    done = subprocess.run(
        [program, "--local", "--test-mode"],
        input=message,
        capture_output=True,
        timeout=120,
        check=False,
    )
    report = done.stdout.decode("utf-8", "replace")
    status = re.search(
        r"^X-Spam-Status: \w+, score=(-?[\d.]+).*?tests=(.*?)\s(?=\w+=)", report, re.M | re.S
    )
    if not status:
        raise Failure(f"SpamAssassin gave no points: {done.stderr.decode()[-500:]}")
    return float(status[1]), re.sub(r"\s+", "", status[2])


def main():
    """Send, check, print the table; return the figures."""
    with contextlib.ExitStack() as stack:
        tools = stack.enter_context(odoo_process.odoo())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(tools, folder, parse_options(sys.argv[1:]))
        stack.callback(database.drop, tools, bench.own)
        inbox = stack.enter_context(Inbox(folder / "inbox"))
        names = bench.run("send_templates", port=inbox.port)["names"]
        rows = []
        received = inbox.deliveries()
        if len(received) != len(names):
            raise Failure(f"Of {len(names)} templates {len(received)} arrived.")
        for name, delivery in zip(names, received, strict=True):
            rows.append((name, *get_points(delivery.path.read_bytes())))
    say("")
    table(
        [[name, f"{points:.1f}", rules] for name, points, rules in rows],
        ("template", "points", "rules"),
    )
    say(json.dumps({name: points for name, points, _rules in rows}))
    figures = Figures()
    most = max(points for _name, points, _rules in rows)
    figures.at_most(
        "SpamAssassin's points, at most", most, MAX_POINTS, detail=f"{len(rows)} templates"
    )
    return figures
