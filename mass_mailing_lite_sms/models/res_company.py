from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.delivery.schedule.rate_limit import Limits
from odoo.exceptions import ValidationError

from ..tools import number_list

LIMIT_FIELDS = {
    "minute": "partner_mailing_sms_limit_minute",
    "hour": "partner_mailing_sms_limit_hour",
    "day": "partner_mailing_sms_limit_day",
}


class ResCompany(models.Model):
    """How many SMS of mailings the company's provider takes."""

    _inherit = "res.company"

    partner_mailing_sms_limit_minute = fields.Integer(
        "Mailings: SMS per Minute",
        help="How many SMS all mailings of the company together send within a minute. 0: unlimited.",
    )
    partner_mailing_sms_limit_hour = fields.Integer(
        "Mailings: SMS per Hour", help="How many SMS within an hour. 0: unlimited."
    )
    partner_mailing_sms_limit_day = fields.Integer(
        "Mailings: SMS per Day", help="How many SMS within 24 hours. 0: unlimited."
    )

    partner_mailing_test_numbers = fields.Text(
        "Tests by SMS Also Go To",
        help="Phone numbers, one a line or separated by commas. Tests by SMS go to the numbers of the"
        " company's users, and to these.",
    )

    @api.constrains("partner_mailing_test_numbers", "country_id")
    def _check_partner_mailing_test_numbers(self):
        for company in self:
            for entry in number_list.parse(company.partner_mailing_test_numbers):
                if not self.env["res.partner"]._phone_format_number(entry.text, company.country_id):
                    raise ValidationError(
                        self.env._(
                            '"%(value)s" in the field "%(field)s" is no valid phone number. Write it'
                            " with the country, as +34 600 123 456.",
                            value=entry.text[:100],
                            field=self._fields["partner_mailing_test_numbers"]._description_string(
                                self.env
                            ),
                        )
                    )

    @api.constrains(*LIMIT_FIELDS.values())
    def _check_partner_mailing_sms_limits(self):
        for company in self:
            for name in LIMIT_FIELDS.values():
                if company[name] < 0:
                    raise ValidationError(
                        self.env._(
                            '"%(field)s" of the company "%(company)s" is %(number)s. A limit is a'
                            " number of SMS; 0 or empty means unlimited.",
                            field=self._fields[name]._description_string(self.env),
                            company=company.name,
                            number=company[name],
                        )
                    )

    def write(self, vals):
        result = super().write(vals)
        if not set(LIMIT_FIELDS.values()).isdisjoint(vals):
            # Mailings that wait for a limit may go on at once.
            self.env.ref("mass_mailing_lite.ir_cron_send").sudo()._trigger()
        return result

    def _get_partner_mailing_sms_price(self, country):
        """Return ``(amount, currency)`` of one SMS to a country, None where it is not known.

        An addon whose provider tells its prices overrides this method.
        """
        prices = self.env["partner.mailing.sms.price"].sudo()
        price = prices.search(
            [("company_id", "=", self.id), ("country_id", "=", country.id)], limit=1
        )
        return (price.price, price.currency_id) if price else None

    def _get_partner_mailing_sms_limits(self):
        return Limits(**{key: self[name] for key, name in LIMIT_FIELDS.items()})
