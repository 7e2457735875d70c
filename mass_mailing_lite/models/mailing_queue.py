"""The waiting rows of one mailing, in the order in which a sender claims them."""

from .mailing_hold import Hold
from .mailing_pace import get_domain

# Seconds after which rows that are held by their domain are looked for again, at the earliest.
LEAST_WAIT = 0.05


class Queue:
    """By id, along the list; no more than the mail server takes.

    ``take`` and ``settle`` run inside a transaction of the caller, which may fail and be run anew;
    ``forget`` follows when it stands.

    :param pace: a ``ServerPace``, None for a mail server without limits
    :ivar hold: the ``Hold`` that ended the last ``take``, None when there was none
    """

    def __init__(self, sender, mailing, pace):
        self.hold = None
        self._recipients = sender.recipients
        self._sender = sender.number
        self._mailing_id = mailing.id
        self._pace = pace
        self._last_id = 0

    def take(self, size):
        """Claim up to ``size`` rows; none at the end of the list, and while something holds them."""
        self.hold = None
        if not self._pace:
            return self._claim(size)
        allowed = self._pace.allow(size)
        if not allowed:
            self.hold = Hold("pace", self._pace.wait)
            return []
        rows = self._claim(allowed)
        if rows:
            self._pace.grant(rows)
        return rows

    def settle(self, results):
        """Count what was tried of claimed rows against the limits, and give back the rest."""
        if self._pace:
            self._pace.settle(results)

    def forget(self, results):
        """Note that the transaction with these results stands."""
        for result in results:
            if not result["attempted"]:
                # What the server did not take is first in line again.
                self._last_id = min(self._last_id, result["id"] - 1)
        if self._pace:
            self._pace.forget(results)

    def _claim(self, size):
        rows = self._recipients._claim(self._mailing_id, self._sender, size, self._last_id)
        # At the end of the list: rows that were deferred may wait at its beginning.
        self._last_id = rows[-1]["id"] if rows else 0
        return rows


class DomainQueue(Queue):
    """By domain, each in its turn; no more of one than it may get."""

    def __init__(self, sender, mailing, pace):
        super().__init__(sender, mailing, pace)
        self._last_domain = ""

    def _claim(self, size):
        rows = self._claim_behind(size)
        if not rows and self._last_domain:
            self._last_domain = ""
            rows = self._claim_behind(size)
        if not rows:
            self._last_domain = ""
            wait = self._recipients._seconds_until_domain(self._mailing_id, self._pace)
            if wait is not None:
                self.hold = Hold("domain", max(wait, LEAST_WAIT))
        return rows

    def _claim_behind(self, size):
        rows = self._recipients._claim_by_domain(
            self._mailing_id, self._sender, size, self._pace, self._last_domain
        )
        if rows:
            self._last_domain = get_domain(rows[-1])
        return rows
