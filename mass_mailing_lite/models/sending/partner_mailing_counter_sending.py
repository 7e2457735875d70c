from odoo import fields, models
from odoo.tools import SQL

HOLD_KINDS = [
    ("pace", "Limit"),
    ("domain", "Limit for one domain"),
    ("hours", "Sending hours"),
    ("server", "Mail server trouble"),
]


class PartnerMailingCounter(models.Model):
    """How the sending of a mailing goes: what holds it, how fast it was, who failed of the last.

    Beside the totals, for the same reason: written while people press buttons.
    """

    _inherit = "partner.mailing.counter"

    hold_kind = fields.Selection(HOLD_KINDS, "Held By")
    hold_until = fields.Datetime("Held Until")
    trouble_words = fields.Text("Words of the Mail Server")
    trouble_count = fields.Integer("Tries Without Success", default=0)
    busy_seconds = fields.Float(
        "Seconds of Sending", default=0.0, help="Without the time in which something held it."
    )
    served_at = fields.Datetime("Last Sent From", help="Who waits for longest has the next turn.")
    recent_results = fields.Char(
        help="Of the last recipients that were settled, a character each: 1 for who failed."
    )
    is_sorted_by_domain = fields.Boolean(
        default=False, help="See partner.mailing.recipient, field domain."
    )

    def _note_sending(self, counter_id, **values):
        """Write how the sending goes; ``busy_seconds`` is added to what is there.

        By SQL, for the row may have been written by another sender since it was read.
        """
        values = {
            name: SQL("COALESCE(busy_seconds, 0) + %s", value) if name == "busy_seconds" else value
            for name, value in values.items()
        }
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_counter SET %s WHERE id = %s",
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items()
                ),
                counter_id,
            )
        )
        self.browse(counter_id).invalidate_recordset(flush=False)
