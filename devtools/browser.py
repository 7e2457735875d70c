"""A Chromium for the tests and screenshots: the system's, or else Debian's, unpacked."""

import ctypes
import shutil
import subprocess
from pathlib import Path

from . import debian
from .cache import digest, provide
from .console import Failure, remedy, step

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
    """Return a browser's program. Its folder has to be in the PATH for Odoo to find it."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    name = f"chromium-{digest(PACKAGES, FONTS, OPTIONS)}"
    with remedy(REMEDY):
        return provide(name, _unpack) / "programs" / "chromium"


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
    _try(script, root)


def _try(script, root):
    """Draw a page, since a missing library shows only when the browser runs."""
    picture = root / "picture.png"
    page = "data:text/html,<h1>Drawn</h1>"
    profile = f"--user-data-dir={root / 'profile'}"
    command = [script, "--headless", "--disable-gpu", profile, f"--screenshot={picture}"]
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
        raise Failure(f"The unpacked Chromium drew nothing within {PATIENCE} s.") from error
    if done.returncode or not picture.exists():
        raise Failure(f"The unpacked Chromium does not run: {done.stderr.strip()[-500:]}")
    shutil.rmtree(root / "profile", ignore_errors=True)
