import logging
import math
import time
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .mailing_sender import MailingSender, in_transaction
from .mailing_wake import wake_at

_logger = logging.getLogger(__name__)

SLICE_SECONDS = 1.0  # how long one mailing may keep the others waiting
PATIENCE = 2.0  # seconds of waiting for a limit below which the scheduler is not left
WAIT_STEP = 0.5
LONG_WAIT = 10.0  # seconds for which no connection is kept open


class PartnerMailing(models.Model):
    """The scheduled action: start what is due, send it in slices, finish it."""

    _inherit = "partner.mailing"

    @api.model
    def _cron_send(self):
        """Send validated mailings for as long as the scheduler allows (about ten seconds).

        Odoo waits a minute before it calls a job again that had more to do than
        its time; so the job wakes itself.
        """
        cron = self.env["ir.cron"]
        self.browse()._send_due(
            lambda done, waiting: cron._commit_progress(done, remaining=waiting)
        )
        if moment := self._get_next_wake():
            wake_at(self.env.ref("mass_mailing_lite.ir_cron_send").sudo(), moment)

    def _send_due(self, report, limit=None, patience=PATIENCE):
        """Send what is due, of all mailings or of those in ``self``.

        Commits as it goes: a kill leaves open what is on the wire, nothing else.

        :param report: called after each round with (messages of the round,
            messages waiting); commits and returns the seconds that are left
        :param limit: most messages to send, None for no limit
        :param patience: for how many seconds to wait in place where a limit of
            the mail server holds all that is left
        :return: number of messages that were handed over or refused
        """
        self._begin_run()
        total = 0
        with MailingSender(self.env) as sender:
            seconds_left = report(0, self._count_waiting())
            while seconds_left > 0 and (limit is None or total < limit):
                rest = None if limit is None else limit - total
                done = self._send_round(sender, seconds_left, rest)
                total += done
                held = [] if patience == math.inf else sender.get_held_ids()
                seconds_left = report(done, self._count_waiting(held))
                if done or sender.get_busy():
                    continue
                wait = sender.get_wait(self._find_sendable())
                if wait is None or wait > min(patience, seconds_left):
                    break
                if wait > LONG_WAIT:
                    sender.close_lines()
                # In short steps: a person may stop the run, or validate another mailing.
                time.sleep(min(wait, WAIT_STEP))
            if busy := sender.get_busy():
                last = sender.finish()
                total += last
                busy._announce_progress()
                for mailing in busy:
                    mailing._finish_if_done()
                report(last, self._count_waiting(sender.get_held_ids()))
            in_transaction(self.env.cr, self._settle_cancelled)
        return total

    def _begin_run(self):
        """Settle what dead senders have left open, and start what is due."""
        if self.env["partner.mailing.recipient"]._recover():
            # Where these were the last rows, nobody else comes by to close the mailing.
            for mailing in self.sudo().search(Domain("state", "=", "sending")):
                mailing._finish_if_done()
        self._settle_cancelled()
        self.env["partner.mailing.grant"]._end_of_dead_senders()
        self._start_due()
        self._note_closed()

    @api.model
    def _settle_cancelled(self):
        """Leave out rows of cancelled mailings that wait again.

        They were on their way when somebody cancelled, and the server wants them to come again
        later; or their sender died, and the company has such messages sent again.
        """
        cancelled = Domain("state", "=", "cancelled") & Domain("counter_id.pending_count", ">", 0)
        for mailing in self.sudo().with_context(active_test=False).search(cancelled):
            self.env["partner.mailing.recipient"]._cancel_pending(mailing)

    def _send_round(self, sender, seconds_left, limit):
        """Give each mailing its slice, who had none for longest first.

        :return: number of messages that were handed over or refused
        """
        done = 0
        busy = sender.get_busy()
        mailings = self._find_sendable() | busy
        for mailing in mailings.sorted(lambda one: one.counter_id.served_at or datetime.min):
            if sender.get_hold(mailing) and mailing not in busy:
                continue
            started = time.monotonic()
            if seconds := min(SLICE_SECONDS, seconds_left, mailing._get_seconds_open()):
                rest = sender.get_share(mailing, mailings)
                if limit is not None:
                    most = limit - done - sender.count_open(mailing)
                    rest = most if rest is None else min(rest, most)
                goes_on = len(mailings) == 1 and seconds == SLICE_SECONDS
                count = sender.send_slice(mailing, seconds, rest, goes_on)
            else:
                count = sender.finish(mailing)
                self._note_closed()
            mailing._announce_progress(count / max(time.monotonic() - started, 0.001))
            mailing._finish_if_done()
            done += count
        return done

    def _domain_of_run(self):
        """Return the domain of the mailings that a run is about."""
        return Domain("id", "in", self.ids) if self else Domain.TRUE

    def _start_due(self):
        """Begin the validated mailings whose time has come, if they are what was validated."""
        now = fields.Datetime.now()
        due = self.sudo().search(
            self._domain_of_run()
            & Domain("state", "=", "validated")
            & (Domain("scheduled_at", "=", False) | Domain("scheduled_at", "<=", now)),
            order="scheduled_at, id",
        )
        for mailing in due.try_lock_for_update(allow_referencing=True):
            if mailing.state != "validated" or not mailing._get_seconds_open():
                continue
            told = mailing._in_language_of_responsible()
            if not mailing._matches_validation():
                told._pause_with_alert(
                    told.env._(
                        "What is there to send is not what was validated. Nothing was sent."
                    ),
                    to_administrators=True,
                )
            elif mailing._is_late(now):
                told._pause_with_alert(
                    told.env._(
                        "It was to be sent on %(time)s (UTC) and was not, because the server did not"
                        " run. Resume it if it should still go out.",
                        time=fields.Datetime.to_string(mailing.scheduled_at),
                    )
                )
            else:
                told._as_system().write(
                    {"state": "sending", "started_at": mailing.started_at or now}
                )
                # The list may be another one than last time.
                mailing.counter_id._note_sending(mailing.counter_id.id, is_sorted_by_domain=False)
        self.env.cr.commit()  # pylint: disable=invalid-commit  # the sender's first step
        # A mailing without recipients, all of them left out since, is done at once.
        for mailing in due:
            mailing._finish_if_done()

    def _is_late(self, now):
        """Tell whether the set time was missed by more than the company puts up with.

        A mailing that somebody validated or resumed after its time is not late:
        that person knew.
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

    def _find_sendable(self):
        """Return the mailings that have something to send right now, in the order they began."""
        return (
            self.sudo()
            .search(
                self._domain_of_run()
                & Domain("state", "=", "sending")
                & self._domain_without_trouble(),
                order="started_at, id",
            )
            .filtered(lambda mailing: mailing._get_seconds_open() and mailing._has_due_rows())
        )

    def _has_due_rows(self):
        self.ensure_one()
        is_due = Domain("next_attempt_at", "=", False) | Domain(
            "next_attempt_at", "<=", fields.Datetime.now()
        )
        return self._has_rows("pending", is_due)

    def _has_rows(self, state, further=Domain.TRUE):
        """Tell whether a recipient is in a state.

        Looked for from the end of the list: at its beginning the index is full of rows that left
        the state a moment ago.
        """
        domain = Domain("mailing_id", "=", self.id) & Domain("state", "=", state) & further
        recipients = self.env["partner.mailing.recipient"].sudo()
        return bool(recipients.search(domain, order="id desc", limit=1))

    def _count_waiting(self, held=()):
        """Return how many messages the mailings of a run have yet to send, from the counters.

        :param held: ids of mailings that are not counted, for they wait
        """
        mailings = self._find_sendable().filtered(lambda mailing: mailing.id not in held)
        mailings.counter_id.invalidate_recordset()
        return max(sum(mailings.mapped("pending_count")), 0)

    def _finish_if_done(self):
        """Close the mailing when every row is in a final state, and tell the responsible."""
        self.ensure_one()
        if self._has_rows("pending") or self._has_rows("sending"):
            return
        mailing = self.sudo().try_lock_for_update(allow_referencing=True)
        mailing.invalidate_recordset(["state"])
        if not mailing or mailing.state != "sending":
            return
        told = mailing._in_language_of_responsible()
        told._as_system().write({"state": "done", "finished_at": fields.Datetime.now()})
        mailing._announce_progress()
        told.message_post(
            body=told.env._(
                "Sending has ended: %(sent)s sent, %(failed)s failed, %(uncertain)s uncertain,"
                " %(skipped)s left out.",
                sent=mailing.sent_count,
                failed=mailing.failed_count,
                uncertain=mailing.uncertain_count,
                skipped=mailing.skipped_count,
            ),
            partner_ids=mailing.user_id.partner_id.ids,
            subtype_xmlid="mail.mt_comment",
        )
        self.env.cr.commit()  # pylint: disable=invalid-commit  # done is done, whatever comes next

    def _in_language_of_responsible(self):
        """Return the mailing as its responsible reads it: what is written to them stays written."""
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

    def _check_sendable(self):
        """Raise unless each mailing may be sent by hand (command line).

        :raises UserError: names the mailing and its state
        """
        for mailing in self:
            if mailing.state not in ("validated", "sending"):
                raise UserError(
                    self.env._(
                        'The mailing "%(name)s" is in the state "%(state)s": only validated mailings are sent.',
                        name=mailing.name,
                        state=dict(mailing._fields["state"]._description_selection(self.env))[
                            mailing.state
                        ],
                    )
                )
