"""The local inbox: an SMTP server on loopback that keeps whatever it gets in a Maildir.

It stands for the mail servers of the world in the demo and in the tests; nothing leaves the
machine. Run as a program (`python -m devtools.inbox MAILDIR`), it prints its port and serves until
it is ended.
"""

import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller

from . import maildir
from .process import free_port


class Inbox(Controller):
    """An SMTP server in a thread; `with Inbox(folder) as inbox:` runs it on a free port."""

    def __init__(self, folder, port=None, **options):
        self.folder = Path(folder)
        maildir.create(self.folder)
        options = {"ready_timeout": 60, **options}  # seconds, on a busy machine
        super().__init__(self, hostname="127.0.0.1", port=port or free_port(), **options)

    async def handle_DATA(self, _server, _session, envelope):
        """Keep one message; subclasses refuse messages by answering something else."""
        maildir.keep(self.folder, envelope.mail_from, envelope.rcpt_tos, envelope.content)
        return "250 2.0.0 Kept"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.stop()

    def deliveries(self):
        """Return what arrived until now."""
        return maildir.deliveries(self.folder)


def main(folder):
    """Serve until a signal asks to end."""
    with Inbox(folder) as inbox:
        print(inbox.port, flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main(*sys.argv[1:])
