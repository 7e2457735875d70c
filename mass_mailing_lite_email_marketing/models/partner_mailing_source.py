from odoo import fields, models


class PartnerMailingSource(models.Model):
    """An entry that stands for the people in a mailing list; see ``selection/mailing_list.py``."""

    _inherit = "partner.mailing.source"

    kind = fields.Selection(
        selection_add=[("mailing_list", "Mailing List")], ondelete={"mailing_list": "cascade"}
    )
    mailing_list_id = fields.Many2one("mailing.list", ondelete="set null", index="btree_not_null")
