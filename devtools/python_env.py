"""The virtual environment with Odoo's requirements and the tools, in the versions of the lock file.

Debian's bare python3 has neither pip nor ensurepip; pip then comes from the wheel that Debian
ships for exactly this.
"""

import importlib.util
import os
import sys
from pathlib import Path

from . import debian
from .cache import digest, provide
from .console import Failure, step
from .process import run

LOCK_FILE = Path(__file__).with_name("requirements.txt")
OLDEST, NEWEST = (3, 10), (3, 13)


def find():
    """Return the environment's folder of programs, made when need be."""
    version = sys.version_info[:2]
    if not OLDEST <= version <= NEWEST:
        raise Failure(
            f"Odoo 19 runs on Python 3.10 to 3.13 and this is {version[0]}.{version[1]}: "
            "run `make PYTHON=python3.12 …` with one that fits."
        )
    key = digest(LOCK_FILE.read_bytes(), sys.version, sys.base_prefix)
    return provide(f"python-{version[0]}.{version[1]}-{key}", _make) / "bin"


def _make(folder):
    """Create the environment and install what the lock file names."""
    with step("Installing Odoo's Python requirements and the tools"):
        has_pip = importlib.util.find_spec("ensurepip") is not None
        options = [] if has_pip else ["--without-pip"]
        run([sys.executable, "-m", "venv", *options, folder], what="Making it", log="venv")
        python = folder / "bin" / "python"
        pip = ["-m", "pip"] if has_pip else [_pip_wheel(folder)]
        run(
            # The lock file is complete, and one of its packages asks for an "odoo" of the index.
            [python, *pip, "install", "--no-deps", "--requirement", LOCK_FILE],
            what="The installation of the Python requirements",
            log="pip",
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
        )


def _pip_wheel(folder):
    """Return a pip that runs from Debian's wheel of it."""
    debian.unpack(debian.fetch(["python3-pip-whl"]), folder)
    wheel = next((folder / "usr/share/python-wheels").glob("pip-*.whl"))
    return wheel / "pip"
