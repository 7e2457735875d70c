from odoo import fields, models


class PartnerMailing(models.Model):
    """A mailing whose body is built of blocks, as those of Email Marketing."""

    _inherit = "partner.mailing"

    _system_fields = frozenset({"email_marketing_id"})

    body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        help="The blocks that the body is made of. The body holds the same with its styles inline.",
    )
    email_marketing_id = fields.Many2one(
        "mailing.mailing",
        "Mailing of Email Marketing",
        copy=False,
        readonly=True,
        index="btree_not_null",
        groups="mass_mailing.group_mass_mailing_user",
        help="The mailing of Email Marketing that this one was made of.",
    )

    def action_open_email_marketing(self):
        """Open the mailing of Email Marketing that this one was made of."""
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Email Marketing"),
            "res_model": "mailing.mailing",
            "res_id": self.email_marketing_id.id,
            "views": [(False, "form")],
        }
