import logging
import math
import time
from datetime import timedelta, timezone
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..delivery.schedule.rate_limit import expected_end
from ..delivery.smtp.limit import LIMIT_PAUSE
from ..selection import Pressure
from ..sender.sender import Sender
from ..sender.starts import Starts
from ..sender.transaction import in_transaction
from ..sender.wake_up import precise_now, wake_at
from ..transport.pace import describe_limits, describe_pace
from .ir_websocket import FOR_GROUP, FOR_VALIDATORS, PROGRESS
from .partner_mailing import VIEWER_GROUP
from .partner_mailing_checklist import UNSENT_STATES

_logger = logging.getLogger(__name__)

SLICE_SECONDS = 1.0  # for which one mailing is sent before the next
PATIENCE = 2.0  # seconds; for a longer wait for a limit the scheduled action ends
WAIT_STEP = 0.5
LONG_WAIT = 10.0  # seconds; for a longer wait the connections are closed
# Seconds until a mail server that cannot be used is tried again, try by try; the last for all
# later.
FAULT_DELAYS = (60, 300, 900, 1800, 3600)
# Minutes without any message through the server, after which its limit counts as a fault.
LIMIT_PATIENCE = 10
EARLIER_MAILINGS = 5  # through the same server, from which the rate of sending is measured
# Seconds of sending after which a mailing's own rate is used instead.
MIN_MEASURED_SECONDS = 5.0
FIGURES = ("recipient_count", "pending_count", "sent_count", "failed_count", "wait_reason")


class FailureLimit(NamedTuple):
    """The share of failures among the last recipients with which a mailing is paused.

    :ivar share: percent
    :ivar window: how many of the last recipients count; 0: there is no limit
    """

    share: int
    window: int

    def is_passed(self, settled, failed):
        """Tell whether too many of the last recipients failed for good.

        False until the window is full: one failure among the first five recipients means nothing.

        :param settled: how many of the last recipients are sent or failed
        :param failed: how many of them failed
        """
        return bool(self.window) and settled >= self.window and 100 * failed >= self.share * settled


