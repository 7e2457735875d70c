from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.models.mailing_call import only_one
from odoo.addons.mass_mailing_lite.models.rate_field import RateField, rate
from odoo.fields import Domain

# Odoo's methods that count mailings of Email Marketing, also for users who may not read them. Its form
# of campaigns asks for them, and such users could not open it.
COUNTS_OF_ODOO = ("_compute_mailing_mail_count", "_compute_mailing_sms_count")
VIEWER_GROUP = "mass_mailing_lite.group_viewer"
# Totals of mailings that are added up: {field of the campaign: field of the mailing}.
SUMS = {
    "partner_mailing_sent_count": "sent_count",
    "partner_mailing_replied_count": "replied_count",
    "partner_mailing_bounced_count": "bounced_count",
}


class UtmCampaign(models.Model):
    """A campaign with the approved mailings among its messages, and what became of them.

    All figures are those of the mailings that the user may read.
    """

    _inherit = "utm.campaign"

    # Not a plain one2many: Odoo would search it by the number of a mailing without asking for rights.
    partner_mailing_ids = fields.Many2many(
        "partner.mailing",
        string="Mailings with Approval",
        compute="_compute_partner_mailing_ids",
        search="_search_partner_mailing_ids",
        groups=VIEWER_GROUP,
    )
    partner_mailing_count = fields.Integer(
        "Number of Mailings with Approval",
        compute="_compute_partner_mailing_count",
        groups=VIEWER_GROUP,
    )
    partner_mailing_sent_count = fields.Integer(
        "Delivered to",
        compute="_compute_partner_mailing_figures",
        groups=VIEWER_GROUP,
        help="Recipients of all mailings of the campaign; a person counts once for each mailing.",
    )
    partner_mailing_replied_count = fields.Integer(
        "Replies", compute="_compute_partner_mailing_figures", groups=VIEWER_GROUP
    )
    partner_mailing_bounced_count = fields.Integer(
        "Bounces", compute="_compute_partner_mailing_figures", groups=VIEWER_GROUP
    )
    partner_mailing_opened_rate = RateField(
        "Opened (%)",
        compute="_compute_partner_mailing_figures",
        groups=VIEWER_GROUP,
        help="Of what was delivered by mailings that track openings.",
    )
    partner_mailing_clicked_rate = RateField(
        "Clicked (%)",
        compute="_compute_partner_mailing_figures",
        groups=VIEWER_GROUP,
        help="Of what was delivered by mailings that track clicks.",
    )

    def _compute_field_value(self, field):
        """Count no mailings of Email Marketing for users who may not read them."""
        if field.compute in COUNTS_OF_ODOO and not self.env["mailing.mailing"].has_access("read"):
            for counted in self.pool.field_computed[field]:
                self[counted.name] = 0
            return
        super()._compute_field_value(field)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_ids(self):
        mailings = self.env["partner.mailing"].search([("campaign_id", "in", self.ids)])
        by_campaign = mailings.grouped("campaign_id")
        for campaign in self:
            campaign.partner_mailing_ids = by_campaign.get(campaign._origin, mailings.browse())

    @api.model
    def _search_partner_mailing_ids(self, operator, value):
        """Find campaigns by those of their mailings that the user may read."""
        if operator not in ("in", "any"):
            return NotImplemented
        mailings = self.env["partner.mailing"].with_context(active_test=False)
        if operator == "any":
            return self._domain_of_mailings(mailings, Domain(value))
        numbers = [number for number in value if number]
        found = self._domain_of_mailings(mailings, Domain("id", "in", numbers))
        if len(numbers) < len(value):  # with False: the campaigns without a mailing
            found |= ~self._domain_of_mailings(mailings, Domain.TRUE)
        return found

    @api.model
    def _domain_of_mailings(self, mailings, domain):
        """Return the domain of the campaigns of mailings that the user may read."""
        found = mailings._search(domain & Domain("campaign_id", "!=", False))
        return Domain("id", "in", found.subselect("campaign_id"))

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_count(self):
        groups = self.env["partner.mailing"]._read_group(
            [("campaign_id", "in", self.ids)], ["campaign_id"], ["__count"]
        )
        counts = {campaign.id: count for campaign, count in groups}
        for campaign in self:
            campaign.partner_mailing_count = counts.get(campaign._origin.id, 0)

    @api.depends("partner_mailing_ids")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_mailing_figures(self):
        """Add up the totals that each mailing keeps; nothing is counted here."""
        for campaign in self:
            mine = campaign.partner_mailing_ids
            for name, total in SUMS.items():
                campaign[name] = sum(mine.mapped(total))
            for name in ("opened", "clicked"):
                tracked = mine.filtered("track_opens" if name == "opened" else "track_clicks")
                campaign[f"partner_mailing_{name}_rate"] = rate(
                    sum(tracked.mapped(f"{name}_count")), sum(tracked.mapped("sent_count"))
                )

    def action_open_partner_mailings(self):
        """Open the mailings of the campaign that the user may read."""
        only_one(self)
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_action"
        )
        return {
            **action,
            "domain": [("campaign_id", "=", self.id)],
            "context": {"default_campaign_id": self.id},
        }

    def action_new_partner_mailing(self):
        """Open a new mailing of the campaign."""
        only_one(self)
        self.check_access("read")
        self.env["partner.mailing"].check_access("create")
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "views": [(False, "form")],
            "context": {"default_campaign_id": self.id},
        }
