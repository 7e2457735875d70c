from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import address_field, allowed_addresses


class PartnerMailingSender(models.Model):
    """A From address, or a domain of them, that some users may write mailings of a company from.

    A company's field *Allowed Senders* has those for all users; these are for the users and groups
    that they name, or for all where they name none. The company's default sender is always allowed.
    A company without any of them allows all addresses. See ``transport/allowed_senders.py``.
    """

    _name = "partner.mailing.sender"
    _inherit = ["partner.mailing.call"]
    _description = "Allowed Sender"
    _order = "company_id, address, id"
    _rec_name = "address"

    address = fields.Char(
        "Address or Domain",
        required=True,
        help="As name@example.com, Name <name@example.com> or example.com. A domain does not include"
        " the domains below it.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        index=True,
        ondelete="cascade",
    )
    user_ids = fields.Many2many(
        "res.users",
        "partner_mailing_sender_user_rel",
        "sender_id",
        "user_id",
        string="Users",
        domain=[("share", "=", False)],
        help="They may use it, besides the groups. If there are neither, all users may.",
    )
    group_ids = fields.Many2many(
        "res.groups",
        "partner_mailing_sender_group_rel",
        "sender_id",
        "group_id",
        string="Groups",
        help="Their members may use it, besides the users. If there are neither, all users may.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._tidy_address(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._tidy_address(vals))

    @api.model
    def _tidy_address(self, vals):
        """Return the values with the address in its proper form.

        :raises ValidationError: names the field, the value and the remedy
        """
        if not isinstance(vals, dict) or not vals.get("address"):
            return vals  # Odoo refuses it
        label = self._fields["address"]._description_string(self.env)
        text = self._check_text(vals["address"], label).strip()
        address, domain = allowed_addresses.read_entry(text)
        try:
            proper = address_field.read_one(text).proper if address else domain
        except address_field.Unreadable:
            proper = ""
        if not proper:
            raise ValidationError(
                self.env._(
                    '"%(value)s" in the field "%(field)s" is neither an address nor a domain.'
                    " Write one, as name@example.com or example.com.",
                    value=address_field.shorten(text, 100),
                    field=label,
                )
            )
        return {**vals, "address": proper}

    def _is_for(self, user):
        """Tell whether a user may use the sender."""
        if not self.user_ids and not self.group_ids:
            return True
        return user in self.user_ids or bool(self.group_ids & user.all_group_ids)
