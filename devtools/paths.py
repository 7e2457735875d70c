"""Where things are kept.

The cache holds what was fetched and is shared by all checkouts. The run folder holds what one
checkout's servers write: databases, sockets, configuration, logs and delivered messages.
"""

import ast
import hashlib
import os
import pwd
from pathlib import Path

from .console import Failure

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"

# A socket's path has to fit into 107 bytes, of which PostgreSQL's file name takes 20.
LONGEST_SOCKET_FOLDER = 85


def cache_folder():
    """Return the folder of everything that was fetched, shared by all checkouts."""
    if chosen := os.environ.get("MASS_MAILING_LITE_CACHE"):
        return Path(chosen).expanduser().resolve()
    if is_root():
        return Path("/var/cache/mass_mailing_lite")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mass_mailing_lite"


def addons():
    """Return the folders of this repository's addons, by name."""
    return sorted(manifest.parent for manifest in ROOT.glob("*/__manifest__.py"))


def is_bridge(addon):
    """Tell whether an addon is installed by itself where another one beside ours is."""
    manifest = ast.literal_eval((addon / "__manifest__.py").read_text())
    return bool(manifest.get("auto_install"))


def checkout_digest():
    """Return a short name for this checkout, to tell its data from that of another one."""
    return hashlib.sha256(f"{os.getuid()} {ROOT}".encode()).hexdigest()[:8]


def database_folder():
    """Return the folder of the private PostgreSQL.

    It is in the run folder, save for root, whose server runs as another user who may not be able
    to reach the checkout, and for a checkout whose path is too long for a socket.
    """
    folder = RUN / "postgresql"
    if is_root() or len(bytes(folder)) > LONGEST_SOCKET_FOLDER:
        return Path("/var/tmp") / f"mass_mailing_lite-{checkout_digest()}"
    return folder


def is_root():
    """Tell whether we are root, whom PostgreSQL and the default cache folder treat differently."""
    return os.geteuid() == 0


def unprivileged_user():
    """Return the account that a root's PostgreSQL runs as, or None when we are not root."""
    if not is_root():
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure(
        "PostgreSQL refuses to run as root and there is no user 'postgres' or 'nobody': "
        "run this as an ordinary user."
    )


def make_folder(folder, mode=0o755):
    """Create a folder that we can write to, or say why it cannot be had."""
    remedy = "free the path, or set MASS_MAILING_LITE_CACHE to a folder that you can write to"
    if folder.is_relative_to(ROOT):
        remedy = "give yourself write permission on this checkout"
    try:
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
    except OSError as error:
        raise Failure(f"Cannot create {folder} ({error.strerror}): {remedy}.") from error
    if not os.access(folder, os.W_OK):
        raise Failure(f"Cannot write to {folder}: {remedy}.")
    return folder
