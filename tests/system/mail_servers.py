"""Debian's mail servers, each with a private configuration, relaying to an inbox of the test.

They listen on a high port of loopback and ask for STARTTLS and a login. A mount namespace gives
them the system users, spools and folders that their packages would have made; the machine itself
sees nothing of it.
"""

import base64
import contextlib
import os
import smtplib
import socketserver
import subprocess
import threading
import time
from pathlib import Path

from devtools import mail_programs, process
from devtools.console import Failure

USER, PASSWORD = "mailer", "correct-horse"
PATIENCE = 20  # seconds for a server to greet

# Users that the packages create, under numbers that are free in Debian.
USERS = ("postfix", "Debian-exim", "opensmtpd", "opensmtpq")
GROUPS = (*USERS, "postdrop")
FIRST_NUMBER = 61000

POSTFIX_QUEUE = (
    "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace"
).split()

POSTFIX_MAIN = """
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
alias_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
queue_directory = {folder}/queue
data_directory = {folder}/state
daemon_directory = {programs}
command_directory = {programs}
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
relayhost = [127.0.0.1]:{inbox}
smtp_host_lookup = native
disable_dns_lookups = yes
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{accounts}
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""

POSTFIX_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

EXIM = """
primary_hostname = mail.example.com
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
deliver_drop_privilege = true
keep_environment = LD_LIBRARY_PATH
exim_path = {program}
smtp_accept_queue_per_connection = 0
queue_run_max = 1
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
onward:
  driver = manualroute
  route_list = * 127.0.0.1::{inbox}
  self = send
  transport = onward
begin transports
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

OPENSMTPD = """
pki mail cert "{folder}/cert.pem"
pki mail key "{folder}/key.pem"
table accounts file:{folder}/accounts
listen on 127.0.0.1 port {port} tls-require pki mail auth <accounts>
action "onward" relay host smtp://127.0.0.1:{inbox}
match auth from any for any action "onward"
"""

# $1: folder with passwd and group; the rest: the command.
NAMESPACE = """
set -e
folder=$1; shift
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/group" /etc/group
mount -t tmpfs -o mode=755 tmpfs /var/spool
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p -m 755 /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
exec "$@"
"""


@contextlib.contextmanager
def running(name, folder, inbox_port):
    """Run a mail server that relays to a port; give the port that it listens on."""
    folder.chmod(0o755)
    _write_accounts(folder)
    _make_certificate(folder)
    port = process.free_port()
    values = {"folder": folder, "port": port, "inbox": inbox_port, "user": USER}
    with START[name](folder, {**values, "password": PASSWORD}) as command:
        script = ["unshare", "--mount", "sh", "-c", NAMESPACE, "sh", folder]
        with process.running([*script, *command], log=name) as server:
            _wait_for_greeting(port, server, name)
            yield port


@contextlib.contextmanager
def _postfix(folder, values):
    """Configure Postfix; its logins are asked of a server that speaks Dovecot's protocol."""
    programs = mail_programs.folder("postfix") / "programs"
    with accounts() as accounts_port:
        values |= {"programs": programs, "accounts": accounts_port}
        (folder / "main.cf").write_text(POSTFIX_MAIN.format(**values))
        (folder / "master.cf").write_text(POSTFIX_MASTER.format(**values))
        for place in ("state", *(f"queue/{name}" for name in POSTFIX_QUEUE)):
            (folder / place).mkdir(parents=True)
            _give(folder / place, "postfix" if place != "queue/pid" else None)
        yield [programs / "master", "-c", folder]


@contextlib.contextmanager
def _exim(folder, values):
    program = mail_programs.program("exim4-daemon-light", "exim4")
    (folder / "exim.conf").write_text(EXIM.format(program=program, **values))
    (folder / "spool").mkdir()
    for place in (folder, folder / "spool", folder / "key.pem"):
        _give(place, "Debian-exim")
    yield [program, "-bdf", "-q5s", "-C", folder / "exim.conf"]


@contextlib.contextmanager
def _opensmtpd(folder, values):
    (folder / "smtpd.conf").write_text(OPENSMTPD.format(**values))
    crypted = subprocess.check_output(["openssl", "passwd", "-6", PASSWORD], text=True)
    (folder / "accounts").write_text(f"{USER} {crypted}")
    (folder / "accounts").chmod(0o644)
    yield [mail_programs.program("opensmtpd", "smtpd"), "-d", "-f", folder / "smtpd.conf"]


START = {"postfix": _postfix, "exim": _exim, "opensmtpd": _opensmtpd}


class _Accounts(socketserver.StreamRequestHandler):
    """Answers who may log in, as Dovecot's authentication protocol 1.1 has it."""

    def handle(self):
        self.wfile.write(
            b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n"
        )
        wanted = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
        for line in self.rfile:
            words = line.decode().rstrip("\n").split("\t")
            if words[0] == "AUTH":
                known = f"resp={wanted}" in words
                answer = f"OK\t{words[1]}\tuser={USER}" if known else f"FAIL\t{words[1]}"
                self.wfile.write(f"{answer}\n".encode())


@contextlib.contextmanager
def accounts():
    """Serve the accounts on a port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Accounts) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _write_accounts(folder):
    """Write the system's users and groups with those that the packages would have added."""
    passwd, group = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    for name in GROUPS:
        number = _number(name)
        group += f"{name}:x:{number}:\n"
        if name in USERS:
            passwd += f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(passwd)
    (folder / "group").write_text(group)


def _number(name):
    return FIRST_NUMBER + GROUPS.index(name)


def _give(path, name):
    """Let a file belong to one of the users above, or to root."""
    number = _number(name) if name else 0
    os.chown(path, number, number)


def _make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip


def _wait_for_greeting(port, server, name):
    """Wait until the server greets, or say what it said instead."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE).quit()
            return
        time.sleep(0.2)
    log = process.log_file(name)
    raise Failure(f"{name} did not start: look into {log}.\n{process.tail(log)}")
