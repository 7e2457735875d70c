"""Until when a link works that was sent to a recipient: some days, counted from its message.

A message names a date, and its readers are in all time zones. So a link works until that day has
ended everywhere: twelve hours after it has ended in UTC.
"""

from datetime import date, datetime, time, timedelta

MIN_DAYS, MAX_DAYS = 1, 365
WEST = timedelta(hours=12)  # the last place on earth where a day ends


def last_day(moment: datetime, days: int) -> date:
    """Return the last day on which the link works.

    :param moment: when its message was sent (naive, UTC)
    """
    return (moment + timedelta(days=days)).date()


def is_over(moment: datetime, days: int, now: datetime) -> bool:
    """Tell whether the link has ended; parameters as in :func:`last_day`.

    :param now: naive, UTC
    """
    return now >= datetime.combine(last_day(moment, days), time()) + timedelta(days=1) + WEST
