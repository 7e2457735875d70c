"""The command line: `python3 -m devtools VERB`. `make` calls it."""

import os
import shutil
import signal
import subprocess
import sys

from . import database, demo, lint, paths, serve, testing
from .cache import only_one
from .console import Failure, say
from .odoo_process import odoo


def run_odoo(arguments):
    """Run any command of Odoo with its configuration and PostgreSQL set."""
    with odoo() as tools:
        return subprocess.call(tools.command(*arguments), env=tools.environment())


def run_python(arguments):
    """Run the Python that Odoo's requirements are installed for."""
    with odoo() as tools:
        return subprocess.call([tools.python, *arguments], env=tools.environment())


def shell(arguments):
    """Open Odoo's shell on the database of `make demo` and `make serve`."""
    with odoo() as tools:
        name = tools.server.prefix + serve.NAME
        if not database.mark_of(tools, name):
            raise Failure("There is no database yet: run `make demo` or `make serve` first.")
        command = tools.command("shell", "-d", name, "--no-http", *arguments)
        return subprocess.call(command, env=tools.environment())


def pot(_arguments):
    """Write each addon's translation template anew from its source."""
    with odoo() as tools:
        name = database.fresh(tools, "pot", bridges=True)
        for addon in paths.addons():
            file = paths.make_folder(addon / "i18n") / f"{addon.name}.pot"
            export = ("i18n", "export", "-d", name, "-o", str(file), addon.name)
            tools.run(*export, what=f"The export of {file.name}", log="pot")
            say(f"{file.relative_to(paths.ROOT)} is written.")
        database.drop(tools, name)
    return 0


def bench(arguments):
    """Run the measurements behind the figures in the README."""
    script = paths.ROOT / "benchmarks" / "run.py"
    if not script.exists():
        raise Failure(f"There is nothing to measure: {script.relative_to(paths.ROOT)} is missing.")
    return run_python([str(script), *arguments])


def samples(arguments):
    """Note the passages of the shipped templates, by which sample text is recognized."""
    return run_python(["-m", "devtools.samples", *arguments])


def screenshots(arguments):
    """Take the pictures of the documentation anew, from a new demo."""
    return run_python(["-m", "devtools.screenshots", *arguments])


def clean(_arguments):
    """Remove what this checkout's runs wrote; what was fetched stays for the next run."""
    with only_one("demo", "`make demo` or `make serve`"), only_one("test", "`make test`"):
        for folder in {paths.database_folder(), paths.RUN}:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


VERBS = {
    "demo": demo.demo,
    "test": testing.test,
    "serve": serve.serve,
    "bench": bench,
    "lint": lint.lint,
    "clean": clean,
    "shell": shell,
    "odoo": run_odoo,
    "python": run_python,
    "pot": pot,
    "samples": samples,
    "screenshots": screenshots,
}


def main(arguments):
    """Run a verb and return the exit code."""
    verb = VERBS.get(arguments[0]) if arguments else None
    if not verb:
        say("Usage: python3 -m devtools VERB [ARGUMENT …], where VERB is one of")
        for name, function in VERBS.items():
            say(f"  {name:<12}{function.__doc__.splitlines()[0]}")
        return 2
    try:
        return verb(arguments[1:])
    except Failure as failure:
        print(failure, file=sys.stderr)
    except KeyboardInterrupt:
        print("\nEnded.", file=sys.stderr)
        return 0 if verb is serve.serve else 130
    except BrokenPipeError:
        # Whoever read our output is gone; say nothing more, also not at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def end_like_interrupted(_number, _frame):
    """Let a polite request to end take the way of Ctrl-C, on which all servers are stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end_like_interrupted)
    sys.exit(main(sys.argv[1:]))
