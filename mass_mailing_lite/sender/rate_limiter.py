"""The rate limits of a server: how many messages may be claimed now, and when there is room again.

Messages are counted in the database over all mailings, processes and hosts. A sender reserves its
messages (``partner.mailing.reservation``) in the transaction of the claim itself, so that a kill
neither loses a reservation nor exceeds the limit. Senders reserve one after the other, under an
advisory lock of the session, which is taken before the transaction begins: a transaction that waits
for a lock of its own does not see what the transaction before it has just reserved. A sender that
does not take the lock fails with a serialization error, since each of them writes the row of the
rate limit.
"""

import contextlib
import time
from collections import Counter

import psycopg2

from odoo.tools import SQL

from ..delivery.schedule.rate_limit import DAY, HOUR, MINUTE, clock_jump, worth_waking

# Seconds since 1970 by the clock of PostgreSQL, which all senders share.
CLOCK = SQL("extract(epoch FROM clock_timestamp())::float8")

# First half of the advisory lock under which messages are reserved; the second is the rate limit's
# id.
RATE_LIMIT_LOCK = 0x6D6D70

# Number of a server's reservations above which old ones are merged. Claims of 25 ms make 2,400 of
# them a minute; a sum over 5,000 takes 1 ms.
MAX_RESERVATIONS = 5000
# Reservations are merged that ended within so many seconds: 1/600 of the window. By so much
# messages of a limit an hour or a day may be late.
MERGED_IN_HOUR, MERGED_IN_DAY = HOUR / 600, DAY / 600

# Seconds until the next try where it is unknown when there will be room.
RETRY_SECONDS = 1.0

# {(database, rate limit): (seconds of the monotonic clock, seconds of the rate limit's clock)} of
# the last reading of this process. Kept longer than a sender, so that a clock that is set between
# two runs of the scheduled action is noticed too.
_last_readings = {}


class Reservation:
    """A row of ``partner.mailing.reservation`` whose messages are not all recorded yet.

    :ivar count: number of messages that count against the limits
    :ivar open: number of messages whose outcome is not recorded yet
    """

    __slots__ = ("count", "id", "open")

    def __init__(self, number, count):
        self.id = number
        self.count = self.open = count


