"""What a mail costs, in things that can be counted: the same on a busy machine and on an idle one.

Statements, allocated memory, calls of functions and, where `perf` can count them, instructions.
Limits stand a little above what was measured last: a change that makes a mail dearer passes one.
`make test` runs this, too (`tests/system/test_cost.py`).
"""

import argparse
import tempfile

from benchmarks import _peers as peers
from benchmarks.sending import Bench
from devtools import database, odoo_process

COUNT = 1000  # messages of each part

# A mail, except the peak, which is of a whole mailing.
LIMITS = {
    "statements": (0.27, ""),
    "peak of allocated memory": (800, "kB"),
    "calls of functions": (535, ""),
    "instructions": (900_000, ""),
}


def main():
    """Measure, and return the figures."""
    with odoo_process.odoo() as tools:
        return measure(tools)


def measure(tools):
    """Send some mailings; return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(tools, folder, argparse.Namespace(scale=1, repeat=1), name="bench_cost")
        try:
            with peers.sink() as sink:
                mailings = [bench.prepare(COUNT, port=sink.port)[0] for _part in range(4)]
                counted = bench.run("cost", mailings=mailings, count=COUNT)
        finally:
            database.drop(tools, bench.own)
    for name, value in counted.items():
        limit, unit = LIMITS[name]
        bench.figures.at_most(name, value, limit, unit)
    return bench.figures
