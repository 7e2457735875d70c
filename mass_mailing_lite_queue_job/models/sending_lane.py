"""Lanes: a mail server's slots for jobs that send, and which of them are occupied.

A lane is an advisory lock of a PostgreSQL session. It is released when its process is killed or its
host is lost, so there are never more senders than lanes, whatever states the job queue shows.
"""

import contextlib

import psycopg2

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.tools import SQL

MAX_LANES = 50

# First half of a lane's lock; the second says which lane of which mail server.
LANE_LOCK = 0x6D6D71

THIS_DATABASE = SQL("(SELECT oid FROM pg_database WHERE datname = current_database())")


@contextlib.contextmanager
def lane(cr, server_id, number):
    """Occupy a lane within a ``with`` block, whose value says whether it was free.

    To be entered and left between transactions: what is done inside must be committed inside.
    """
    key = server_id * MAX_LANES + number
    cr.execute(SQL("SELECT pg_try_advisory_lock(%s, %s)", LANE_LOCK, key))
    [is_ours] = cr.fetchone()
    cr.commit()  # pylint: disable=invalid-commit  # the lock is of the session
    try:
        yield is_ours
    except BaseException:
        with contextlib.suppress(psycopg2.InterfaceError, psycopg2.OperationalError):
            cr.rollback()
        raise
    finally:
        if is_ours:
            # When the session is lost, PostgreSQL releases its lock.
            with contextlib.suppress(psycopg2.InterfaceError, psycopg2.OperationalError):
                cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", LANE_LOCK, key))
                cr.commit()  # pylint: disable=invalid-commit  # no transaction is left open


def get_lanes_held(env, server_id):
    """Return the numbers of the lanes of a mail server that are occupied."""
    rows = env.execute_query(
        SQL(
            """
            SELECT objid::bigint FROM pg_locks
             WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND database = %s
               AND classid::bigint = %s AND objid::bigint BETWEEN %s AND %s
            """,
            THIS_DATABASE,
            LANE_LOCK,
            server_id * MAX_LANES,
            server_id * MAX_LANES + MAX_LANES - 1,
        )
    )
    return {key - server_id * MAX_LANES for (key,) in rows}


def has_runner(env):
    """Tell whether a job runner serves this database, in any process on any host."""
    rows = env.execute_query(
        SQL(
            """
            SELECT FROM pg_locks
             WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND database = %s
               AND (classid::bigint << 32) | objid::bigint = %s
            """,
            THIS_DATABASE,
            PG_ADVISORY_LOCK_ID,
        )
    )
    return bool(rows)
