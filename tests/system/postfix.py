"""Debian's Postfix with a private configuration, relaying to an inbox of the test.

It listens on a high port of loopback and asks for STARTTLS and a login, which a few lines here
judge in the protocol of Dovecot, Postfix's own way to ask another program. At the domain
`closed.example.org` it takes everything, and then finds that there is nobody, or no room.
"""

import base64
import contextlib
import os
import socketserver
import threading

from devtools import process

from . import mail_server

PACKAGE, ENCRYPTED = "postfix", True
OWNER, OWNER_NUMBER = "postfix", 61001
GROUP, GROUP_NUMBER = "postdrop", 61002

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
daemon_directory = {folder}/package/usr/lib/postfix/sbin
command_directory = {folder}/package/usr/sbin
shlib_directory = {folder}/package/usr/lib/postfix
meta_directory = {folder}/conf
import_environment = MAIL_CONFIG LD_LIBRARY_PATH LANG=C
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.com
mydestination =
mynetworks =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
relayhost = [127.0.0.1]:{inbox}
smtp_host_lookup = native
maximal_queue_lifetime = 0
smtpd_reject_unlisted_recipient = no
transport_maps = inline:{{
    {{nobody@closed.example.org = error:5.1.1 User unknown}}
    {{room@closed.example.org = error:5.2.2 The mailbox is full}} }}
smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {folder}/cert.pem
smtpd_tls_key_file = {folder}/key.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{login}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
"""
# Nothing is chrooted: a chroot would need files of the system in it.
MASTER = """
{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""
PRIVATE = (
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private",
    "saved", "trace",
)  # fmt: skip


@contextlib.contextmanager
def running(inbox_port):
    """Run the server, which relays to a port; give the port that it listens on."""
    port = process.free_port()
    accounts = {OWNER: OWNER_NUMBER, GROUP: GROUP_NUMBER}
    with mail_server.folder(PACKAGE, accounts) as folder, _logins() as login:
        (folder / "conf").mkdir()
        values = {"folder": folder, "inbox": inbox_port, "login": login, "port": port}
        (folder / "conf" / "main.cf").write_text(MAIN.format(**values))
        (folder / "conf" / "master.cf").write_text(MASTER.format(**values).lstrip())
        mail_server.make_certificate(folder)
        _make_queue(folder)
        libraries = folder / "package" / "usr" / "lib"
        command = [libraries / "postfix" / "sbin" / "master", "-c", folder / "conf", "-d"]
        paths = [libraries / "postfix", *sorted(libraries.glob("*-linux-gnu"))]
        environment = {
            "MAIL_CONFIG": str(folder / "conf"),
            "LD_LIBRARY_PATH": ":".join(str(path) for path in paths),
        }
        with mail_server.running(PACKAGE, folder, port, command, **environment):
            yield port


def _make_queue(folder):
    """Make the folders of the queue, with the owners and rights that Postfix insists on."""
    for name, group, mode in (
        *((name, 0, 0o700) for name in PRIVATE),
        ("public", GROUP_NUMBER, 0o710),
        ("maildrop", GROUP_NUMBER, 0o730),
    ):
        place = folder / "spool" / name
        place.mkdir(parents=True)
        os.chown(place, OWNER_NUMBER, group)
        place.chmod(mode)
    (folder / "spool" / "pid").mkdir()
    (folder / "data").mkdir()
    os.chown(folder / "data", OWNER_NUMBER, 0)


class _Login(socketserver.StreamRequestHandler):
    """Knows one user, in the authentication protocol of Dovecot."""

    def handle(self):
        self.wfile.write(
            b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n"
        )
        expected = ["", mail_server.USER, mail_server.PASSWORD]
        for line in self.rfile:
            fields = line.decode().rstrip("\n").split("\t")
            if fields[0] != "AUTH":
                continue
            given = next(field for field in fields if field.startswith("resp="))
            given = base64.b64decode(given.removeprefix("resp=")).decode().split("\0")
            answer = ["OK", fields[1], f"user={given[1]}"]
            if given != expected:
                answer = ["FAIL", fields[1]]
            self.wfile.write(("\t".join(answer) + "\n").encode())


class _LoginServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


@contextlib.contextmanager
def _logins():
    """Answer who may log in; give the port for the questions."""
    with _LoginServer(("127.0.0.1", 0), _Login) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
