"""The proofs of exact sending, in full: 100 kills, a database that stops, faults, 1,000,000 rows.

`make test` runs the same with smaller numbers; see `tests/system/proofs.py`. `--only=kills` runs
one of them, `--list=200000` makes the long list shorter.
"""

import argparse
import subprocess
import sys

from benchmarks._figures import Figures
from devtools import paths, process
from devtools.odoo_process import odoo

PARTS = ("kills", "database", "faults", "senders", "edges")
LIMIT = 12 * 3600  # seconds


def main():
    """Run the proofs; return the figures."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--list", default="1000000")
    args = parser.parse_known_args(sys.argv[1:])[0]
    folder = paths.ROOT / "tests" / "system"
    files = [str(folder / f"test_proof_{part}.py") for part in args.only or PARTS]
    full = {"MASS_MAILING_LITE_PROOFS": "full", "MASS_MAILING_LITE_PROOF_LIST": args.list}
    with odoo() as tools:
        code = subprocess.call(
            [str(tools.python), "-m", "pytest", "-s", "-p", "no:odoo", "--timeout=7200", *files],
            stdin=subprocess.DEVNULL,
            cwd=paths.ROOT,
            env={**tools.environment(), **full},
            timeout=LIMIT,
            preexec_fn=process.end_with_parent,
        )
    figures = Figures()
    figures.at_most("exit code of the proofs", code, 0, detail=", ".join(args.only or PARTS))
    return figures
