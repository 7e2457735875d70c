"""The worker sends one mailing: claim, fill, transmit, record."""

import contextlib
import math
import time

from ..delivery import outcome as outcomes
from ..delivery.smtp.pool import NoSession

# Claimed and not yet recorded are one message for each connection, and as many as the server
# accepts in this time. A kill can leave that many rows uncertain.
CLAIM_SECONDS = 0.025
MAX_CLAIM = 500  # rows; keeps memory flat with a fast server
# While a round is recorded and claimed, the connections must have messages left: for so many times
# as long as that takes, but for no more than this share of CLAIM_SECONDS.
OVERHEAD_RESERVE = 1.2
MAX_OVERHEAD = 0.75
SHRINKAGE = 0.95  # factor by which claims shrink at most: one late reply is no slower server
IDLE_SECONDS = 0.2  # for which a server may be silent before the next mailing has its slice
# Messages in a row for each connection that the server takes without a final reply, after which it
# is at fault: each of them is uncertain.
MAX_UNANSWERED = 5
SUPPRESSION_SHARE = 0.02  # of the time, for skipping suppressed rows before a slice
MAX_SUPPRESSION_PAUSE = 60.0
MAX_FAILED_ROUNDS = 3  # in a row, after which the server is at fault and the mailing waits

# Seconds until a deferred message is tried again, try by try; a further deferral is a failure. 55
# hours in all: RFC 5321, section 4.5.4.1, has 4 to 5 days, for which the news of a mailing does not
# keep.
RETRY_DELAYS = tuple(hours * 3600 for hours in (0.5, 1, 2, 4, 8, 16, 24))


class TooManyFailures(Exception):
    """Too many of the last recipients failed for good; ``args`` are ``(settled, failed)``."""


