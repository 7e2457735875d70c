from odoo import fields, models
from odoo.tools import SQL

from .partner_mailing import SMS


class PartnerMailingRecipient(models.Model):
    """The recipient of an SMS: the number stands where an e-mail's recipient has the address.

    So everything that looks at it serves both: each number once, the
    fingerprint, the queue, the comparison before a refresh.
    """

    _inherit = "partner.mailing.recipient"

    skip_reason = fields.Selection(
        selection_add=[
            ("no_number", "No phone number"),
            ("invalid_number", "Invalid phone number"),
        ]
    )
    failure_type = fields.Selection(
        selection_add=[
            ("sms_number", "Wrong phone number"),
            ("sms_country", "Country not supported by the SMS provider"),
            ("sms_registration", "The country asks senders to register"),
            ("sms_unverified", "Number not verified for the trial account"),
            ("sms_content", "Text refused by the SMS provider"),
            ("sms_duplicate", "The SMS provider has just sent to this number"),
            ("sms_destination", "Number does not exist or cannot be reached"),
            ("sms_not_allowed", "Number takes no SMS, perhaps a landline"),
            ("sms_rejected", "Blocked by the phone network"),
            ("sms_expired", "Phone could not be reached in time"),
            ("sms_not_delivered", "Not delivered"),
            ("sms_gateway", "No clear answer of the SMS provider"),
            ("sms_account", "Account at the SMS provider"),
        ]
    )
    channel = fields.Selection(related="mailing_id.channel")

    def _claimable_sql(self):
        return SQL(
            """
            %s
            AND NOT EXISTS (SELECT FROM phone_blacklist b
                             WHERE b.number = r.email_normalized AND b.active)
            """,
            super()._claimable_sql(),
        )

    def _skip_suppressed(self, mailing):
        if mailing.channel != SMS:
            return super()._skip_suppressed(mailing)
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET state = 'skipped', skip_reason = 'blocklisted'
                  FROM phone_blacklist b
                 WHERE r.mailing_id = %s AND r.state = 'pending'
                   AND b.number = r.email_normalized AND b.active
                """,
                mailing.id,
            )
        )
        if self.env.cr.rowcount:
            self._forget_cached_rows()
            mailing._recount()
        return None
