from odoo import models
from odoo.addons.mass_mailing_lite.models.unchecked_many2one import UncheckedMany2one

ARRIVED = ("process", "pending", "sent")
FAILED = ("error", "canceled")


class SmsTracker(models.Model):
    """Ties an SMS that was sent to the recipient of a mailing; providers report by it."""

    _inherit = "sms.tracker"

    # Without a foreign key, as recipients have none: deleting a list of a million checks no row.
    partner_mailing_recipient_id = UncheckedMany2one(
        "partner.mailing.recipient", "Recipient of a Mailing", index="btree_not_null"
    )

    def _action_update_from_sms_state(self, sms_state, failure_type=False, failure_reason=False):
        result = super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        recipients = self._get_partner_mailing_recipients()
        if sms_state in ARRIVED:
            recipients._receive_sms_arrival()
        elif sms_state in FAILED:
            recipients._receive_sms_failure(failure_type, failure_reason)
        return result

    def _action_update_from_provider_error(self, provider_error):
        result = super()._action_update_from_provider_error(provider_error)
        _status, failure_type, failure_reason = result
        self._get_partner_mailing_recipients()._receive_sms_failure(failure_type, failure_reason)
        return result

    def _get_partner_mailing_recipients(self):
        """Return the recipients whose last SMS is one of these.

        None while the sender calls the provider: it records the answers itself.
        """
        Recipient = self.env["partner.mailing.recipient"].sudo()
        ids = self.sudo().mapped("partner_mailing_recipient_id").ids
        if not ids or self.env.context.get("partner_mailing_sending"):
            return Recipient
        last = self.sudo()._read_group(
            [("partner_mailing_recipient_id", "in", ids)],
            ["partner_mailing_recipient_id"],
            ["id:max"],
        )
        own = set(self.ids)
        return Recipient.browse(
            [recipient.id for recipient, tracker_id in last if tracker_id in own]
        ).exists()