class RateLimiter:
    """Counts what one sender may hand to one server, against the limits that all senders share.

    In the order of a claim: ``exclusive`` (``allow``, claim, ``reserve``), commit, ``confirm``;
    then for the results ``settle``, commit, ``confirm``.

    :param key: {field of ``partner.mailing.rate.limit``: id} of what the limits are counted for
    :param sender: the sender's number
    :param limits: a ``delivery.schedule.rate_limit.Limits``
    :ivar id: the id of the ``partner.mailing.rate.limit``, from ``prepare`` on
    :ivar now: seconds by the clock of the rate limit, as of the last ``allow``
    :ivar wait: seconds until there is room again, after ``allow`` found none
    """

    def __init__(self, env, key, sender, limits):
        self.env = env
        self.id = None
        self.limits = limits
        self.wait = None
        self._key = key
        self._sender = sender
        self.now = self._offset = 0.0
        self._reservations = {}  # {id of a claimed row: its Reservations, in all and of its domain}
        self._claimed = {}  # the same, of the open transaction
        self._merge_from = MAX_RESERVATIONS

    def prepare(self):
        """Make sure that there is a row ``partner.mailing.rate.limit`` to lock."""
        self.id = self.env["partner.mailing.rate.limit"]._get_or_create(self._key)

    @contextlib.contextmanager
    def exclusive(self):
        """Return a context within which no other sender reserves messages of the same rate limit.

        To be entered between transactions; what is claimed inside must be committed inside.
        """
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_advisory_lock(%s, %s)", RATE_LIMIT_LOCK, self.id))
        cr.commit()  # pylint: disable=invalid-commit  # what follows sees what others reserved
        try:
            yield
        except BaseException:
            cr.rollback()
            raise
        finally:
            # When the session is lost, PostgreSQL releases its lock.
            with contextlib.suppress(psycopg2.InterfaceError, psycopg2.OperationalError):
                cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", RATE_LIMIT_LOCK, self.id))
                cr.commit()  # pylint: disable=invalid-commit  # no transaction while sending

    def allow(self, wanted):
        """Return how many messages may be claimed now, ``wanted`` at most.

        To be called within ``exclusive``; the claim and ``reserve`` follow in the same transaction.

        :raises psycopg2.errors.SerializationFailure: when another sender has reserved in between
        """
        self._read_clock()
        self.wait = None
        used = self._count_used()
        room = min(
            (limit - used[seconds] for seconds, limit in self.limits.windows()), default=wanted
        )
        if room <= 0:
            self.wait = self._seconds_until_room(used)
        return max(0, min(wanted, room))

    def pick(self, rows):
        """Return those of a few rows that there is room for now, in all and in their domains.

        As ``allow``; it sets ``wait`` when there is room for none.
        """
        allowed = self.allow(len(rows))
        if not self.limits.domain_minute:
            return rows[:allowed]
        used, picked = Counter(self._count_used_by_domain({get_domain(row) for row in rows})), []
        for row in rows:
            if len(picked) < allowed and used[get_domain(row)] < self.limits.domain_minute:
                used[get_domain(row)] += 1
                picked.append(row)
        if not picked and allowed:
            self.wait = MINUTE
        return picked

    def _count_used_by_domain(self, domains):
        """Return {domain: number of messages to it within the minute that ends now}."""
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT domain, sum(count)::integer FROM partner_mailing_reservation"
                    " WHERE rate_limit_id = %s AND domain = ANY(%s)"
                    " AND (ended_at IS NULL OR ended_at > %s) GROUP BY domain",
                    self.id,
                    list(domains),
                    self.now - MINUTE,
                )
            )
        )

    def reserve(self, rows):
        """Write the reservations of claimed rows; delete expired ones of domains."""
        counts = {None: len(rows)}
        if self.limits.domain_minute:
            counts.update(Counter(get_domain(row) for row in rows))
        reservations = self._insert(counts)
        # Not among the others until ``confirm``: the transaction may fail, and a result that it has
        # recorded may belong to an earlier claim of the same row.
        self._claimed = {
            row["id"]: [
                one for one in (reservations[None], reservations.get(get_domain(row))) if one
            ]
            for row in rows
        }

    def _insert(self, counts):
        """Return {domain: its new ``Reservation``}.

        :param counts: {domain, None for all: number of messages}
        """
        self.env.cr.execute(
            SQL(
                """
                WITH clock AS (
                    UPDATE partner_mailing_rate_limit
                       SET clock_offset = %(offset)s, seen_at = %(now)s
                     WHERE id = %(rate_limit)s
                ), expired AS (
                    DELETE FROM partner_mailing_reservation
                     WHERE rate_limit_id = %(rate_limit)s AND domain IS NOT NULL
                       AND ended_at <= %(now)s - %(minute)s)
                INSERT INTO partner_mailing_reservation
                       (rate_limit_id, sender, domain, count, taken_at)
                SELECT %(rate_limit)s, %(sender)s, domain, count, %(now)s
                  FROM unnest(%(domains)s::varchar[], %(counts)s::integer[]) AS v (domain, count)
             RETURNING domain, id
                """,
                offset=self._offset,
                now=self.now,
                rate_limit=self.id,
                minute=MINUTE,
                sender=self._sender,
                domains=list(counts),
                counts=list(counts.values()),
            )
        )
        return {
            domain: Reservation(number, counts[domain]) for domain, number in self.env.cr.fetchall()
        }

    def settle(self, results):
        """End reservations whose rows are all recorded; give back those of messages not tried.

        :param results: list of dicts with ``id`` and ``attempted``
        """
        settled, returned = self._sum_up(results)
        touched = [one for one, number in settled.items() if returned[one] or number == one.open]
        if not touched:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_reservation reservation
                   SET count = v.count,
                       ended_at = CASE WHEN v.is_over
                                       THEN GREATEST(taken_at, %s - clock_offset) END
                  FROM unnest(%s::integer[], %s::integer[], %s::boolean[])
                           AS v (id, count, is_over),
                       partner_mailing_rate_limit rate_limit
                 WHERE reservation.id = v.id AND rate_limit.id = rate_limit_id
                """,
                CLOCK,
                [one.id for one in touched],
                [one.count - returned[one] for one in touched],
                [settled[one] == one.open for one in touched],
            )
        )

    def confirm(self, results):
        """Take over what the committed transaction has recorded (``results``) and reserved."""
        settled, returned = self._sum_up(results)
        for reservation, number in settled.items():
            reservation.open -= number
            reservation.count -= returned[reservation]
        for result in results:
            self._reservations.pop(result["id"], None)
        self._reservations.update(self._claimed)
        self._claimed = {}

    def _sum_up(self, results):
        """Return ({Reservation: rows recorded}, {Reservation: rows of these not tried})."""
        settled, returned = Counter(), Counter()
        for result in results:
            for reservation in self._reservations.get(result["id"], ()):
                settled[reservation] += 1
                returned[reservation] += not result["attempted"]
        return settled, returned

    # ------------------------------------------------------------
    # Clock
    # ------------------------------------------------------------

    def _read_clock(self):
        """Lock the row of the rate limit and set ``now``, corrected for a clock that was set."""
        [(clock, offset, seen_at)] = self.env.execute_query(
            SQL(
                "SELECT %s, clock_offset, seen_at FROM partner_mailing_rate_limit"
                " WHERE id = %s FOR UPDATE",
                CLOCK,
                self.id,
            )
        )
        key, steady = (self.env.cr.dbname, self.id), steady_time()
        if key in _last_readings:
            last_steady, last_now = _last_readings[key]
            passed = steady - last_steady
            jump = clock_jump(last_now + passed, clock - offset, passed)
        else:
            # Without an earlier reading, a clock set forward cannot be told from time that has
            # passed.
            jump = min(0.0, clock - offset - seen_at)
        self._offset = offset + jump
        self.now = clock - self._offset
        _last_readings[key] = (steady, self.now)

    # ------------------------------------------------------------
    # Sums
    # ------------------------------------------------------------

    def _count_used(self):
        """Return {seconds of a window: number of messages in the window that ends now}."""
        windows = [seconds for seconds, _limit in self.limits.windows()]
        if not windows:
            return {}
        # Plan: index scan on _total_idx, MAX_RESERVATIONS rows and those of the last minute at
        # most.
        [(number, latest, *sums)] = self.env.execute_query(
            SQL(
                "SELECT count(*), max(ended_at), %s FROM partner_mailing_reservation"
                " WHERE rate_limit_id = %s AND domain IS NULL",
                SQL(", ").join(
                    SQL(
                        "COALESCE(sum(count) FILTER"
                        " (WHERE ended_at IS NULL OR ended_at > %s), 0)::integer",
                        self.now - seconds,
                    )
                    for seconds in windows
                ),
                self.id,
            )
        )
        if latest and latest > self.now:
            self._end_future_reservations()
        if number > self._merge_from:
            self._merge()
        return dict(zip(windows, sums, strict=True))

    def _end_future_reservations(self):
        """Correct reservations that ended in the future, by a clock that was set back since."""
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_reservation"
                " SET ended_at = %s, taken_at = LEAST(taken_at, %s)"
                " WHERE rate_limit_id = %s AND ended_at > %s",
                self.now,
                self.now,
                self.id,
                self.now,
            )
        )

    def _merge(self):
        """Merge reservations that ended over a minute ago; delete those of over a day ago."""
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    DELETE FROM partner_mailing_reservation
                     WHERE rate_limit_id = %(rate_limit)s AND domain IS NULL
                       AND ended_at <= %(now)s - %(minute)s
                 RETURNING count, taken_at, ended_at)
                INSERT INTO partner_mailing_reservation (rate_limit_id, count, taken_at, ended_at)
                SELECT %(rate_limit)s, sum(count), min(taken_at), max(ended_at)
                  FROM old
                 WHERE ended_at > %(now)s - %(day)s AND count > 0
              GROUP BY CASE WHEN ended_at > %(now)s - %(hour)s THEN ceil(ended_at / %(in_hour)s)
                            ELSE -ceil(ended_at / %(in_day)s) END
             RETURNING id
                """,
                rate_limit=self.id,
                now=self.now,
                minute=MINUTE,
                hour=HOUR,
                day=DAY,
                in_hour=MERGED_IN_HOUR,
                in_day=MERGED_IN_DAY,
            )
        )
        # What is left now is of the last minute, or merged already.
        self._merge_from = self.env.cr.rowcount + 2 * MAX_RESERVATIONS

    def _seconds_until_room(self, used):
        """Return in how many seconds there is room again in each window that is full."""
        waits = []
        for seconds, limit in self.limits.windows():
            if used[seconds] < limit:
                continue
            # A wake-up is worth it when ``worth_waking`` messages have room: beside these, the
            # newest reservations still fit.
            [(ended_at,)] = self.env.execute_query(
                SQL(
                    """
                    SELECT max(COALESCE(ended_at, %(now)s))
                      FROM (SELECT ended_at,
                                   sum(count) OVER (ORDER BY ended_at DESC NULLS FIRST, id) AS newer
                              FROM partner_mailing_reservation
                             WHERE rate_limit_id = %(rate_limit)s AND domain IS NULL AND count > 0
                               AND (ended_at IS NULL OR ended_at > %(now)s - %(window)s)) stay
                     WHERE newer > %(stay)s
                    """,
                    now=self.now,
                    rate_limit=self.id,
                    window=seconds,
                    stay=limit - worth_waking(limit),
                )
            )
            waits.append(RETRY_SECONDS if ended_at is None else ended_at + seconds - self.now)
        return max(waits)


def get_domain(row):
    """Return the domain of a recipient, as the column ``domain`` has it."""
    return row["address"].rpartition("@")[2]


def steady_time():
    """Return seconds of a monotonic clock that also counts while the host is suspended."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
