"""What the proofs of exact sending share: their size, forked senders, the comparison at the end.

In the usual run of the tests they are small; `make bench ARGS=proofs` runs them in full.
"""

import collections
import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from devtools import process

FULL = os.environ.get("MASS_MAILING_LITE_PROOFS") == "full"
CLAIM_SECONDS = 0.025
SESSIONS_END = 30.0  # seconds in which PostgreSQL notices that a process is gone


def size(usual, full):
    """Return a number of the usual run, or that of the proofs in full."""
    return full if FULL else usual


def say(text):
    """Print a figure: seen with pytest's `-s`, and when a test fails."""
    print(f"\n  {text}", file=sys.stderr)


class Senders:
    """A process that forks senders; see ``sender_process``."""

    def __init__(self, started):
        self._process = started

    def start(self):
        """Start a sender; return its process id."""
        return int(self._ask("fork"))

    def kill(self, number):
        """Kill a sender as ``kill -9`` does; return its exit code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
        return self.wait(number)

    def wait(self, number):
        """Wait until a sender has ended by itself; return its exit code."""
        return int(self._ask(number))

    def run(self):
        """Let one sender do all that is due; fail when it fails."""
        assert self.wait(self.start()) == 0

    def _ask(self, words):
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


class Held:
    """How a ledger behaves that takes so many messages and no more until it is released.

    A sender is quicker than what happens to it, on a machine that does something else just then: so
    it is not done before.
    """

    def __init__(self):
        self.ledger, self._most, self._released = None, math.inf, threading.Event()

    def __call__(self, stage, _address):
        if stage == "content" and len(self.ledger.entries) >= self._most:
            self._released.wait(60)

    @contextlib.contextmanager
    def at(self, most):
        """Hold what comes after ``most`` messages, until the block ends."""
        self._released = threading.Event()
        self._most = most
        try:
            yield
        finally:
            self._most = math.inf
            self._released.set()


@contextlib.contextmanager
def senders(tools, database, patience=0):
    """Give forked senders on a database for the block."""
    script = Path(__file__).with_name("sender_process.py")
    with open(process.log_file(f"senders-{database}"), "ab") as log:
        started = subprocess.Popen(
            [str(tools.python), str(script), database, str(patience)],
            env=tools.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            preexec_fn=process.in_background,
        )
    with started:
        try:
            assert started.stdout.readline() == "ready\n", f"look into {log.name}"
            yield Senders(started)
        finally:
            started.stdin.close()


def count_open(server, mailing, sender):
    """Return how many messages a dead sender has left open.

    PostgreSQL may still commit what the sender sent last; so its sessions have to have ended.

    :param sender: the number of its process, which Odoo names its sessions after
    """
    sessions = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'odoo-{sender}'"
    until = time.monotonic() + SESSIONS_END
    while server.sql(sessions) != [["0"]]:
        assert time.monotonic() < until, "the sessions of the dead sender end"
        time.sleep(0.01)
    [[found]] = server.sql(
        "SELECT count(*) FROM partner_mailing_recipient"
        f" WHERE mailing_id = {mailing} AND state = 'sending'"
    )
    return int(found)


def states(server, mailing):
    """Return {address: state} as the database says."""
    return dict(
        server.sql(
            "SELECT email_normalized, state FROM partner_mailing_recipient"
            f" WHERE mailing_id = {mailing}"
        )
    )


def compare(ledger, found):
    """Compare a ledger with {address: state}, all of them final; return how many are uncertain.

    Nobody twice, nobody forgotten, nobody sent without having got it; who is uncertain may have got
    it, nobody else.
    """
    arrived = collections.Counter(ledger.addresses())
    sent = {address for address, state in found.items() if state == "sent"}
    uncertain = {address for address, state in found.items() if state == "uncertain"}
    twice = [address for address, times in arrived.items() if times > 1]
    assert not twice, f"{len(twice)} twice, such as {twice[:3]}"
    assert sent <= set(arrived), "sent, says the database, and it never arrived"
    assert set(arrived) <= sent | uncertain, "arrived, and the database does not know"
    return len(uncertain)


def busiest(moments, seconds):
    """Return the largest number of (ordered) moments within so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def wait_for(condition, seconds, what):
    """Wait until a condition holds; return what it gave."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return found
