"""Odoo 19's source: the tree that ODOO_SRC names, or else Debian's package, unpacked."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .cache import digest, provide
from .console import Failure, remedy, step

SERIES = 19
PACKAGE = "odoo-19"
SUITE = "sid"
LANGUAGES = ("de", "es", "fr", "pl", "ru", "uk")

# Debian replaces scripts and fonts by links to these packages of its own. Without them every page
# that asks for jquery.js is answered with an internal error.
LINKED = (
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
LINKED_IN_SUITE = ("fonts-montserrat",)

# The package holds the addons' Python files twice; this copy lacks everything else.
SECOND_COPY = "./usr/lib/python3/dist-packages/addons"

# Debian leaves this script out, and the console error of its absence fails every browser tour.
LEFT_OUT = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
STUB = "// The background blur of calls is not part of this package.\n"

REMEDY = (
    "Set ODOO_SRC to a folder with Odoo 19's source (a checkout of Odoo's branch 19.0 or an "
    "unpacked package) and run this again."
)


@dataclass(frozen=True)
class Source:
    """A readable Odoo: where its packages are imported from, its program and its addons."""

    python_path: Path
    program: Path
    version: str

    @property
    def addons_path(self):
        """Return the folders of Odoo's own addons: a checkout has two, the package has one."""
        inner, outer = self.python_path / "odoo" / "addons", self.python_path / "addons"
        return [inner] if (inner / "mail").is_dir() else [inner, outer]


def find():
    """Return the Odoo that ODOO_SRC names, or the one in the cache, fetched when need be."""
    if chosen := os.environ.get("ODOO_SRC"):
        return _examine(Path(chosen).expanduser().resolve())
    recipe = digest(PACKAGE, SUITE, LANGUAGES, LINKED, LINKED_IN_SUITE, SECOND_COPY, STUB)
    return _examine(provide(f"{PACKAGE}-{recipe}", _unpack))


def _unpack(folder):
    """Fetch and unpack Debian's package, and mend what is missing in it."""
    with step("Fetching Odoo 19 from Debian's archive"), remedy(REMEDY):
        odoo = debian.fetch([PACKAGE, *LINKED_IN_SUITE], SUITE)
        linked = debian.fetch(LINKED)
    with step("Unpacking it"):
        debian.unpack([*odoo, *linked], folder, exclude=[SECOND_COPY, *_other_languages()])
        script = folder / "usr/lib/python3/dist-packages" / LEFT_OUT
        if not script.exists():
            script.unlink(missing_ok=True)
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(STUB)


def _other_languages():
    """Return tar's patterns for all translations but ours; they are two thirds of the package.

    tar has no exception from an exclusion, so the patterns say what differs from our languages in
    the first, the second, or after the second letter.
    """
    first = "".join(sorted({language[0] for language in LANGUAGES}))
    patterns = [f"*/i18n/[!{first}]*.po*", "*/i18n/??[!.]*.po*"]
    for letter in first:
        second = "".join(language[1] for language in LANGUAGES if language[0] == letter)
        patterns.append(f"*/i18n/{letter}[!{second}].po*")
    return patterns


def _examine(folder):
    """Return the Odoo in a folder, or say what is the matter with it."""
    for python_path in (folder, folder / "usr/lib/python3/dist-packages"):
        release = python_path / "odoo" / "release.py"
        if release.exists():
            break
    else:
        raise Failure(f"There is no Odoo in {folder}: no odoo/release.py. {REMEDY}")
    found = re.search(r"^version_info = \((\d+), (\d+)", release.read_text(), re.MULTILINE)
    if not found or int(found[1]) != SERIES:
        version = f"{found[1]}.{found[2]}" if found else "of an unknown version"
        raise Failure(f"The Odoo in {folder} is {version}, not 19. {REMEDY}")
    programs = [folder / "odoo-bin", folder / "usr/bin/odoo", folder / "setup/odoo"]
    for program in programs:
        if program.exists():
            return Source(python_path, program, f"{found[1]}.{found[2]}")
    raise Failure(f"The Odoo in {folder} has no odoo-bin and no usr/bin/odoo. {REMEDY}")
