"""Packages are fetched whatever the system has installed, holds back or prefers.

The state that apt is told of is written here; apt, its signature check and the archive are real.
"""

import re
import subprocess
from pathlib import Path

import pytest

from devtools import browser, debian, mail_programs, postgres
from devtools.console import Failure

from . import mail_server

pytestmark = pytest.mark.slow(40)

INSTALLED = "ok installed"
STANZA = """
Package: {package}
Status: {status}
Version: {version}
Architecture: {architecture}
Maintainer: somebody@example.com
Description: somebody's
{more}"""
# What somebody may have set up for their own sake.
CONFIGURATION = """
Dir::State::status "{folder}/status";
Dir::Etc::preferences "{folder}/preferences";
APT::Default-Release "a-release-of-theirs";
"""
PREFERENCES = """
Package: postfix libatomic1
Pin: release *
Pin-Priority: -1
"""


@pytest.fixture(scope="module")
def archive():
    """Pass over these tests where there is no archive of Debian packages to ask."""
    try:
        debian.depends("postgresql")
    except Failure as failure:
        pytest.skip(f"no archive: {failure}")


@pytest.fixture
def system(archive, tmp_path, monkeypatch):
    """Return a function that lets apt believe in packages, beside those that are installed."""
    real = Path("/var/lib/dpkg/status").read_text()
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True
    ).stdout.strip()

    def believe(packages, wish="install", version="999", more=""):
        stanzas = [
            stanza
            for stanza in real.split("\n\n")
            if stanza.strip() and re.search(r"^Package: (.*)$", stanza, re.M)[1] not in packages
        ]
        stanzas += [
            STANZA.format(
                package=package,
                status=f"{wish} {INSTALLED}",
                version=version,
                architecture=architecture,
                more=more,
            ).strip()
            for package in packages
        ]
        (tmp_path / "status").write_text("\n\n".join([*stanzas, ""]))
        (tmp_path / "preferences").write_text(PREFERENCES)
        (tmp_path / "apt.conf").write_text(CONFIGURATION.format(folder=tmp_path))
        monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))

    return believe


@pytest.mark.parametrize("package", [*mail_programs.PACKAGES, *browser.PACKAGES])
def test_a_package_that_is_installed_is_fetched_all_the_same(system, package):
    system([package])
    assert package in debian.with_dependencies([package])


@pytest.mark.parametrize(
    ("wish", "version", "more"),
    [
        ("hold", "0.1", ""),
        ("install", "999", "Depends: a-package-that-nobody-has\n"),
        ("install", "999", "Conflicts: libc6\n"),
    ],
    ids=["on hold", "with a broken dependency", "in conflict"],
)
def test_a_system_that_cannot_install_anything_still_gets_packages(system, wish, version, more):
    system(["postfix"], wish, version, more)
    found = debian.with_dependencies(["postfix"])
    assert "postfix" in found
    assert "bash" not in found, "what is installed is not fetched"
    assert not set(found) & set(debian.NEVER_BESIDE)


def test_a_package_is_downloaded_when_a_version_of_somebodys_own_is_installed(system, tmp_path):
    system(["libatomic1"])
    folder = tmp_path / "packages"
    folder.mkdir()
    debian._download(["libatomic1"], debian.SYSTEM, folder)
    [file] = folder.glob("*.deb")
    assert file.name.startswith("libatomic1_")
    assert "999" not in file.name


def test_postgresql_is_fetched_whole_where_only_its_client_is_installed(system, tmp_path):
    [server] = [name for name in debian.depends("postgresql") if name[-1].isdigit()]
    system([server.replace("-", "-client-", 1), "postgresql", "postgresql-common"])
    folder = tmp_path / "postgresql"
    folder.mkdir()
    postgres._unpack(folder)
    for name in postgres.PROGRAMS:
        done = subprocess.run(
            [folder / "programs" / name, "--version"], capture_output=True, text=True, check=False
        )
        assert "PostgreSQL" in done.stdout, f"{name}: {done.stderr}"


def test_programs_that_do_not_run_or_are_too_old_are_passed_over(tmp_path, monkeypatch):
    def program(folder, text):
        folder.mkdir()
        for name in (*postgres.PROGRAMS, *browser.NAMES):
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return folder

    old = program(tmp_path / "old", "echo 'postgres (PostgreSQL) 11.22'")
    broken = program(tmp_path / "broken", "echo 'this is only a hint: install something'; exit 1")
    good = program(tmp_path / "good", "echo 'postgres (PostgreSQL) 17.2 (Debian 17.2-1)'")
    assert [postgres._fits(place) for place in (old, broken, good, tmp_path / "none")] == [
        *(False, False, True, False)
    ]
    monkeypatch.setenv("PATH", str(broken), prepend=":")
    assert not browser._draws(str(broken / "chromium"))
    assert browser.program().parent != broken
    assert postgres.find_programs() != broken
    done = subprocess.run(
        [browser.folder() / "google-chrome", "--version"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Chrom" in done.stdout


def test_accounts_that_an_installed_mail_server_has_made_do_not_count(tmp_path):
    passwd = tmp_path / "passwd"
    passwd.write_text("root:x:0:0::/root:/bin/sh\npostfix:x:101:102::/nonexistent:/bin/false\n")
    assert mail_server._without({"postfix": 1}, passwd) == "root:x:0:0::/root:/bin/sh\n"
