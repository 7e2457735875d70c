"""Wake-up of the scheduled action at a moment, to the second.

Odoo's scheduler looks for triggers that are due once a minute: with them alone, a limit of one
message a minute would give one message in two minutes. So the process that sets the trigger also
starts a timer thread, by the monotonic clock, which sets a second trigger for "now" at that moment.
If the process has ended by then, the first trigger is found within a minute.
"""

import logging
import threading
from datetime import datetime, timedelta, timezone

import psycopg2

from odoo import fields
from odoo.modules import module

from ..odoo_seams.scheduler import trigger_now

_logger = logging.getLogger(__name__)

# Wake-ups later than this need no precision of a second.
TIMED_UNTIL = timedelta(hours=1)

SECOND = timedelta(seconds=1)

_lock = threading.Lock()
_timers = {}  # {name of the database: (moment, timer)}


def wake_at(cron, moment):
    """Let ``cron`` run at ``moment`` (naive, UTC), or at once when that is in the past."""
    now = fields.Datetime.now()
    if moment <= now:
        cron._trigger()
        return
    # Odoo deletes triggers by whole seconds: one with a fraction would stay. A second earlier, in
    # case the clock of the database's host is slow.
    cron._trigger(at=max(moment.replace(microsecond=0) - SECOND, now + SECOND))
    if moment - now <= TIMED_UNTIL:
        dbname = cron.env.cr.dbname
        cron.env.cr.postcommit.add(lambda: _set_timer(dbname, cron.id, moment))


def _set_timer(dbname, cron_id, moment):
    """Start a timer for ``moment``, unless one of this database runs that ends earlier."""
    if module.current_test:
        return  # the thread would write into the database of other tests
    with _lock:
        known = _timers.get(dbname)
        if known and known[0] <= moment and known[1].is_alive():
            return
        if known:
            known[1].cancel()
        seconds = (moment - precise_now()).total_seconds()
        timer = threading.Timer(max(seconds, 0.0), _trigger, (dbname, cron_id))
        timer.daemon = True
        timer.name = f"mass_mailing_lite.wake_up.{dbname}"
        _timers[dbname] = (moment, timer)
        timer.start()


def _trigger(dbname, cron_id):
    try:
        trigger_now(dbname, cron_id)
    except psycopg2.Error:
        _logger.info("No wake-up for the scheduler of %s: it looks itself within a minute.", dbname)


def precise_now():
    """Return this moment, naive and in UTC, with its fraction of a second."""
    return datetime.now(timezone.utc).replace(tzinfo=None)
