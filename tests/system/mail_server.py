"""What Debian's mail servers need to run unpacked: users, a certificate, a place of their own.

Their packages make system users when they are installed. Here a mount namespace gives them to the
server alone; the machine itself sees nothing of it.
"""

import contextlib
import os
import smtplib
import subprocess
import tempfile
import time
from pathlib import Path

from devtools import mail_programs, process
from devtools.console import Failure

USER, PASSWORD = "mailer", "correct-horse"
PATIENCE = 60  # seconds for a server to greet

# $1: folder with passwd and group; $2: unpacked package, which comes to a place that every user may
# pass through; $3: more that is to be done first; the rest: the command.
NAMESPACE = """
set -e
folder=$1; package=$2; first=$3; shift 3
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
mount --bind "$package" "$folder/package"
eval "$first"
exec "$@"
"""


@contextlib.contextmanager
def folder(package, accounts):
    """Give a folder for a server's files, ready for `running`.

    :param package: the Debian package
    :param accounts: {system user that the package would have made: number that is free in Debian}
    """
    # Not pytest's folder, which no other user may pass through.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "package").mkdir()
        # An account that the system has already, for the package is installed, has another number.
        users, groups = (_without(accounts, Path("/etc") / name) for name in ("passwd", "group"))
        for account, number in accounts.items():
            users += f"{account}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
            groups += f"{account}:x:{number}:\n"
        (place / "passwd").write_text(users)
        (place / "group").write_text(groups)
        mail_programs.folder(package)  # fetched now, not while the server is waited for
        yield place


def _without(accounts, path):
    """Return a file of accounts without some of them."""
    lines = path.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if line.partition(":")[0] not in accounts)


@contextlib.contextmanager
def running(package, place, port, command, first="", **environment):
    """Run a server until the block ends; wait until it greets."""
    tree = mail_programs.folder(package)
    script = ["unshare", "--mount", "sh", "-c", NAMESPACE, "sh", place, tree, first]
    with process.running(
        [*script, *command], log=package, env={**os.environ, **environment}, cwd=place
    ) as server:
        _wait_for_greeting(package, port, server)
        yield


def make_certificate(place):
    """Write `cert.pem` and `key.pem` for localhost."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", place / "key.pem", "-out", place / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _wait_for_greeting(package, port, server):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE).quit()
            return
        time.sleep(0.2)
    log = process.log_file(package)
    raise Failure(f"{package} did not start: look into {log}.\n{process.tail(log)}")
