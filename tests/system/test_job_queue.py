"""Sending by jobs on two Odoo servers with one database: faster, and exact when one is killed."""

import collections
import contextlib
import os
import signal
import threading
import time

import pytest

from benchmarks import _peers as peers
from benchmarks._balancer import Balancer
from benchmarks._hosts import odoo_host, wait_for_runner
from devtools import company, database, process

from .conftest import OdooServer
from .ledger import Ledger
from .mailings import MAILING, addresses, validated
from .proofs import compare, states

pytestmark = pytest.mark.slow(70)

ROUND_TRIP = 0.020  # seconds; a message takes two
COUNT = 240
PATIENCE = 150  # seconds; a scheduler that missed its call looks after 60


def rate(ledger):
    """Return messages a second, from the first to the last."""
    moments = ledger.moments()
    return (len(moments) - 1) / (moments[-1] - moments[0])


@pytest.fixture(scope="module")
def two_ports():
    return [process.free_port(), process.free_port()]


@pytest.fixture(scope="module")
def balancer(two_ports):
    with Balancer(two_ports) as running:
        yield running


@pytest.fixture(scope="module")
def hosts(tools, balancer, two_ports):
    """Return a function that starts another host; the runner is the first one's."""
    name = database.fresh(tools, "jobs", bridges=True)
    with contextlib.ExitStack() as stack:
        started = []

        def start():
            number = len(started)
            host = odoo_host(
                tools,
                name,
                port=two_ports[number],
                balancer_port=balancer.port,
                name=f"jobs-{number}",
            )
            started.append(stack.enter_context(host))
            return OdooServer(f"http://127.0.0.1:{two_ports[number]}", name, tools), started[-1]

        yield start
    database.drop(tools, name)


@contextlib.contextmanager
def slow_ledger(lanes=1):
    """Run a mail server behind a slow line; give it and the line's port.

    It takes nothing before all lanes have connected, each of which has one connection.
    """
    all_there = threading.Event()

    def wait_for_all(stage, _address):
        if stage == "connect" and ledger.connections >= lanes:
            all_there.set()
        if stage == "mail":
            all_there.wait(50)

    ledger = Ledger(wait_for_all)
    with ledger, peers.slow_line(ledger.port, ROUND_TRIP) as port:
        yield ledger, port


def set_lanes(server, port, lanes):
    admin = server.login("admin")
    company.send_to(admin, port)
    [found] = admin.search_read("ir.mail_server", [("name", "=", company.MAIL_SERVER)], "id")
    admin.call("ir.mail_server", "write", [found["id"]], {"partner_mailing_lanes": lanes})


def send(server, count=COUNT):
    """Validate a mailing as people do; return its id."""
    author, validator = server.login("marketing"), server.login("validator")
    return validated(author, validator, extra_emails=addresses(count))


def wait_until_done(server, mailing):
    author = server.login("marketing")
    until = time.monotonic() + PATIENCE
    while author.read(MAILING, mailing, "state")["state"] != "done":
        assert time.monotonic() < until, author.read(MAILING, mailing, "state", "sent_count")
        time.sleep(0.2)


def worker_pids(server, since):
    """Return the processes that ran jobs with a number above ``since``."""
    rows = server.sql(f"SELECT DISTINCT worker_pid FROM queue_job WHERE id > {since}")
    return {int(pid) for [pid] in rows if pid}


def last_job(server):
    [[number]] = server.sql("SELECT COALESCE(max(id), 0) FROM queue_job")
    return int(number)


@pytest.fixture(scope="module")
def measured(hosts):
    """Send the same by one host with one lane, then by two with two; return what was seen."""
    first, running = hosts()
    company.create_users(first.login("admin"))
    wait_for_runner(first.tools.server, first.database)
    found = {"first": first, "process": running}
    for lanes in (1, 2):
        if lanes == 2:
            found["second"], _running = hosts()
        with slow_ledger(lanes) as (ledger, port):
            found[lanes] = measure(first, ledger, port, lanes)
    return found


def measure(server, ledger, port, lanes):
    """Send a mailing with so many lanes; return what the mail server and the queue know of it."""
    set_lanes(server, port, lanes)
    before = last_job(server)
    wait_until_done(server, send(server))
    return {
        "rate": rate(ledger),
        "ledger": collections.Counter(ledger.addresses()),
        "parents": {parent(pid) for pid in worker_pids(server, before)},
    }


def parent(pid):
    """Return the process that started another one (Linux)."""
    with open(f"/proc/{pid}/stat") as status:
        return int(status.read().rpartition(")")[2].split()[1])


def test_two_hosts_share_a_mailing_and_are_faster_than_one(measured):
    """How much faster is measured by ``make bench ARGS=jobs``."""
    for lanes in (1, 2):
        ledger = measured[lanes]["ledger"]
        assert (len(ledger), max(ledger.values())) == (COUNT, 1)
        assert len(measured[lanes]["parents"]) == lanes, "each host took part"
    assert measured[2]["rate"] > measured[1]["rate"]


def test_a_host_that_is_killed_takes_nothing_with_it_and_nobody_gets_it_twice(measured):
    second = measured["second"]
    with slow_ledger() as (ledger, port):
        set_lanes(second, port, 2)
        mailing = send(second)
        until = time.monotonic() + PATIENCE
        while len(ledger.entries) < COUNT // 4:
            assert time.monotonic() < until
            time.sleep(0.05)
        # The one with the runner, and all its workers with it.
        os.killpg(measured["process"].pid, signal.SIGKILL)
        wait_until_done(second, mailing)
        found = states(second, mailing)
        assert len(found) == COUNT
        assert set(found.values()) <= {"sent", "uncertain"}, "forgotten"
        assert compare(ledger, found) <= 10, "one connection, a claim of a few messages"


def test_after_the_kill_the_other_host_goes_on_with_jobs(measured):
    second = measured["second"]
    wait_for_runner(second.tools.server, second.database)
    before = last_job(second)
    with slow_ledger() as (ledger, port):
        set_lanes(second, port, 1)
        mailing = send(second, 20)
        wait_until_done(second, mailing)
    assert len(ledger.entries) == 20
    assert last_job(second) > before
