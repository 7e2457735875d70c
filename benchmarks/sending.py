"""How fast mailings are sent: against stock Odoo, against Postfix's generator, with a round trip.

Both sides of a ratio are measured in the same run, on the same machine, with the same sink.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import _peers as peers
from benchmarks._figures import Figures
from devtools import database, odoo_process, process
from devtools.console import Failure, say, step

ROUND_TRIP = 0.020  # seconds
MEGABYTE = 1_000_000
LIMIT = 3600  # seconds for one step

# Messages at scale 1.
JOB, STOCK, SMALL, LARGE = 20_000, 500, 10_000, 500_000
SLOW, SHARED, HEAVY, TLS = 4_000, 600, 1_000, 10_000
SEVERAL = 8  # connections


class Bench:
    """The databases, the peers and the results of one run.

    :cvar side: the module with the functions that ``start`` runs inside Odoo
    """

    side = "_odoo_side"

    def __init__(self, tools, folder, args, name="bench"):
        self.tools, self.folder = tools, Path(folder)
        self.scale, self.repeat = args.scale, args.repeat
        self.figures = Figures()
        self.own, self.stock = database.fresh(tools, name), None
        self.sink = self.port = None

    def size(self, count, least=50):
        """Return a number of messages at the scale of this run."""
        return max(least, int(count * self.scale))

    def start(self, function, name=None, **values):
        """Start a function of ``side`` in an Odoo of its own; return (process, result)."""
        result = self.folder / f"{time.monotonic_ns()}.json"
        script = self.folder / f"{result.stem}.py"
        call = f"odoo_side.{function}(env, {str(result)!r}, **{values!r})"
        script.write_text(f"from benchmarks import {self.side} as odoo_side\n{call}\n")
        command = self.tools.command("shell", "-d", name or self.own, "--no-http")
        with open(script) as source, open(process.log_file(f"bench-{result.stem}"), "wb") as log:
            started = subprocess.Popen(
                [str(part) for part in command],
                stdin=source,
                stdout=log,
                stderr=log,
                env=self.tools.environment(),
                preexec_fn=process.end_with_parent,
            )
        return started, result

    def run(self, function, name=None, **values):
        """Run a function of ``_odoo_side`` to its end; return what it wrote."""
        return self.finish(*self.start(function, name, **values))

    def finish(self, started, result):
        """Wait for a started function; return what it wrote."""
        started.wait(LIMIT)
        if not result.exists():
            log = process.log_file(f"bench-{result.stem}")
            raise Failure(f"A measurement failed: look into {log}.\n{process.tail(log)}")
        return json.loads(result.read_text())

    def run_parts(self, parts, chosen=None):
        """Run parts, each with a sink of its own; return the figures.

        :param parts: {name: function that is called with this object}
        :param chosen: names of the parts to run, all of them by default
        """
        for name in chosen or parts:
            with peers.sink() as self.sink:
                self.port = self.sink.port
                say(f"· {name} (load average {peers.load():.1f})")
                parts[name](self)
        return self.figures

    def prepare(self, count, **values):
        """Make a validated mailing; return its id and the size of a message in octets."""
        made = self.run("prepare", count=count, **{"port": self.port, **values})
        return made["mailing"], made["size"]

    def send(self, count, **values):
        """Send a new mailing; return what ``send`` wrote, with messages a second as ``rate``."""
        mailing, size = self.prepare(count, **values)
        taken = self.run("send", mailing=mailing, sink=self.sink.pid if self.sink else None)
        if (taken["sent"], taken["state"]) != (count, "done"):
            raise Failure(f"Of {count} messages {taken['sent']} were sent: {taken['state']}.")
        return {**taken, "rate": count / (taken["ended"] - taken["began"]), "size": size}


def whole_job(bench):
    """From validated to done."""
    figures = bench.figures
    count, stock_count = bench.size(JOB), bench.size(STOCK)
    stock = bench.run("stock", bench.stock, count=stock_count, port=bench.port)
    if stock["sent"] != stock_count:
        raise Failure(f"Stock mass_mailing sent {stock['sent']} of {stock_count} messages.")
    stock_rate = stock_count / (stock["ended"] - stock["began"])
    jobs, generator = [], []
    for _each in range(bench.repeat):
        jobs.append(bench.send(count))
        generator.append(peers.load_generator(bench.port, count, jobs[-1]["size"]))
    rates = [job["rate"] for job in jobs]
    rate, peer = statistics.median(rates), statistics.median(generator)
    spread = f"{rate:.0f}/s (least {min(rates):.0f})"
    detail = f"{spread}; stock {stock_rate:.1f}/s"
    figures.at_least("whole job × stock", rate / stock_rate, 200, detail=detail)
    ratios = [mine / theirs for mine, theirs in zip(rates, generator, strict=True)]
    detail = (
        f"{spread}; smtp-source {' '.join(peers.GENERATOR)} -l {jobs[-1]['size']} {peer:.0f}/s;"
        f" ratios {min(ratios):.2f} to {max(ratios):.2f}"
    )
    figures.at_least("whole job × smtp-source", statistics.median(ratios), 1.3, detail=detail)
    add_processor_time(bench, jobs, count)
    per_mail = jobs[0]["statements"] / count
    stock_per_mail = stock["statements"] / stock_count
    detail = f"stock {stock_per_mail:.1f}"
    figures.at_most("SQL statements a mail", per_mail, 0.1, detail=detail)
    rate = bench.send(count, body="qweb")["rate"]
    figures.at_least("with template logic × stock", rate / stock_rate, 150, detail=f"{rate:.0f}/s")
    jobs = [bench.send(count, connections=SEVERAL) for _each in range(bench.repeat)]
    rate = statistics.median(job["rate"] for job in jobs)
    name = f"{SEVERAL} connections: whole job × stock"
    figures.at_least(name, rate / stock_rate, 200, detail=f"{rate:.0f}/s; stock {stock_rate:.1f}/s")
    add_processor_time(bench, jobs, count, f"{SEVERAL} connections: ")


def add_processor_time(bench, jobs, count, of=""):
    """Add the processor's time a mail, of each process that takes part: it means something on a
    noisy machine, too."""
    for who, goal in (("sender", 90), ("PostgreSQL", 40), ("sink", None)):
        times = sorted(1e6 * job["processor"][who] / count for job in jobs)
        name = f"{of}processor's time a mail, {who}"
        detail = f"{times[0]:.0f} to {times[-1]:.0f}"
        if goal:
            bench.figures.at_most(name, statistics.median(times), goal, "µs", detail)
        else:
            bench.figures.inform(name, statistics.median(times), "µs", detail)


def halves(bench):
    """What limits the whole job: the two halves of the sender, each alone, and the processors."""
    count = bench.size(JOB)
    job = bench.send(count)["rate"]
    mailing, size = bench.prepare(count)
    taken = bench.run("connection_alone", mailing=mailing)
    connection = count / (taken["ended"] - taken["began"])
    peer = peers.load_generator(bench.port, count, size)
    detail = f"{connection:.0f}/s; smtp-source {peer:.0f}/s"
    bench.figures.inform("connection alone × smtp-source", connection / peer, detail=detail)
    mailing, _size = bench.prepare(count)
    database = bench.run("database_alone", mailing=mailing, rate=job)
    database = count / (database["ended"] - database["began"])
    detail = "claims as large as in the whole job"
    bench.figures.inform("database alone", database, "mails/s", detail)
    in_turn = 1 / (1 / connection + 1 / database)
    detail = f"{job:.0f}/s; one after the other they would do {in_turn:.0f}/s"
    bench.figures.inform("both at once ÷ one after the other", job / in_turn, detail=detail)
    alone = peers.beside_another()
    bench.figures.inform("processor beside a busy one", alone, detail="share of its speed alone")


def heavy(bench):
    """A message with an attachment of 2 MB."""
    count = bench.size(HEAVY, 20)
    jobs, ratios = [], []
    for _each in range(bench.repeat):
        jobs.append(bench.send(count, attachment=2 * MEGABYTE))
        peer = peers.load_generator(bench.port, count, jobs[-1]["size"])
        ratios.append(jobs[-1]["rate"] / peer)
    rate, size = statistics.median(job["rate"] for job in jobs), jobs[0]["size"]
    detail = (
        f"{rate:.0f}/s, {size / MEGABYTE:.2f} MB each; smtp-source {' '.join(peers.GENERATOR)}"
        f" -l {size}; ratios {min(ratios):.2f} to {max(ratios):.2f}"
    )
    name = "message of 2.7 MB × smtp-source"
    bench.figures.at_least(name, statistics.median(ratios), 1.0, detail=detail)
    for who in ("sender", "sink"):
        used = statistics.median(1e3 * job["processor"][who] / count for job in jobs)
        bench.figures.inform(f"processor's time a message of 2.7 MB, {who}", used, "ms")


def tls(bench):
    """STARTTLS and TLS from the first octet, against the same sink without encryption."""
    for connections in (1, SEVERAL):
        compare_tls(bench, connections)


def compare_tls(bench, connections):
    """Compare the kinds of encryption over a number of connections."""
    count = bench.size(TLS)
    runs = {kind: [] for kind in ("none", "starttls", "ssl")}
    with peers.tls_sink() as sinks:
        for _each in range(bench.repeat):
            for kind, jobs in runs.items():
                bench.sink = sinks[kind]
                port = bench.sink.port
                jobs.append(bench.send(count, port=port, encryption=kind, connections=connections))
    plain = runs.pop("none")
    rate = statistics.median(job["rate"] for job in plain)
    over = "" if connections == 1 else f", {connections} connections"
    for kind, name in (("starttls", "STARTTLS"), ("ssl", "TLS from the first octet")):
        pairs = zip(runs[kind], plain, strict=True)
        ratios = [encrypted["rate"] / clear["rate"] for encrypted, clear in pairs]
        detail = (
            f"{statistics.median(job['rate'] for job in runs[kind]):.0f}/s, without {rate:.0f}/s;"
            f" ratios {min(ratios):.2f} to {max(ratios):.2f}"
        )
        bench.figures.at_least(
            f"{name} × plain{over}", statistics.median(ratios), 0.8, detail=detail
        )
    for who in ("sender", "sink"):
        for name, jobs in (("plain", plain), *runs.items()):
            used = statistics.median(1e6 * job["processor"][who] / count for job in jobs)
            bench.figures.inform(f"processor's time a mail, {who}, {name}{over}", used, "µs")


def slow_line(bench):
    """A round trip of 20 ms, for eight connections and for two processes."""
    with peers.slow_line(bench.port, ROUND_TRIP) as port:
        ideal = 8 / (2 * ROUND_TRIP)
        rate = bench.send(bench.size(SLOW), port=port, connections=8)["rate"]
        detail = f"{rate:.0f}/s of {ideal:.0f}/s"
        bench.figures.at_least("8 connections, 20 ms: share", rate / ideal, 0.8, detail=detail)
        count = bench.size(SHARED)
        one = bench.send(count, port=port)["rate"]
        mailing, _size = bench.prepare(count, port=port)
        go = bench.folder / "go"
        both = [
            bench.start("send", mailing=mailing, go=str(go), joins=joins) for joins in (False, True)
        ]
        while len(list(bench.folder.glob("go.*"))) < len(both):  # until both have loaded Odoo
            if any(started.poll() is not None for started, _result in both):
                break  # finish() says why
            time.sleep(0.05)
        go.touch()
        taken = [bench.finish(*each) for each in both]
        handled = sum(each["handled"] for each in taken)
        if handled != count:
            raise Failure(f"Two processes sent {handled} messages of {count}.")
        ended = max(each["ended"] for each in taken)
        two = count / (ended - min(each["began"] for each in taken))
        detail = f"{two:.0f}/s and {one:.0f}/s, {handled} of {count} once each"
        bench.figures.at_least("two processes × one", two / one, 1.8, detail=detail)


def growth(bench):
    """Cost and memory at a large list, compared with a small one."""
    small, large = bench.size(SMALL), bench.size(LARGE)
    few, many = bench.send(small), bench.send(large)
    ratio = few["rate"] / many["rate"]
    detail = f"{many['rate']:.0f}/s at {large}, {few['rate']:.0f}/s at {small}"
    bench.figures.at_most("cost a mail, large ÷ small", ratio, 1.15, detail=detail)
    more = many["megabytes"] - few["megabytes"]
    detail = f"{few['megabytes']:.0f} and {many['megabytes']:.0f} MB resident"
    bench.figures.at_most("memory, large − small", more, 50, "MB", detail)


PARTS = {
    "job": whole_job,
    "halves": halves,
    "heavy": heavy,
    "tls": tls,
    "slow-line": slow_line,
    "growth": growth,
}


def main():
    """Run the parts; return the figures. The databases are removed."""
    args = parse_options(sys.argv[1:])
    with contextlib.ExitStack() as stack:
        tools = stack.enter_context(odoo_process.odoo())
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        bench = Bench(tools, folder, args)
        stack.callback(database.drop, tools, bench.own)
        if "job" in (args.part or PARTS):
            with step("Installing stock mass_mailing into a database of its own"):
                bench.stock = database.prepared(tools, "bench_stock", ["mass_mailing"])
            stack.callback(database.drop, tools, bench.stock)
        return bench.run_parts(PARTS, args.part)


def parse_options(words):
    """Return the options of this measurement; those of others are not looked at."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the numbers of messages")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the whole job")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    return parser.parse_known_args(words)[0]
