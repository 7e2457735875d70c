"""The rows of one mailing as a queue: claimed in an order, then recorded."""

import contextlib
import time
from functools import partial

from .prepared_statements import PreparedStatements
from .rate_limiter import get_domain
from .wait import Wait

# Larger claims are multiples of it, so that a sender has few different statements to prepare.
CLAIM_STEP = 16
# Seconds until rows that wait for the limit of their domain are looked for again, at the earliest.
MIN_WAIT = 0.05


def make_queue(sender, mailing, limiter):
    """Return the queue of a mailing: by domain where its server has a limit for domains."""
    by_domain = limiter and limiter.limits.domain_minute
    return (DomainQueue if by_domain else Queue)(sender, mailing, limiter)


class Queue:
    """Claims rows in the order of their ids, no more than the rate limits allow.

    ``record`` and ``take`` run inside a transaction of the caller, which may fail and be run again;
    ``confirm`` follows after its commit.

    :param sender: a ``Sender``
    :param limiter: a ``RateLimiter``, None where there are no limits
    :ivar wait: the ``Wait`` that ended the last ``take``, None when there was none
    """

    def __init__(self, sender, mailing, limiter):
        self.wait = None
        self._recipients = sender.recipients
        self._sender = sender.number
        self._mailing = mailing
        self._mailing_id = mailing.id
        self._counter = mailing.counter_id
        self._columns = mailing._get_contact_columns()
        self._prepared = PreparedStatements(sender.env.cr)
        self._limiter = limiter
        # Claims begin behind the first; the second follows from them when they are committed.
        self._last_id = self._next_id = self._counter.claimed_to or 0

    def prepare(self, seconds):
        """Prepare the rows for claims; return whether that was done within ``seconds``."""
        return True

    def exclusive(self):
        """Return the context for transactions with ``take``: senders share the rate limits."""
        return self._limiter.exclusive() if self._limiter else contextlib.nullcontext()

    def take(self, size):
        """Claim up to ``size`` rows; none at the end of the list, or when ``wait`` says why."""
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
        """Let the next claim begin at this row again, which the server did not accept."""
        self._last_id = self._next_id = min(self._last_id, row_id - 1)

    def record(self, results, window):
        """Record results; give back the reservations of messages that were not tried.

        :return: see ``partner.mailing.recipient._record``
        """
        tally = self._recipients._record(
            self._mailing_id, self._sender, results, window, self._prepared, self._last_id
        )
        if self._limiter:
            self._limiter.settle(results)
        return tally

    def confirm(self, results):
        """Take over what the committed transaction has recorded (``results``) and claimed."""
        self._last_id = self._next_id
        if self._limiter:
            self._limiter.confirm(results)

    def close(self, is_settled=False):
        """Remove the prepared statements from the database session.

        :param is_settled: all claimed rows are recorded, so ``_recover`` need not look for any
        """
        self._prepared.close()
        if is_settled:
            self._counter._forget_claims(self._counter.id, self._sender)

    def _claim(self, size):
        if size > CLAIM_STEP:
            size -= size % CLAIM_STEP
        rows = self._claim_behind(size, self._last_id)
        if not rows:
            rows = self._recipients._claim_deferred(
                self._mailing_id, self._sender, size, self._columns, self._prepared
            )
        # What another sender has put back, or had locked, is before this place.
        if not rows and self._last_id and self._recipients._has_due(self._mailing):
            rows = self._claim_behind(size, 0)
        return rows

    def _claim_behind(self, size, last_id):
        rows = self._recipients._claim(
            self._mailing_id, self._sender, size, last_id, self._columns, self._prepared
        )
        if rows:
            self._next_id = rows[-1]["id"]
        return rows


class DomainQueue(Queue):
    """Claims rows domain after domain, no more of a domain than its rate limit allows."""

    def __init__(self, sender, mailing, limiter):
        super().__init__(sender, mailing, limiter)
        self._last_domain = ""
        self._in_transaction = sender.in_transaction
        # Last ids. The sender keeps them: the next queue of the mailing continues there.
        self._sorted_to = sender.sorting

    def prepare(self, seconds):
        """Fill the column ``domain`` of the rows, once for a mailing: 20 s for a million."""
        until = time.monotonic() + seconds
        if self._counter.is_sorted_by_domain:
            return True
        last = self._sorted_to.get(self._mailing_id, 0)
        while last is not None:
            if time.monotonic() > until:
                return False
            last = self._in_transaction(partial(self._sort_behind, last))
            self._sorted_to[self._mailing_id] = last
        del self._sorted_to[self._mailing_id]
        values = {"is_sorted_by_domain": True}
        self._in_transaction(
            lambda: self._counter._write_sending_status(self._counter.id, **values)
        )
        return True

    def _sort_behind(self, last):
        return self._recipients._sort_by_domain(self._mailing_id, last)

    def _claim(self, size):
        rows = self._claim_domains(size)
        if not rows and self._last_domain:
            self._last_domain = ""
            rows = self._claim_domains(size)
        if not rows:
            self._last_domain = ""
            wait = self._recipients._seconds_until_domain(self._mailing_id, self._limiter)
            if wait is None:
                # A sender that runs without this limit has put rows back without a domain.
                self._recipients._sort_by_domain(self._mailing_id)
                rows = self._claim_domains(size)
            else:
                self.wait = Wait("domain", max(wait, MIN_WAIT))
        return rows

    def _claim_domains(self, size):
        rows = self._recipients._claim_by_domain(
            self._mailing_id, self._sender, size, self._limiter, self._last_domain, self._columns
        )
        if rows:
            self._last_domain = get_domain(rows[-1])
        return rows
