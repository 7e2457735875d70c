"""What holds a mailing that is being sent, and for how long."""

import time
from datetime import timedelta

from .mailing_wake import precise_now


class Hold:
    """A reason to wait, which passes by itself.

    :ivar kind: one of ``HOLD_KINDS`` of the counter
    :ivar until: when it is over (naive, UTC), for people and for the scheduler
    """

    def __init__(self, kind, seconds):
        self.kind = kind
        self.until = precise_now() + timedelta(seconds=seconds)
        self._end = time.monotonic() + seconds

    @property
    def seconds_left(self):
        """Seconds until it is over, by a clock that nobody sets."""
        return max(0.0, self._end - time.monotonic())
