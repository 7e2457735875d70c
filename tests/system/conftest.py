"""A whole system for the tests: a real Odoo server process, a real SMTP server, a real browser."""

import contextlib
import inspect
import itertools
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import sync_playwright

from devtools import browser, company, database, odoo_process, paths
from devtools.inbox import Inbox
from devtools.rpc import Client

PATIENCE = 90  # seconds for a page to show something on a busy machine

_numbers = itertools.count(1)


@dataclass(frozen=True)
class OdooServer:
    """A running server: where it answers, on which database, and with which tools it runs."""

    url: str
    database: str
    tools: odoo_process.Odoo
    sessions: dict = field(default_factory=dict, compare=False)

    def login(self, user):
        """Return the session of a user, whose password is the login.

        There is one for each user: the check of a password takes half a second of computing.
        """
        if user not in self.sessions:
            self.sessions[user] = Client(self.url, self.database, user)
        return self.sessions[user]

    def sql(self, statement):
        """Look into the database past Odoo."""
        return self.tools.server.sql(statement, self.database)


@pytest.fixture(scope="session")
def tools():
    """Return an Odoo that can be run, with its PostgreSQL running."""
    with odoo_process.odoo() as found:
        yield found


@pytest.fixture(scope="module")
def start_server(tools, request):
    """Return a function that gives a server for a `with` block, on a database of its own.

    A second call with the same `name` (by default that of the test file, since files run side by
    side) starts another server on that database. What else it takes are settings of Odoo's
    configuration file, such as `workers=2`. The database has the demo's users; with `bridges` it
    has all our addons, and no users yet.
    """
    made = {}

    def make_users(database):
        with tools.serve(database, name="peopled", max_cron_threads=0) as url:
            company.create_users(Client(url, database, "admin"))

    @contextlib.contextmanager
    def start(name=request.path.stem, *, bridges=False, **settings):
        if name not in made:
            made[name] = (
                database.fresh(tools, name, bridges=True)
                if bridges
                else database.peopled(tools, name, make_users, inspect.getsource(company))
            )
        with tools.serve(made[name], name=f"{name}-{next(_numbers)}", **settings) as url:
            yield OdooServer(url, made[name], tools)

    yield start
    for name in made.values():
        database.drop(tools, name)


@pytest.fixture(scope="module")
def odoo_server(start_server):
    """Return a running server with the demo's users; the tests of one file share it."""
    with start_server() as server:
        company.create_users(server.login("admin"))
        yield server


@pytest.fixture
def inbox(tmp_path):
    """Return a running SMTP server that keeps what it gets."""
    with Inbox(tmp_path / "inbox") as running:
        yield running


@pytest.fixture
def mail_server(odoo_server, inbox):
    """Let Odoo send through the inbox; return the inbox."""
    company.send_to(odoo_server.login("admin"), inbox.port)
    return inbox


@pytest.fixture(scope="session")
def chromium():
    """Return a running browser."""
    program = browser.program()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in browser.driver_environment().items():
            patch.setenv(name, value)
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(
                executable_path=program, args=browser.OPTIONS, timeout=PATIENCE * 1000
            )
            yield running
            running.close()


def new_context(chromium):
    """Return a session of the browser, without cookies and with an empty cache."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE * 1000)
    return context


@contextlib.contextmanager
def new_page(context, request):
    """Give a page of a session; a failed test leaves a picture of it in the run folder."""
    page = context.new_page()
    failures = request.session.testsfailed
    yield page
    if request.session.testsfailed > failures:
        folder = paths.make_folder(paths.RUN / "screenshots")
        page.screenshot(path=folder / f"{request.node.name}.png")
    page.close()


@pytest.fixture
def page(chromium, request):
    """Return a page of a new session."""
    with contextlib.closing(new_context(chromium)) as context, new_page(context, request) as page:
        yield page


@pytest.fixture(scope="module")
def sessions(odoo_server, chromium):
    """Return a function that gives the browser's session of a user, who is logged in.

    One for each user and file: to log in, and to load the web client into an empty cache, takes
    longer than most tests of what it shows.
    """
    found = {}

    def session(user):
        if user not in found:
            found[user] = new_context(chromium)
            found[user].add_cookies(odoo_server.login(user).cookies())
        return found[user]

    yield session
    for context in found.values():
        context.close()


@pytest.fixture
def page_of(sessions, request):
    """Return a function that opens a page of a user, who is logged in."""
    with contextlib.ExitStack() as stack:
        yield lambda user: stack.enter_context(new_page(sessions(user), request))
