from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PartnerMailingSmsPrice(models.Model):
    """What one SMS to a country costs a company, as its provider's price list says."""

    _name = "partner.mailing.sms.price"
    _inherit = ["partner.mailing.call"]
    _description = "Price of an SMS"
    _order = "country_id, id"
    _rec_name = "country_id"

    country_id = fields.Many2one("res.country", required=True, index=True)
    price = fields.Float(
        "Price per SMS",
        digits=(12, 5),
        required=True,
        help="What the provider charges for one SMS, each part of a long text counted.",
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )

    _country_uniq = models.UniqueIndex(
        "(company_id, country_id)", "There is a price for this country already. Change that one."
    )

    @api.constrains("price")
    def _check_price(self):
        for one in self:
            if one.price < 0:
                raise ValidationError(
                    self.env._(
                        'The field "%(field)s" for %(country)s is %(price)s. A price is 0 or more;'
                        " delete the line if it is not known.",
                        field=self._fields["price"]._description_string(self.env),
                        country=one.country_id.name,
                        price=one.price,
                    )
                )