class PartnerMailing(models.Model):
    """The scheduled action: starts the mailings that are due, sends them, finishes them.

    In the order of this file: a run, beginning and end of a mailing, why it waits, the circuit
    breaker, the expected end, the progress that screens show.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    wait_reason = fields.Selection(related="counter_id.wait_reason")
    wait_until = fields.Datetime(related="counter_id.wait_until")
    fault_text = fields.Char(compute="_compute_fault_text")
    expected_end = fields.Datetime(
        "Expected End Time", compute="_compute_expected_end", compute_sudo=True
    )
    expected_text = fields.Char("Expected End", compute="_compute_expected_end", compute_sudo=True)
    pace_text = fields.Char(
        "Sending Takes",
        compute="_compute_pace_text",
        compute_sudo=True,
        help="How fast the mailing can leave, and when it is expected to end.",
    )

    # ------------------------------------------------------------
    # A run
    # ------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send validated mailings for as long as the scheduler allows (about ten seconds).

        Odoo waits a minute before it calls a scheduled action again that had more to do; so this
        one sets its own wake-up.
        """
        cron = self.env["ir.cron"]
        self.browse()._send_due(
            lambda done, waiting: cron._commit_progress(done, remaining=waiting)
        )
        if moment := self._get_next_wake_up():
            wake_at(self.env.ref("mass_mailing_lite.ir_cron_send").sudo(), moment)

    def _send_due(self, commit_progress, limit=None, patience=PATIENCE):
        """Send what is due, of all mailings or of those in ``self``.

        Commits each claim and result: a kill leaves nothing open but the messages that are being
        transmitted.

        :param commit_progress: called after each round with (messages of the round, messages
            waiting); commits and returns the seconds that are left
        :param limit: maximum number of messages to send, None for no limit
        :param patience: seconds to wait here for a rate limit, when all that is left waits for one
        :return: number of messages that were handed over or refused
        """
        self._clean_up()
        total = 0
        with Sender(self.env) as sender:
            starts = Starts(self, sender)
            starts.start_next()
            in_transaction(self.env.cr, self._record_sending_hours_wait)
            seconds_left = commit_progress(0, self._count_pending())
            while seconds_left > 0 and (limit is None or total < limit):
                rest = None if limit is None else limit - total
                done = self._send_round(sender, starts, seconds_left, rest)
                total += done
                waiting = [] if patience == math.inf else sender.get_waiting_ids()
                seconds_left = commit_progress(done, self._count_pending(waiting))
                is_waiting = starts.is_waiting()
                starts.start_next()
                if done or is_waiting or sender.get_busy():
                    continue
                wait = sender.get_seconds_to_wait(self._find_sendable())
                if wait is None or wait > min(patience, seconds_left):
                    break
                if wait > LONG_WAIT:
                    sender.close_workers()
                # In short steps: a user may stop the run, or validate another mailing.
                time.sleep(min(wait, WAIT_STEP))
            if busy := sender.get_busy():
                last = sender.finish()
                total += last
                busy._announce_progress()
                for mailing in busy:
                    mailing._finish_if_done()
                commit_progress(last, self._count_pending(sender.get_waiting_ids()))
            in_transaction(self.env.cr, self._skip_rows_of_cancelled)
        return total

    def _begin_run(self):
        """Recover what dead senders have left open, and start the mailings that are due.

        A generator: continues after each mailing, which can be sent while the next is compared.
        """
        self._clean_up()
        starts = Starts(self)
        while starts.is_waiting():
            starts.start_next()
            yield
        in_transaction(self.env.cr, self._record_sending_hours_wait)

    def _clean_up(self):
        """Recover what dead senders have left open, before mailings are started.

        Each step in a transaction of its own, since other senders write the same rows.
        """
        cr = self.env.cr
        if in_transaction(cr, self.env["partner.mailing.recipient"]._recover):
            # If these were the last rows of a mailing, no sender will finish it.
            for mailing in self.sudo().search(Domain("state", "=", "sending")):
                mailing._finish_if_done()
        in_transaction(cr, self._skip_rows_of_cancelled)
        reservations = self.env["partner.mailing.reservation"]
        in_transaction(cr, reservations._end_reservations_of_dead_senders)

    @api.model
    def _skip_rows_of_cancelled(self):
        """Skip rows of cancelled mailings that wait again.

        They were being sent at the cancellation, and the server has deferred them; or their sender
        died, and the company's setting says that such messages are sent again.
        """
        cancelled = Domain("state", "=", "cancelled") & Domain("counter_id.pending_count", ">", 0)
        for mailing in self.sudo().with_context(active_test=False).search(cancelled):
            self.env["partner.mailing.recipient"]._cancel_pending(mailing)

    def _send_round(self, sender, starts, seconds_left, limit):
        """Send a slice of each mailing, first of the one whose last slice is longest ago.

        The round ends early when another mailing is due: it has its first slice next.

        :return: number of messages that were handed over or refused
        """
        done = 0
        busy = sender.get_busy()
        mailings = self._find_sendable() | busy
        for mailing in starts.in_order(mailings):
            if sender.get_wait(mailing) and mailing not in busy:
                continue
            started = time.monotonic()
            longest = starts.get_seconds(mailing, mailings, SLICE_SECONDS)
            if seconds := min(longest, seconds_left, mailing._get_seconds_open()):
                rest = sender.get_share(mailing, starts.with_waiting(mailings))
                if limit is not None:
                    most = limit - done - sender.count_open_of_others(mailing)
                    rest = most if rest is None else min(rest, most)
                goes_on = len(mailings) == 1 and seconds == SLICE_SECONDS
                count = sender.send_slice(mailing, seconds, rest, goes_on)
            else:
                count = sender.finish(mailing)
                self._record_sending_hours_wait()
            mailing._announce_progress(count / max(time.monotonic() - started, 0.001))
            mailing._finish_if_done()
            done += count
            if starts.is_waiting():
                break
        return done

    def _domain_of_run(self):
        """Return the domain of the mailings that a run is about."""
        return Domain("id", "in", self.ids) if self else Domain.TRUE

    def _find_sendable(self):
        """Return the mailings that have something to send now, in the order of their start."""
        return (
            self.sudo()
            .search(
                self._domain_of_run()
                & Domain("state", "=", "sending")
                & self._domain_without_fault(),
                order="started_at, id",
            )
            .filtered(lambda mailing: mailing._get_seconds_open() and mailing._has_due_rows())
        )

    def _has_due_rows(self):
        self.ensure_one()
        recipients = self.env["partner.mailing.recipient"]
        recipients.flush_model()
        return recipients._has_due(self)

    def _count_pending(self, waiting=()):
        """Return how many messages the mailings of a run have yet to send, from the counters.

        :param waiting: ids of mailings that wait, which are not counted
        """
        mailings = self._find_sendable().filtered(lambda mailing: mailing.id not in waiting)
        mailings.counter_id.invalidate_recordset()
        return max(sum(mailings.mapped("pending_count")), 0)

    def _check_sendable(self):
        """Raise unless each mailing may be sent from the command line.

        :raises UserError: names the mailing and its state
        """
        for mailing in self:
            if mailing.state not in ("validated", "sending"):
                raise UserError(
                    self.env._(
                        'The mailing "%(name)s" is in the state "%(state)s": only validated mailings are sent.',
                        name=mailing.name,
                        state=mailing._get_state_label(),
                    )
                )

    def _check_can_send_again(self):
        """Raise unless the mailings, which were sent, are still what was validated.

        :raises UserError: names the mailing
        """
        for mailing in self:
            if not mailing._matches_validation():
                raise UserError(
                    self.env._(
                        'The mailing "%s" is not what was validated, so no message of it is sent again.',
                        mailing.name,
                    )
                )
            if problem := mailing._get_request_problem():
                raise UserError(problem)

    # ------------------------------------------------------------
    # Beginning and end of a mailing
    # ------------------------------------------------------------

    def _find_due(self, limit=None, tried=()):
        """Return the validated mailings of a run that are due, but those with the ids ``tried``."""
        return self.sudo().search(
            self._domain_of_run()
            & Domain("id", "not in", tried)
            & Domain("state", "=", "validated")
            & (
                Domain("scheduled_at", "=", False)
                | Domain("scheduled_at", "<=", fields.Datetime.now())
            ),
            order="scheduled_at, id",
            limit=limit,
        )

    def _start_due(self, limit=None, tried=()):
        """Start the validated mailings that are due, if they are still what was validated.

        :param limit: how many at most, None for all
        :param tried: ids of those to leave alone
        :return: the mailings that were due
        """
        now = fields.Datetime.now()
        due = self._find_due(limit, tried)
        for mailing in due.try_lock_for_update(allow_referencing=True):
            if mailing.state != "validated" or not mailing._get_seconds_open():
                continue
            localized = mailing._in_language_of_responsible()
            if not mailing._matches_validation():
                localized._pause_with_alert(
                    localized.env._(
                        "Content or recipients are not what was validated. Nothing was sent."
                    ),
                    to_administrators=True,
                )
            elif problem := localized._get_request_problem():
                localized._pause_with_alert(problem)
            elif mailing._is_late(now):
                localized._pause_with_alert(
                    localized.env._(
                        "It was to be sent on %(time)s and was not, because the server did not run."
                        " Resume it if it should still be sent.",
                        time=localized._name_moment(
                            mailing.scheduled_at, mailing.user_id or mailing.create_uid
                        ),
                    )
                )
            else:
                localized._start(now)
        return due

    def _start(self, now):
        """Start the mailing, unless an automation rule of the database does not let it."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._skip_written_to_lately()
                self._as_system().write({"state": "sending", "started_at": self.started_at or now})
        except UserError as error:
            # The others are started. This one is tried again at the next run.
            self.invalidate_recordset(flush=False)
            _logger.warning("The mailing %s cannot be started: %s", self.id, error)
            return
        # The list may have changed since the last start.
        self.counter_id._write_sending_status(self.counter_id.id, is_sorted_by_domain=False)

    def _skip_written_to_lately(self):
        """Skip pending rows of people who had as many mailings as the company lets them have.

        From then on the others count for the mailings that start later.
        """
        pressure = Pressure(self)
        if not pressure.is_on():
            return
        pressure.lock()
        recipients = self.env["partner.mailing.recipient"]
        address = SQL.identifier("r", self._get_transport().address_column)
        self.env.flush_all()
        addresses = pressure.addresses_sql()
        if addresses and recipients._skip_pending(self, "written_to_lately", addresses, address):
            recipients._invalidate_rows()
            self._recount()
            # Nobody may be left of a mailing that is resumed or sent again: no sender takes it then.
            self._finish_if_settled()

    def _is_late(self, now):
        """Tell whether the scheduled time was missed by more hours than the company allows.

        A mailing that was validated or resumed after its time is not late: it is meant to be sent.
        """
        self.ensure_one()
        if not self.scheduled_at:
            return False
        approval = self.approval_ids.filtered(lambda request: request.state == "validated")
        moments = [
            self._get_opening(self.scheduled_at),
            approval.decided_at,
            self.resumed_at,
        ]
        hours = self.company_id.partner_mailing_late_hours
        return now - max(filter(None, moments)) > timedelta(hours=hours)

    def _finish_if_done(self):
        """Finish the mailing when all rows are in a final state, and notify the responsible.

        In a transaction of its own: another sender may finish it at this moment.
        """
        self.ensure_one()
        self.env.cr.commit()  # pylint: disable=invalid-commit  # a conflict undoes nothing before
        in_transaction(self.env.cr, self._finish_if_settled)

    def _finish_if_settled(self):
        recipients = self.env["partner.mailing.recipient"]
        recipients.flush_model()
        if recipients._has_unsettled(self):
            return
        mailing = self.sudo().try_lock_for_update(allow_referencing=True)
        mailing.invalidate_recordset(["state"])
        if not mailing or mailing.state != "sending":
            return
        localized = mailing._in_language_of_responsible()
        localized._as_system().write({"state": "done", "finished_at": fields.Datetime.now()})
        mailing._announce_progress()
        localized.message_post(
            body=localized.env._(
                "Sending has ended: %(sent)s sent, %(failed)s failed, %(uncertain)s uncertain,"
                " %(skipped)s excluded.",
                sent=mailing.sent_count,
                failed=mailing.failed_count,
                uncertain=mailing.uncertain_count,
                skipped=mailing.skipped_count,
            ),
            partner_ids=mailing.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )

    def _in_language_of_responsible(self):
        """Return the mailing in the language of its responsible, in which messages are stored."""
        self.ensure_one()
        person = self.sudo().user_id or self.sudo().create_uid
        return self.with_context(lang=person.lang)

    def _pause_with_alert(self, reason, to_administrators=False):
        """Pause, and give the responsible (and the administrators) an activity with the reason."""
        self.ensure_one()
        mailing = self.sudo()
        mailing._pause(reason)
        people = mailing.user_id or mailing.create_uid
        if to_administrators:
            managers = self.env.ref("mass_mailing_lite.group_manager").sudo().all_user_ids
            people |= managers.filtered(
                lambda user: user.active and mailing.company_id in user.company_ids
            )
        for user in people:
            mailing.activity_schedule(
                "mail.mail_activity_data_warning",
                user_id=user.id,
                summary=self.env._("Sending is paused"),
                note=reason,
            )

    # ------------------------------------------------------------
    # Why a mailing waits
    # ------------------------------------------------------------

    @api.depends("state", "wait_reason", "wait_until")
    @api.depends_context("lang", "tz", "uid")
    def _compute_fault_text(self):
        for mailing in self:
            has_fault = mailing.state == "sending" and mailing.wait_reason == "server"
            mailing.fault_text = has_fault and mailing._get_fault_in_words()

    def _get_fault_in_words(self):
        """Return a sentence about the server that cannot be used, and the next try."""
        counter = self.sudo().counter_id
        return self._get_transport().describe_fault(
            counter.fault_words,
            number=counter.fault_count + 1,
            most=self.company_id.sudo().partner_mailing_server_tries,
            moment=self._name_moment(counter.wait_until),
        )

    def _get_wait_in_words(self):
        """Return a sentence about a server fault or closed sending hours, False for neither."""
        self.ensure_one()
        if self.state == "sending" and self.wait_reason == "server":
            return self._get_fault_in_words()
        if not self._get_seconds_open():
            return self.env._(
                "It is outside the sending hours; they begin on %s.",
                self._name_moment(self._get_opening(fields.Datetime.now())),
            )
        return False

    def _get_seconds_open(self):
        """Return how many seconds of the sending hours are left; 0 outside of them."""
        self.ensure_one()
        hours = self.sudo().company_id._get_sending_hours()
        if hours is None:
            return math.inf
        now = utc_now()
        closing = hours.closing(now)
        return (closing - now).total_seconds() if closing else 0.0

    def _get_opening(self, moment):
        """Return the first time within the sending hours from ``moment`` on (naive, UTC)."""
        hours = self.sudo().company_id._get_sending_hours()
        if hours is None:
            return moment
        aware = moment.replace(tzinfo=timezone.utc)
        return hours.opening(aware).astimezone(timezone.utc).replace(tzinfo=None)

    def _record_sending_hours_wait(self):
        """Write once for each running mailing that it waits for the sending hours, when it does."""
        running = self.sudo().search(
            self._domain_of_run()
            & Domain("state", "=", "sending")
            & Domain("company_id.partner_mailing_use_hours", "=", True)
        )
        for mailing in running:
            if mailing._get_seconds_open() or mailing.wait_reason in ("hours", "server"):
                continue
            mailing.counter_id._write_sending_status(
                mailing.counter_id.id,
                wait_reason="hours",
                wait_until=mailing._get_opening(fields.Datetime.now()),
            )
            mailing._announce_progress()

    def _domain_without_fault(self):
        """Return the domain of mailings whose mail server may be tried now."""
        return Domain("counter_id.wait_reason", "!=", "server") | Domain(
            "counter_id.wait_until", "<=", fields.Datetime.now()
        )

    def _clear_wait(self):
        """Remove wait and server fault, because a user has decided that the mailing goes on."""
        for counter in self.sudo().counter_id:
            counter._write_sending_status(
                counter.id, wait_reason=None, wait_until=None, fault_words=None, fault_count=0
            )

    def _back_off(self, words, is_final=False):
        """Wait for the mail server, or pause the mailing after the number of tries that is set.

        :param words: the server's reply
        :param is_final: pause at once, since another try cannot succeed
        """
        self.ensure_one()
        if is_final:
            self._pause_with_alert(self._get_transport().describe_login_refusal(words))
            self._clear_wait()
            return
        counter = self.sudo().counter_id
        counter.invalidate_recordset(flush=False)
        now = fields.Datetime.now()
        if counter.wait_reason == "server" and counter.wait_until > now:
            return  # another sender has just written the same fault
        tries = counter.fault_count + 1
        if tries >= self.company_id.partner_mailing_server_tries:
            self._pause_with_alert(self._get_transport().describe_last_try(tries, words))
            self._clear_wait()
            return
        delay = FAULT_DELAYS[min(tries, len(FAULT_DELAYS)) - 1]
        counter._write_sending_status(
            counter.id,
            wait_reason="server",
            wait_until=now + timedelta(seconds=delay),
            fault_words=words,
            fault_count=tries,
        )
        self._announce_progress()

    def _wait_for_limit(self):
        """Wait until the mail server, which has reached a limit of its own, takes more."""
        self.ensure_one()
        counter = self.sudo().counter_id
        counter._write_sending_status(
            counter.id,
            wait_reason="rate_limit",
            wait_until=fields.Datetime.now() + timedelta(seconds=LIMIT_PAUSE),
        )
        self._announce_progress()

    def _is_served_lately(self):
        """Tell whether the mail server has lately taken a message of any mailing."""
        # Plan: index scan on the state; one row a mailing that was ever sent.
        [(is_served,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                    SELECT FROM partner_mailing m
                      JOIN partner_mailing_counter k ON k.id = m.counter_id
                     WHERE m.state IN ('sending', 'done') AND m.channel = %s AND %s
                       AND k.served_at > %s)
                """,
                self.channel,
                self._get_transport().same_route_sql(),
                fields.Datetime.now() - timedelta(minutes=LIMIT_PATIENCE),
            )
        )
        return is_served

    def _get_next_wake_up(self):
        """Return when a run has something to do next (naive, UTC), None for never."""
        now = fields.Datetime.now()
        running = self.sudo().search(
            self._domain_of_run()
            & (
                Domain("state", "=", "sending")
                | Domain("state", "=", "validated")
                & (Domain("scheduled_at", "=", False) | Domain("scheduled_at", "<=", now))
            )
        )
        running.counter_id.invalidate_recordset(flush=False)
        moments = [moment for mailing in running if (moment := mailing._get_next_moment(now))]
        return min(moments, default=None)

    def _get_next_moment(self, now):
        """Return when a message of this mailing can be sent, None when none waits."""
        if self.state == "validated" or self._has_due_rows():
            # The sending hours are read below, since they may have changed.
            waits = self.wait_reason and self.wait_reason != "hours"
            moment = max(filter(None, (now, waits and self.wait_until)))
        else:
            moment = self.env["partner.mailing.recipient"]._next_attempt_at(self)
        return moment and self._get_opening(moment)

    # ------------------------------------------------------------
    # Circuit breaker
    # ------------------------------------------------------------

    def _get_failure_limit(self):
        """Return the ``FailureLimit`` of the mailing's company."""
        company = self.company_id
        share = company.partner_mailing_failure_share
        return FailureLimit(share, share and company.partner_mailing_failure_window)

    def _pause_for_failures(self, settled, failed):
        """Pause a mailing of which too many recipients failed, and restart the count."""
        self.ensure_one()
        self.counter_id._write_sending_status(self.counter_id.id, recent_results=None)
        self._pause_with_alert(
            self.env._(
                "Of the last %(settled)s recipients %(failed)s failed for good, most of them because"
                ' of "%(reason)s". Look at the failed recipients before you resume: the list may be'
                " old, or mail servers may refuse the content.",
                settled=settled,
                failed=failed,
                reason=self._get_commonest_failure(),
            )
        )

    def _get_commonest_failure(self):
        """Return the most frequent failure type of the mailing, as users read it."""
        # Plan: index scan on _rare_state_idx over the failed rows, once in a pause.
        rows = self.env.execute_query(
            SQL(
                """
                SELECT failure_type FROM partner_mailing_recipient
                 WHERE mailing_id = %s AND rare_state = 'failed'
              GROUP BY failure_type ORDER BY count(*) DESC, failure_type LIMIT 1
                """,
                self.id,
            )
        )
        kind = rows[0][0] if rows else "unknown"
        field = self.env["partner.mailing.recipient"]._fields["failure_type"]
        return dict(field._description_selection(self.env)).get(kind, kind)

    # ------------------------------------------------------------
    # Expected end
    # ------------------------------------------------------------

    @api.depends(
        "state",
        "channel",
        "company_id",
        "mail_server_id",
        "scheduled_at",
        "recipient_count",
        "pending_count",
        "list_facts",
    )
    @api.depends_context("lang", "tz", "uid")
    def _compute_expected_end(self):
        for mailing in self:
            count = mailing.pending_count
            waits = count > 0 and mailing.state in (*UNSENT_STATES, "sending", "paused")
            end = mailing._get_expected_end(count) if waits else None
            mailing.expected_end = end
            mailing.expected_text = end and mailing._get_expected_text(end)

    @api.depends("state", "pending_count", "expected_end")
    @api.depends_context("lang", "tz", "uid")
    def _compute_pace_text(self):
        for mailing in self:
            is_ahead = mailing.pending_count > 0 and mailing.state in UNSENT_STATES
            mailing.pace_text = is_ahead and describe_pace(mailing, mailing.expected_end)

    def _get_expected_text(self, end, moment=None):
        """Return the expected end in the user's language and time zone.

        :param moment: the same in words, if it is not to be named with its date
        """
        moment = moment or self._name_moment(end)
        if self.state in ("validated", "sending"):
            return moment
        begin = self._get_expected_begin()
        if self.scheduled_at and begin > precise_now():
            return self.env._("%s, if it begins on time", moment)
        return self.env._("%s, if sending starts now", moment)

    def _get_rate_in_words(self):
        """Return sentences about what limits the rate of sending, False when nothing is known."""
        transport = self._get_transport()
        rate = self._get_measured_rate()
        words = False
        if limits := describe_limits(self.env, transport.get_limits()):
            words = transport.describe_limits(limits)
        elif rate:
            words = self.env._(
                "At the rate of earlier mailings: %s a minute.",
                formatLang(self.env, 60 * rate, digits=0),
            )
        return " ".join(filter(None, [words, self._get_hours_in_words()])) or False

    def _get_hours_in_words(self):
        """Return a sentence about the sending hours of the company, False without any."""
        hours = self.company_id._get_sending_hours()
        return bool(hours) and self.env._(
            "Only within the sending hours, from %(start)s to %(end)s (%(zone)s).",
            start=format_minutes(hours.start),
            end=format_minutes(hours.end),
            zone=self.company_id.partner_mailing_tz or "UTC",
        )

    def _get_begin_with_hours(self):
        """Return when the mailing begins once it is validated, with regard to the sending hours."""
        if self.scheduled_at or self._get_seconds_open():
            return self._get_begin_in_words()
        return self.env._(
            "as soon as it is validated and the sending hours have begun, on %s",
            self._name_moment(self._get_opening(fields.Datetime.now())),
        )

    def _get_expected_begin(self):
        """Return when sending is expected to begin or go on (naive, UTC)."""
        moments = [precise_now(), not self.started_at and self.scheduled_at]
        if self.state == "sending" and self.counter_id.wait_reason:
            moments.append(self.counter_id.wait_until)
        return max(filter(None, moments))

    def _get_expected_end(self, count, rate=0.0):
        """Return when ``count`` messages will be sent (naive, UTC), None when that is unknown.

        :param float rate: messages a second of the last slice, 0 when it is unknown
        """
        self.ensure_one()
        mailing = self.sudo()
        begin = mailing._get_expected_begin().replace(tzinfo=timezone.utc)
        limits = mailing._get_transport().get_limits()
        largest = mailing._get_largest_domain() if limits.domain_minute else 0
        end = expected_end(
            begin,
            count,
            limits,
            mailing._get_measured_rate(rate),
            mailing.company_id._get_sending_hours(),
            min(count, largest),
        )
        return end and end.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)

    def _get_measured_rate(self, rate=0.0):
        """Return how many messages a second are sent without rate limits, 0 when unknown.

        Measured with this mailing, or else with earlier ones through the same server.

        :param float rate: of the last slice, used when this mailing has been sent for a short time
        """
        counter = self.counter_id
        if counter.busy_seconds >= MIN_MEASURED_SECONDS:
            return (self.recipient_count - self.pending_count) / counter.busy_seconds
        return rate or self._get_earlier_rate()

    def _get_earlier_rate(self):
        """Return how many messages a second earlier mailings through the same server sent."""
        # Plan: index scan on the state; one row a mailing that was ever sent.
        [(count, seconds)] = self.env.execute_query(
            SQL(
                """
                SELECT sum(sent_count + failed_count), sum(busy_seconds)
                  FROM (SELECT k.sent_count, k.failed_count, k.busy_seconds
                          FROM partner_mailing m
                          JOIN partner_mailing_counter k ON k.id = m.counter_id
                         WHERE m.state = 'done' AND m.channel = %s AND %s
                           AND k.busy_seconds > 0
                      ORDER BY m.finished_at DESC
                         LIMIT %s) earlier
                """,
                self.channel,
                self._get_transport().same_route_sql(),
                EARLIER_MAILINGS,
            )
        )
        return count / seconds if seconds else 0.0

    def _get_largest_domain(self):
        """Return the number of recipients of the largest domain, as counted at the request.

        Of a draft it is that of the list, as counted when it was loaded.
        """
        request = self.approval_ids.filtered(lambda one: one.state in ("pending", "validated"))
        summary = request[:1].summary if request else self.list_facts
        return (summary or {}).get("largest_domain", 0)

    # ------------------------------------------------------------
    # Progress on screens
    # ------------------------------------------------------------

    def _announce_progress(self, rate=0):
        """Send the totals to the screens of users who may read them, when the transaction commits.

        At most once a second for each mailing. Screens show them without a query.

        :param float rate: messages a second, 0 when it is unknown
        """
        for mailing in self.sudo():
            mailing.counter_id.invalidate_recordset(flush=False)
            mailing._invalidate_totals()
            limits = mailing._get_transport().get_limits()
            end = mailing._get_expected_end(mailing.pending_count, rate)
            notification = {
                "id": mailing.id,
                "state": mailing.state,
                "rate": round(limits.slow_down(rate), 3),
                "expected_end": fields.Datetime.to_string(end),
                "wait_until": fields.Datetime.to_string(
                    mailing.wait_until and mailing.wait_until.replace(microsecond=0)
                ),
                **{name: mailing[name] for name in FIGURES},
            }
            for channel in mailing._get_progress_channels():
                mailing.env["bus.bus"]._sendone(channel, PROGRESS, notification)

    def _get_progress_channels(self):
        """Return the channels of the users who may read the mailing; see ``ir.websocket``."""
        groups = self.manage_group_ids | self.view_group_ids
        if not groups:
            return [(self.company_id, PROGRESS)]
        own = (self.user_id | self.create_uid).filtered(
            lambda user: self.company_id in user.company_ids and user.has_group(VIEWER_GROUP)
        )
        return [
            (self.company_id, FOR_VALIDATORS),
            *((self.company_id, FOR_GROUP % group.id) for group in groups),
            *(user.partner_id for user in own),
        ]


def utc_now():
    """Return this moment as an aware datetime."""
    return fields.Datetime.now().replace(tzinfo=timezone.utc)


def format_minutes(minutes):
    """Return minutes after midnight as a clock shows them."""
    return f"{minutes // 60}:{minutes % 60:02}"
