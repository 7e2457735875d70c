"""What SpamAssassin makes of the templates that are shipped, each sent as a mailing and received.

Debian's package ``spamassassin``, which has to be installed, with its local rules only: no look
into the network's lists, and no learning. The message is judged as it lies in the mailbox, without
a trace of relays: any address that may stand in an example would be held against it.
"""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.sending import Bench, parse_options
from devtools import database, odoo_process
from devtools.console import Failure, say, table
from devtools.inbox import Inbox

MOST = 1.0  # points; 5 make a message spam


def judge(message):
    """Return the points of a message (bytes as received), and the names of the rules that hit."""
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
        raise Failure(f"SpamAssassin gave no judgement: {done.stderr.decode()[-500:]}")
    return float(status[1]), re.sub(r"\s+", "", status[2])


def main():
    """Send, judge, print the table; return whether each template stays below the limit."""
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
            rows.append((name, *judge(delivery.path.read_bytes())))
    say("")
    table(
        [[name, f"{points:.1f}", rules] for name, points, rules in rows],
        ("template", "points", "rules"),
    )
    say(json.dumps({name: points for name, points, _rules in rows}))
    return all(points <= MOST for _name, points, _rules in rows)
