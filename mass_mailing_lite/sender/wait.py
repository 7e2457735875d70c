"""Why a mailing that is being sent waits, and for how long."""

import time
from datetime import timedelta

from .wake_up import precise_now


class Wait:
    """A reason to wait, which ends by itself.

    :param seconds: how long the mailing waits
    :ivar reason: a key of ``WAIT_REASONS`` in ``models/partner_mailing_counter.py``
    :ivar until: when it is over (naive, UTC), for screens and for the scheduler
    """

    def __init__(self, reason, seconds):
        self.reason = reason
        self.until = precise_now() + timedelta(seconds=seconds)
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self):
        """Seconds until it is over, by the monotonic clock."""
        return max(0.0, self._end - time.monotonic())
