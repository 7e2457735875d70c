"""What the sender is measured against: a sink, a load generator, and connections with a round trip.

Sink and generator are programs of Postfix, in C, made for measuring.
"""

import concurrent.futures
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import NamedTuple

from devtools import mail_programs, paths, process
from devtools.console import Failure

PATIENCE = 10  # seconds for a peer to listen
BACKLOG = 100  # connections that may wait to be accepted by the sink
GENERATOR = ("-s", "1", "-d")  # one session, which is not closed between messages
REPLY_TIME = 600  # seconds for the whole run of the load generator


class Sink(NamedTuple):
    """A running smtp-sink."""

    port: int
    pid: int


@contextmanager
def sink():
    """Run Postfix's smtp-sink, which accepts and discards messages; give a ``Sink``."""
    port = process.free_port()
    command = [mail_programs.program("postfix", "smtp-sink")]
    if paths.is_root():
        command += ["-u", "nobody"]
    command += [f"127.0.0.1:{port}", str(BACKLOG)]
    with process.running(command, log="smtp-sink") as running:
        _wait(port)
        yield Sink(port, running.pid)


@contextmanager
def tls_sink():
    """Run a sink for messages in the clear, by STARTTLS and over TLS; give {encryption: ``Sink``}.

    One program takes all three, so that figures with TLS and without differ in nothing else.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks._tls_sink", folder]
        options = {"stdout": subprocess.PIPE, "text": True, "cwd": paths.ROOT}
        with process.running(command, log="tls-sink", **options) as running:
            ports = map(int, running.stdout.readline().split())
            kinds = ("none", "starttls", "ssl")
            yield {kind: Sink(port, running.pid) for kind, port in zip(kinds, ports, strict=True)}


@contextmanager
def slow_line(port, round_trip):
    """Put ``round_trip`` seconds between a client and a port; give the port to connect to."""
    command = [sys.executable, "-m", "benchmarks._slow_line", str(port), str(round_trip)]
    options = {"stdout": subprocess.PIPE, "text": True, "cwd": paths.ROOT}
    with process.running(command, log="slow-line", **options) as line:
        yield int(line.stdout.readline())


def load_generator(port, count, size):
    """Return the messages a second of smtp-source with one connection, for messages of ``size``."""
    command = [
        mail_programs.program("postfix", "smtp-source"),
        *GENERATOR,
        *("-m", str(count), "-l", str(size)),
        *("-f", "news@example.com", "-t", "reader@example.com", f"127.0.0.1:{port}"),
    ]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=REPLY_TIME, check=False)
    if done.returncode:
        raise Failure(f"smtp-source failed: {done.stderr.strip()}")
    return count / (time.monotonic() - began)


def resident_kilobytes(pid):
    """Return the resident memory of a process in kilobytes (Linux)."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


def processor_seconds(pid):
    """Return the processor time of a process and its threads so far (Linux), 0 for ``None``."""
    if pid is None:
        return 0.0
    with open(f"/proc/{pid}/stat") as stat:
        # The name, in parentheses, may hold blanks; user and system time are fields 14 and 15.
        times = stat.read().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def load():
    """Return the machine's load average over the last minute."""
    return os.getloadavg()[0]


def beside_another():
    """Return the speed of a process beside another busy one, as a share of its speed alone.

    Near 1 if each has a processor of its own; 0.6 if two threads share one.
    """
    alone = min(_compute() for _each in range(5))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        together = list(pool.map(_compute, range(20)))
    return alone / statistics.median(together)


def _compute(_number=0):
    """Return the processor time of a fixed computation, in seconds."""
    began, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number * number % 7
    return time.process_time() - began


def _wait(port):
    """Wait until a program listens on a port."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Failure(f"The sink did not start: look into {process.log_file('smtp-sink')}.")
