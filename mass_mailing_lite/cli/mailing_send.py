"""``odoo mailing_send``: send validated mailings from a shell."""

import argparse
import contextlib
import os
import signal
import sys

import psycopg2

from odoo import api
from odoo.cli import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

BAR_WIDTH = 40

STOPPING = (
    b"\nEnding after the mail server has answered for the messages that are being transmitted. A second"
    b" Ctrl-C ends at once; the recipients of these messages are then uncertain.\n"
)

ALL_SENT, SOME_FAILED, COULD_NOT_SEND = 0, 1, 2


class MailingSend(Command):
    """Send validated mailings, as the scheduled action does, with a progress bar.

    Exit code: 0 all sent, 1 some failed, 2 could not send.
    """

    name = "mailing_send"

    def run(self, cmdargs):
        args = self._parse(cmdargs)
        options = [f"--database={args.database}"]
        if args.config:
            options.append(f"--config={args.config}")
        config.parse_config(options, setup_logging=True)
        try:
            registry = Registry(args.database)
        except psycopg2.OperationalError as error:
            self._give_up(f"The database {args.database} cannot be opened: {error}")
        with registry.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            if "partner.mailing" not in env:
                self._give_up(f"mass_mailing_lite is not installed in {args.database}.")
            try:
                code = self._send(env, args)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
                self._give_up(f"\nThe database {args.database} is gone: {error}")
        sys.exit(code)

    def _give_up(self, message):
        print(message.strip(), file=sys.stderr)
        sys.exit(COULD_NOT_SEND)

    def _parse(self, cmdargs):
        parser = self.parser
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("-c", "--config", help="Odoo's configuration file")
        parser.add_argument("-d", "--database", required=True, help="database to work on")
        parser.add_argument("--mailing", type=int, metavar="ID", help="send this mailing only")
        parser.add_argument("--limit", type=int, metavar="N", help="send at most N messages")
        return parser.parse_args(cmdargs)

    def _send(self, env, args):
        chosen = args.mailing is not None
        mailings = env["partner.mailing"].browse([args.mailing] if chosen else [])
        try:
            if chosen and not mailings.exists():
                raise UserError(f"There is no mailing {args.mailing}.")
            mailings._check_sendable()
        except UserError as error:
            print(error, file=sys.stderr)
            return COULD_NOT_SEND
        concerned = mailings or env["partner.mailing"].search(
            [("state", "in", ("validated", "sending"))]
        )
        done, stopped = 0, False

        def stop(*_signal):
            # Ends the run after the messages that are being sent are recorded. A second Ctrl-C ends
            # it without waiting for a silent server.
            nonlocal stopped
            if stopped:
                raise KeyboardInterrupt
            stopped = True
            os.write(sys.stderr.fileno(), STOPPING)

        def commit_progress(count, waiting):
            nonlocal done
            env.cr.commit()  # pylint: disable=invalid-commit  # no request commits
            done += count
            show_progress(done, done + waiting, "" if count else describe_wait(concerned))
            return 0 if stopped else float("inf")

        signal.signal(signal.SIGINT, stop)
        with contextlib.suppress(KeyboardInterrupt):
            mailings._send_due(commit_progress, limit=args.limit, patience=float("inf"))
        env.invalidate_all()
        code = show_result(concerned)
        is_cut_short = stopped and any(one.state in ("validated", "sending") for one in concerned)
        return COULD_NOT_SEND if is_cut_short else code


def describe_wait(mailings):
    """Return a text that says until when the mailings wait for a limit, empty when they do not."""
    mailings.counter_id.invalidate_recordset()
    mailings.invalidate_recordset(["wait_reason", "wait_until", "state"])
    moments = [
        one.wait_until
        for one in mailings
        if one.state == "sending" and one.wait_reason in ("rate_limit", "domain")
    ]
    return f"waits for a limit until {min(moments):%H:%M:%S} UTC" if moments else ""


def show_progress(done, total, note=""):
    """Draw a bar on standard error, in place of the one before."""
    filled = BAR_WIDTH * done // total if total else BAR_WIDTH
    bar = "#" * filled + "-" * (BAR_WIDTH - filled)
    # The escape sequence at the end erases the rest of a longer line.
    print(f"\r[{bar}] {done}/{total} {note}\x1b[K", end="", file=sys.stderr, flush=True)


def show_result(mailings):
    """Print a table of the mailings; return the exit code for their states."""
    print(file=sys.stderr)
    row = "{:>6}  {:<40.40}  {:>10}  {:>8}  {:>8}  {:>8}  {:<12}"
    print(row.format("id", "title", "recipients", "sent", "waiting", "failed", "state"))
    for mailing in mailings:
        print(
            row.format(
                mailing.id,
                mailing.name,
                mailing.recipient_count,
                mailing.sent_count,
                mailing.pending_count,
                mailing.failed_count,
                mailing.state,
            )
        )
    paused = mailings.filtered(lambda mailing: mailing.state == "paused")
    for mailing in paused:
        print(f"{mailing.name}: {mailing.pause_reason}", file=sys.stderr)
    unfinished = mailings.filtered(lambda mailing: mailing.state in ("validated", "sending"))
    waiting = [(one, reason) for one in unfinished if (reason := one._get_wait_in_words())]
    for mailing, reason in waiting:
        print(f"{mailing.name}: {reason}", file=sys.stderr)
    if paused or waiting:
        return COULD_NOT_SEND
    return SOME_FAILED if any(mailing.failed_count for mailing in mailings) else ALL_SENT
