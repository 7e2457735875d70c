from odoo import fields, models
from odoo.tools import SQL

from ..mailing.unchecked_many2one import UncheckedMany2one

REASONS = [
    ("too_often", "Too many e-mails"),
    ("not_relevant", "The content is not for me"),
    ("never_asked", "I never asked for this"),
    ("other", "Another reason"),
]


class PartnerMailingUnsubscription(models.Model):
    """One decision of a recipient to get no more mailings: of some groups, or of any."""

    _name = "partner.mailing.unsubscription"
    _inherit = ["partner.mailing.guard"]
    _description = "Unsubscription"
    _order = "id desc"
    _rec_name = "email_normalized"

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id", store=True)
    recipient_id = UncheckedMany2one("partner.mailing.recipient", index=True)
    email_normalized = fields.Char("E-mail", required=True)
    is_everything = fields.Boolean("All Mailings", help="No mailings of anybody in this database.")
    category_ids = fields.Many2many(
        "res.partner.category",
        "partner_mailing_unsubscription_category_rel",
        "unsubscription_id",
        "category_id",
        string="Groups Left",
    )
    is_one_click = fields.Boolean("One Click", help="By the button of the mail program (RFC 8058).")
    reason = fields.Selection(REASONS)
    comment = fields.Text()
    undone_at = fields.Datetime("Undone On")
    removed_tags = fields.Json(help="What to undo: [contact, tag] for each tag that was taken off.")

    _address_idx = models.Index("(email_normalized) WHERE undone_at IS NULL")

    def _left_sql(self, mailing, address):
        """Return an SQL condition: the address has left the groups through which a mailing came.

        It has left one of those that the mailing names, and no contact with it
        carries any of them. A tag that somebody gives again makes it untrue.

        Costs one look into ``_address_idx`` for each address that never left.

        :param mailing: SQL of the mailing's id
        :param address: SQL of the normalized address
        """
        return SQL(
            """
            (EXISTS (SELECT FROM partner_mailing_unsubscription u
                       JOIN partner_mailing_unsubscription_category_rel l ON l.unsubscription_id = u.id
                       JOIN partner_mailing_unsubscribe_category_rel o
                         ON o.category_id = l.category_id AND o.mailing_id = %(mailing)s
                       JOIN partner_mailing n ON n.id = o.mailing_id AND n.has_unsubscribe
                      WHERE u.email_normalized = %(address)s AND u.undone_at IS NULL)
             AND NOT EXISTS (%(carried)s))
            """,
            mailing=mailing,
            address=address,
            carried=self._carried_sql(mailing, address),
        )

    def _carried_sql(self, mailing, address):
        """Return a SELECT of (contact, tag): an address's contacts and their groups of a mailing."""
        return SQL(
            """
            SELECT p.id AS partner_id, t.category_id
              FROM res_partner p
              JOIN res_partner_res_partner_category_rel t ON t.partner_id = p.id
              JOIN partner_mailing_unsubscribe_category_rel o
                ON o.category_id = t.category_id AND o.mailing_id = %(mailing)s
             WHERE p.email_normalized = %(address)s
            """,
            mailing=mailing,
            address=address,
        )


class ResPartner(models.Model):
    _inherit = "res.partner"

    # Contacts by address: each unsubscription looks for all that have it.
    _partner_mailing_address_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
    )
