"""Packages of a Debian archive, fetched with apt's signature check and unpacked, never installed.

apt gets folders and a list of sources of our own, so the system stays as it was; the mirror is the
one that the system's apt is set to.
"""

import functools
import os
import platform
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from .cache import lock
from .console import Failure
from .paths import cache_folder, make_folder
from .process import run

SYSTEM = "the system's own suite"
SUITE_NAMES = ("oldstable", "stable", "testing", "unstable", "sid")
KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
NOTHING_INSTALLED = "-oDir::State::status=/dev/null"
# The interpreter of programs loads the C library of its own version, and no other.
NEVER_BESIDE = ("libc6", "libc-bin")
APT_SOURCES = Path("/etc/apt/sources.list"), Path("/etc/apt/sources.list.d")


def fetch(packages, suite=SYSTEM):
    """Return the files of packages, downloading those that an earlier run did not keep."""
    folder = make_folder(cache_folder() / "packages")
    with lock(folder / "download.lock"):
        lacking = [package for package in packages if not _kept(folder, package)]
        if lacking:
            _download(lacking, suite, folder)
    return [_kept(folder, package) for package in packages]


def with_dependencies(packages):
    """Return the names of packages and of all that the system lacks to run them.

    apt names nothing for what is installed, which our copy is needed of nevertheless. Where the
    system is in no state to install anything (packages on hold, half installed, or in conflict), apt
    is asked as if nothing were installed, and what is there is taken off.
    """
    try:
        found = _listed(packages)
    except Failure:
        found = _listed(packages, [NOTHING_INSTALLED])
        found = [name for name in found if name not in _installed()]
    names = dict.fromkeys([*packages, *found])
    return [name for name in names if name not in NEVER_BESIDE]


def depends(package):
    """Return the names of the packages that a package of the system's suite depends on."""
    command = ["apt-cache", *_apt_options(SYSTEM), NOTHING_INSTALLED, "show", "--no-all-versions"]
    fields = _output([*command, package])
    found = re.search(r"^Depends: (.*)$", fields, re.MULTILINE)
    return re.findall(r"(?:^|[,|])\s*([^\s,|(:]+)", found[1] if found else "")


def _listed(packages, options=()):
    """Return the names of what apt would download to install packages."""
    command = ["apt-get", *_apt_options(SYSTEM), *options]
    command += ["--no-install-recommends", "--print-uris", "--yes", "install"]
    return re.findall(r"^'[^']+' ([^_\s]+)_\S+\.deb ", _output([*command, *packages]), re.MULTILINE)


@functools.cache
def _installed():
    """Return the names of the packages that are installed whole."""
    listing = _output(["dpkg-query", "--show", "--showformat", "${db:Status-Abbrev}${Package}\n"])
    return frozenset(re.findall(r"^.i  ?(\S+)$", listing, re.MULTILINE))


def unpack(packages, root, exclude=()):
    """Unpack package files into one folder, leaving out what matches a pattern of tar's."""
    leave_out = [f"--exclude={pattern}" for pattern in exclude]
    for package in packages:
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE
        ) as archive:
            run(
                ["tar", "-x", "-C", root, "--no-same-owner", "--wildcards", *leave_out],
                what=f"Unpacking {package.name}",
                log="unpack",
                stdin=archive.stdout,
            )
        if archive.returncode:
            raise Failure(f"{package} is damaged: remove it and run this again.")


def wrap(program, script, root, *arguments, **settings):
    """Write a script that runs an unpacked program with the libraries that lie beside it."""
    libraries = [root / place for place in ("usr/lib", "lib") if (root / place).is_dir()]
    folders = {file.parent for place in libraries for file in place.rglob("*.so*")}
    path = ":".join(str(folder) for folder in sorted(folders, key=lambda folder: len(folder.parts)))
    settings = {"LD_LIBRARY_PATH": path, **settings}
    exports = "".join(f"export {name}={shlex.quote(text)}\n" for name, text in settings.items())
    command = shlex.join([str(program), *arguments])
    script.write_text(f'#!/bin/sh\n{exports}exec {command} "$@"\n')
    script.chmod(0o755)


