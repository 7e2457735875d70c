from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.sender.sql_terms import UTC_NOW
from odoo.tools import SQL

# Failure types of sms.tracker that mean that no SMS to the number can arrive: {theirs: ours}.
PERMANENT = {"sms_invalid_destination": "sms_destination", "sms_not_allowed": "sms_not_allowed"}
# Those after which the next SMS may arrive.
TRANSIENT = {
    "sms_rejected": "sms_rejected",
    "sms_expired": "sms_expired",
    "sms_not_delivered": "sms_not_delivered",
}


class PartnerMailingRecipient(models.Model):
    """A recipient of SMS: a phone number in the place of the address, and a provider's results."""

    _inherit = "partner.mailing.recipient"
    _rec_names_search = ["name", "email", "phone", "phone_sanitized"]

    channel = fields.Selection(related="mailing_id.channel")
    phone = fields.Char(help="The number as it stood in the contact or was typed.")
    phone_sanitized = fields.Char("Number", help="The number in its international form (E.164).")
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

    # One message a number, as ``_address_uniq``. Rows of e-mails are not in it.
    _phone_uniq = models.UniqueIndex(
        "(mailing_id, phone_sanitized) WHERE phone_sanitized IS NOT NULL"
        " AND (skip_reason IS NULL OR skip_reason IN ('by_hand', 'unsubscribed'))",
        "This number is already in the mailing.",
    )

    # ------------------------------------------------------------
    # Hooks of the main addon
    # ------------------------------------------------------------

    @api.model
    def _get_typed_columns(self):
        return (*super()._get_typed_columns(), "phone")

    @api.model
    def _get_address_columns(self):
        return (*super()._get_address_columns(), "phone_sanitized")

    @api.model
    def _get_searched_addresses(self, alias):
        numbers = [SQL.identifier(alias, name) for name in ("phone", "phone_sanitized")]
        return [*super()._get_searched_addresses(alias), *numbers]

    def _claimable_sql(self, mailing_id):
        return SQL(
            """
            %s
            AND NOT EXISTS (SELECT FROM phone_blacklist b
                             WHERE b.number = r.phone_sanitized AND b.active OFFSET 0)
            """,
            super()._claimable_sql(mailing_id),
        )

    # ------------------------------------------------------------
    # Answers
    # ------------------------------------------------------------

    @api.model
    def _receive_answer(self, number, text, reference, companies=None):
        """Take an SMS that came back; an addon for a provider calls this, as superuser.

        A text that begins with STOP, or the like in another language, puts the number on Odoo's phone
        blocklist; START takes it off again, if an answer or a link of a mailing had put it there. All
        else is a reply to the last mailing to the number. Nothing is committed: errors undo it all,
        and the provider may send the answer again.

        :param str number: the number it came from, best with the country (E.164)
        :param str text: what it says
        :param str reference: the provider's identifier of the SMS: one that was received before is
            ignored
        :param companies: those whose account the SMS came to; the current one, when not given
        :return: the new ``partner.mailing.answer``, empty when it was received before
        """
        return self.env["partner.mailing.answer"]._receive(number, text, reference, companies)

    # ------------------------------------------------------------
    # Reports of the provider
    # ------------------------------------------------------------

    def _receive_sms_arrival(self):
        """Settle as sent the recipients of whom it is not known yet whether their SMS went out.

        A sender may have claimed some of them, wait for an answer that does not come, and record them
        as uncertain later. It records only rows that are still its own.
        """
        for recipient in self:
            recipient._in_own_transaction(lambda rows: rows._write_sms_arrival())
        self._invalidate_rows()

    def _receive_sms_failure(self, failure_type, reason):
        """Mark recipients as bounced whose SMS failed after the provider had taken it.

        :param failure_type: of ``sms.tracker``
        :param reason: in the provider's words, or False
        """
        bounce_type = "permanent" if failure_type in PERMANENT else "transient"
        own_type = {**PERMANENT, **TRANSIENT}.get(failure_type, "unknown")
        for recipient in self:
            recipient._in_own_transaction(
                lambda rows: rows._record_bounce(bounce_type, own_type, reason or None)
            )
        self._invalidate_rows()

    def _write_sms_arrival(self):
        """Write the state and the totals in one statement; return None when the row is not there."""
        self.env.cr.execute(
            SQL(
                """
                WITH old AS (
                    SELECT id, mailing_id, state
                      FROM partner_mailing_recipient
                     WHERE id = %(id)s
                       FOR UPDATE
                ), settled AS (
                    UPDATE partner_mailing_recipient r
                       SET state = 'sent', failure_type = NULL, failure_reason = NULL,
                           sent_at = COALESCE(r.sent_at, %(now)s), claim = NULL
                      FROM old
                     WHERE r.id = old.id AND old.state IN ('sending', 'uncertain')
                 RETURNING old.mailing_id, old.state AS old_state, r.state AS new_state
                ), counted AS (%(update_totals)s)
                SELECT id FROM old
                """,
                id=self.id,
                now=UTC_NOW,
                update_totals=self.env["partner.mailing.counter"]._update_totals_sql(
                    "settled", totals=("pending_count", "uncertain_count", "sent_count")
                ),
            ),
            log_exceptions=False,
        )
        return self.env.cr.rowcount or None
