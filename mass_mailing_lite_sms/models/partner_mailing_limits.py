from odoo import api, models
from odoo.tools import SQL

from .partner_mailing import SMS


class PartnerMailing(models.Model):
    """What a mailing by SMS shares its limits with: all others of its company."""

    _inherit = "partner.mailing"

    def _get_limits(self):
        if self.channel != SMS:
            return super()._get_limits()
        return self.company_id.sudo()._get_partner_mailing_sms_limits()

    def get_limit_key(self):
        if self.channel != SMS:
            return super().get_limit_key()
        return {"sms_company_id": self.company_id.id}

    def _get_limits_in_words(self, limits):
        if self.channel != SMS:
            return super()._get_limits_in_words(limits)
        return self.env._("The SMS provider takes no more than %s.", limits)

    def _same_way_sql(self):
        same_way = SQL("%s AND m.channel = %s", super()._same_way_sql(), self.channel)
        if self.channel == SMS:
            return SQL("%s AND m.company_id = %s", same_way, self.company_id.id)
        return same_way

    @api.depends("channel", "company_id")
    def _compute_expected_end(self):
        return super()._compute_expected_end()
