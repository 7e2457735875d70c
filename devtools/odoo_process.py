"""Running Odoo: its environment, its configuration file, its commands and its server."""

import contextlib
import os
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from . import odoo_source, paths, postgres, process, python_env
from .console import Failure

PATIENCE = 180  # seconds for a server to answer its first request
DEAD_PORT = 1  # no mail leaves the machine while a database has no mail server of its own


@dataclass(frozen=True)
class Odoo:
    """An Odoo that can be run: its source, its Python and its PostgreSQL."""

    source: odoo_source.Source
    programs: Path
    server: postgres.Server

    @property
    def python(self):
        """Return the interpreter that Odoo's requirements are installed for."""
        return self.programs / "python"

    def environment(self, *folders):
        """Return the variables for Odoo's processes; `folders` come first in the PATH.

        The virtual environment stands in the PATH because Odoo restarts itself by program name.
        Compiled modules are kept in the run folder, also where PYTHONDONTWRITEBYTECODE would keep
        none: without them each start of Odoo takes 3 s of a processor instead of 1.7.
        """
        inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        path = [*map(str, folders), str(self.programs), os.environ.get("PATH", os.defpath)]
        return {
            **inherited,
            **self.server.environment,
            "PYTHONPYCACHEPREFIX": str(paths.RUN / "bytecode"),
            "PATH": os.pathsep.join(path),
            "PYTHONPATH": os.pathsep.join([str(self.source.python_path), str(paths.ROOT)]),
            "ODOO_RC": str(self.configure()),
        }

    def configure(self, name="odoo", **settings):
        """Write a configuration file of the run folder and return its path.

        A setting that is a dict becomes a section of its own.
        """
        settings = {
            "addons_path": ",".join(map(str, [*self.source.addons_path, paths.ROOT])),
            "data_dir": data_folder(),
            "http_interface": "127.0.0.1",
            "list_db": False,
            "max_cron_threads": 1,
            "limit_memory_hard": 0,  # a browser that a test starts inherits the limit
            "limit_memory_soft": 0,
            "limit_time_real": 1200,
            "limit_time_cpu": 1200,
            "screenshots": paths.RUN / "screenshots",
            "smtp_server": "127.0.0.1",
            "smtp_port": DEAD_PORT,
            **settings,
        }
        sections = {key: value for key, value in settings.items() if isinstance(value, dict)}
        options = {key: value for key, value in settings.items() if key not in sections}
        lines = []
        for section, values in {"options": options, **sections}.items():
            lines += [f"[{section}]", *(f"{key} = {value}" for key, value in values.items()), ""]
        path = paths.make_folder(paths.RUN) / f"{name}.conf"
        # Another process may read it at this moment.
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text("\n".join(lines))
        return unfinished.replace(path)

    def command(self, *arguments):
        """Return the command line of an Odoo command."""
        return [self.python, self.source.program, *arguments]

    def run(self, *arguments, what, log, **options):
        """Run an Odoo command to its end."""
        command = self.command(*arguments)
        process.run(command, what=what, log=log, env=self.environment(), cwd=paths.RUN, **options)

    def script(self, database, text, *, what, log):
        """Run Python statements in Odoo's shell on a database."""
        self.run("shell", "-d", database, "--no-http", what=what, log=log, input=text.encode())

    @contextlib.contextmanager
    def serve(self, database, *, name, port=None, **settings):
        """Run a server with scheduled actions for the block; give the address that it answers."""
        port = port or process.free_port()
        if settings.get("workers"):
            settings.setdefault("gevent_port", process.free_port())
        config = self.configure(name, http_port=port, db_name=database, **settings)
        command = self.command("server", "-c", config)
        environment = {**self.environment(), "ODOO_RC": str(config)}
        with process.running(command, log=name, env=environment, cwd=paths.RUN) as running:
            url = f"http://127.0.0.1:{port}"
            wait_for_answer(url, running, name)
            yield url


@contextlib.contextmanager
def odoo():
    """Give an Odoo that can be run, with all that it needs fetched and its PostgreSQL running."""
    paths.make_folder(paths.RUN)
    source = odoo_source.find()
    programs = python_env.find()
    with postgres.server() as server:
        yield Odoo(source, programs, server)


def data_folder():
    """Return the folder where Odoo keeps attachments and sessions."""
    return paths.RUN / "data"


def wait_for_answer(url, running, name):
    """Wait until the server answers, or say what it said instead."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.poll() is None:
        with contextlib.suppress(OSError), opener.open(f"{url}/web/health", timeout=PATIENCE):
            return
        time.sleep(0.2)
    log = process.log_file(name)
    raise Failure(f"Odoo's server did not start: look into {log}.\n{process.tail(log)}")
