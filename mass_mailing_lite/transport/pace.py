"""How fast a mailing leaves, how long that takes and when it ends, in words for its author."""

from functools import partial

from odoo import fields
from odoo.tools.misc import format_time, formatLang

MINUTE, HOUR, DAY = 60, 3600, 86400


def describe_limits(env, limits):
    """Return the limits of a server in words, empty without any.

    :param limits: ``delivery.schedule.rate_limit.Limits``
    """
    number = partial(formatLang, env, digits=0)
    parts = (
        (limits.minute, env._("%s a minute", number(limits.minute))),
        (limits.hour, env._("%s an hour", number(limits.hour))),
        (limits.day, env._("%s a day", number(limits.day))),
        (limits.domain_minute, env._("%s a minute to one domain", number(limits.domain_minute))),
    )
    return ", ".join(text for limit, text in parts if limit)


def describe_pace(mailing, end):
    """Return one sentence or two about a list that is loaded and waits to be sent.

    :param end: what ``mailing._get_expected_end`` returned
    """
    env, transport = mailing.env, mailing._get_transport()
    limits = describe_limits(env, transport.get_limits())
    server = transport.get_mail_server().name
    if not end:
        if not limits:
            return env._(
                "No limits are set, so how long sending takes is known after the first mailing."
            )
        return env._("At most %s. When it ends is not known.", limits)
    values = {
        "limits": limits,
        "server": server,
        "duration": name_duration(env, measure(mailing, end)),
        "end": mailing._get_expected_text(end, name_end(mailing, end)),
    }
    if limits and server:
        words = env._(
            'At most %(limits)s through "%(server)s": %(duration)s. Expected to end %(end)s.',
            **values,
        )
    elif limits:
        words = env._("At most %(limits)s: %(duration)s. Expected to end %(end)s.", **values)
    else:
        rate = max(round(MINUTE * mailing._get_measured_rate()), 1)
        words = env._(
            "%(rate)s a minute, as earlier mailings: %(duration)s. Expected to end %(end)s.",
            rate=formatLang(env, rate, digits=0),
            **values,
        )
    return " ".join(filter(None, [words, mailing._get_hours_in_words()]))


def measure(mailing, end):
    """Return the seconds from the begin of a mailing to its end, closed hours at its begin excluded."""
    begin = mailing._get_opening(mailing._get_expected_begin())
    return max((end - begin).total_seconds(), 0)


def name_duration(env, seconds):
    """Return a duration in words, rounded: "about 25 minutes"."""
    for unit, text in (
        (DAY, lambda number: env._("about %s days", number)),
        (HOUR, lambda number: env._("about %s hours", number)),
        (MINUTE, lambda number: env._("about %s minutes", number)),
    ):
        # From two of a unit on: 90 minutes are more exact than 2 hours.
        if seconds >= 2 * unit:
            return text(formatLang(env, round(seconds / unit), digits=0))
    return env._("about a minute") if seconds >= MINUTE / 2 else env._("less than a minute")


def name_end(mailing, end):
    """Return a moment (naive, UTC) in words for the user: of today and tomorrow without a date."""
    env = mailing.env
    zone = env.context.get("tz") or env.user.tz or "UTC"
    here = mailing.with_context(tz=zone)
    days = (
        fields.Datetime.context_timestamp(here, end).date()
        - fields.Datetime.context_timestamp(here, fields.Datetime.now()).date()
    ).days
    clock = format_time(env, end, tz=zone, time_format="short")
    if days == 0:
        return env._("today, %(time)s (%(zone)s)", time=clock, zone=zone)
    if days == 1:
        return env._("tomorrow, %(time)s (%(zone)s)", time=clock, zone=zone)
    return mailing._name_moment(end)
