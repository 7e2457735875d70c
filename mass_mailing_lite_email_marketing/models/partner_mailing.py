from odoo import api, fields, models

from ..content.utm import UTM_FIELDS, Utm


class PartnerMailing(models.Model):
    """A mailing whose body is built of blocks, as those of Email Marketing."""

    _inherit = "partner.mailing"
    _system_fields = frozenset({"link_parameters"})

    body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        help="The blocks that the body is made of. The body holds the same with its styles inline.",
    )
    campaign_id = fields.Many2one(
        "utm.campaign",
        index="btree_not_null",
        ondelete="set null",
        help="What comes of the mailing, such as leads and orders, is counted for this campaign.",
    )
    medium_id = fields.Many2one(
        "utm.medium",
        compute="_compute_medium_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The way in which the links reach people, such as Email.",
    )
    source_id = fields.Many2one(
        "utm.source",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The name of this mailing in its links, where recipients can read it. It is made from the"
        " title and follows it, unless you choose another one.",
    )
    link_parameters = fields.Json(
        copy=False,
        readonly=True,
        help="What was added to the links when the mailing was submitted: [[name, value]].",
    )
    link_parameters_text = fields.Char("Added to Links", compute="_compute_link_parameters_text")

    # ------------------------------------------------------------
    # Campaign
    # ------------------------------------------------------------

    @api.depends("channel")
    def _compute_medium_id(self):
        for mailing in self:
            mailing.medium_id = Utm(mailing).get_medium()

    @api.depends(
        "state",
        "channel",
        "track_clicks",
        "link_parameters",
        "company_id.partner_mailing_utm",
        "name",
        "view_group_ids",
        "manage_group_ids",
        "campaign_id.name",
        "medium_id.name",
        "source_id.name",
    )
    def _compute_link_parameters_text(self):
        for mailing in self:
            pairs = mailing._get_transport().get_link_parameters()
            mailing.link_parameters_text = ", ".join(f"{name}: {value}" for name, value in pairs)

    def _get_link_parameters(self):
        return [*super()._get_link_parameters(), *Utm(self).get_parameters()]

    def _get_covered_fields(self):
        return super()._get_covered_fields() | UTM_FIELDS

    def _get_content_fields(self):
        # Their names in the links are covered, as they were submitted.
        return super()._get_content_fields() - UTM_FIELDS

    def _get_compared_fields(self):
        return (*super()._get_compared_fields(), *sorted(UTM_FIELDS))

    def _submit(self):
        Utm(self).freeze()
        return super()._submit()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(Utm(self).with_sources(vals_list))

    def write(self, vals):
        with Utm(self).follow_title(vals):
            return super().write(vals)
