"""Sending by jobs at 20 ms round trip: the effect of hosts, lanes, connections; disk space."""

import contextlib
import sys
import tempfile
import time

from benchmarks import _peers as peers
from benchmarks._balancer import Balancer
from benchmarks._figures import Figures
from benchmarks._hosts import odoo_host, wait_for_runner
from benchmarks.sending import Bench, parse_options
from devtools import database, odoo_process, process
from devtools.console import Failure, say, step, table

ROUND_TRIP = 0.020  # seconds
TRIPS = 2  # for a message, with a server that pipelines

# Hosts, lanes, connections of each, messages.
RUNS = ((1, 1, 1, 600), (2, 2, 1, 1200), (2, 2, 8, 6000), (4, 4, 1, 2400), (4, 4, 8, 6000))
MIN_TIMES, MIN_TIMES_OF_FOUR = 1.8, 3.6  # two hosts, and four, against one
SHARE = 0.1  # of a mailing that is sent before the clock is started
MAX_SECONDS = 600  # for one mailing

STORED = ("partner_mailing_recipient", "queue_job")


class Jobs(Bench):
    """The hosts and the results of one run."""

    def __init__(self, tools, folder, args):
        super().__init__(tools, folder, args)
        database.drop(tools, self.own)
        self.own = database.fresh(tools, "bench_jobs", bridges=True)

    def sql(self, statement):
        """Run a statement in PostgreSQL, without Odoo."""
        return self.tools.server.sql(statement, self.own)

    def measure(self, port, lanes, connections, count):
        """Send a mailing; return messages a second, the first tenth not counted."""
        # prepare() keeps the lanes of an existing mail server.
        self.sql(f"UPDATE ir_mail_server SET partner_mailing_lanes = {lanes}")
        mailing, _size = self.prepare(count, port=port, connections=connections)
        began = None
        until = time.monotonic() + MAX_SECONDS
        while True:
            state, sent = self.sql(
                "SELECT m.state, k.sent_count FROM partner_mailing m"
                f" JOIN partner_mailing_counter k ON k.id = m.counter_id WHERE m.id = {mailing}"
            )[0]
            now = time.monotonic(), int(sent)
            if began is None and int(sent) >= count * SHARE:
                began = now
            if int(sent) >= count:
                return (now[1] - began[1]) / (now[0] - began[0])
            if state == "paused" or time.monotonic() > until:
                raise Failure(f"The mailing stands at {sent} of {count}: {state}.")
            time.sleep(0.05)

    def stored(self):
        """Return {table: (rows, octets)}, indexes included."""
        found = {}
        for name in STORED:
            [[rows, octets]] = self.sql(
                f"SELECT count(*), pg_total_relation_size('{name}') FROM {name}"
            )
            found[name] = int(rows), int(octets)
        return found


def main():
    """Measure and print the table; return the figures."""
    with contextlib.ExitStack() as stack:
        tools = stack.enter_context(odoo_process.odoo())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        with step("Making the database"):
            bench = Jobs(tools, folder, parse_options(sys.argv[1:]))
        stack.callback(database.drop, tools, bench.own)
        bench.port = stack.enter_context(peers.sink()).port
        port = stack.enter_context(peers.slow_line(bench.port, ROUND_TRIP))
        ports = [process.free_port() for _host in range(max(run[0] for run in RUNS))]
        balancer = stack.enter_context(Balancer(ports))
        rates, rows, running = [], [], 0
        for hosts, lanes, connections, count in RUNS:
            while running < hosts:
                place = {"port": ports[running], "name": f"bench-jobs-{running}"}
                stack.enter_context(
                    odoo_host(tools, bench.own, balancer_port=balancer.port, **place)
                )
                running += 1
                wait_for_runner(tools.server, bench.own)
            if not rates:
                bench.run("prepare", count=1, port=port)  # makes the mail server
            size = bench.size(count)
            rates.append(bench.measure(port, lanes, connections, size))
            ideal = lanes * connections / (TRIPS * ROUND_TRIP)
            say(f"  {hosts} hosts, {lanes} lanes × {connections}: {rates[-1]:.1f}/s of {ideal:.0f}")
            row = (hosts, lanes, connections, size, rates[-1], ideal, rates[-1] / ideal)
            rows.append([*row[:4], f"{row[4]:.1f}", f"{row[5]:.0f}", f"{row[6]:.2f}"])
        stored = bench.stored()
    table(rows, ("hosts", "lanes", "connections", "messages", "a second", "ideal", "share"))
    for name, (count, octets) in stored.items():
        say(
            f"{name}: {count} rows, {octets / 1e6:.1f} MB, {octets / max(count, 1):.0f} octets each"
        )
    figures = Figures()
    detail = f"{rates[1]:.1f}/s and {rates[0]:.1f}/s"
    figures.at_least("two hosts × one", rates[1] / rates[0], MIN_TIMES, detail=detail)
    detail = f"{rates[3]:.1f}/s and {rates[0]:.1f}/s"
    figures.at_least("four hosts × one", rates[3] / rates[0], MIN_TIMES_OF_FOUR, detail=detail)
    for (hosts, lanes, connections, _count), rate in zip(RUNS, rates, strict=True):
        name = f"share of the ideal: hosts × lanes × connections {hosts} × {lanes} × {connections}"
        figures.inform(name, rate * TRIPS * ROUND_TRIP / (lanes * connections), "", f"{rate:.1f}/s")
    return figures
