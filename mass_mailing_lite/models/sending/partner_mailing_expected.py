from datetime import timezone
from functools import partial

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ...delivery.pace import expected_end
from .mailing_wake import precise_now

PACE_FROM = 5  # earlier mailings through the same server, from which its pace is read
# Seconds of sending from which a mailing's own pace is taken for what the rest will take.
OWN_PACE_FROM = 5.0


class PartnerMailing(models.Model):
    """When a mailing will have left: from the limits, the sending hours and the measured pace."""

    _inherit = "partner.mailing"

    expected_end = fields.Datetime(compute="_compute_expected_end", compute_sudo=True)
    expected_text = fields.Char("Expected End", compute="_compute_expected_end", compute_sudo=True)

    @api.depends("state", "mail_server_id", "scheduled_at", "recipient_count", "pending_count")
    @api.depends_context("lang", "tz", "uid")
    def _compute_expected_end(self):
        for mailing in self:
            count = mailing.pending_count
            waits = mailing.state in ("draft", "to_validate", "validated", "sending", "paused")
            end = mailing._get_expected_end(count) if waits and count else None
            mailing.expected_end = end
            mailing.expected_text = end and mailing._get_expected_text(end)

    def _get_expected_text(self, end):
        """Say when the mailing will have left, in the user's language and time zone."""
        moment = self._format_moment(end)
        if self.state in ("validated", "sending"):
            return moment
        begin = self._get_expected_begin()
        if self.scheduled_at and begin > precise_now():
            return self.env._("%s, if it begins on time", moment)
        return self.env._("%s, if it began now", moment)

    def _get_pace_in_words(self):
        """Say what decides how long the sending takes; False when nothing is known."""
        limits = self._get_limits()
        rate = self._get_measured_rate()
        number = partial(formatLang, self.env, digits=0)
        parts = [
            text
            for limit, text in (
                (limits.minute, self.env._("%s a minute", number(limits.minute))),
                (limits.hour, self.env._("%s an hour", number(limits.hour))),
                (limits.day, self.env._("%s a day", number(limits.day))),
                (
                    limits.domain_minute,
                    self.env._("%s a minute to one domain", number(limits.domain_minute)),
                ),
            )
            if limit
        ]
        if parts:
            words = [self._get_limits_in_words(", ".join(parts))]
        elif rate:
            words = [self.env._("At the pace of earlier mailings: %s a minute.", number(60 * rate))]
        else:
            return False
        if hours := self.company_id._get_sending_hours():
            words.append(
                self.env._(
                    "Only within the sending hours, from %(start)s to %(end)s (%(zone)s).",
                    start=format_minutes(hours.start),
                    end=format_minutes(hours.end),
                    zone=self.company_id.partner_mailing_tz or "UTC",
                )
            )
        return " ".join(words)

    def _get_limits_in_words(self, limits):
        return self.env._("The mail server takes no more than %s.", limits)

    def _get_expected_begin(self):
        """Return when sending begins or goes on, as far as is known (naive, UTC)."""
        moments = [precise_now(), not self.started_at and self.scheduled_at]
        if self.state == "sending" and self.counter_id.hold_kind:
            moments.append(self.counter_id.hold_until)
        return max(filter(None, moments))

    def _get_expected_end(self, count, rate=0.0):
        """Return when ``count`` messages will have left (naive, UTC), None when nothing tells.

        :param float rate: messages a second of the last moment, 0 when it is not known
        """
        self.ensure_one()
        mailing = self.sudo()
        begin = mailing._get_expected_begin().replace(tzinfo=timezone.utc)
        end = expected_end(
            begin,
            count,
            mailing._get_limits(),
            mailing._get_measured_rate(rate),
            mailing.company_id._get_sending_hours(),
            min(count, mailing._get_largest_domain()),
        )
        return end and end.astimezone(timezone.utc).replace(tzinfo=None, microsecond=0)

    def _get_used_server(self):
        """Return the outgoing mail server that will be used; empty for that of the configuration."""
        return self.mail_server_id if self.mail_server_id else self._get_sender_terms()[0]

    def _get_limits(self):
        """Return the ``delivery.pace.Limits`` that this mailing shares with all that go its way."""
        return self._get_used_server()._get_partner_mailing_limits()

    def _get_pace_key(self):
        """Return what its limits are counted for: {field of ``partner.mailing.pace``: id}."""
        return {"mail_server_id": self._get_used_server().id}

    def _get_measured_rate(self, rate=0.0):
        """Return how many messages a second leave where nothing holds them; 0 when unknown.

        Of this mailing, or of earlier ones through the same server.

        :param float rate: of the last moment, better than nothing
        """
        counter = self.counter_id
        if counter.busy_seconds >= OWN_PACE_FROM:
            return (self.recipient_count - self.pending_count) / counter.busy_seconds
        return rate or self._get_earlier_rate()

    def _get_earlier_rate(self):
        """Return how many messages a second earlier mailings sent through the same server."""
        # Plan: index scan on the state; one row a mailing that was ever sent.
        [(count, seconds)] = self.env.execute_query(
            SQL(
                """
                SELECT sum(sent_count + failed_count), sum(busy_seconds)
                  FROM (SELECT k.sent_count, k.failed_count, k.busy_seconds
                          FROM partner_mailing m
                          JOIN partner_mailing_counter k ON k.id = m.counter_id
                         WHERE m.state = 'done' AND %s
                           AND k.busy_seconds > 0
                      ORDER BY m.finished_at DESC
                         LIMIT %s) earlier
                """,
                self._same_way_sql(),
                PACE_FROM,
            )
        )
        return count / seconds if seconds else 0.0

    def _same_way_sql(self):
        """Return the condition on mailings ``m`` that they take the same way as this one."""
        return SQL("m.mail_server_id IS NOT DISTINCT FROM %s", self.mail_server_id.id or None)

    def _get_largest_domain(self):
        """Return how many recipients the domain with the most has, as counted at the request."""
        request = self.approval_ids.filtered(lambda one: one.state in ("pending", "validated"))
        return (request[:1].summary or {}).get("largest_domain", 0)


def format_minutes(minutes):
    """Return minutes after midnight as a clock shows them."""
    return f"{minutes // 60}:{minutes % 60:02}"
