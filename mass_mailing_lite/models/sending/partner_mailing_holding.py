import math
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_datetime

from ...delivery import fault

# Seconds until a mail server that cannot be used is tried again; the last one for all later tries.
TROUBLE_DELAYS = (60, 300, 900, 1800, 3600)


class PartnerMailing(models.Model):
    """What makes a mailing wait that is being sent: limits, sending hours, a server in trouble."""

    _inherit = "partner.mailing"

    hold_kind = fields.Selection(related="counter_id.hold_kind")
    hold_until = fields.Datetime(related="counter_id.hold_until")
    trouble_text = fields.Char(compute="_compute_trouble_text")

    @api.depends("state", "hold_kind", "hold_until")
    @api.depends_context("lang", "tz", "uid")
    def _compute_trouble_text(self):
        for mailing in self:
            in_trouble = mailing.state == "sending" and mailing.hold_kind == "server"
            mailing.trouble_text = in_trouble and mailing._get_trouble_in_words()

    def _get_trouble_in_words(self):
        counter = self.sudo().counter_id
        return self.env._(
            "The mail server cannot be used: %(words)s. The next try, %(number)s of %(most)s, is on"
            " %(time)s.",
            words=self._say_fault(counter.trouble_words),
            number=counter.trouble_count + 1,
            most=self.company_id.sudo().partner_mailing_server_tries,
            time=self._format_moment(counter.hold_until),
        )

    def _get_hold_in_words(self):
        """Say why a mailing that should be sent is not, if that takes long; or False."""
        self.ensure_one()
        if self.state == "sending" and self.hold_kind == "server":
            return self._get_trouble_in_words()
        if not self._get_seconds_open():
            return self.env._(
                "It is outside the sending hours; they begin on %s.",
                self._format_moment(self._get_opening(fields.Datetime.now())),
            )
        return False

    def _format_moment(self, moment):
        """Return a moment (naive, UTC) in the user's language and time zone."""
        zone = self.env.context.get("tz") or self.env.user.tz
        return format_datetime(self.env, moment, tz=zone, dt_format="short")

    # ------------------------------------------------------------
    # Sending hours
    # ------------------------------------------------------------

    def _get_seconds_open(self):
        """Return for how many seconds the mailing may be sent from now on; 0 outside the hours."""
        self.ensure_one()
        hours = self.sudo().company_id._get_sending_hours()
        if hours is None:
            return math.inf
        now = utc_now()
        closing = hours.closing(now)
        return (closing - now).total_seconds() if closing else 0.0

    def _get_opening(self, moment):
        """Return from when on the mailing may be sent, not before ``moment`` (naive, UTC)."""
        hours = self.sudo().company_id._get_sending_hours()
        if hours is None:
            return moment
        aware = moment.replace(tzinfo=timezone.utc)
        return hours.opening(aware).astimezone(timezone.utc).replace(tzinfo=None)

    def _note_closed(self):
        """Write down, once, that the sending hours hold the running mailings of closed companies."""
        running = self.sudo().search(
            self._domain_of_run()
            & Domain("state", "=", "sending")
            & Domain("company_id.partner_mailing_use_hours", "=", True)
        )
        for mailing in running:
            if mailing._get_seconds_open() or mailing.hold_kind in ("hours", "server"):
                continue
            mailing.counter_id._note_sending(
                mailing.counter_id.id,
                hold_kind="hours",
                hold_until=mailing._get_opening(fields.Datetime.now()),
            )
            mailing._announce_progress()

    # ------------------------------------------------------------
    # Trouble with the server
    # ------------------------------------------------------------

    def _domain_without_trouble(self):
        """Return the domain of mailings whose mail server may be tried now."""
        return Domain("counter_id.hold_kind", "!=", "server") | Domain(
            "counter_id.hold_until", "<=", fields.Datetime.now()
        )

    def _forget_holds(self):
        """Let a person's decision to go on count for more than what held the mailing before."""
        for counter in self.sudo().counter_id:
            counter._note_sending(
                counter.id, hold_kind=None, hold_until=None, trouble_words=None, trouble_count=0
            )

    def _back_off(self, words, is_final=False):
        """Try the mail server again later, or pause the mailing after the set number of tries.

        :param is_final: pause at once: trying again cannot help
        """
        self.ensure_one()
        if is_final:
            self._pause_with_alert(self.env._("The mail server refused the login: %s", words))
            self._forget_holds()
            return
        counter = self.sudo().counter_id
        counter.invalidate_recordset(flush=False)
        now = fields.Datetime.now()
        if counter.hold_kind == "server" and counter.hold_until > now:
            return  # another sender has just met the same
        tries = counter.trouble_count + 1
        if tries >= self.company_id.partner_mailing_server_tries:
            self._pause_with_alert(self._get_last_try_in_words(tries, words))
            self._forget_holds()
            return
        delay = TROUBLE_DELAYS[min(tries, len(TROUBLE_DELAYS)) - 1]
        counter._note_sending(
            counter.id,
            hold_kind="server",
            hold_until=now + timedelta(seconds=delay),
            trouble_words=words,
            trouble_count=tries,
        )
        self._announce_progress()

    def _get_last_try_in_words(self, tries, words):
        return self.env._(
            "The mail server could not be used at %(number)s tries in a row. It said at last:"
            " %(words)s",
            number=tries,
            words=self._say_fault(words),
        )

    def _say_fault(self, words):
        """Return why no session came about in the user's language; a server's words stay its own."""
        if (words or "").startswith(fault.UNKNOWN_NAME):
            return self.env._("the server's name is not known")
        said = {
            fault.NO_ANSWER: self.env._("the server did not answer in time"),
            fault.NOBODY_LISTENS: self.env._("no mail server listens there (connection refused)"),
        }
        return said.get(words, words)

    # ------------------------------------------------------------
    # Next moment
    # ------------------------------------------------------------

    def _get_next_wake(self):
        """Return when a run has something to do next (naive, UTC); None for not at all."""
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
        """Return when something of this mailing can be sent; None when nothing waits."""
        if self.state == "validated" or self._has_due_rows():
            # The hours are read anew, for they may have been changed.
            held = self.hold_kind and self.hold_kind != "hours"
            moment = max(filter(None, (now, held and self.hold_until)))
        else:
            moment = self.env["partner.mailing.recipient"]._next_attempt_at(self)
        return moment and self._get_opening(moment)


def utc_now():
    """Return this moment as an aware datetime."""
    return fields.Datetime.now().replace(tzinfo=timezone.utc)
