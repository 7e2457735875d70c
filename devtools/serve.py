"""`make serve`: the demo's database in the web client, with the inbox running, until Ctrl-C."""

import contextlib
import shutil
import subprocess
import threading

from . import company, database, paths, process
from .cache import only_one
from .console import Failure, say
from .odoo_process import odoo

NAME = "demo"
MAILDIR = paths.RUN / "inbox"
PREFERRED_PORT = 8069


def serve(_arguments):
    """Serve the database that the demo left, or a new one with users and contacts."""
    with running(new=False) as (url, name):
        say(f"\nOdoo is at {url}, database {name}")
        people = [(login, role) for login, _name, _group, role in company.USERS]
        for login, role in [*people, ("admin", "administers")]:
            say(f"  log in as {login}, password {login}: {role}")
        say(f"What is sent is kept in {MAILDIR}\nCtrl-C ends it.")
        threading.Event().wait()


@contextlib.contextmanager
def running(*, new):
    """Give address and database of a server with users, contacts and a running inbox.

    A database counts once it is marked: one whose making was interrupted is made anew.
    """
    with only_one("demo", "`make demo` or `make serve`"), odoo() as tools:
        name = tools.server.prefix + NAME
        made_for = None if new else database.mark_of(tools, name)
        if not made_for:
            shutil.rmtree(MAILDIR, ignore_errors=True)
            database.fresh(tools, NAME)
        elif made_for != database.addons_digest():
            database.update(tools, name)
        port = process.free_port(PREFERRED_PORT)
        with inbox(tools) as inbox_port, tools.serve(name, name="serve", port=port) as url:
            admin = company.login(url, name, "admin")
            if not made_for:
                company.create_users(admin)
                company.import_contacts(admin)
            company.send_to(admin, inbox_port)
            database.mark(tools, name)
            yield url, name


@contextlib.contextmanager
def inbox(tools):
    """Run the local inbox for the block and give its port."""
    command = [tools.python, "-m", "devtools.inbox", MAILDIR]
    options = {"stdout": subprocess.PIPE, "text": True, "env": tools.environment()}
    with process.running(command, log="inbox", **options) as server:
        port = server.stdout.readline().strip()
        if not port:
            raise Failure(f"The local inbox did not start: look into {process.log_file('inbox')}.")
        yield int(port)
