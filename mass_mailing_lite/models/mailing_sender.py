"""The sender: claim, fill, transmit, record; what a scheduled action or a command runs."""

import contextlib
import logging
import time

import psycopg2
import psycopg2.errors

from odoo.exceptions import UserError

from ..delivery import outcome as outcomes
from ..delivery.pool import NoSession
from .mailing_hold import Hold
from .mailing_pace import ServerPace
from .mailing_queue import make_queue
from .mailing_wake import precise_now

_logger = logging.getLogger(__name__)

# What is claimed and not yet recorded: a message for each connection, and as many as go in this
# time. That is what a kill can leave open.
CLAIM_SECONDS = 0.025
CLAIM_MOST = 500  # rows; keeps memory flat on a fast line
SERIALIZATION_TRIES = 10
IDLE_SECONDS = 0.2  # how long a server may be silent before the other mailings have their turn
TURNS = 10  # that each mailing has at least within the limit of a server that it shares
FRUITLESS_CLAIMS = 3  # in a row, after which the server is at fault and the mailing waits

# Seconds until a deferred message is tried again; after the last one it has
# failed. 55 hours in all (RFC 5321, section 4.5.4.1: give up after 4 to 5 days;
# a mailing's news does not keep that long).
RETRY_DELAYS = tuple(hours * 3600 for hours in (0.5, 1, 2, 4, 8, 16, 24))


class TooManyFailures(Exception):
    """So many of the last recipients failed for good: ``(settled, failed)``."""


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
        self._paces = {}  # by server
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

    def send_slice(self, mailing, seconds, limit=None):
        """Send a mailing's messages for ``seconds``, until ``limit``, the end, or the server is slow.

        Messages may still be on their way after it; see ``get_busy``. Something
        may hold the rest; see ``get_hold``. When the server takes none, it is
        tried again later, or the mailing is paused with the server's words.

        :return: number of messages handed over or refused
        """
        started = time.monotonic()
        try:
            count, hold = self._send_slice(mailing, seconds, limit)
            self._note_slice(mailing, count, time.monotonic() - started, hold)
            return count
        except NoSession as error:
            count = self._note_until_trouble(mailing, started)
            trouble = error.outcome
            self._stop(mailing, mailing._back_off, trouble.text, is_wrong_login(trouble))
            return count
        except TooManyFailures as error:
            count = self._note_until_trouble(mailing, started)
            self._stop(mailing, mailing._break_off, *error.args)
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

    def _send_slice(self, mailing, seconds, limit):
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
        count = line.send(seconds, limit)
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
        server = mailing._get_used_server()
        limits = server._get_partner_mailing_limits()
        if not limits:
            return None
        if server.id not in self._paces:
            pace = self._paces[server.id] = ServerPace(self.env, server, self.number, limits)
            self.in_transaction(pace.prepare)
        return self._paces[server.id]

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
        words = self.env._("The mailing cannot be sent: %s", reason)
        self._stop(mailing, mailing._pause_with_alert, words)

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


