"""The sender: what a scheduled action or the command runs to send mailings, slice after slice."""

import contextlib
import logging
import time

import psycopg2

from odoo.exceptions import UserError

from ..delivery.smtp.limit import LIMIT_PAUSE, RETRY_PAUSES, is_limit, is_passing
from ..delivery.smtp.pool import NoSession
from .queue import make_queue
from .rate_limiter import RateLimiter
from .transaction import in_transaction
from .wait import Wait
from .wake_up import precise_now
from .worker import TooManyFailures, Worker

_logger = logging.getLogger(__name__)

MIN_SLICES = 10  # of each mailing within one window of a limit that several mailings share


class Sender:
    """One sender of one process: a number in the database, and a ``Worker`` for each mailing.

    A context manager. Its end closes the connections and releases the lock on its number: rows that
    it has left in the state ``sending`` are then recovered by the next sender.
    """

    def __init__(self, env):
        self.env = env(su=True)
        self.recipients = self.env["partner.mailing.recipient"]
        self.number = None
        self._workers = {}  # by mailing id
        self.sorting = {}  # {mailing id: how far its rows are sorted by domain}
        self._limiters = {}  # by what their limits are counted for
        self._limiter_of = {}  # by mailing id
        self._waits = {}  # by mailing id
        self._aside = 0  # messages settled while other mailings had their slices

    def __enter__(self):
        self.number = self.recipients._new_sender()
        return self

    def __exit__(self, *_exc):
        # When the database is lost, PostgreSQL has released the lock, and the first error is the
        # one that is raised. The connections to mail servers and their threads still have to be
        # closed.
        steps = [self.env.cr.rollback, *(worker.close for worker in self._workers.values())]
        for step in [*steps, lambda: self.recipients._end_sender(self.number)]:
            with contextlib.suppress(psycopg2.Error):
                step()

    def get_busy(self):
        """Return the mailings of which messages are being sent at this moment."""
        busy = [worker.mailing.id for worker in self._workers.values() if worker.open_count]
        return self.env["partner.mailing"].browse(busy)

    def count_open_of_others(self, mailing):
        """Return how many messages of other mailings are being sent at this moment."""
        others = (worker for worker in self._workers.values() if worker.mailing != mailing)
        return sum(worker.open_count for worker in others)

    def get_wait(self, mailing):
        """Return the ``Wait`` of the mailing at this moment, None when it can go on."""
        wait = self._waits.get(mailing.id)
        return wait if wait and wait.seconds_left else None

    def get_waiting_ids(self):
        """Return the ids of the mailings that wait at this moment."""
        return [number for number, wait in self._waits.items() if wait and wait.seconds_left]

    def get_seconds_to_wait(self, mailings):
        """Return in how many seconds the first of ``mailings`` may go on; None when none waits."""
        waits = [self._waits.get(number) for number in mailings.ids]
        return min((wait.seconds_left for wait in waits if wait), default=None)

    def finish(self, mailings=None):
        """Wait for the messages that are being sent, of ``mailings`` or of all, and record them.

        :return: number of messages handed over or refused
        """
        chosen = self._workers if mailings is None else mailings.ids
        return sum(self._workers[number].finish() for number in chosen if number in self._workers)

    def send_slice(self, mailing, seconds, limit=None, goes_on=False):
        """Send a mailing for ``seconds``, or until ``limit``, the end of the list, or a slow
        server.

        After it, the server may not have answered for some messages yet (``get_busy``), and the
        rest may have to wait
        (``get_wait``). When the server accepts no message at all, it is tried again later, or the
        mailing is paused with the server's reply.

        :param goes_on: see ``Worker.send``
        :return: number of messages handed over or refused
        """
        started = time.monotonic()
        try:
            count, wait = self._send_slice(mailing, seconds, limit, goes_on)
            worker = self._workers.get(mailing.id)
            progress = worker.progress if worker else 0
            self._record_slice(mailing, progress, time.monotonic() - started, wait)
            return count + self._take_aside()
        except NoSession as error:
            return self._wait_for_server(mailing, started, error.outcome)
        except TooManyFailures as error:
            count = self._record_slice_before_stop(mailing, started)
            self._stop(
                mailing, mailing._in_language_of_responsible()._pause_for_failures, *error.args
            )
            return count
        except UserError as error:
            # Raised by ir.mail_server: no mail server is set up, or an archived one is chosen.
            self._give_up(mailing, str(error))
        except psycopg2.Error:
            raise
        except Exception as error:  # the fault of one mailing must not stop the others
            _logger.exception("Sending the mailing %s failed.", mailing.id)
            localized = mailing._in_language_of_responsible()
            self._give_up(
                mailing,
                localized.env._(
                    "an unexpected error (%s). The log of the server says more.",
                    type(error).__name__,
                ),
            )
        return 0

    def _send_slice(self, mailing, seconds, limit, goes_on):
        """Return how many messages were settled, and the ``Wait`` of the rest, None for none."""
        worker = self._workers.get(mailing.id)
        if worker is None:
            if wait := self._get_server_wait(mailing):
                return 0, wait
            limiter = self._get_limiter(mailing)
            # No connection is opened while the rate limit leaves no room.
            if limiter and not self._has_room(limiter):
                return 0, Wait("rate_limit", limiter.wait)
            queue = make_queue(self, mailing, limiter)
            if not queue.prepare(seconds):
                return 0, Wait("domain", 0.0)
            worker = self._workers[mailing.id] = self._open_worker(mailing, queue)
        count = worker.send(seconds, limit, goes_on)
        return count, worker.wait

    def _open_worker(self, mailing, queue):
        """Return a ``Worker``; other mailings give their connections up where the server bears no
        more, so that they take turns.

        :raises NoSession: when the server cannot be used
        """
        capacity = mailing._get_transport().get_capacity()
        if capacity and capacity.is_full:
            self._close_others(mailing, capacity)
        try:
            return Worker(self, mailing, queue)
        except NoSession as error:
            if not is_passing(error.outcome):
                raise
            if capacity:
                capacity.refused(error.outcome)
            if not self._close_others(mailing, capacity):
                raise
        for pause in RETRY_PAUSES[:-1]:
            time.sleep(pause)  # the server may count the closed connections a little longer
            with contextlib.suppress(NoSession):
                return Worker(self, mailing, queue)
        time.sleep(RETRY_PAUSES[-1])
        return Worker(self, mailing, queue)

    def _close_others(self, mailing, capacity):
        """Close the connections of other mailings to the same server; return whether there were."""
        others = [
            worker
            for worker in self._workers.values()
            if capacity and worker.capacity is capacity and worker.mailing != mailing
        ]
        for worker in others:
            self._aside += self.close_worker(worker.mailing)
        return bool(others)

    def _take_aside(self):
        """Return how many messages of other mailings were settled besides a slice."""
        aside, self._aside = self._aside, 0
        return aside

    def _get_server_wait(self, mailing):
        """Return the ``Wait`` for a limit of the server that a sender has met, None for none."""
        counter, left = mailing.counter_id, 0.0
        if capacity := mailing._get_transport().get_capacity():
            left = capacity.seconds_closed  # met by a sender of this process, for any mailing
        if counter.wait_reason == "rate_limit" and counter.wait_until:
            noted = (counter.wait_until - precise_now()).total_seconds()
            # A longer one is of a limit that was set here, and may be there no more.
            if noted <= LIMIT_PAUSE and not self._get_limiter(mailing):
                left = max(left, noted)
        return Wait("rate_limit", left) if left > 0 else None

    def get_share(self, mailing, mailings):
        """Return how many messages a mailing may send in a slice, None for any number.

        A number only where the server has limits and several of ``mailings`` share it: one mailing
        must not use up the limit before the others have a slice.
        """
        limiter = self._get_limiter(mailing)
        sharing = sum(self._get_limiter(one) is limiter for one in mailings) if limiter else 1
        if sharing == 1:
            return None
        least = min((limit for _seconds, limit in limiter.limits.windows()), default=None)
        return least and max(1, least // (MIN_SLICES * sharing))

    def _get_limiter(self, mailing):
        """Return the ``RateLimiter`` of the mailing's server, None when it has no limits."""
        if mailing.id not in self._limiter_of:
            self._limiter_of[mailing.id] = self._find_limiter(mailing)
        return self._limiter_of[mailing.id]

    def _find_limiter(self, mailing):
        transport = mailing._get_transport()
        limits = transport.get_limits()
        if not limits:
            return None
        key = transport.get_limit_key()
        name = tuple(key.items())
        if name not in self._limiters:
            limiter = self._limiters[name] = RateLimiter(self.env, key, self.number, limits)
            self.in_transaction(limiter.prepare)
        return self._limiters[name]

    def _has_room(self, limiter):
        with limiter.exclusive():
            return self.in_transaction(lambda: limiter.allow(1))

    def _record_slice(self, mailing, count, seconds, wait):
        """Keep the ``Wait`` of a mailing, and write it to the counter, which screens show."""
        self._waits[mailing.id] = wait
        counter = mailing.counter_id
        values = {}
        if count:
            values.update(busy_seconds=seconds, served_at=precise_now())
            # Whatever was read: another sender may have written a fault since.
            values.update(wait_reason=None, wait_until=None, fault_words=None, fault_count=0)
        if wait and wait.seconds_left:
            values.update(wait_reason=wait.reason, wait_until=wait.until)
        if values:
            self.in_transaction(lambda: counter._write_sending_status(counter.id, **values))

    def _wait_for_server(self, mailing, started, fault):
        """Let a mailing wait after the server has accepted no more; progress is recorded first.

        A limit of the server is no fault while messages get through, over whichever connection.

        :return: number of messages handed over or refused
        """
        self.env.cr.rollback()
        worker = self._workers.get(mailing.id)
        self.close_worker(mailing)
        count, progress = (worker.recorded, worker.progress) if worker else (0, 0)
        if progress:
            mailing.counter_id.invalidate_recordset(flush=False)
            self._record_slice(mailing, progress, time.monotonic() - started, None)
        capacity = worker and worker.capacity
        has_no_session = fault.stage == "greeting" and is_passing(fault)
        if has_no_session and self._close_others(mailing, capacity):
            return count + self._take_aside()  # the next slice has their connections
        localized = mailing._in_language_of_responsible()
        if is_limit(fault) and (progress or mailing._is_served_lately()):
            self._stop(mailing, localized._wait_for_limit)
            self._waits[mailing.id] = Wait("rate_limit", LIMIT_PAUSE)
            if capacity := mailing._get_transport().get_capacity():
                capacity.close_for(LIMIT_PAUSE)
        else:
            self._stop(mailing, localized._back_off, fault.text, is_wrong_login(fault))
        return count + self._take_aside()

    def _record_slice_before_stop(self, mailing, started):
        """Record what a slice has sent before too many failures ended it.

        :return: number of messages handed over or refused
        """
        worker = self._workers.get(mailing.id)
        count = worker.done if worker else 0
        self.env.cr.rollback()
        if count:
            mailing.counter_id.invalidate_recordset(flush=False)
            self._record_slice(mailing, count, time.monotonic() - started, None)
        return count

    def _give_up(self, mailing, reason):
        """Pause a mailing that cannot be sent; no recipient is marked as failed."""
        localized = mailing._in_language_of_responsible()
        words = localized.env._("The mailing cannot be sent: %s", reason)
        self._stop(mailing, localized._pause_with_alert, words)

    def _stop(self, mailing, step, *args):
        """Close the connections of a mailing, and run ``step`` if it is still being sent."""
        self.env.cr.rollback()
        self._waits.pop(mailing.id, None)
        self.close_worker(mailing)

        def stop():
            mailing.invalidate_recordset()
            if mailing.state == "sending":
                step(*args)

        self.in_transaction(stop)

    def close_workers(self):
        """Close all connections, while all that is left waits."""
        for mailing in [worker.mailing for worker in self._workers.values()]:
            self.close_worker(mailing)
        # The limits are read again when a mailing goes on: they may have changed by then.
        self._limiter_of.clear()
        self._limiters.clear()

    def close_worker(self, mailing):
        """Close the connections of a mailing; they are opened again when it goes on.

        :return: number of messages that were handed over or refused meanwhile
        """
        worker = self._workers.pop(mailing.id, None)
        if worker is None:
            return 0
        before = worker.recorded
        worker.close()
        return worker.recorded - before

    def in_transaction(self, step):
        """Run ``step`` and commit, so that claims and results outlive a kill."""
        return in_transaction(self.env.cr, step)


def is_wrong_login(outcome):
    """Tell whether a server has refused the login for good: another try cannot succeed."""
    return outcome.failure_type == "login" and (outcome.code or 0) >= 500
