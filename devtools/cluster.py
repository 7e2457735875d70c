"""A private PostgreSQL data folder and the server on it.

The server listens on a socket only, in a folder that nobody else can enter. It runs while somebody
of this checkout needs it, and starts whatever way the last run ended.
"""

import os
import pwd
import shutil
import subprocess
from contextlib import contextmanager

from . import paths
from .cache import lock, try_lock
from .console import Failure, say
from .process import tail

USER = "odoo"  # Odoo refuses to work as a database user named postgres.
PATIENCE = 60  # seconds for the server to start or stop

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 100
shared_buffers = 256MB
jit = off
log_line_prefix = '%m [%p] %d '
"""

# Nothing is worth waiting for the disk where what is lost with the machine is made again.
FORGETFUL = """
fsync = off
synchronous_commit = off
full_page_writes = off
"""


class Cluster:
    """A data folder, its server, and the count of those who use it.

    :param durable: what was committed outlasts a crash, as it is in real life
    """

    def __init__(self, programs, folder, durable=False):
        self.programs = programs
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.user = paths.unprivileged_user()
        self._settings = SETTINGS if durable else SETTINGS + FORGETFUL

    @property
    def environment(self):
        """Return the variables by which clients find the server."""
        return {"PGHOST": str(self.folder), "PGPORT": "5432", "PGUSER": USER}

    @contextmanager
    def in_use(self):
        """Let the server run for the block, and on until the last of several users is done.

        Each user holds a shared lock, which the system takes back when a user is killed; who can
        turn it into an exclusive one is alone and stops the server.
        """
        guard = paths.make_folder(paths.RUN) / "postgresql.lock"
        with open(paths.RUN / "postgresql.users", "a") as users:
            with lock(guard):
                self.start()
                try_lock(users, shared=True)
            try:
                yield
            finally:
                with lock(guard):
                    if try_lock(users):
                        self.stop()

    def stop(self, mode="fast"):
        """Stop the server: ``fast`` ends its sessions, ``immediate`` is a crash."""
        self._control("stop", "-m", mode)

    def start(self):
        """Start the server unless it runs; make its data folder the first time."""
        self._make_folder()
        if not (self.folder / "ready").exists():
            self._initialise()
        if self._control("status", check=False):
            return
        # What a killed server left may name a process that now is another program's.
        for left in (self.data / "postmaster.pid", *self.folder.glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)
        self._control("start", "-l", self.log)

    def _make_folder(self):
        """Create the folder for the user who runs the server, and for nobody else."""
        paths.make_folder(self.folder, mode=0o700)
        owner = self.user.pw_uid if self.user else os.geteuid()
        if self.folder.stat().st_uid not in (owner, os.geteuid()):
            name = pwd.getpwuid(self.folder.stat().st_uid).pw_name
            raise Failure(f"{self.folder} belongs to {name}: remove it and run this again.")
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.folder.chmod(0o700)

    def _initialise(self):
        """Create the data folder, all anew when an earlier attempt was interrupted."""
        say("· Creating a private PostgreSQL …")
        shutil.rmtree(self.data, ignore_errors=True)
        encoding = ("-E", "UTF8", "--locale=C.UTF-8")
        self._run("initdb", "-D", self.data, *encoding, "-A", "trust", "-U", USER, "--no-sync")
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(self._settings.format(folder=self.folder))
        (self.folder / "ready").touch()

    def _control(self, action, *options, check=True):
        """Start, stop or look for the server; tell whether that worked."""
        patience = () if action == "status" else ("-w", "-t", PATIENCE)
        return self._run("pg_ctl", action, "-D", self.data, *patience, *options, check=check)

    def _run(self, program, *arguments, check=True):
        """Run a program of PostgreSQL as the user who owns the data folder."""
        account = {}
        if self.user:
            ids = {"user": self.user.pw_uid, "group": self.user.pw_gid}
            account = {**ids, "extra_groups": []}
        output = self.folder / f"{program}.log"
        with open(output, "wb") as file:
            done = subprocess.run(
                [self.programs / program, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                timeout=PATIENCE * 2,
                check=False,
                cwd=self.folder,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                **account,
            )
        if check and done.returncode:
            logs = [log for log in (output, self.log) if log.exists()]
            text = "\n".join(tail(log) for log in logs)
            raise Failure(f"PostgreSQL's {program} failed: look into {self.folder}.\n{text}")
        return done.returncode == 0
