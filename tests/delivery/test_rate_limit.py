"""Limits of a mail server, and when a mailing will have left."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from delivery.schedule.hours import SendingHours
from delivery.schedule.rate_limit import Limits, clock_jump, expected_end, seconds_for, worth_waking
from hypothesis import given
from hypothesis import strategies as st

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)  # a Monday
MINUTE, HOUR, DAY = 60, 3600, 86400


def earliest(count, limits, rate=0.0):
    """Send ``count`` messages one by one, each as soon as every window has room; return the end."""
    moments = []
    for _message in range(count):
        moment = moments[-1] + (1 / rate if rate else 0) if moments else 0.0
        for seconds, limit in limits.windows():
            if len(moments) >= limit:
                moment = max(moment, moments[-limit] + seconds)
        moments.append(moment)
    return moments[-1] + (1 / rate if rate else 0)


@pytest.mark.parametrize(
    ("count", "limits", "rate", "seconds"),
    [
        (0, Limits(), 0, 0),
        (10, Limits(), 0, None),
        (600, Limits(), 10, 60),
        (10, Limits(minute=10), 0, 0),
        (11, Limits(minute=10), 0, MINUTE),
        (100, Limits(minute=10), 0, 9 * MINUTE),
        (100, Limits(minute=10), 10, 9 * MINUTE + 1),
        (1000, Limits(minute=100), 10, 9 * MINUTE + 10),
        (1200, Limits(minute=600), 10, 120),
        (3, Limits(hour=1), 0, 2 * HOUR),
        (101, Limits(minute=10, hour=100), 0, HOUR),
        (115, Limits(minute=10, hour=100), 0, HOUR + MINUTE),
        (2000, Limits(minute=10, hour=10000), 0, 199 * MINUTE),
        (1000, Limits(hour=100, day=1000), 0, 9 * HOUR),
        (1001, Limits(hour=100, day=1000), 0, DAY),
        (600, Limits(minute=1000), 1, 600),
    ],
)
def test_the_time_that_messages_take(count, limits, rate, seconds):
    assert seconds_for(count, limits, rate) == pytest.approx(seconds)


@given(
    st.integers(1, 120),
    st.integers(0, 9),
    st.integers(0, 30),
    st.integers(0, 60),
)
def test_the_time_is_that_of_sending_as_soon_as_every_window_has_room(count, minute, hour, day):
    limits = Limits(minute, hour, day)
    seconds = seconds_for(count, limits)
    if seconds is None:
        assert not limits
    else:
        # Windows of different length overlap: at most one of the shorter ones is lost.
        assert abs(seconds - earliest(count, limits)) <= (HOUR if day else MINUTE if hour else 0)


def test_a_mailing_ends_after_its_limits():
    assert expected_end(BEGIN, 100, Limits(minute=10)) == BEGIN + timedelta(minutes=9)
    assert expected_end(BEGIN, 100, Limits()) is None


def test_a_mailing_goes_on_the_next_day_when_the_hours_are_over():
    office = SendingHours(9 * 60, 17 * 60, frozenset(range(5)), ZoneInfo("UTC"))
    begin = BEGIN + timedelta(hours=7)  # an hour is left, for 59 of 90
    assert expected_end(begin, 90, Limits(), 1 / 60, office) == BEGIN + timedelta(
        days=1, minutes=31
    )
    friday = begin + timedelta(days=4)
    assert expected_end(friday, 90, Limits(), 1 / 60, office) == BEGIN + timedelta(
        days=7, minutes=31
    )
    assert expected_end(begin, 10**9, Limits(), 1 / 60, office) is None
    assert expected_end(begin, 59, Limits(), 1 / 60, office) == BEGIN + timedelta(
        hours=7, minutes=59
    )
    assert expected_end(begin, 60, Limits(), 1 / 60, office) == BEGIN + timedelta(
        days=1, minutes=1
    ), "at the end of the hours it is too late"


def test_the_domain_with_the_most_recipients_decides():
    limits = Limits(domain_minute=10)
    assert expected_end(BEGIN, 1000, limits, 100, largest_domain=800) == BEGIN + timedelta(
        minutes=79
    )
    assert expected_end(BEGIN, 1000, limits, largest_domain=800) == BEGIN + timedelta(minutes=79)
    assert expected_end(BEGIN, 1000, limits, 0.1, largest_domain=20) == BEGIN + timedelta(
        seconds=10000
    )


def test_over_a_long_time_the_narrowest_limit_holds():
    assert Limits().slow_down(50) == 50
    assert Limits(minute=60, hour=1800, day=86400).slow_down(50) == 0.5
    assert Limits(minute=6000).slow_down(50) == 50


def test_a_clock_that_was_set_is_told_from_one_that_drifts():
    assert clock_jump(1000.0, 1000.4, 60) == 0
    assert clock_jump(1000.0, 1003.0, 3600) == 0, "an hour's slow correction"
    assert clock_jump(1000.0, 4600.0, 60) == 3600
    assert clock_jump(5000.0, 1400.0, 60) == -3600


def test_a_sender_is_not_woken_for_each_message_of_a_large_limit():
    assert [worth_waking(limit) for limit in (1, 10, 60, 3000)] == [1, 1, 2, 100]
