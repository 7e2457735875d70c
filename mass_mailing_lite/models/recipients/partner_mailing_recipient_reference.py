"""What recipients refer to, without foreign keys.

PostgreSQL checks foreign keys row by row, and locks the row that is referred to: for a million
recipients that takes 12 s, more than all the rest of loading, and writes each contact's page. The
rows come from the contacts in the same statement, so there is nothing to check; what remains is to
follow when a mailing or a contact goes away.
"""

from odoo import models
from odoo.tools import SQL


class PartnerMailingRecipient(models.Model):
    _inherit = "partner.mailing.recipient"

    def _follow_contacts(self, contact_ids, successor_id=None):
        """Let rows of contacts that are gone point to a successor, or to nobody."""
        self.flush_model(["partner_id"])
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing_recipient SET partner_id = %s WHERE partner_id = ANY(%s)",
                successor_id,
                contact_ids,
            )
        )
        self.invalidate_model(["partner_id"], flush=False)

    def _leave_out_lost_contacts(self, mailing):
        """Leave out contacts that were deleted at the very moment when they were loaded."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE partner_mailing_recipient r
                   SET partner_id = NULL, state = 'skipped', skip_reason = 'by_hand'
                 WHERE r.mailing_id = %s AND r.state = 'pending' AND r.partner_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM res_partner p WHERE p.id = r.partner_id)
                """,
                mailing.id,
            )
        )
        if self.env.cr.rowcount:
            self._forget_cached_rows()
            mailing._recount()


class PartnerMailing(models.Model):
    _inherit = "partner.mailing"

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_recipient WHERE mailing_id = ANY(%s)", ids)
        )
        self.env["partner.mailing.recipient"].invalidate_model(flush=False)
        return result

    def _submit(self):
        self.env["partner.mailing.recipient"]._leave_out_lost_contacts(self)
        return super()._submit()


class ResPartner(models.Model):
    _inherit = "res.partner"

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["partner.mailing.recipient"].sudo()._follow_contacts(ids)
        return result
