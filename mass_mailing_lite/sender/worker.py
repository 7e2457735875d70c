"""One mailing on its way to its server: claim, fill, transmit, record."""

import contextlib
import time

from ..delivery import outcome as outcomes
from ..delivery.smtp.pool import NoSession

# What is claimed and not yet recorded: a message for each connection, and as many as go in this
# time. That is what a kill can leave open.
CLAIM_SECONDS = 0.025
MAX_CLAIM = 500  # rows; keeps memory flat on a fast line
OVERHEAD_RESERVE = 1.2  # share of a turn for which messages are on the wire while it lasts
MAX_OVERHEAD = 0.75  # share of CLAIM_SECONDS that a turn may take up so
SHRINKAGE = 0.95  # to which a claim shrinks at most: what came late once is no slower server
IDLE_SECONDS = 0.2  # how long a server may be silent before the other mailings have their turn
MAX_FAILED_ROUNDS = 3  # in a row, after which the server is at fault and the mailing waits

# Seconds until a deferred message is tried again; after the last one it has
# failed. 55 hours in all (RFC 5321, section 4.5.4.1: give up after 4 to 5 days;
# a mailing's news does not keep that long).
RETRY_DELAYS = tuple(hours * 3600 for hours in (0.5, 1, 2, 4, 8, 16, 24))


class TooManyFailures(Exception):
    """So many of the last recipients failed for good: ``(settled, failed)``."""


class Worker:
    """Sends one mailing: connections to its server, compiled messages, a place in the list.

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
        self._render_failures = []  # results of rows whose message could not be made
        self._failed_rounds = 0
        self._depth = 1  # messages that go in CLAIM_SECONDS
        self._overhead = CLAIM_SECONDS / 3  # seconds that recording, claiming and filling take
        self._measured_at = time.monotonic()
        self._measured = 0  # messages that went since then
        self._transport = mailing._get_transport()
        self._connections = self._transport.get_connections()
        # Opened at once: what the server is decides how the message is built.
        self._first_session = self._transport.connect()
        self._session = self._first_session
        self._pool = self._transport.open_pool(self._next_connection, self._connections)

    @property
    def open_count(self):
        """Rows that are claimed and not yet recorded."""
        return len(self._rows)

    @property
    def wait(self):
        """The ``Wait`` of the rows that are left, None when they need not wait."""
        return self._queue.wait

    def send(self, seconds, limit, goes_on=False):
        """Send for ``seconds``, until ``limit``, the end of the list, or the server is silent.

        :param goes_on: the next slice follows at once, so the connections are left supplied
        :raises TooManyFailures: when too many of the last recipients failed for good
        """
        self.done = 0
        self.sender.recipients._skip_suppressed(self.mailing)
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

    def finish(self):
        """Take nothing more; wait for what is on its way, and record it.

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
        """End what the connections are doing, close them, and record what is known."""
        try:
            self._return_unsent()
        finally:
            self._pool.close()
            if self._first_session is not None:
                self._first_session.close()
        self._return_unsent()  # what a connection that was cut off had not begun
        if self._rows:
            self._record_and_claim(self._collect(), 0)
        self.sender.in_transaction(self._queue.close)

    # ------------------------------------------------------------
    # Database
    # ------------------------------------------------------------

    def _record_and_claim(self, results, wanted):
        """Record results and claim further rows in one transaction, and send these.

        :return: whether there was something to claim
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
        if wanted > 0 and tally and self._failure_limit.is_passed(*tally):
            raise TooManyFailures(*tally)
        if not rows:
            return wanted <= 0
        self._rows.update((row["id"], row) for row in rows)
        # Rows that are not handed over wait again, and the mailing is paused.
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
        took = time.monotonic() - began
        self._overhead = max(took, self._overhead + (took - self._overhead) / 8)
        return True

    def _return_unsent(self, rows=()):
        """Let wait again ``rows``, and those that no connection has begun."""
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
        """Hand the pool the connection that is open already, then new ones."""
        session, self._first_session = self._first_session, None
        return session or self._transport.connect()

    def _collect(self):
        """Return what is known of rows, in time for the connections not to run dry."""
        unmade, self._render_failures = self._render_failures, []
        # The fewer turns, the less each message costs; but while one lasts, the rest is on the wire.
        rest = min(self._overhead * OVERHEAD_RESERVE / CLAIM_SECONDS, MAX_OVERHEAD)
        least = 0 if unmade else max(1, int(self._depth * (1 - rest)))
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
        """Measure how many messages go in ``CLAIM_SECONDS``.

        Over that time at least: what a burst would come to is more than ever goes.
        """
        self._measured += count
        now = time.monotonic()
        seconds = now - self._measured_at
        if seconds < CLAIM_SECONDS:
            fitting = max(self._depth, self._measured)
        else:
            fitting = int(max(self._measured * CLAIM_SECONDS / seconds, self._depth * SHRINKAGE))
            self._measured_at, self._measured = now, 0
        self._depth = max(1, min(fitting, MAX_CLAIM))

    def _count_settled(self, results):
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
        self._failed_rounds = 0 if settled else self._failed_rounds + 1
        failure = self._pool.failure
        if not settled and (failure or self._failed_rounds >= MAX_FAILED_ROUNDS):
            self._record_and_claim(results, 0)
            words = next(filter(None, (result["words"] for result in results)), "")
            raise NoSession(failure or outcomes.Outcome(outcomes.NOT_SENT, "connect", text=words))
        return settled


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
