"""The sender: claim, fill, transmit, record; what a scheduled action or a command runs."""

import contextlib
import logging
import time

import psycopg2
import psycopg2.errors

from odoo.exceptions import UserError

from ..delivery import outcome as outcomes
from ..delivery.pool import NoSession, Pool
from .mailing_handover import Handover

_logger = logging.getLogger(__name__)

CLAIM_SECONDS = 0.025  # what a kill may leave open
CLAIM_MOST = 500  # rows; keeps memory flat with large attachments on a fast line
SERIALIZATION_TRIES = 10
# Rows of a claim for each connection, at least: the second one's commands go with the content of
# the first, and both share the 5 ms of a claim and its record. Over a line with 20 ms round trip
# eight connections sent 171 messages a second with two and 150 with one.
ROWS_PER_CONNECTION = 2
FRUITLESS_CLAIMS = 3  # in a row, after which the server is at fault and the mailing waits

# Seconds until a deferred message is tried again; after the last one it has
# failed. 55 hours in all (RFC 5321, section 4.5.4.1: give up after 4 to 5 days;
# a mailing's news does not keep that long).
RETRY_DELAYS = tuple(hours * 3600 for hours in (0.5, 1, 2, 4, 8, 16, 24))


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

    def __enter__(self):
        self.number = self.recipients._new_sender()
        return self

    def __exit__(self, *_exc):
        for line in self._lines.values():
            line.close()
        # Where the database is gone, the lock went with it; what went wrong is the news, not this.
        with contextlib.suppress(psycopg2.Error):
            self.env.cr.rollback()
            self.recipients._end_sender(self.number)

    def send_slice(self, mailing, seconds, limit=None):
        """Send a mailing's messages for ``seconds``, or until ``limit`` or the end.

        Pauses the mailing, with the server's words, when the server takes none.

        :return: number of messages handed over or refused
        """
        try:
            line = self._get_line(mailing)
            return line.send(seconds, limit)
        except NoSession as error:
            self._give_up(mailing, error.outcome.text)
        except UserError as error:
            # ir.mail_server's own: no server set up, an archived one …
            self._give_up(mailing, str(error))
        except psycopg2.Error:
            raise
        except Exception as error:  # one mailing's trouble is not the others'
            _logger.exception("Sending the mailing %s failed.", mailing.id)
            self._give_up(mailing, f"{type(error).__name__}: {error}")
        return 0

    def _get_line(self, mailing):
        if mailing.id not in self._lines:
            self._lines[mailing.id] = SendingLine(self, mailing)
        return self._lines[mailing.id]

    def _give_up(self, mailing, reason):
        """Pause a mailing whose server cannot be used; its recipients are not at fault."""
        line = self._lines.pop(mailing.id, None)
        if line:
            line.close()
        self.env.cr.rollback()
        mailing.invalidate_recordset()
        if mailing.state == "sending":
            mailing._pause_with_alert(self.env._("The mailing cannot be sent: %s", reason))
        self.env.cr.commit()  # pylint: disable=invalid-commit  # the pause stands, whatever follows

    def in_transaction(self, step):
        """Run ``step`` and commit: claim and record must outlive a kill."""
        return in_transaction(self.env.cr, step)


