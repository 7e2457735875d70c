"""The rate limits of a server: what a sender may claim now, and when it may claim more.

Counted in the database over all mailings, processes and hosts. An allowance is taken in the
transaction of the claim itself, so a kill neither loses nor exceeds it. Senders take theirs one
after the other, under a lock of the session that lasts longer than the transaction: a transaction
that waited for a lock of its own would not see what the one before has just taken. Should somebody
pass by that lock, the server's row, which each of them writes, makes his transaction fail.
"""

import contextlib
import time
from collections import Counter

import psycopg2

from odoo.tools import SQL

from ..delivery.schedule.rate_limit import DAY, HOUR, MINUTE, clock_jump, worth_waking

# Seconds since 1970 by PostgreSQL's clock: the one that all senders share.
CLOCK = SQL("extract(epoch FROM clock_timestamp())::float8")

# First half of the advisory lock under which allowances are taken; the second is the rate limit's id.
RATE_LIMIT_LOCK = 0x6D6D70

# Reservations of a server above which old ones are merged. A claim of 25 ms leaves 2,400 a minute; a sum
# over 5,000 takes 1 ms.
MAX_RESERVATIONS = 5000
# Seconds that merged reservations may be apart: a six-hundredth of the window, which is what a limit an
# hour or a day loses by it.
MERGED_IN_HOUR, MERGED_IN_DAY = HOUR / 600, DAY / 600

# Seconds after which a sender looks again where it cannot know when there is room.
RETRY_SECONDS = 1.0

# By (database, rate limit): when this process last looked, by a clock that nobody sets, and what the
# server's clock said. It outlives the senders of a process, so that a clock that is set between
# two runs of the scheduled action is noticed too.
_last_readings = {}


class Reservation:
    """A row of ``partner.mailing.reservation`` whose messages are not all recorded yet.

    :ivar count: messages that count against the limits
    :ivar open: messages of which nothing is known yet
    """

    __slots__ = ("count", "id", "open")

    def __init__(self, number, count):
        self.id = number
        self.count = self.open = count


