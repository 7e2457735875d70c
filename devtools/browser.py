"""A Chromium for the tests and screenshots: the system's, or else Debian's, unpacked."""

import ctypes
import functools
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import debian
from .cache import digest, provide
from .console import Failure, remedy, say, step
from .paths import RUN, make_folder

NAMES = ("chromium", "google-chrome", "chromium-browser", "google-chrome-stable")
PACKAGES = ("chromium", "fontconfig-config", "fonts-roboto-unhinted")
DRIVER_LIBRARY, DRIVER_PACKAGE = "libatomic.so.1", "libatomic1"
PATIENCE = 60  # seconds to draw one page

# Besides the system's fonts, those of the unpacked packages: Odoo's web client is set in Roboto.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <include ignore_missing="yes">{root}/etc/fonts/fonts.conf</include>
  <dir>{root}/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""

# Chromium's sandbox needs a program that belongs to root, or rights that containers withhold; the
# browser is only shown pages of this machine. Nor has it any business with hosts elsewhere.
OPTIONS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

REMEDY = "There is no browser for the tests: install one as `chromium` and run this again."


def program():
    """Return a browser's program; Odoo finds it by `folder`."""
    for name in NAMES:
        if (found := shutil.which(name)) and _draws(found):
            return Path(found)
    name = f"chromium-{digest(PACKAGES, FONTS, OPTIONS)}"
    with remedy(REMEDY):
        return provide(name, _unpack) / "programs" / "chromium"


def folder():
    """Return a folder that comes first in the PATH, for Odoo to find the browser that we found.

    Odoo looks for names in an order of its own, and would take another one that does not work.
    """
    place = make_folder(RUN / "browser")
    text = f'#!/bin/sh\nexec {shlex.quote(str(program()))} "$@"\n'
    for name in NAMES:
        script = place / name
        script.write_text(text)
        script.chmod(0o755)
    return place


@functools.cache
def _draws(program):
    """Tell whether an installed browser works; Ubuntu's, for one, may be a hint to install another."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            _try([program, *OPTIONS], Path(folder))
        except (Failure, OSError) as error:
            say(f"  {program} is passed over: {error}")
            return False
    return True


def driver_environment():
    """Return the variables with which Playwright's driver finds a library that it takes for granted.

    A base system lacks it, and no package that Chromium needs brings it along.
    """
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        root = provide(DRIVER_PACKAGE, _unpack_driver_library)
        return {"LD_LIBRARY_PATH": str(next(root.rglob(DRIVER_LIBRARY)).parent)}
    return {}


def _unpack_driver_library(root):
    """Fetch and unpack the package of the driver's library."""
    debian.unpack(debian.fetch([DRIVER_PACKAGE]), root)


def _unpack(root):
    """Fetch and unpack Debian's packages, and see whether what comes out draws a page."""
    with step("Fetching Chromium from Debian's archive"):
        packages = debian.fetch(debian.with_dependencies(PACKAGES))
    with step("Unpacking it"):
        debian.unpack(packages, root, exclude=["./usr/share/doc", "./usr/share/locale"])
    fonts = root / "fonts.conf"
    fonts.write_text(FONTS.format(root=root))
    script = root / "programs" / "chromium"
    script.parent.mkdir()
    debian.wrap(
        root / "usr/lib/chromium/chromium", script, root, *OPTIONS, FONTCONFIG_FILE=str(fonts)
    )
    _try([script], root)


def _try(program, root):
    """Draw a page, since a missing library shows only when the browser runs.

    :param program: the command, as a list
    :param root: folder for the picture
    """
    picture = root / "picture.png"
    page = "data:text/html,<h1>Drawn</h1>"
    profile = f"--user-data-dir={root / 'profile'}"
    command = [*program, "--headless", "--disable-gpu", profile, f"--screenshot={picture}"]
    try:
        done = subprocess.run(
            [*command, page],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failure(f"Chromium drew nothing within {PATIENCE} s.") from error
    if done.returncode or not picture.exists():
        raise Failure(f"Chromium does not run: {done.stderr.strip()[-500:]}")
    shutil.rmtree(root / "profile", ignore_errors=True)
