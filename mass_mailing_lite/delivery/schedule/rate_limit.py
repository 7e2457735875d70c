"""How fast a mail server may be written to: limits, the time that they cost, a clock that jumps.

A limit holds in any sliding window: of any sixty seconds for the one a minute, not of each minute
on the clock. What was allowed is used at once and not spread, for then the rest of the window is
free for whoever comes next, and over a longer time the pace is the same.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from .hours import SendingHours

MINUTE, HOUR, DAY = 60, 3600, 86400

# A mailing that ends later than that has no expected end: nobody plans with it.
MAX_WINDOWS = 400

# Seconds by which two clocks may differ without either having been set, and what one may lose of
# each second by drift and slow correction (NTP slews at most 0.05 %).
CLOCK_TOLERANCE, CLOCK_DRIFT = 1.0, 0.001


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages a mail server takes, 0 where there is no limit.

    :ivar domain_minute: a minute to the recipients of one domain
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
        """Return how many messages a second remain of ``rate`` over a long time."""
        return min([rate, *(messages / seconds for seconds, messages in self.windows())])


def worth_waking(limit: int) -> int:
    """Return how many messages have to be free before a sender is woken for them.

    A thirtieth of the limit: a server whose messages were spread over the minute is written to
    every two seconds, not for each single one; what waited together leaves and returns together,
    so nothing of the pace is lost.
    """
    return max(1, limit // 30)


def clock_jump(expected: float, found: float, elapsed: float) -> float:
    """Return by how many seconds a clock was set, 0 when it was not.

    :param expected: what it should say, by another clock that nobody sets
    :param found: what it says
    :param elapsed: seconds since the two were last compared
    """
    difference = found - expected
    return difference if abs(difference) > CLOCK_TOLERANCE + CLOCK_DRIFT * elapsed else 0.0


# ------------------------------------------------------------
# Expected end
# ------------------------------------------------------------


def seconds_for(count: int, limits: Limits, rate: float = 0.0) -> float | None:
    """Return how long ``count`` messages take without a break; ``None`` when nothing tells.

    A hundred messages at ten a minute take nine minutes and a moment, not ten.

    :param rate: messages a second where no limit holds them, 0 when it is not known
    """
    if count <= 0:
        return 0.0
    binding = []
    most = rate * MINUTE or math.inf  # what gets through in a window, the longer limits aside
    span = MINUTE
    for seconds, limit in limits.windows():
        most *= seconds / span
        span = seconds
        if limit < most:
            binding.append((seconds, limit))
            most = limit
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
    """Return when ``count`` messages will have left, ``None`` when nothing tells.

    Limits count as free at ``begin`` and at the beginning of each day's hours.

    :param rate: messages a second where no limit holds them, 0 when it is not known
    :param largest_domain: how many of the messages go to the domain that has the most
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


def _count_within(seconds, most, limits, rate):
    """Return how many messages, ``most`` at the utmost, leave before so many seconds are over."""
    counts = range(1, most + 1)
    return bisect_left(counts, seconds, key=lambda count: seconds_for(count, limits, rate))