class RateLimiter:
    """What one sender may hand to one server, or to whatever else takes messages.

    :param key: {field of ``partner.mailing.rate.limit``: id} of what the limits are counted for
    :param sender: the sender's number
    :param limits: a ``delivery.schedule.rate_limit.Limits``
    :ivar id: the id of the ``partner.mailing.rate.limit``, from ``prepare`` on
    :ivar now: seconds by the server's clock, since the last ``allow``
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
        self._claimed = {}  # the same, of the transaction that is under way
        self._merge_from = MAX_RESERVATIONS

    def prepare(self):
        """Make sure that the server has a row to lock."""
        self.id = self.env["partner.mailing.rate.limit"]._get_or_create(self._key)

    @contextlib.contextmanager
    def exclusive(self):
        """Let no other sender take from the same server, within a ``with`` block.

        Begins and ends between transactions: what is claimed inside is committed there.
        """
        cr = self.env.cr
        cr.execute(SQL("SELECT pg_advisory_lock(%s, %s)", RATE_LIMIT_LOCK, self.id))
        cr.commit()  # pylint: disable=invalid-commit  # what follows is to see what others took
        try:
            yield
        except BaseException:
            cr.rollback()
            raise
        finally:
            # Where the session is gone, so is its lock.
            with contextlib.suppress(psycopg2.InterfaceError, psycopg2.OperationalError):
                cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", RATE_LIMIT_LOCK, self.id))
                cr.commit()  # pylint: disable=invalid-commit  # no transaction while messages leave

    def allow(self, wanted):
        """Return how many messages may be claimed now, ``wanted`` at most.

        Within ``exclusive``; followed in the same transaction by the claim and ``reserve``.

        :raises psycopg2.errors.SerializationFailure: when another sender took some meanwhile
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

    def reserve(self, rows):
        """Note that these rows were claimed."""
        counts = {None: len(rows)}
        if self.limits.domain_minute:
            counts.update(Counter(get_domain(row) for row in rows))
        self.env.cr.execute(
            SQL(
                """
                WITH clock AS (
                    UPDATE partner_mailing_rate_limit SET clock_offset = %(offset)s, seen_at = %(now)s
                     WHERE id = %(rate_limit)s
                ), forgotten AS (
                    DELETE FROM partner_mailing_reservation
                     WHERE rate_limit_id = %(rate_limit)s AND domain IS NOT NULL
                       AND ended_at <= %(now)s - %(minute)s)
                INSERT INTO partner_mailing_reservation (rate_limit_id, sender, domain, count, taken_at)
                SELECT %(rate_limit)s, %(sender)s, domain, count, %(now)s
                  FROM unnest(%(domains)s::varchar[], %(counts)s::integer[]) AS g (domain, count)
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
        reservations = {
            domain: Reservation(number, counts[domain]) for domain, number in self.env.cr.fetchall()
        }
        # Not yet among the others: the transaction may fail, and what was recorded in it may be an
        # earlier claim of the same row.
        self._claimed = {
            row["id"]: [
                one for one in (reservations[None], reservations.get(get_domain(row))) if one
            ]
            for row in rows
        }

    def settle(self, results):
        """End the reservations whose last rows are recorded, and give back what was not tried.

        :param results: list of dicts with ``id`` and ``attempted``
        """
        settled, returned = self._sum_up(results)
        touched = [one for one, number in settled.items() if returned[one] or number == one.open]
        if not touched:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_reservation g
                   SET count = v.count,
                       ended_at = CASE WHEN v.is_over
                                       THEN GREATEST(g.taken_at, %s - p.clock_offset) END
                  FROM unnest(%s::integer[], %s::integer[], %s::boolean[])
                           AS v (id, count, is_over),
                       partner_mailing_rate_limit p
                 WHERE g.id = v.id AND p.id = g.rate_limit_id
                """,
                CLOCK,
                [one.id for one in touched],
                [one.count - returned[one] for one in touched],
                [settled[one] == one.open for one in touched],
            )
        )

    def confirm(self, results):
        """Note that the transaction stands in which these were recorded, and rows claimed."""
        settled, returned = self._sum_up(results)
        for reservation, number in settled.items():
            reservation.open -= number
            reservation.count -= returned[reservation]
        for result in results:
            self._reservations.pop(result["id"], None)
        self._reservations.update(self._claimed)
        self._claimed = {}

    def _sum_up(self, results):
        """Return ({Reservation: rows recorded}, {Reservation: rows of these that were not tried})."""
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
        """Lock the server's row and set ``now``, by a clock that goes on evenly."""
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
            then, said = _last_readings[key]
            jump = clock_jump(said + steady - then, clock - offset, steady - then)
        else:
            # Nobody remembers: that it was set forward cannot be told from time that has passed.
            jump = min(0.0, clock - offset - seen_at)
        self._offset = offset + jump
        self.now = clock - self._offset
        _last_readings[key] = (steady, self.now)

    # ------------------------------------------------------------
    # Sums
    # ------------------------------------------------------------

    def _count_used(self):
        """Return {seconds of a window: messages in it that ends now}."""
        windows = [seconds for seconds, _limit in self.limits.windows()]
        if not windows:
            return {}
        # Plan: index scan on _total_idx, MAX_RESERVATIONS rows and those of the last minute at most.
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
        """Let nothing have ended later than now: noted by a clock that was set back since."""
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_reservation SET ended_at = %s, taken_at = LEAST(taken_at, %s)"
                " WHERE rate_limit_id = %s AND ended_at > %s",
                self.now,
                self.now,
                self.id,
                self.now,
            )
        )

    def _merge(self):
        """Put reservations of more than a minute ago together, forget those of more than a day ago."""
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
        # What is left is of the last minute or merged already.
        self._merge_from = self.env.cr.rowcount + 2 * MAX_RESERVATIONS

    def _seconds_until_room(self, used):
        """Return in how many seconds there is room again in every window that has none."""
        waits = []
        for seconds, limit in self.limits.windows():
            if used[seconds] < limit:
                continue
            # Of the newest reservations, those that fit beside what is to be free may stay.
            [(ended_at,)] = self.env.execute_query(
                SQL(
                    """
                    SELECT max(COALESCE(ended_at, %(now)s))
                      FROM (SELECT ended_at,
                                   sum(count) OVER (ORDER BY ended_at DESC NULLS FIRST, id) AS newer
                              FROM partner_mailing_reservation
                             WHERE rate_limit_id = %(rate_limit)s AND domain IS NULL AND count > 0
                               AND (ended_at IS NULL OR ended_at > %(now)s - %(window)s)) g
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
    """Return seconds of a clock that nobody sets, which goes on while the machine sleeps."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
