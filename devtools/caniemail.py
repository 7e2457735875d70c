"""The data of caniemail.com: what HTML and CSS mail programs support, from a package of npm."""

import base64
import hashlib
import shutil
import tarfile
from pathlib import Path

from .cache import digest, provide
from .console import Failure
from .process import run

LOCK_FILE = Path(__file__).with_name("caniemail.txt")
DATA = "package/data/caniemail.json"


def find():
    """Return the path of the data (JSON), fetched when need be.

    :raises Failure: when the package cannot be had, or is another one than was chosen
    """
    return provide(f"caniemail-{digest(LOCK_FILE.read_bytes())}", _make) / Path(DATA).name


def _make(folder):
    package, integrity = LOCK_FILE.read_text().splitlines()[-1].split()
    if not shutil.which("npm"):
        raise Failure(f"npm, which fetches {package}, is not installed.")
    run(
        ["npm", "pack", package, "--ignore-scripts", f"--pack-destination={folder}"],
        what="Fetching what mail programs support",
        log="caniemail",
        timeout=120,
    )
    archive = next(folder.glob("*.tgz"))
    name, _dash, expected = integrity.partition("-")
    if base64.b64encode(hashlib.new(name, archive.read_bytes()).digest()).decode() != expected:
        raise Failure(f"{archive.name} is not the package that {LOCK_FILE.name} names.")
    with tarfile.open(archive) as files:
        (folder / Path(DATA).name).write_bytes(files.extractfile(DATA).read())
