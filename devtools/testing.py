"""`make test`: the addons' tests inside Odoo, then the whole-system tests from outside.

Tests of plain Python need neither, so they run beside all that: while the databases are made, which
takes two minutes of one processor in a new checkout. Each other suite runs in several processes (pytest-xdist). In the addons' suites each process has a
database of its own, a copy of the suite's, and gets whole classes; in the system suite it gets
whole files, whose databases, servers and ports are their own. `--fast` leaves out the tests that
need a browser and the slow ones; see `selection.py`.

A browser tour that cannot start its browser is skipped by Odoo without a word, and a wrong option
collects no test at all; both count as failures here.
"""

import contextlib
import os
import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import browser, database, paths
from .cache import only_one
from .console import Failure, say
from .odoo_process import odoo
from .process import end_with_parent, log_file, processors, running

OUTSIDE = paths.ROOT / "tests"  # what runs without Odoo in its own process
SYSTEM_TESTS = OUTSIDE / "system"
PLAIN_TESTS = [OUTSIDE / name for name in ("delivery", "tools", "house")]
LIMIT = 2400  # seconds; a loop in C code is deaf to the limit that pytest sets each test
NO_TESTS = 5  # pytest's exit code when it selected none
FAST = "--fast"
# Tests ask name servers of their own and no other; see tools/domain/lookup.py of the addon.
NO_NAME_SERVER = {"MAILING_TEST_NAMESERVER": "none"}
MAX_PROCESSES = 8  # each keeps an Odoo of 400 MB

# What Odoo's test classes and pytest-odoo say when they give up a browser test.
GIVEN_UP = re.compile(r"chrome|chromium|websocket|browser|odoo-http|playwright", re.IGNORECASE)


def test(arguments):
    """Run all tests, or with pytest's arguments (paths, `-k name`) some of them."""
    with only_one("test", "`make test`"), odoo() as tools, _plain(tools, arguments) as end:
        results = [_run(tools, suite, own) for suite, own in _suites(tools, arguments).items()]
        results += end()
    if failures := [failure for _number, failure in results if failure]:
        raise Failure("\n".join(failures))
    numbers = [number for number, _failure in results]
    if not any(numbers):
        raise Failure("No test ran: the arguments select none.")
    if set(arguments) <= {FAST} and not all(numbers):
        raise Failure("One of the runs found no test, which cannot be right.")
    return 0


@contextlib.contextmanager
def _plain(tools, arguments):
    """Run the tests of plain Python beside the block, unless the arguments choose some tests.

    It gives a function that waits for them, shows what they said and returns their results.
    """
    chosen, options = _split(arguments)
    if chosen:
        yield list
        return
    command, report = _command(tools, "plain", [*PLAIN_TESTS, "-p", "no:odoo", *options, "-n0"])
    environment = tools.environment()
    with running(command, log="tests-plain", cwd=paths.ROOT, env=environment) as process:

        def end():
            try:
                code = process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                return [(0, _describe_limit("plain"))]
            say(f"\n═══ plain ═══\n{log_file('tests-plain').read_text(errors='replace')}")
            return [_read(code, "plain", report)]

        yield end


def _split(arguments):
    """Return the paths of tests among the arguments, and the others."""
    chosen = [argument for argument in arguments if Path(argument.partition("::")[0]).exists()]
    return chosen, [argument for argument in arguments if argument not in chosen]


def _suites(tools, arguments):
    """Return the arguments of each run of pytest, or of those that the arguments' paths need."""
    chosen, options = _split(arguments)
    system = [path for path in chosen if Path(path).resolve().is_relative_to(OUTSIDE)]
    addons = [path for path in chosen if path not in system]
    if not chosen:
        system = [SYSTEM_TESTS]
        addons = [folder for addon in paths.addons() if (folder := addon / "tests").is_dir()]
    suites = {}
    # The main addon's tests run where nothing joins it to others, the others' where all is there.
    bridges = [path for path in addons if _is_in_bridge(path)]
    for suite, folders in (
        ("addons", [path for path in addons if path not in bridges]),
        ("bridges", bridges),
    ):
        if folders:
            name = database.fresh(tools, f"test_{suite}", bridges=suite == "bridges")
            # A job runner would come to life beside the tests.
            config = tools.configure(
                f"test-{suite}", db_name=name, queue_job={"channels": "root:0"}
            )
            odoo_options = [f"--odoo-config={config}", f"--odoo-database={name}", "--odoo-http"]
            odoo_options += ["-p", "devtools.filestore"]
            suites[suite] = [*folders, *odoo_options, *options]
    if system:
        suites["system"] = [*system, "-p", "no:odoo", *options]
    return suites


def _is_in_bridge(path):
    """Tell whether a path (with a test's name perhaps) belongs to an addon that joins others."""
    folder = Path(str(path).partition("::")[0]).resolve().relative_to(paths.ROOT).parts[0]
    return paths.is_bridge(paths.ROOT / folder)


def _run(tools, suite, arguments):
    """Run one pytest; return the number of its tests, and what went wrong."""
    say(f"\n═══ {suite} ═══")
    command, report = _command(tools, suite, [*_side_by_side(suite, arguments), *arguments])
    # pytest-odoo copies a database for each process with PostgreSQL's programs.
    folders = [tools.server.programs] if tools.server.programs else []
    if FAST not in arguments:
        folders.append(browser.folder())
    try:
        code = subprocess.call(
            command,
            stdin=subprocess.DEVNULL,
            cwd=paths.ROOT,
            env={**tools.environment(*folders), **NO_NAME_SERVER},
            timeout=LIMIT,
            preexec_fn=end_with_parent,
        )
    except subprocess.TimeoutExpired:
        return 0, _describe_limit(suite)
    return _read(code, suite, report)


def _command(tools, suite, arguments):
    """Return the command of one pytest, and the path of the report that it writes."""
    report = paths.RUN / f"tests-{suite}.xml"
    report.unlink(missing_ok=True)
    command = [tools.python, "-m", "pytest", f"--junitxml={report}", "-p", "devtools.selection"]
    return [str(part) for part in (*command, *arguments)], report


def _describe_limit(suite):
    return f"The tests of {suite} took longer than {LIMIT} s and were ended."


def _read(code, suite, report):
    """Return the number of tests in a report, and what went wrong."""
    if code not in (0, NO_TESTS):
        return 0, f"The tests of {suite} failed."
    cases = ElementTree.parse(report).getroot().findall(".//testcase")
    skipped = [(case.get("name"), reason) for case in cases for reason in case.findall("skipped")]
    given_up = [name for name, reason in skipped if _is_given_up(reason)]
    failure = given_up and f"Skipped for want of a browser: {', '.join(given_up)}."
    return len(cases) - len(skipped), failure


def _side_by_side(suite, arguments):
    """Return pytest's options for several processes; later ones, such as `-n0`, override them."""
    names = [str(argument).partition("::")[0] for argument in arguments]
    if sum(Path(name).is_file() for name in names) == 1 and not any(map(os.path.isdir, names)):
        return ["-n0"]  # one file: the copies of the database would take longer than they save
    # A system test often waits: for a server that starts, for a minute that a limit is about.
    processes = processors() + 1 if suite == "system" else processors()
    unit = "loadfile" if suite == "system" else "loadscope"
    # The order is that of `selection.py`.
    return [f"-n{min(processes, MAX_PROCESSES)}", f"--dist={unit}", "--no-loadscope-reorder"]


def _is_given_up(reason):
    """Tell whether a test was skipped because something that it needs does not work."""
    return bool(GIVEN_UP.search(f"{reason.get('message')} {reason.text}"))
