from odoo import api, fields, models

# Placeholders that everybody may use, beside those that Odoo allows for every
# model (name and salesperson among them).
ALLOWED_EXPRESSIONS = (
    "object.email",
    "object.function",
    "object.commercial_company_name",
    "object.city",
    "object.country_id.name",
    "object.lang",
    "object.ref",
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    partner_mailing_count = fields.Integer(
        "Mailings",
        compute="_compute_partner_mailing_count",
        groups="mass_mailing_lite.group_user",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_count(self):
        """Count the mailings that the contact was, or will be, written to."""
        counts = dict(
            self.env["partner.mailing.recipient"]._read_group(
                [("partner_id", "in", self.ids), ("state", "!=", "skipped")],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.partner_mailing_count = counts.get(partner, 0)

    @api.ondelete(at_uninstall=False)
    def _unlink_leaves_mailings(self):
        """Write no more to a contact that is deleted; what they got stays in the history."""
        waiting = (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search([("partner_id", "in", self.ids), ("state", "=", "pending")])
        )
        if waiting:
            waiting._set_left_out(waiting)

    @api.model
    def mail_allowed_qweb_expressions(self):
        return (*super().mail_allowed_qweb_expressions(), *ALLOWED_EXPRESSIONS)

    def action_open_partner_mailings(self):
        """Show the mailings of this contact and what became of each."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_recipient_action_contact"
        )
        action["display_name"] = self.env._("Mailings to %s", self.display_name)
        action["domain"] = [("partner_id", "=", self.id)]
        return action
