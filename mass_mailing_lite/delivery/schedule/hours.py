"""Sending hours: on which days of the week, and from when to when, mailings may leave.

Hours are those of a clock on the wall, so a night on which clocks change is an hour shorter or
longer. All moments that come in and go out are aware datetimes; spans of time are measured in UTC,
where each hour has sixty minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

DAY = timedelta(days=1)
WEEK = 7


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When mailings may leave.

    :ivar start: minutes after midnight, 0 to 1439
    :ivar end: minutes after midnight, 1 to 1440; not after ``start`` means: of the next day, so
        22:00 to 6:00 is a night, and 8:00 to 8:00 a whole day and night
    :ivar weekdays: the days on which the hours begin, Monday 0; at least one
    :ivar zone: time zone of the clock on the wall
    """

    start: int
    end: int
    weekdays: frozenset[int]
    zone: tzinfo

    def closing(self, moment: datetime) -> datetime | None:
        """Return until when mailings may leave, ``None`` when they may not at ``moment``."""
        begin, end = next(self.windows(moment))
        return end if begin <= moment else None

    def opening(self, moment: datetime) -> datetime:
        """Return from when on mailings may leave: ``moment`` itself within the hours."""
        begin, _end = next(self.windows(moment))
        return max(begin, moment)

    def windows(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield (begin, end) of the hours that are not over at ``moment``, in UTC, without end.

        Hours that meet, such as those around the clock, come one by one nevertheless.
        """
        # The hours of yesterday may last until today.
        day = moment.astimezone(self.zone).date() - DAY
        last = None
        while True:
            if day.weekday() in self.weekdays:
                begin = self._at(day, self.start)
                end = self._at(day, self.end if self.end > self.start else self.end + 24 * 60)
                # Clocks that go forward over short hours leave nothing of them.
                if end > moment and begin < end:
                    yield begin if last is None else max(begin, last), end
                    last = end
            day += DAY

    def _at(self, day, minutes):
        """Return in timezone.utc when the clock on the wall says so, for the first time on that day."""
        days, minutes = divmod(minutes, 24 * 60)
        local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60)
        return (local + days * DAY).replace(tzinfo=self.zone).astimezone(timezone.utc)
