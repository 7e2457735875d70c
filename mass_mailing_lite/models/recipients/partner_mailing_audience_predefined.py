from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# What people may do to a predefined audience: hide it, and put it in its place.
FREE_FIELDS = {"active", "sequence"}


class PartnerMailingAudience(models.Model):
    """Audiences that come with the addon: to be used, copied and hidden, not changed."""

    _inherit = "partner.mailing.audience"

    is_predefined = fields.Boolean(
        "Predefined",
        readonly=True,
        copy=False,
        help="Comes with the addon. Duplicate it and change the copy.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # A default in a context would pass by the check of the values.
            self = self.with_context(default_is_predefined=False)  # noqa: PLW0642
            if any(vals.get("is_predefined") for vals in vals_list):
                self._raise_predefined_by_addon_only()
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            if "is_predefined" in vals:
                self._raise_predefined_by_addon_only()
            if set(vals) - FREE_FIELDS:
                self._check_not_predefined()
        return super().write(vals)

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        if not self.env.su:
            self._check_not_predefined()
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_predefined(self):
        if not self.env.su:
            self._check_not_predefined()

    def _check_not_predefined(self):
        """Raise when one of the audiences is predefined."""
        for audience in self:
            if audience.is_predefined:
                raise UserError(
                    self.env._(
                        'The audience "%s" is predefined and stays as it is.'
                        " Duplicate it and change the copy, or archive it.",
                        audience.name,
                    )
                )

    def _raise_predefined_by_addon_only(self):
        raise AccessError(
            self.env._(
                'The field "%s" of an audience is set by the addon alone.',
                self._fields["is_predefined"]._description_string(self.env),
            )
        )
