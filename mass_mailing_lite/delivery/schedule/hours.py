"""Sending hours: the days of the week and the hours at which messages may leave.

The hours are local time, so a night on which the clocks change is an hour shorter or longer. All
moments, arguments and results, are aware datetimes. Durations are measured in UTC, where each hour
has sixty minutes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SendingHours:
    """When messages may leave.

    :ivar start: minutes after midnight, 0 to 1439
    :ivar end: minutes after midnight, 1 to 1440. When it is not later than ``start``, it is on the
        next day: 22:00 to 6:00 is a night, 8:00 to 8:00 is 24 hours
    :ivar weekdays: the days on which the hours begin, Monday is 0; at least one
    :ivar zone: time zone of the hours
    """

    start: int
    end: int
    weekdays: frozenset[int]
    zone: tzinfo

    def closing(self, moment: datetime) -> datetime | None:
        """Return until when messages may leave, ``None`` when they may not at ``moment``."""
        begin, end = next(self.windows(moment))
        return end if begin <= moment else None

    def opening(self, moment: datetime) -> datetime:
        """Return from when on messages may leave; within the hours that is ``moment``."""
        begin, _end = next(self.windows(moment))
        return max(begin, moment)

    def windows(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield (begin, end) of all sending hours that end after ``moment``, in UTC; endless.

        Hours that touch, such as 8:00 to 8:00, are yielded for each day nevertheless.
        """
        # Yesterday's hours may last until today.
        day = moment.astimezone(self.zone).date() - DAY
        last = None
        while True:
            if day.weekday() in self.weekdays:
                begin = self._at(day, self.start)
                end = self._at(day, self.end if self.end > self.start else self.end + 24 * 60)
                # When clocks go forward, short hours may not exist on that day.
                if end > moment and begin < end:
                    yield begin if last is None else max(begin, last), end
                    last = end
            day += DAY

    def _at(self, day, minutes):
        """Return in UTC when it is this local time on that day, for the first time."""
        days, minutes = divmod(minutes, 24 * 60)
        local = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60)
        return (local + days * DAY).replace(tzinfo=self.zone).astimezone(timezone.utc)
