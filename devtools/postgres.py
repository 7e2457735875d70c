"""PostgreSQL: the server that PGHOST names, or a private one that needs no installation."""

import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import debian, paths
from .cache import provide
from .cluster import Cluster
from .console import Failure, remedy, step

PROGRAMS = ("initdb", "pg_ctl", "psql")

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
    programs = find_programs()
    cluster = Cluster(programs, paths.database_folder())
    with cluster.in_use():
        yield Server(programs, cluster.environment)


def find_programs():
    """Return the folder of PostgreSQL's programs: the system's, or else Debian's, unpacked."""
    for folder in _candidates():
        if all((folder / program).exists() for program in PROGRAMS):
            return folder
    return provide("postgresql", _unpack) / "programs"


def _candidates():
    """Yield the folders where a system keeps PostgreSQL's programs, the newest version first."""
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=_version, reverse=True)
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=True)
        yield Path(answer.stdout.strip())
    yield from (Path(folder) for folder in os.get_exec_path())


def _version(folder):
    """Return the version that a folder like /usr/lib/postgresql/15/bin is for, to sort by."""
    return [int(number) for number in folder.parent.name.split(".") if number.isdigit()]


def _unpack(folder):
    """Fetch and unpack Debian's packages, with programs that find their libraries there."""
    with step("Fetching PostgreSQL from Debian's archive"), remedy(REMEDY_ABSENT):
        debian.unpack(debian.fetch(debian.with_dependencies(["postgresql"])), folder)
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
