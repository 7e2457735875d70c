"""Debian's OpenSMTPD with a private configuration, relaying to an inbox of the test.

It listens on a high port of loopback, in the clear and without a login: the release in Debian 12
(6.8.0p2) ends each TLS session that it is offered, because its key handling does not work with
OpenSSL 3.
"""

import contextlib

from devtools import process

from . import mail_server

PACKAGE, ENCRYPTED = "opensmtpd", False
ACCOUNTS = {"opensmtpd": 61003, "opensmtpq": 61004}

QUEUE_TIME = "30s"  # after which it gives up, and returns the message

CONFIGURATION = """
queue ttl {queue_time}
listen on 127.0.0.1 port {port} hostname mail.example.com
action "onward" relay host smtp://127.0.0.1:{inbox}
match from any for any action "onward"
"""
# The folders that are compiled into it.
FOLDERS = """
for place in /var/spool /var/lib /run; do mount -t tmpfs none "$place"; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
"""


@contextlib.contextmanager
def running(inbox_port):
    """Run the server, which relays to a port; give the port that it listens on."""
    port = process.free_port()
    with mail_server.folder(PACKAGE, ACCOUNTS) as folder:
        configuration = CONFIGURATION.format(port=port, inbox=inbox_port, queue_time=QUEUE_TIME)
        (folder / "smtpd.conf").write_text(configuration)
        tree = folder / "package" / "usr"
        command = [tree / "sbin" / "smtpd", "-d", "-f", folder / "smtpd.conf"]
        libraries = ":".join(str(path) for path in sorted((tree / "lib").glob("*-linux-gnu")))
        with mail_server.running(
            PACKAGE, folder, port, command, FOLDERS, LD_LIBRARY_PATH=libraries
        ):
            yield port
