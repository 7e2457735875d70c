"""Why a mailing that is being sent waits, and for how long."""

import time
from datetime import timedelta

from .wake_up import precise_now


class Wait:
    """A reason to wait, which passes by itself.

    :ivar reason: one of ``WAIT_REASONS`` of the counter
    :ivar until: when it is over (naive, UTC), for people and for the scheduler
    """

    def __init__(self, reason, seconds):
        self.reason = reason
        self.until = precise_now() + timedelta(seconds=seconds)
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self):
        """Seconds until it is over, by a clock that is never set."""
        return max(0.0, self._end - time.monotonic())
