"""The sender: claim, fill, transmit, record; what a scheduled action or a command runs."""

import contextlib
import logging
import time

import psycopg2
import psycopg2.errors

from odoo.exceptions import UserError

from ...delivery.pool import NoSession
from .mailing_hold import Hold
from .mailing_line import SendingLine, TooManyFailures
from .mailing_pace import ServerPace
from .mailing_queue import make_queue
from .mailing_wake import precise_now

_logger = logging.getLogger(__name__)

SERIALIZATION_TRIES = 10
TURNS = 10  # that each mailing has at least within the limit of a server that it shares


class MailingSender:
    """One sender of one process: a number in the database, and connections that stay open.

    A context manager; leaving it closes the connections and gives the number
    back, so that rows it has left open can be told from those of the living.
    """

    def __init__(self, env):
        self.env = env(su=True)
        self.recipients = self.env["partner.mailing.recipient"]
        self.number = None
        self._lines = {}
        self.sorting = {}  # {mailing id: how far its rows are sorted by domain}
        self._paces = {}  # by what their limits are counted for
        self._pace_of = {}  # by mailing
        self._holds = {}

    def __enter__(self):
        self.number = self.recipients._new_sender()
        return self

    def __exit__(self, *_exc):
        # Where the database is gone, the lock went with it; what went wrong is the news, not this.
        # The connections to mail servers are still there, and their threads.
        steps = [self.env.cr.rollback, *(line.close for line in self._lines.values())]
        for step in [*steps, lambda: self.recipients._end_sender(self.number)]:
            with contextlib.suppress(psycopg2.Error):
                step()

    def get_busy(self):
        """Return the mailings that have messages on their way."""
        busy = [line.mailing.id for line in self._lines.values() if line.open_count]
        return self.env["partner.mailing"].browse(busy)

    def count_open(self, mailing):
        """Return how many messages of other mailings are on their way."""
        lines = self._lines.values()
        return sum(line.open_count for line in lines if line.mailing != mailing)

    def get_hold(self, mailing):
        """Return what holds the mailing at this moment, None when nothing does."""
        hold = self._holds.get(mailing.id)
        return hold if hold and hold.seconds_left else None

    def get_held_ids(self):
        """Return the ids of the mailings that something holds at this moment."""
        return [number for number, hold in self._holds.items() if hold and hold.seconds_left]

    def get_wait(self, mailings):
        """Return in how many seconds the first of ``mailings`` goes on; None when none is held."""
        holds = [self._holds.get(number) for number in mailings.ids]
        return min((hold.seconds_left for hold in holds if hold), default=None)

    def finish(self, mailings=None):
        """Wait for what is on its way, of ``mailings`` or of all, and record it.

        :return: number of messages handed over or refused
        """
        chosen = self._lines if mailings is None else mailings.ids
        return sum(self._lines[number].finish() for number in chosen if number in self._lines)

    def send_slice(self, mailing, seconds, limit=None, goes_on=False):
        """Send a mailing's messages for ``seconds``, until ``limit``, the end, or the server is slow.

        Messages may still be on their way after it; see ``get_busy``. Something
        may hold the rest; see ``get_hold``. When the server takes none, it is
        tried again later, or the mailing is paused with the server's words.

        :param goes_on: see ``SendingLine.send``
        :return: number of messages handed over or refused
        """
        started = time.monotonic()
        try:
            count, hold = self._send_slice(mailing, seconds, limit, goes_on)
            self._note_slice(mailing, count, time.monotonic() - started, hold)
            return count
        except NoSession as error:
            count = self._note_until_trouble(mailing, started)
            trouble = error.outcome
            told = mailing._in_language_of_responsible()
            self._stop(mailing, told._back_off, trouble.text, is_wrong_login(trouble))
            return count
        except TooManyFailures as error:
            count = self._note_until_trouble(mailing, started)
            self._stop(mailing, mailing._in_language_of_responsible()._break_off, *error.args)
            return count
        except UserError as error:
            # ir.mail_server's own: no server set up, an archived one …
            self._give_up(mailing, str(error))
        except psycopg2.Error:
            raise
        except Exception as error:  # one mailing's trouble is not the others'
            _logger.exception("Sending the mailing %s failed.", mailing.id)
            self._give_up(mailing, f"{type(error).__name__}: {error}")
        return 0

    def _send_slice(self, mailing, seconds, limit, goes_on):
        """Return how many messages were settled, and what holds the rest, None for nothing."""
        line = self._lines.get(mailing.id)
        if line is None:
            pace = self._get_pace(mailing)
            # Nobody connects to a server that takes no more for now.
            if pace and not self._has_room(pace):
                return 0, Hold("pace", pace.wait)
            queue = make_queue(self, mailing, pace)
            if not queue.prepare(seconds):
                return 0, Hold("domain", 0.0)
            line = self._lines[mailing.id] = SendingLine(self, mailing, queue)
        count = line.send(seconds, limit, goes_on)
        return count, line.hold

    def get_share(self, mailing, mailings):
        """Return how many messages a mailing may send before the others have their turn.

        None for any number: where its server has no limits, or none of ``mailings`` shares it.
        """
        pace = self._get_pace(mailing)
        rivals = sum(self._get_pace(one) is pace for one in mailings) if pace else 1
        if rivals == 1:
            return None
        least = min((limit for _seconds, limit in pace.limits.windows()), default=None)
        return least and max(1, least // (TURNS * rivals))

    def _get_pace(self, mailing):
        """Return the pace of the mailing's server, None when it has no limits."""
        if mailing.id not in self._pace_of:
            self._pace_of[mailing.id] = self._find_pace(mailing)
        return self._pace_of[mailing.id]

    def _find_pace(self, mailing):
        limits = mailing._get_limits()
        if not limits:
            return None
        key = mailing._get_pace_key()
        name = tuple(key.items())
        if name not in self._paces:
            pace = self._paces[name] = ServerPace(self.env, key, self.number, limits)
            self.in_transaction(pace.prepare)
        return self._paces[name]

    def _has_room(self, pace):
        with pace.alone():
            return self.in_transaction(lambda: pace.allow(1))

    def _note_slice(self, mailing, count, seconds, hold):
        """Keep in mind what holds a mailing, and write it down for those who look at it."""
        self._holds[mailing.id] = hold
        counter = mailing.counter_id
        values = {}
        if count:
            values.update(busy_seconds=seconds, served_at=precise_now())
            if counter.hold_kind or counter.trouble_count:
                values.update(hold_kind=None, hold_until=None, trouble_words=None, trouble_count=0)
        if hold and hold.seconds_left:
            values.update(hold_kind=hold.kind, hold_until=hold.until)
        if values:
            self.in_transaction(lambda: counter._note_sending(counter.id, **values))

    def _note_until_trouble(self, mailing, started):
        """Note what was settled in a slice before trouble ended it: it is the first in a row then.

        :return: number of messages handed over or refused
        """
        line = self._lines.get(mailing.id)
        count = line.done if line else 0
        self.env.cr.rollback()
        if count:
            mailing.counter_id.invalidate_recordset(flush=False)
            self._note_slice(mailing, count, time.monotonic() - started, None)
        return count

    def _give_up(self, mailing, reason):
        """Pause a mailing that cannot be sent; its recipients are not at fault."""
        told = mailing._in_language_of_responsible()
        words = told.env._("The mailing cannot be sent: %s", reason)
        self._stop(mailing, told._pause_with_alert, words)

    def _stop(self, mailing, step, *args):
        """Close the connections of a mailing, and take a step unless somebody has paused it."""
        self.env.cr.rollback()
        self._holds.pop(mailing.id, None)
        self.close_line(mailing)

        def stop():
            mailing.invalidate_recordset()
            if mailing.state == "sending":
                step(*args)

        self.in_transaction(stop)

    def close_lines(self):
        """Close all connections, while all that is left waits."""
        for mailing in [line.mailing for line in self._lines.values()]:
            self.close_line(mailing)
        # The limits may be other ones then.
        self._pace_of.clear()
        self._paces.clear()

    def close_line(self, mailing):
        """Close the connections of a mailing; they are opened again when it goes on."""
        if line := self._lines.pop(mailing.id, None):
            line.close()

    def in_transaction(self, step):
        """Run ``step`` and commit: claim and record must outlive a kill."""
        return in_transaction(self.env.cr, step)


def is_wrong_login(outcome):
    """Tell whether a server has refused the login for good: a person has to mend that."""
    return outcome.failure_type == "login" and (outcome.code or 0) >= 500


def in_transaction(cr, step):
    """Run ``step`` and commit; again after a conflict with somebody else who writes totals.

    :param cr: the cursor, at the beginning of a transaction
    :param step: callable without arguments, whose result is returned
    """
    for attempt in range(SERIALIZATION_TRIES):
        try:
            result = step()
            cr.commit()  # pylint: disable=invalid-commit  # what the function is for
            return result
        except (psycopg2.errors.SerializationFailure, psycopg2.errors.DeadlockDetected):
            cr.rollback()
            if attempt == SERIALIZATION_TRIES - 1:
                raise
            time.sleep(0.002 * 2**attempt)
    return None
