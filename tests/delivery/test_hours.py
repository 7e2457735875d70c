"""Sending hours by the clock on the wall."""

from datetime import datetime, timedelta, timezone
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from delivery.schedule.hours import SendingHours
from hypothesis import given
from hypothesis import strategies as st

PARIS = ZoneInfo("Europe/Paris")
WORKDAYS, EVERY_DAY = frozenset(range(5)), frozenset(range(7))
OFFICE = SendingHours(9 * 60, 17 * 60 + 30, WORKDAYS, PARIS)
NIGHT = SendingHours(22 * 60, 6 * 60, WORKDAYS, PARIS)


def paris(*parts):
    return datetime(*parts, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (paris(2026, 3, 2, 12), paris(2026, 3, 2, 12)),  # a Monday
        (paris(2026, 3, 2, 8, 59), paris(2026, 3, 2, 9)),
        (paris(2026, 3, 2, 17, 30), paris(2026, 3, 3, 9)),
        (paris(2026, 3, 6, 18), paris(2026, 3, 9, 9)),  # a Friday evening
        (paris(2026, 3, 8, 12), paris(2026, 3, 9, 9)),
    ],
)
def test_office_hours(moment, opening):
    assert OFFICE.opening(moment) == opening
    open_now = OFFICE.closing(moment)
    assert (open_now is not None) == (opening == moment)


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin():
    saturday, sunday, monday = paris(2026, 3, 7, 3), paris(2026, 3, 8, 3), paris(2026, 3, 9, 3)
    assert NIGHT.closing(saturday) == paris(2026, 3, 7, 6), "Friday's night"
    assert NIGHT.closing(sunday) is None
    assert NIGHT.opening(sunday) == paris(2026, 3, 9, 22)
    assert NIGHT.closing(monday) is None


def test_clocks_that_change_leave_the_hours_where_the_clock_shows_them():
    nights = [
        (end - begin) / timedelta(hours=1)
        for begin, end in islice(
            SendingHours(22 * 60, 6 * 60, EVERY_DAY, PARIS).windows(paris(2026, 3, 27, 12)), 3
        )
    ]
    assert nights == [8, 7, 8], "clocks go forward on 29 March 2026"
    autumn = SendingHours(22 * 60, 6 * 60, EVERY_DAY, PARIS).windows(paris(2026, 10, 24, 12))
    begin, end = next(autumn)
    assert end - begin == timedelta(hours=9)
    assert OFFICE.opening(paris(2026, 3, 27, 20)) == datetime(2026, 3, 30, 7, tzinfo=timezone.utc)


def test_hours_that_a_change_swallows_are_left_out():
    lost = SendingHours(2 * 60, 3 * 60, EVERY_DAY, PARIS)
    begins = [
        begin.astimezone(PARIS) for begin, _end in islice(lost.windows(paris(2026, 3, 28)), 3)
    ]
    assert [begin.day for begin in begins] == [28, 30, 31]


def test_hours_do_not_overlap_when_clocks_go_forward_between_end_and_start():
    """From 3:10 to 2:50: on 29 March 2026 2:50 does not exist and 3:10 comes first."""
    nearly_always = SendingHours(3 * 60 + 10, 2 * 60 + 50, EVERY_DAY, PARIS)
    windows = list(islice(nearly_always.windows(paris(2026, 3, 27, 12)), 4))
    assert all(first[1] <= second[0] for first, second in pairwise(windows))


def test_around_the_clock_there_is_no_gap():
    always = SendingHours(8 * 60, 8 * 60, EVERY_DAY, PARIS)
    windows = list(islice(always.windows(paris(2026, 3, 2, 3)), 40))
    assert windows[0][0] <= paris(2026, 3, 2, 3)
    assert all(first[1] == second[0] for first, second in pairwise(windows))


@given(
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.sets(st.integers(0, 6), min_size=1),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
)
def test_a_moment_is_within_the_hours_when_the_clock_on_the_wall_says_so(start, end, days, naive):
    """By the minutes that a clock shows; the hours in which clocks change aside."""
    moment = naive.replace(tzinfo=timezone.utc)
    local = moment.astimezone(PARIS)
    if (local.month, local.day) in {(3, 28), (3, 29), (10, 24), (10, 25)} or (
        local.year == 2027 and local.month in (3, 10) and local.day > 24
    ):
        return
    shown = local.hour * 60 + local.minute
    yesterday = (local.weekday() - 1) % 7
    if end > start:
        expected = local.weekday() in days and start <= shown < end
    else:
        expected = (local.weekday() in days and shown >= start) or (
            yesterday in days and shown < end
        )
    hours = SendingHours(start, end, frozenset(days), PARIS)
    assert (hours.closing(moment) is not None) == expected
    assert hours.opening(moment) >= moment
