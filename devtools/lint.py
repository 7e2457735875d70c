"""`make lint`: ruff for all Python here, pylint with the checks for Odoo for the addons."""

import os
import subprocess

from . import paths
from .console import Failure, say
from .odoo_source import find as find_source
from .process import processors
from .python_env import find as find_programs


def lint(_arguments):
    """Run each linter with the settings of pyproject.toml, all of them also when one fails."""
    programs = find_programs()
    addons = [addon.name for addon in paths.addons()]
    # By itself pylint uses one processor in a container without limits, however many there are.
    jobs = f"--jobs={processors()}"
    commands = {
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "pylint": ["pylint", jobs, *addons],
    }
    environment = {
        **os.environ,
        "PYTHONPATH": str(find_source().python_path),
        "PYLINTHOME": str(paths.RUN / "pylint"),
    }
    failed = []
    for name, (program, *arguments) in commands.items():
        say(f"· {name}")
        command = [programs / program, *arguments]
        if subprocess.call(command, cwd=paths.ROOT, env=environment):
            failed.append(name)
    if failed:
        raise Failure(f"{' and '.join(failed)} found what is to be mended; see above.")
    return 0