class SendingLine:
    """One mailing on its way: connections to its server, compiled messages, a place in the list.

    While the connections carry messages, in threads of their own, the rows before them are
    recorded and those behind them claimed.
    """

    def __init__(self, sender, mailing, queue):
        self.sender = sender
        self.mailing = mailing
        self._queue = queue
        self._failure_limit = mailing._get_failure_limit()
        self._compiled = {}
        self._rows = {}  # claimed and not yet recorded, by id
        self.done = 0  # messages of this slice that were handed over or refused
        self._unmade = []  # results of rows whose message could not be made
        self._fruitless = 0
        self._depth = 1  # messages that go in CLAIM_SECONDS
        self._measured_at = time.monotonic()
        self._measured = 0  # messages that went since then
        self._connections = mailing._get_connections()
        # Opened at once: what the server is decides how the message is built.
        self._first = mailing._connect()
        self._session = self._first
        self._pool = mailing._make_pool(self._next_connection, self._connections)

    @property
    def open_count(self):
        """Rows that are claimed and not yet recorded."""
        return len(self._rows)

    @property
    def hold(self):
        """What holds the rows that wait, None when nothing does."""
        return self._queue.hold

    def send(self, seconds, limit):
        """See ``MailingSender.send_slice``.

        :raises TooManyFailures: when too many of the last recipients failed for good
        """
        self.done = 0
        self.sender.recipients._skip_blocklisted(self.mailing)
        heard = time.monotonic()
        if not self._rows:
            self._measured_at, self._measured = heard, 0
        until = heard + seconds
        results, has_more = [], True
        while True:
            wanted = self._connections + self._depth - len(self._rows) + len(results)
            if limit is not None:
                wanted = min(wanted, limit - self.done - len(self._rows) + len(results))
            now = time.monotonic()
            if now >= until or now - heard > IDLE_SECONDS or not has_more:
                wanted = 0
            has_more = self._record_and_claim(results, wanted) and has_more
            if not self._rows or now >= until or now - heard > IDLE_SECONDS:
                return self.done
            results = self._collect()
            if results:
                heard = time.monotonic()
                self.done += self._judge(results)

    def finish(self):
        """Take nothing more; wait for what is on its way, and record it.

        :return: number of messages handed over or refused
        """
        self._take_back()
        done = 0
        while self._rows:
            results = self._collect()
            done += sum(result["attempted"] for result in results)
            self._record_and_claim(results, 0)
        return done

    def close(self):
        """End what the connections are doing, close them, and record what is known."""
        try:
            self._take_back()
        finally:
            self._pool.close()
            if self._first is not None:
                self._first.close()
        self._take_back()  # what a connection that was cut off had not begun
        if self._rows:
            self._record_and_claim(self._collect(), 0)

    # ------------------------------------------------------------
    # Database
    # ------------------------------------------------------------

    def _record_and_claim(self, results, wanted):
        """Record results and claim further rows in one transaction, and send these.

        :return: whether there was something to claim
        """
        if not results and wanted <= 0:
            return True

        tally = None

        def step():
            nonlocal tally
            if results:
                tally = self.sender.recipients._record(
                    self.mailing.id, self.sender.number, results, self._failure_limit.window
                )
                self._queue.settle(results)
                if self._failure_limit.is_passed(*tally):
                    return []
            return self._queue.take(wanted) if wanted > 0 else []

        with self._queue.alone() if wanted > 0 else contextlib.nullcontext():
            rows = self.sender.in_transaction(step)
        self._queue.confirm(results)
        for result in results:
            del self._rows[result["id"]]
        if wanted > 0 and tally and self._failure_limit.is_passed(*tally):
            raise TooManyFailures(*tally)
        if not rows:
            return wanted <= 0
        self._rows.update((row["id"], row) for row in rows)
        # Rows that are not handed over wait again, and the mailing is paused.
        try:
            envelopes = self._fill(rows)
        except Exception:
            self._take_back(rows)
            raise
        try:
            self._pool.put(envelopes)
        except Exception:
            self._take_back()
            raise
        return True

    def _take_back(self, rows=()):
        """Let wait again ``rows``, and those that no connection has begun."""
        keys = {envelope.key for envelope in self._pool.withdraw()}
        keys.update(row["id"] for row in rows)
        self._unmade = [result for result in self._unmade if result["id"] not in keys]
        untouched = outcomes.Outcome(outcomes.NOT_SENT, "connect")
        self._record_and_claim([get_result(self._rows[key], untouched) for key in keys], 0)

    # ------------------------------------------------------------
    # Wire
    # ------------------------------------------------------------

    def _next_connection(self):
        """Hand the pool the connection that is open already, then new ones."""
        session, self._first = self._first, None
        return session or self.mailing._connect()

    def _collect(self):
        """Return what is known of rows, in time for the connections not to run dry."""
        unmade, self._unmade = self._unmade, []
        least = 0 if unmade else max(1, self._depth // 2)
        done = self._pool.collect(least, CLAIM_SECONDS)
        if done:
            self._adapt(len(done))
        return unmade + [
            get_result(self._rows[envelope.key], outcome) for envelope, outcome in done
        ]

    def _fill(self, rows):
        """Return the envelopes of rows; those that cannot be made are put aside."""
        by_lang = {}
        for row in rows:
            by_lang.setdefault(self.mailing._get_language_of(row), []).append(row)
        envelopes = []
        for lang, rows_of_lang in by_lang.items():
            if lang not in self._compiled:
                self._compiled[lang] = self.mailing._compile_message(lang, self._session)
            for row, envelope, error in self.mailing._fill_messages(
                self._compiled[lang], rows_of_lang
            ):
                if envelope:
                    envelopes.append(envelope)
                else:
                    self._unmade.append(get_result(row, failure=("rendering", error)))
        # Contacts that were read for this claim are not needed again.
        self.sender.env["res.partner"].invalidate_model(flush=False)
        return envelopes

    # ------------------------------------------------------------
    # Judgement
    # ------------------------------------------------------------

    def _adapt(self, count):
        """Measure how many messages go in ``CLAIM_SECONDS``.

        Over that time at least: what a burst would come to is more than ever goes.
        """
        self._measured += count
        now = time.monotonic()
        seconds = now - self._measured_at
        if seconds < CLAIM_SECONDS:
            fitting = max(self._depth, self._measured)
        else:
            fitting = int(self._measured * CLAIM_SECONDS / seconds)
            self._measured_at, self._measured = now, 0
        self._depth = max(1, min(fitting, CLAIM_MOST))

    def _judge(self, results):
        """Return how many rows are settled.

        :raises NoSession: when the server takes nothing, time after time: it is at fault. All that
            is known is recorded before
        """
        settled = 0
        for result in results:
            if result["attempted"]:
                settled += 1
            else:
                self._queue.put_back(result["id"])
        self._fruitless = 0 if settled else self._fruitless + 1
        failure = self._pool.failure
        if not settled and (failure or self._fruitless >= FRUITLESS_CLAIMS):
            self._record_and_claim(results, 0)
            words = next(filter(None, (result["words"] for result in results)), "")
            raise NoSession(failure or outcomes.Outcome(outcomes.NOT_SENT, "connect", text=words))
        return settled


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


def get_result(row, outcome=None, failure=None):
    """Return what to record for a claimed row, as a dict.

    :param outcome: a ``delivery.outcome.Outcome``; or
    :param failure: ``(failure_type, reason)`` of a message that could not be made
    """
    if failure:
        return _result(row, "failed", *failure)
    if outcome.kind is outcomes.SENT:
        return _result(row, "sent", None, None)
    words = " ".join(str(part) for part in (outcome.code, outcome.enhanced, outcome.text) if part)
    if outcome.kind is outcomes.UNCERTAIN:
        return _result(row, "uncertain", outcome.failure_type, words)
    if outcome.kind is outcomes.NOT_SENT:
        return _result(row, "pending", None, None, attempted=False, words=words)
    if outcome.kind is outcomes.DEFERRED and row["attempts"] <= len(RETRY_DELAYS):
        delay = int(RETRY_DELAYS[row["attempts"] - 1])
        return _result(row, "pending", outcome.failure_type, words, delay=delay)
    return _result(row, "failed", outcome.failure_type, words)


def _result(row, state, failure_type, reason, delay=None, attempted=True, words=""):
    return {
        "id": row["id"],
        "state": state,
        "failure_type": failure_type,
        "failure_reason": reason,
        "delay": delay,
        "attempted": attempted,
        "words": words,
    }
