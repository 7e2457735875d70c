"""The rows of one mailing, in the order in which a sender claims them, and records what they got."""

import contextlib
import time

from .prepared_statements import PreparedStatements
from .rate_limiter import get_domain
from .wait import Wait

# Sizes from here on are multiples of it, so that a sender has few different claims to prepare.
CLAIM_STEP = 16
# Seconds after which rows that are held by their domain are looked for again, at the earliest.
MIN_WAIT = 0.05


# States from which a row may come back into the queue.
UNSETTLED = ("pending", "sending", "failed", "uncertain")


def make_queue(sender, mailing, limiter):
    """Return the queue of a mailing that its limits call for."""
    by_domain = limiter and limiter.limits.domain_minute
    return (DomainQueue if by_domain else Queue)(sender, mailing, limiter)


class Queue:
    """By id, along the list; no more than the server takes.

    ``record`` and ``take`` run inside a transaction of the caller, which may fail and be run anew;
    ``confirm`` follows when it stands.

    :param limiter: a ``RateLimiter``, None where there are no limits
    :ivar wait: the ``Wait`` that ended the last ``take``, None when there was none
    """

    def __init__(self, sender, mailing, limiter):
        self.wait = None
        self._recipients = sender.recipients
        self._sender = sender.number
        self._mailing_id = mailing.id
        self._columns = mailing._get_contact_columns()
        self._prepared = PreparedStatements(sender.env.cr)
        self._limiter = limiter
        self._last_id = 0

    def prepare(self, seconds):
        """Make ready to be claimed from; return whether that was done within ``seconds``."""
        return True

    def exclusive(self):
        """Return a context for transactions with ``take``: limits are shared with other senders."""
        return self._limiter.exclusive() if self._limiter else contextlib.nullcontext()

    def take(self, size):
        """Claim up to ``size`` rows; none at the end of the list, and while something holds them."""
        self.wait = None
        if not self._limiter:
            return self._claim(size)
        allowed = self._limiter.allow(size)
        if not allowed:
            self.wait = Wait("rate_limit", self._limiter.wait)
            return []
        rows = self._claim(allowed)
        if rows:
            self._limiter.reserve(rows)
        return rows

    def put_back(self, row_id):
        """Let a row that the server did not take be first in line again."""
        self._last_id = min(self._last_id, row_id - 1)

    def record(self, results, window):
        """Record results, count what was tried against the limits, and give back the rest.

        :return: see ``partner.mailing.recipient._record``
        """
        tally = self._recipients._record(
            self._mailing_id, self._sender, results, window, self._prepared
        )
        if self._limiter:
            self._limiter.settle(results)
        return tally

    def confirm(self, results):
        """Note that the transaction stands in which these were recorded, and rows claimed."""
        if self._limiter:
            self._limiter.confirm(results)

    def close(self):
        """Leave the database's session as it was."""
        self._prepared.close()

    def _claim(self, size):
        if size > CLAIM_STEP:
            size -= size % CLAIM_STEP
        rows = self._recipients._claim(
            self._mailing_id, self._sender, size, self._last_id, self._columns, self._prepared
        )
        # At the end of the list: rows that were deferred may wait at its beginning.
        self._last_id = rows[-1]["id"] if rows else 0
        return rows


class DomainQueue(Queue):
    """By domain, each in its turn; no more of one than it may get."""

    def __init__(self, sender, mailing, limiter):
        super().__init__(sender, mailing, limiter)
        self._last_domain = ""
        self._in_transaction = sender.in_transaction
        self._counter = mailing.counter_id
        # Kept by the sender: where time was up, the next queue of the mailing goes on there.
        self._progress = sender.sorting.setdefault(mailing.id, [list(UNSETTLED), 0])

    def prepare(self, seconds):
        """Note the domains of the rows, once for a mailing: 20 s for a million."""
        until = time.monotonic() + seconds
        states, _last = self._progress
        while states and not self._counter.is_sorted_by_domain:
            if time.monotonic() > until:
                return False
            last = self._in_transaction(self._sort_further)
            self._progress[1] = last or 0
            if last is None:
                states.pop(0)
        if not self._counter.is_sorted_by_domain:
            note = {"is_sorted_by_domain": True}
            self._in_transaction(
                lambda: self._counter._write_sending_status(self._counter.id, **note)
            )
        return True

    def _sort_further(self):
        states, last = self._progress
        return self._recipients._sort_by_domain(self._mailing_id, states[0], last)

    def _claim(self, size):
        rows = self._claim_behind(size)
        if not rows and self._last_domain:
            self._last_domain = ""
            rows = self._claim_behind(size)
        if not rows:
            self._last_domain = ""
            wait = self._recipients._seconds_until_domain(self._mailing_id, self._limiter)
            if wait is None:
                # A sender that knew nothing of the limit may have put rows back.
                self._recipients._sort_by_domain(self._mailing_id, "pending")
                rows = self._claim_behind(size)
            else:
                self.wait = Wait("domain", max(wait, MIN_WAIT))
        return rows

    def _claim_behind(self, size):
        rows = self._recipients._claim_by_domain(
            self._mailing_id, self._sender, size, self._limiter, self._last_domain, self._columns
        )
        if rows:
            self._last_domain = get_domain(rows[-1])
        return rows
