"""Rate limits of a mail server, how long messages take under them, and clocks that are set.

A limit holds in a sliding window: a limit a minute holds in any sixty seconds, not only in each
minute of the clock. Messages that a window allows are sent at once, not spread over the window:
over a longer time the rate is the same, and the server is free for others in the rest of the
window.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .hours import SendingHours

MINUTE, HOUR, DAY = 60, 3600, 86400

# Days with sending hours: an end after so many of them is not worth computing.
MAX_WINDOWS = 400

# Two clocks may differ by so many seconds, and by this part of the elapsed time, although neither
# was set: clocks drift, and NTP corrects them slowly, by 0.05 % at most.
CLOCK_TOLERANCE, CLOCK_DRIFT = 1.0, 0.001


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages a mail server accepts; 0 means no limit.

    :ivar minute: messages in any 60 seconds; ``hour`` and ``day`` likewise
    :ivar domain_minute: messages in any 60 seconds to the recipients of one domain
    """

    minute: int = 0
    hour: int = 0
    day: int = 0
    domain_minute: int = 0

    def __bool__(self) -> bool:
        return any((self.minute, self.hour, self.day, self.domain_minute))

    def windows(self) -> Iterator[tuple[int, int]]:
        """Yield (seconds, messages) of the limits on all messages."""
        for seconds, messages in ((MINUTE, self.minute), (HOUR, self.hour), (DAY, self.day)):
            if messages:
                yield seconds, messages

    def slow_down(self, rate: float) -> float:
        """Return the rate, in messages a second, that the limits allow over a long time."""
        return min([rate, *(messages / seconds for seconds, messages in self.windows())])


def worth_waking(limit: int) -> int:
    """Return how many messages a limit must allow before a waiting sender is woken up.

    A thirtieth of the limit, so that for a limit a minute the sender wakes up every two seconds and
    not for each message. The rate stays the same, because messages that waited together leave the
    window together.
    """
    return max(1, limit // 30)


def clock_jump(expected: float, found: float, elapsed: float) -> float:
    """Return by how many seconds a clock was set, 0 when it was not.

    :param expected: its time in seconds, computed with a clock that cannot be set
    :param found: its time in seconds
    :param elapsed: seconds since the two clocks were last compared
    """
    difference = found - expected
    return difference if abs(difference) > CLOCK_TOLERANCE + CLOCK_DRIFT * elapsed else 0.0


# ------------------------------------------------------------
# Expected end
# ------------------------------------------------------------


def seconds_for(count: int, limits: Limits, rate: float = 0.0) -> float | None:
    """Return how many seconds ``count`` messages take; ``None`` when it cannot be known.

    A hundred messages at ten a minute take nine minutes, not ten: the last ten leave at once.

    :param rate: messages a second without limits, 0 when it is not known
    """
    if count <= 0:
        return 0.0
    binding = []
    capacity = rate * MINUTE or math.inf  # messages in a window under the shorter limits
    span = MINUTE
    for seconds, limit in limits.windows():
        capacity *= seconds / span
        span = seconds
        if limit < capacity:
            binding.append((seconds, limit))
            capacity = limit
    if not rate and not binding:
        return None
    total, rest = 0.0, count
    for seconds, limit in reversed(binding):
        full = math.ceil(rest / limit) - 1
        total += full * seconds
        rest -= full * limit
    return total + (rest / rate if rate else 0.0)


def expected_end(
    begin: datetime,
    count: int,
    limits: Limits,
    rate: float = 0.0,
    hours: SendingHours | None = None,
    largest_domain: int = 0,
) -> datetime | None:
    """Return when the last of ``count`` messages will have left, ``None`` when it cannot be known.

    All limits are taken as unused at ``begin`` and at the beginning of each day's sending hours.

    :param rate: messages a second without limits, 0 when it is not known
    :param largest_domain: number of the messages to the domain with the most recipients
    """
    ends = [_end_within_hours(begin, count, limits, rate, hours)]
    if limits.domain_minute and largest_domain:
        of_domain = Limits(minute=limits.domain_minute)
        ends.append(_end_within_hours(begin, largest_domain, of_domain, 0.0, hours))
        if ends[0] is None and largest_domain < count:
            ends = ends[1:]
    return None if None in ends else max(ends)


def _end_within_hours(begin, count, limits, rate, hours):
    if hours is None:
        seconds = seconds_for(count, limits, rate)
        return None if seconds is None else begin + timedelta(seconds=seconds)
    for number, (start, closing) in enumerate(hours.windows(begin)):
        opening = max(start, begin)
        seconds = seconds_for(count, limits, rate)
        if seconds is None or number == MAX_WINDOWS:
            return None
        if opening + timedelta(seconds=seconds) < closing:
            return opening + timedelta(seconds=seconds)
        count -= _count_within((closing - opening).total_seconds(), count, limits, rate)
    return None


def _count_within(seconds, maximum, limits, rate):
    """Return how many messages, ``maximum`` at most, leave in so many seconds."""
    counts = range(1, maximum + 1)
    return bisect_left(counts, seconds, key=lambda count: seconds_for(count, limits, rate))
