"""Folders that are made once and used by every later run, whatever interrupts their making.

A folder counts only when its marker file is there, and the marker is written last. One maker works
at a time; what a killed maker left is removed by the next one. The Python environment cannot be
renamed after it is built (its scripts name their interpreter), hence a marker and not a rename.
"""

import fcntl
import hashlib
import os
import shutil
from contextlib import contextmanager

from .console import Failure, say
from .paths import RUN, cache_folder, make_folder

MARKER = ".complete"


def provide(name, make):
    """Return the cache's folder `name`, calling `make(folder)` first when it is not complete."""
    folder = cache_folder() / name
    if is_complete(folder):
        return folder
    with lock(make_folder(cache_folder()) / f"{name}.lock"):
        if not is_complete(folder):
            shutil.rmtree(folder, ignore_errors=True)
            make(make_folder(folder))
            (folder / MARKER).touch()
    return folder


def is_complete(folder):
    """Tell whether a folder of the cache was made to its end."""
    return (folder / MARKER).exists()


def digest(*parts):
    """Return a short text that changes when one of the parts (texts or bytes) does."""
    result = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        result.update(len(data).to_bytes(8, "big") + data)
    return result.hexdigest()[:10]


@contextmanager
def lock(path):
    """Hold a lock among processes; the system lets go of it when its holder dies, however."""
    with open(path, "a") as file:
        if not try_lock(file):
            say(f"  waiting for another run that holds {path.name} …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def only_one(name, what):
    """Let the block run once at a time in this checkout, and refuse a second run."""
    with open(make_folder(RUN) / f"{name}.lock", "a") as file:
        if not try_lock(file):
            raise Failure(f"{what} already runs in this checkout: end it first.")
        yield


def try_lock(file, *, shared=False):
    """Lock an open file without waiting; tell whether it worked."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def link_tree(source, target):
    """Copy a folder of files that are never changed in place, without copying their content."""
    shutil.rmtree(target, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=os.link)
