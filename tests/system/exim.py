"""Debian's Exim with a private configuration, relaying to an inbox of the test.

It listens on a high port of loopback and asks for STARTTLS and a login. A mount namespace gives it
the system user that its package would have made; the machine itself sees nothing of it. At the
domain `closed.example.org` it takes everything, and then finds that there is nobody, or no room.
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
PATIENCE = 20  # seconds for the server to greet

# The user that the program insists on, under a number that is free in Debian.
ACCOUNT, NUMBER = "Debian-exim", 61000

CONFIGURATION = """
primary_hostname = mail.example.com
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
deliver_drop_privilege = true
keep_environment =
smtp_accept_queue_per_connection = 0
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
acl_smtp_rcpt = check
begin acl
check:
  accept authenticated = *
  deny message = log in first
begin routers
nobody:
  driver = redirect
  domains = closed.example.org
  local_parts = nobody
  data = :fail: User unknown
  allow_fail
full:
  driver = accept
  domains = closed.example.org
  transport = full
onward:
  driver = manualroute
  route_list = * 127.0.0.1::{inbox}
  self = send
  transport = onward
begin transports
full:
  driver = appendfile
  file = {folder}/spool/mailbox
  user = {account}
  quota = 1
onward:
  driver = smtp
  hosts_avoid_tls = *
  allow_localhost
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""

# $1: folder with passwd and group; the rest: the command.
NAMESPACE = """
set -e
folder=$1; shift
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
exec "$@"
"""


@contextlib.contextmanager
def running(inbox_port):
    """Run the server, which relays to a port; give the port that it listens on."""
    port = process.free_port()
    program = mail_programs.program("exim4-daemon-light", "exim4")
    # Not pytest's folder, which no other user may pass through.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = {"folder": folder, "program": program, "port": port, "inbox": inbox_port}
        values["account"] = ACCOUNT
        text = CONFIGURATION.format(**values, user=USER, password=PASSWORD)
        (folder / "exim.conf").write_text(text)
        _write_accounts(folder)
        _make_certificate(folder)
        (folder / "spool").mkdir()
        for place in (folder, folder / "spool", folder / "key.pem"):
            os.chown(place, NUMBER, NUMBER)
        folder.chmod(0o755)
        script = ["unshare", "--mount", "sh", "-c", NAMESPACE, "sh", folder]
        command = [program, "-bdf", "-q5s", "-C", folder / "exim.conf"]
        with process.running([*script, *command], log="exim") as server:
            _wait_for_greeting(port, server)
            yield port


def _write_accounts(folder):
    """Write the system's users and groups with the one that the package would have added."""
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    line = f"{ACCOUNT}:x:{NUMBER}:{NUMBER}::/nonexistent:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(passwd + line)
    (folder / "group").write_text(f"{group}{ACCOUNT}:x:{NUMBER}:\n")


def _make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _wait_for_greeting(port, server):
    """Wait until the server greets, or say what it said instead."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE).quit()
            return
        time.sleep(0.2)
    log = process.log_file("exim")
    raise Failure(f"Exim did not start: look into {log}.\n{process.tail(log)}")
