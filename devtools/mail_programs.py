"""Debian's mail servers, and Postfix's load generator and sink, unpacked: peers for tests and measurements.

They are not installed and get no configuration here; whoever runs one gives it a folder of its own.
"""

from . import debian
from .cache import digest, provide
from .console import remedy, step

# Package, and the folders of programs in it that get a script.
PACKAGES = {
    "postfix": ("usr/sbin",),
    "exim4-daemon-light": ("usr/sbin",),
    "opensmtpd": ("usr/sbin",),
}


def folder(package):
    """Return the folder that a package is unpacked in; its programs are in ``programs``."""
    name = f"{package}-{digest(PACKAGES[package], *(step.__code__.co_code for step in (debian.wrap, _unpack)))}"
    return provide(name, lambda root: _unpack(package, root))


def program(package, name):
    """Return the script that runs a package's program with the libraries it needs."""
    return folder(package) / "programs" / name


def _unpack(package, root):
    """Fetch and unpack a package with what the system lacks to run it."""
    hint = f"Without {package} from Debian's archive this cannot run: let apt reach the archive."
    with step(f"Fetching {package} from Debian's archive"), remedy(hint):
        debian.unpack(debian.fetch(debian.with_dependencies([package])), root)
    programs = root / "programs"
    programs.mkdir()
    for place in PACKAGES[package]:
        for file in (root / place).iterdir():
            if file.is_file() and not (programs / file.name).exists():
                file.chmod(0o755)  # not set-user-ID: nobody but us is to run it
                debian.wrap(file, programs / file.name, root)