class SendingLine:
    """One mailing on its way: connections to its server, compiled messages, a place in the list."""

    def __init__(self, sender, mailing):
        self.sender = sender
        self.mailing = mailing
        self._compiled = {}
        self._last_id = 0
        self._fruitless = 0
        server = mailing.mail_server_id
        self._connections = max(server.partner_mailing_connections, 1) if server else 1
        self._least = self._claim_size = ROWS_PER_CONNECTION * self._connections
        # Opened at once: what the server is decides how the message is built.
        self._first = mailing._connect()
        self._session = self._first
        if modules := self.sender.env["ir.mail_server"]._get_message_overrides():
            self._pool = Handover(mailing, self._next_connection, modules)
        else:
            self._pool = Pool(self._next_connection, self._connections)

    def close(self):
        self._pool.close()
        if self._first is not None:
            self._first.close()

    def send(self, seconds, limit):
        """See ``MailingSender.send_slice``."""
        self.sender.recipients._skip_blocklisted(self.mailing)
        until = time.monotonic() + seconds
        done = 0
        rows = self._claim(limit)
        while rows:
            started = time.monotonic()
            results = self._transmit(rows)
            settled = sum(result["attempted"] for result in results)
            done += settled
            self._adapt(len(rows), time.monotonic() - started)
            self._judge(settled, results)
            if settled < len(results):
                # What the server did not take is first in line again.
                self._last_id = rows[0]["id"] - 1
            more = time.monotonic() < until and (limit is None or done < limit)
            rows = self._record_and_claim(results, limit and limit - done, more)
        return done

    # ------------------------------------------------------------
    # Database
    # ------------------------------------------------------------

    def _claim(self, limit):
        return self.sender.in_transaction(lambda: self._take(limit))

    def _record_and_claim(self, results, limit, more):
        """Record a claim and take the next one in one transaction: one commit for both."""

        def step():
            self.sender.recipients._record(self.mailing.id, self.sender.number, results)
            return self._take(limit) if more else []

        return self.sender.in_transaction(step)

    def _take(self, limit):
        size = self._claim_size if limit is None else min(self._claim_size, limit)
        rows = self.sender.recipients._claim(
            self.mailing.id, self.sender.number, size, self._last_id
        )
        if not rows and self._last_id:
            # The end of the list; rows that were deferred may wait at its beginning.
            self._last_id = 0
            return []
        if rows:
            self._last_id = rows[-1]["id"]
        return rows

    # ------------------------------------------------------------
    # Wire
    # ------------------------------------------------------------

    def _next_connection(self):
        """Hand the pool the connection that is open already, then new ones."""
        session, self._first = self._first, None
        return session or self.mailing._connect()

    def _transmit(self, rows):
        """Fill and hand over the messages of a claim; return their results, row by row."""
        by_id = {row["id"]: row for row in rows}
        results, envelopes = {}, []
        try:
            for row, envelope, error in self._fill(rows):
                if envelope:
                    envelopes.append(envelope)
                else:
                    results[row["id"]] = get_result(row, failure=("rendering", error))
            sent = self._pool.transmit(envelopes) if envelopes else []
        except Exception:
            # Nothing was handed over: the rows wait again, and the mailing is paused.
            untouched = outcomes.Outcome(outcomes.NOT_SENT, "connect")
            self._record_and_claim([get_result(row, untouched) for row in rows], None, more=False)
            raise
        for envelope, outcome in zip(envelopes, sent, strict=True):
            results[envelope.key] = get_result(by_id[envelope.key], outcome)
        return [results[row["id"]] for row in rows]

    def _fill(self, rows):
        by_lang = {}
        for row in rows:
            by_lang.setdefault(self.mailing._get_language_of(row), []).append(row)
        for lang, rows_of_lang in by_lang.items():
            if lang not in self._compiled:
                self._compiled[lang] = self.mailing._compile_message(lang, self._session)
            yield from self.mailing._fill_messages(self._compiled[lang], rows_of_lang)
        # Contacts that were read for this claim are not needed again.
        self.sender.env["res.partner"].invalidate_model(flush=False)

    # ------------------------------------------------------------
    # Judgement
    # ------------------------------------------------------------

    def _adapt(self, count, seconds):
        """Size the next claim so that it takes ``CLAIM_SECONDS``; grow by twice at most."""
        fitting = int(count * CLAIM_SECONDS / max(seconds, 1e-6))
        self._claim_size = max(self._least, min(fitting, 2 * self._claim_size, CLAIM_MOST))

    def _judge(self, settled, results):
        """Raise when claim after claim brings nothing: the server is at fault."""
        self._fruitless = 0 if settled else self._fruitless + 1
        if self._fruitless >= FRUITLESS_CLAIMS:
            self._record_and_claim(results, None, more=False)
            words = next(filter(None, (result["words"] for result in results)), "")
            raise NoSession(outcomes.Outcome(outcomes.NOT_SENT, "connect", text=words))


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
        except psycopg2.errors.SerializationFailure:
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
    words = " ".join(str(part) for part in (outcome.code, outcome.enhanced, outcome.text) if part)
    if outcome.kind is outcomes.SENT:
        return _result(row, "sent", None, None)
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
