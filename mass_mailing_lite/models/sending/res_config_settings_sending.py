from odoo import api, fields, models

from .res_company_sending import DAY_FIELDS


class ResConfigSettings(models.TransientModel):
    """When mailings leave and when sending stops by itself, on the page of settings."""

    _inherit = "res.config.settings"

    partner_mailing_use_hours = fields.Boolean(
        related="company_id.partner_mailing_use_hours", readonly=False
    )
    partner_mailing_hour_from = fields.Float(
        related="company_id.partner_mailing_hour_from", readonly=False
    )
    partner_mailing_hour_to = fields.Float(
        related="company_id.partner_mailing_hour_to", readonly=False
    )
    partner_mailing_tz = fields.Selection(related="company_id.partner_mailing_tz", readonly=False)
    partner_mailing_failure_share = fields.Integer(
        related="company_id.partner_mailing_failure_share", readonly=False
    )
    partner_mailing_failure_window = fields.Integer(
        related="company_id.partner_mailing_failure_window", readonly=False
    )
    partner_mailing_server_tries = fields.Integer(
        related="company_id.partner_mailing_server_tries", readonly=False
    )
    # Not related: those are written one by one, and between two days none might be left.
    partner_mailing_on_mon = fields.Boolean("Monday")
    partner_mailing_on_tue = fields.Boolean("Tuesday")
    partner_mailing_on_wed = fields.Boolean("Wednesday")
    partner_mailing_on_thu = fields.Boolean("Thursday")
    partner_mailing_on_fri = fields.Boolean("Friday")
    partner_mailing_on_sat = fields.Boolean("Saturday")
    partner_mailing_on_sun = fields.Boolean("Sunday")

    @api.model
    def get_values(self):
        values = super().get_values()
        values.update((name, self.env.company[name]) for name in DAY_FIELDS)
        return values

    def set_values(self):
        result = super().set_values()
        for settings in self:
            changed = {
                name: settings[name]
                for name in DAY_FIELDS
                if settings[name] != settings.company_id[name]
            }
            if changed:
                settings.company_id.write(changed)
        return result