def _kept(folder, package):
    """Return the newest kept file of a package, or None."""
    files = sorted(folder.glob(f"{package}_*.deb"), key=lambda file: file.stat().st_mtime)
    return files[-1] if files else None


def _download(packages, suite, folder):
    """Let apt download and check packages; only what arrived whole is put into the folder."""
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    # As if nothing were installed: an installed version may be none of the archive's.
    run(
        ["apt-get", *_apt_options(suite), NOTHING_INSTALLED, "download", *packages],
        what=f"The download of {', '.join(packages)} from Debian's archive",
        log="apt-download",
        cwd=make_folder(partial),
    )
    for file in partial.glob("*.deb"):
        file.rename(folder / file.name)


@functools.cache
def _apt_options(suite):
    """Return the options that keep apt within folders of ours, with a fresh index of the suite."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Failure("Packages are fetched with apt and dpkg, which this system does not have.")
    name = "system" if suite == SYSTEM else suite
    folder = make_folder(cache_folder() / "apt" / f"{name}-{platform.machine()}")
    for part in ("lists/partial", "cache/archives/partial"):
        make_folder(folder / part)
    settings = {
        "Dir::Etc::sourcelist": folder / "archive.sources",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "Acquire::Languages": "none",
        # What the system prefers to install has no bearing on what is unpacked.
        "APT::Default-Release": "",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    with lock(folder / "update.lock"):
        (folder / "archive.sources").write_text(_sources(suite))
        run(
            ["apt-get", *options, "update", "--error-on=any"],
            what=f"Reading the index of {suite} of Debian's archive",
            log="apt-update",
        )
    return options


def _sources(suite):
    """Return the content of apt's list of sources for a suite of the system's mirror."""
    archives = _archives()
    if suite != SYSTEM:
        archives = [(archives[0][0], suite)]
    return "\n".join(
        f"Types: deb\nURIs: {uri}\nSuites: {name}\nComponents: main\n{_signed_by(uri)}"
        for uri, name in archives
    )


def _archives():
    """Return address and suite of the Debian archives that the system's apt is set to."""
    listing = _output(["apt-get", "--print-uris", "update"])
    found = dict.fromkeys(re.findall(r"^'(\S+?)/dists/([^/']+)/main/binary-", listing, re.M))
    release = platform.freedesktop_os_release() if Path("/etc/os-release").exists() else {}
    bases = {release.get("VERSION_CODENAME"), *SUITE_NAMES}
    plain = [archive for archive in found if archive[1] in bases]
    if release.get("ID") != "debian" or not plain:
        raise Failure("This system's apt is not set to a Debian archive.")
    kinds = {f"{base}{kind}" for base in bases for kind in ("-updates", "-security")}
    return plain + [archive for archive in found if archive[1] in kinds]


def _signed_by(uri):
    """Return the line that names the keys which the archive must be signed with.

    Without a line, apt knows the keys that the system trusts for every archive, and no others.
    """
    files = [path for place in APT_SOURCES for path in (place, *_children(place)) if path.is_file()]
    for file in files:
        text = file.read_text(errors="replace")
        for part in re.split(r"\n\s*\n", text) if file.suffix == ".sources" else text.splitlines():
            keys = re.search(r"signed-by\s*[:=]\s*(/[^\s\],]+)", part, re.IGNORECASE)
            if keys and uri.rstrip("/") in part:
                return f"Signed-By: {keys[1]}\n"
    for name in KEYRINGS:
        if (keyring := Path("/usr/share/keyrings") / name).exists():
            return f"Signed-By: {keyring}\n"
    return ""


def _children(folder):
    """Return the files of a folder that may not be there."""
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _output(command):
    """Return what a program printed, with messages that do not depend on the user's language."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if done.returncode:
        raise Failure(f"{' '.join(command[:1])} failed: {done.stderr.strip()}")
    return done.stdout