class Worker:
    """Sends one mailing: has its connections, its compiled messages and its place in the list.

    In rounds: while the session threads transmit, this thread records what they have done and
    claims and fills the next messages.

    :param sender: the ``Sender``, for its transactions
    :param queue: the ``Queue`` of the mailing
    :ivar done: number of messages that this slice has handed over or that were refused
    :ivar recorded: number of such messages that are recorded since the slice began
    :ivar progress: those of them whose final reply came
    """

    def __init__(self, sender, mailing, queue):
        self.sender = sender
        self.mailing = mailing
        self._queue = queue
        self._failure_limit = mailing._get_failure_limit()
        self._compiled = {}
        self._rows = {}  # {id: claimed row that is not yet recorded}
        self.done = self.recorded = self.progress = 0
        self._suppression_due = 0.0  # time from which rows are looked at again before a slice
        self._unanswered = 0  # messages in a row whose final reply did not come
        self._render_failures = []  # results of rows whose message could not be made
        self._failed_rounds = 0  # rounds in a row in which the server accepted and refused nothing
        self._depth = 1  # messages that the server accepts in CLAIM_SECONDS
        self._overhead = CLAIM_SECONDS / 3  # seconds that recording, claiming and filling take
        self._measured_at = time.monotonic()
        self._measured = 0  # messages sent since then
        self._transport = mailing._get_transport()
        self._connections = self._transport.get_connections()
        self.capacity = self._transport.get_capacity()
        # Opened before the first message is built, which depends on the session's from-filter.
        self._first_session = self._transport.connect()
        self._session = self._first_session
        self._pool = self._transport.open_pool(self._next_connection, self._connections)

    @property
    def open_count(self):
        """Number of rows that are claimed and not yet recorded."""
        return len(self._rows)

    @property
    def wait(self):
        """The ``Wait`` of the rows that are left, None when they need not wait."""
        return self._queue.wait

    def send(self, seconds, limit, goes_on=False):
        """Send for ``seconds``, until ``limit``, the end of the list, or the server is silent.

        :param goes_on: the next slice is of the same mailing and follows at once, so rows are
            claimed for it at the end of this one
        :return: number of messages handed over or refused
        :raises TooManyFailures: when too many of the last recipients failed for good
        :raises NoSession: when the server accepts nothing
        """
        self._skip_suppressed()
        self.done = self.recorded = self.progress = 0
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
            is_over = now >= until
            if (is_over and not goes_on) or now - heard > IDLE_SECONDS or not has_more:
                wanted = 0
            has_more = self._record_and_claim(results, wanted) and has_more
            if not self._rows or is_over or now - heard > IDLE_SECONDS:
                return self.done
            results = self._collect()
            if results:
                heard = time.monotonic()
                self.done += self._count_settled(results)

    def _skip_suppressed(self):
        """Skip rows that were suppressed since, in no more than ``SUPPRESSION_SHARE`` of the time.

        Claims look at the blocklist and at unsubscriptions themselves. At once when the last slice
        sent nothing: what it has left may all be suppressed.
        """
        began = time.monotonic()
        if self.done and began < self._suppression_due:
            return
        self.sender.in_transaction(lambda: self.sender.recipients._skip_suppressed(self.mailing))
        took = time.monotonic() - began
        self._suppression_due = began + min(took / SUPPRESSION_SHARE, MAX_SUPPRESSION_PAUSE)

    def finish(self):
        """Claim nothing more; wait for the messages that are being sent, and record them.

        :return: number of messages handed over or refused
        """
        self._return_unsent()
        done = 0
        while self._rows:
            results = self._collect()
            done += sum(result["attempted"] for result in results)
            self._record_and_claim(results, 0)
        return done

    def close(self):
        """Close the connections, and record the outcome of all claimed rows."""
        try:
            self._return_unsent()
        finally:
            self._pool.close()
            if self._first_session is not None:
                self._first_session.close()
        self._return_unsent()  # messages that a lost connection had not begun
        if self._rows:
            self._record_and_claim(self._collect(), 0)
        self.sender.in_transaction(lambda: self._queue.close(is_settled=not self._rows))

    # ------------------------------------------------------------
    # Database
    # ------------------------------------------------------------

    def _record_and_claim(self, results, wanted):
        """Record results and claim ``wanted`` rows in one transaction, and transmit these.

        :return: False when rows were wanted and there were none
        :raises TooManyFailures: see ``send``
        """
        if not results and wanted <= 0:
            return True
        began = time.monotonic()
        tally = None

        def step():
            nonlocal tally
            if results:
                tally = self._queue.record(results, self._failure_limit.window)
                if self._failure_limit.is_passed(*tally):
                    return []
            return self._queue.take(wanted) if wanted > 0 else []

        with self._queue.exclusive() if wanted > 0 else contextlib.nullcontext():
            rows = self.sender.in_transaction(step)
        self._queue.confirm(results)
        for result in results:
            del self._rows[result["id"]]
            self.recorded += result["attempted"]
            self.progress += (
                result["attempted"]
                and result["state"] != "uncertain"
                and result["failure_type"] != "rendering"  # the server has not seen it
            )
        if wanted > 0 and tally and self._failure_limit.is_passed(*tally):
            raise TooManyFailures(*tally)
        if not rows:
            return wanted <= 0
        self._hand_over(rows)
        took = time.monotonic() - began
        self._overhead = max(took, self._overhead + (took - self._overhead) / 8)
        return True

    def _hand_over(self, rows):
        """Fill the messages of claimed rows and hand them to the session threads.

        When that fails, the rows wait again, and the caller pauses the mailing.
        """
        self._rows.update((row["id"], row) for row in rows)
        try:
            envelopes = self._fill(rows)
        except Exception:
            self._return_unsent(rows)
            raise
        try:
            self._pool.put(envelopes)
        except Exception:
            self._return_unsent()
            raise

    def _return_unsent(self, rows=()):
        """Let ``rows`` wait again, and those that no connection has begun."""
        keys = {envelope.key for envelope in self._pool.withdraw()}
        keys.update(row["id"] for row in rows)
        self._render_failures = [
            result for result in self._render_failures if result["id"] not in keys
        ]
        untouched = outcomes.Outcome(outcomes.NOT_SENT, "connect")
        self._record_and_claim([get_result(self._rows[key], untouched) for key in keys], 0)

    # ------------------------------------------------------------
    # Connections
    # ------------------------------------------------------------

    def _next_connection(self):
        """Return the session that is open already, then new ones; the pool calls it."""
        session, self._first_session = self._first_session, None
        return session or self._transport.connect()

    def _collect(self):
        """Return results of rows, so early that the connections do not run out of messages."""
        unmade, self._render_failures = self._render_failures, []
        # Few rounds cost less a message; but during one the connections need messages left to send.
        rest = min(self._overhead * OVERHEAD_RESERVE / CLAIM_SECONDS, MAX_OVERHEAD)
        least = 0 if unmade else max(1, int(self._depth * (1 - rest)))
        done = self._pool.collect(least, CLAIM_SECONDS)
        if done:
            self._adapt(len(done))
        return unmade + [
            get_result(self._rows[envelope.key], outcome) for envelope, outcome in done
        ]

    def _fill(self, rows):
        """Return the messages of rows; those that cannot be made go to ``_render_failures``."""
        by_lang = {}
        for row in rows:
            by_lang.setdefault(row["lang"], []).append(row)
        envelopes = []
        for rows_of_lang in by_lang.values():
            lang = self.mailing._get_recipient_language(rows_of_lang[0])
            if lang not in self._compiled:
                self._compiled[lang] = self._transport.compile(lang, self._session)
            for row, envelope, error in self._transport.fill(self._compiled[lang], rows_of_lang):
                if envelope:
                    envelopes.append(envelope)
                else:
                    self._render_failures.append(get_result(row, failure=("rendering", error)))
        return envelopes

    # ------------------------------------------------------------
    # Measuring
    # ------------------------------------------------------------

    def _adapt(self, count):
        """Set ``_depth`` from ``count`` messages that have just been sent.

        Measured over ``CLAIM_SECONDS`` at least: the rate of a short burst is too high.
        """
        self._measured += count
        now = time.monotonic()
        seconds = now - self._measured_at
        if seconds < CLAIM_SECONDS:
            fitting = max(self._depth, self._measured)
        else:
            # Rounded up: of messages that take 14 ms each, two are waiting while one is sent.
            # With one, the server would wait for the next one's commands after each message.
            fitting = math.ceil(self._measured * CLAIM_SECONDS / seconds)
            fitting = max(fitting, int(self._depth * SHRINKAGE))
            self._measured_at, self._measured = now, 0
        self._depth = max(1, min(fitting, MAX_CLAIM))

    def _count_settled(self, results):
        """Return how many results are of messages that were tried; put the other rows back.

        :raises NoSession: when no session is left, or the server has accepted and refused nothing
            in several rounds, or gives no final replies; the results are recorded before
        """
        settled = 0
        for result in results:
            if result["attempted"]:
                settled += 1
            else:
                self._queue.put_back(result["id"])
        lost = sum(result["state"] == "uncertain" for result in results)
        self._unanswered = 0 if settled > lost else self._unanswered + lost
        self._failed_rounds = 0 if settled else self._failed_rounds + 1
        failure = self._pool.failure
        if (not settled and (failure or self._failed_rounds >= MAX_FAILED_ROUNDS)) or (
            self._unanswered >= MAX_UNANSWERED * self._connections
        ):
            self._unanswered = 0
            self._record_and_claim(results, 0)
            words = next(filter(None, (get_words(result) for result in results)), "")
            raise NoSession(failure or outcomes.Outcome(outcomes.NOT_SENT, "connect", text=words))
        return settled


def get_result(row, outcome=None, failure=None):
    """Return what to record for a claimed row, as a dict.

    Keys: ``RESULT_COLUMNS`` of ``models/partner_mailing_recipient_queue.py``, and ``words``, the
    server's reply where nothing of the row is recorded.

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


def get_words(result):
    """Return the server's last words about a message that it neither accepted nor refused."""
    return result["words"] or (result["state"] == "uncertain" and result["failure_reason"]) or ""


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
