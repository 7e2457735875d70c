"""The published test suite of RFC 7208, which is in the source archive of pyspf."""

import os
import sys
import tarfile
from pathlib import Path

from .cache import digest, provide
from .console import Failure
from .process import run

LOCK_FILE = Path(__file__).with_name("spf_suite.txt")
SUITE = "rfc7208-tests.yml"


def find():
    """Return the path of the suite, fetched when need be; the caller runs in the environment.

    :raises Failure: when the archive cannot be had
    """
    return provide(f"spf-suite-{digest(LOCK_FILE.read_bytes())}", _make) / SUITE


def _make(folder):
    run(
        [
            *(sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"),
            *("--require-hashes", "--requirement", LOCK_FILE, "--dest", folder),
        ],
        what="Fetching the test suite of SPF",
        log="spf-suite",
        timeout=120,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"},
    )
    with tarfile.open(next(folder.glob("pyspf-*.tar.gz"))) as archive:
        for member in archive.getmembers():
            if member.isfile() and Path(member.name).name == SUITE:
                (folder / SUITE).write_bytes(archive.extractfile(member).read())
                return
    raise Failure(f"The source archive of pyspf has no {SUITE}.")
