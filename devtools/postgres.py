"""PostgreSQL: the server that PGHOST names, or a private one that needs no installation."""

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import debian, paths
from .cache import provide
from .cluster import Cluster
from .console import Failure, remedy, step

PROGRAMS = ("initdb", "pg_ctl", "postgres", "psql")
OLDEST = 13  # that Odoo 19 runs on

# Variables of clients that would lead them past the server that we start.
LEADING_AWAY = ("PGDATABASE", "PGHOSTADDR", "PGOPTIONS", "PGPASSWORD", "PGSERVICE", "PGSSLMODE")

REMEDY_ABSENT = (
    "There is no PostgreSQL on this machine and it could not be fetched: install it, or set "
    "PGHOST, PGPORT, PGUSER and PGPASSWORD to reach a server."
)
REMEDY_NAMED = (
    "The server that PGHOST names does not let us in: correct PGHOST, PGPORT, PGUSER and "
    "PGPASSWORD, or unset PGHOST to get a private one."
)


@dataclass(frozen=True)
class Server:
    """How to reach a running PostgreSQL; `prefix` keeps its databases apart from other people's."""

    programs: Path | None
    environment: dict
    prefix: str = "mass_mailing_lite_"

    def sql(self, statement, database="postgres"):
        """Execute one statement and return the rows that it answers, as lists of texts."""
        psql = self.programs / "psql" if self.programs else "psql"
        command = [psql, "-w", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
        done = subprocess.run(
            [*command, "-d", database, "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, **self.environment, "PGCONNECT_TIMEOUT": "10"},
        )
        if done.returncode:
            raise Failure(f"PostgreSQL refused: {done.stderr.strip()}")
        return [line.split("\t") for line in done.stdout.splitlines()]


@contextmanager
def server():
    """Give a PostgreSQL for the time of the block.

    Programs that we start find our own server's folder in PGHOST; it is not somebody else's then.
    """
    if os.environ.get("PGHOST", "") not in ("", str(paths.database_folder())):
        yield _named_server()
        return
    for name in LEADING_AWAY:
        os.environ.pop(name, None)
    programs = find_programs()
    cluster = Cluster(programs, paths.database_folder())
    with cluster.in_use():
        yield Server(programs, cluster.environment)


def find_programs():
    """Return the folder of PostgreSQL's programs: the system's, or else Debian's, unpacked."""
    for folder in _candidates():
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS) and _fits(folder):
            return folder
    return provide("postgresql", _unpack) / "programs"


def _candidates():
    """Yield the folders where a system keeps PostgreSQL's programs, the newest version first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=_version, reverse=True)
    if shutil.which("pg_config"):
        # Debian's fails where only clients are installed.
        yield Path(_answer("pg_config", "--bindir") or "/nonexistent")
    yield from (Path(folder) for folder in os.get_exec_path())


def _fits(folder):
    """Tell whether the programs of a folder run, and are new enough for Odoo."""
    found = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", _answer(folder / "postgres", "--version"))
    return bool(found) and int(found[1]) >= OLDEST


def _answer(program, option):
    """Return what a program says of itself, nothing when it does not run."""
    try:
        done = subprocess.run(
            [program, option],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else done.stdout.strip()


def _version(folder):
    """Return the version that a folder like /usr/lib/postgresql/15/bin is for, to sort by."""
    return [int(number) for number in folder.parent.name.split(".") if number.isdigit()]


def _unpack(folder):
    """Fetch and unpack Debian's packages, with programs that find their libraries there."""
    with step("Fetching PostgreSQL from Debian's archive"), remedy(REMEDY_ABSENT):
        # The suite's version, by name: of what is installed already, apt would name nothing.
        found = [name for name in debian.depends("postgresql") if name[-1:].isdigit()]
        if not found:
            raise Failure("Debian's archive has no PostgreSQL for this system.")
        server = found[0]
        client = server.replace("-", "-client-", 1)
        debian.unpack(debian.fetch(debian.with_dependencies([server, client])), folder)
    programs = folder / "programs"
    programs.mkdir()
    for program in next(folder.glob("usr/lib/postgresql/*/bin")).iterdir():
        debian.wrap(program, programs / program.name, folder)


def _named_server():
    """Return the server that PG… variables name, after a look whether it answers."""
    named = Server(None, {}, f"mass_mailing_lite_{paths.checkout_digest()}_")
    if not shutil.which("psql"):
        named = Server(find_programs(), {}, named.prefix)
    with remedy(REMEDY_NAMED):
        named.sql("SELECT 1")
    return named
