from odoo import api, fields, models

from ..content.favorite import get_values


class PartnerMailingLoadTemplate(models.TransientModel):
    """The dialog also loads favorites of Email Marketing, whose authors call them templates."""

    _inherit = "partner.mailing.load.template"

    favorite_id = fields.Many2one(
        "mailing.mailing",
        "Favorite of Email Marketing",
        groups="mass_mailing.group_mass_mailing_user",
        domain=[("favorite", "=", True), ("mailing_type", "=", "mail")],
        context={"active_test": False},
        help="A mailing that is marked as a favorite in Email Marketing: its subject, preview text,"
        " body and design are taken over.",
    )
    has_favorites = fields.Boolean(compute="_compute_has_favorites")

    @api.depends("mailing_id", "only_languages")
    @api.depends_context("uid")
    def _compute_has_favorites(self):
        """Offer favorites to those who may read them, for a mailing that has a body."""
        favorites = self.env["mailing.mailing"].with_context(active_test=False)
        wanted = [("favorite", "=", True), ("mailing_type", "=", "mail")]
        may_read = favorites.has_access("read") and favorites.search_count(wanted, limit=1)
        for dialog in self:
            fits = "body_arch" in dialog.mailing_id._get_transport().template_texts
            dialog.has_favorites = bool(may_read and fits and not dialog.only_languages)

    @api.depends(
        lambda self: [
            "mailing_id",
            "favorite_id",
            *self.env["partner.mailing"]._get_template_fields(),
        ]
    )
    def _compute_replaced(self):
        result = super()._compute_replaced()
        for dialog in self:
            if dialog._has_favorite():
                mailing = dialog.mailing_id
                names = mailing._get_transport().template_texts
                dialog.has_template = True
                dialog.replaced = ", ".join(
                    mailing._fields[name]._description_string(self.env)
                    for name in names
                    if not mailing._is_text_empty(name)
                )
        return result

    @api.onchange("favorite_id")
    def _onchange_favorite_id(self):
        if self.favorite_id:
            self.template_id = False

    @api.onchange("template_id")
    def _onchange_template_id(self):
        if self.template_id and self.has_favorites:
            self.favorite_id = False

    def _has_favorite(self):
        """Tell whether a favorite is to be loaded; who may not read favorites has no such field."""
        return bool(self.has_favorites and self.favorite_id and not self.template_id)

    def action_load(self):
        self.ensure_one()
        if not self._has_favorite():
            return super().action_load()
        mailing = self.mailing_id.with_context(lang=self.mailing_id.main_lang)
        self.favorite_id.check_access("read")
        mailing.check_access("write")
        mailing._check_editable(self.env._("load a template"))
        for version in mailing.version_ids:
            mailing._drop_language(version.lang)
        mailing.write(get_values(self.favorite_id.with_context(lang=mailing.main_lang)))
        return {"type": "ir.actions.act_window_close"}
