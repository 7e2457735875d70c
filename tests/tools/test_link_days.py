from datetime import date, datetime, timedelta

from addon.tools.free_mail import find_provider
from addon.tools.link_days import MAX_DAYS, MIN_DAYS, is_over, last_day
from hypothesis import given
from hypothesis import strategies as st

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def test_a_link_of_a_month_ends_on_the_same_day_of_the_next_one():
    assert last_day(datetime(2026, 11, 27, 23, 59), 30) == date(2026, 12, 27)


@given(MOMENTS, st.integers(MIN_DAYS, MAX_DAYS))
def test_a_link_works_through_its_last_day_everywhere_on_earth(moment, days):
    day = last_day(moment, days)
    start = datetime(day.year, day.month, day.day)
    for zone in (-12, 0, 14):  # hours before and after UTC
        assert not is_over(moment, days, start + timedelta(days=1, hours=-zone, seconds=-1))
    assert is_over(moment, days, start + timedelta(days=1, hours=12))


@given(MOMENTS, st.integers(MIN_DAYS, MAX_DAYS))
def test_a_link_works_at_least_for_the_days_that_were_promised(moment, days):
    assert not is_over(moment, days, moment + timedelta(days=days))


def test_a_provider_is_found_by_the_domain_alone():
    assert "gmail.com" in find_provider("gmail.com").hosts
    for domain in ("", "example.com", "notgmail.com", "gmail.com.example"):
        assert find_provider(domain) is None
