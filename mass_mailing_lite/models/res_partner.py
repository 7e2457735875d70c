from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

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
    partner_mailing_marked_ids = fields.Many2many(
        "partner.mailing",
        "partner_mailing_marked_partner_rel",
        "partner_id",
        "mailing_id",
        string="Marked for Mailings",
        copy=False,
        groups="mass_mailing_lite.group_user",
    )

    # Contacts by address: each unsubscription looks for all that have it.
    _partner_mailing_address_idx = models.Index(
        "(email_normalized) WHERE email_normalized IS NOT NULL"
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

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_no_marks(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_no_marks(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_exclude_recipients(self):
        """Write no more to a contact that is deleted; what they got stays in the history."""
        waiting = (
            self.env["partner.mailing.recipient"]
            .sudo()
            .search([("partner_id", "in", self.ids), ("state", "=", "pending")])
        )
        if waiting:
            waiting._exclude(waiting)

    def unlink(self):
        ids = self.ids
        result = super().unlink()
        self.env["partner.mailing.recipient"].sudo()._replace_contacts(ids)
        return result

    def _check_no_marks(self, vals):
        """Refuse marks from this end: they are the mailing's, which knows who may change it."""
        if "partner_mailing_marked_ids" in vals:
            raise AccessError(
                self.env._(
                    'The field "%(field)s" of a contact only shows the marks: select contacts in the'
                    " Contacts list and add them to the mailing.",
                    field=self._fields["partner_mailing_marked_ids"]._description_string(self.env),
                )
            )

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

    @api.model
    def action_partner_mailing_mark(self):
        """Open the dialog that adds the selected contacts to a mailing.

        The web client sends no more than ``web.active_ids_limit`` ids. When as
        many arrive, everything that the list's filter matches was selected,
        and the filter stands in for the ids.
        """
        ids = self.env.context.get("active_ids") or self.ids
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        domain, count = Domain("id", "in", ids), len(ids)
        if count >= limit and "active_domain" in self.env.context:
            domain = Domain(self.env.context["active_domain"])
            count = self.search_count(domain)
        return self.env["partner.mailing.mark"]._open(domain, count)
