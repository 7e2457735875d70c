from contextlib import contextmanager

from odoo import api, fields, models

from ..tools.version import SOURCE, get_stale_fields, note_changes
from .mailing_call import only_one


class PartnerMailingTemplate(models.AbstractModel):
    """A template of Odoo's for contacts, from which mailings of one channel are created too.

    The model that inherits it has the fields ``name``, ``model`` and those that the transport of its
    channel names in ``template_texts``.
    """

    _name = "partner.mailing.template"
    _description = "Template for Mailings"

    # Key of ``partner.mailing.channel``.
    _partner_mailing_channel = "email"

    # As partner.mailing.version has it: a template is no way to a language version that nobody
    # brought up to date.
    partner_mailing_main_lang = fields.Char(
        "Main Language", default=lambda self: self.env.lang or SOURCE, copy=True
    )
    partner_mailing_made_for = fields.Json(
        copy=False, help="For which main texts each language version was written."
    )

    # ------------------------------------------------------------
    # Language versions
    # ------------------------------------------------------------

    def write(self, vals):
        with self._keep_partner_mailing_versions(vals):
            return super().write(vals)

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        with self._keep_partner_mailing_versions({field_name}):
            return super()._update_field_translations(
                field_name, translations, digest=digest, source_lang=source_lang
            )

    def copy(self, default=None):
        copies = super().copy(default)
        for template, duplicate in zip(self, copies, strict=True):
            made_for = template.sudo().partner_mailing_made_for or {}
            duplicate._note_partner_mailing_versions(made_for)
        return copies

    @contextmanager
    def _keep_partner_mailing_versions(self, names):
        """While texts are written, keep for which main texts their other languages were made."""
        if not set(self._get_partner_mailing_text_names()) & set(names):
            yield
            return
        templates = self.filtered(lambda template: template.model == "res.partner")
        before = [
            template.sudo().partner_mailing_made_for
            or note_changes({}, *template._get_partner_mailing_texts())
            for template in templates
        ]
        yield
        for template, made_for in zip(templates, before, strict=True):
            template._note_partner_mailing_versions(made_for)

    def _note_partner_mailing_versions(self, made_for):
        """Note for which main texts the language versions are made.

        :param made_for: the same, before texts were changed
        """
        noted = note_changes(made_for, *self._get_partner_mailing_texts())
        if noted != (self.sudo().partner_mailing_made_for or {}):
            self.sudo().partner_mailing_made_for = noted

    @api.model
    def _get_partner_mailing_text_names(self):
        """Return the names of the template's fields whose texts a mailing takes over."""
        kinds = self.env["partner.mailing"]._get_transports()
        return tuple(kinds[self._partner_mailing_channel].template_texts.values())

    def _get_partner_mailing_texts(self):
        """Return ``(stored, main)`` as ``tools.version`` takes them."""
        self.ensure_one()
        stored = {
            name: self._fields[name]._get_stored_translations(self) or {}
            for name in self._get_partner_mailing_text_names()
        }
        return stored, self.sudo().partner_mailing_main_lang or SOURCE

    def _get_partner_mailing_stale(self):
        """Return the fields of each version that are older than the main one: {lang: [field]}."""
        if not self:
            return {}
        stored, main = self._get_partner_mailing_texts()
        made_for = self.sudo().partner_mailing_made_for
        # A template that was never changed is as it was delivered.
        return get_stale_fields(made_for, stored, main) if made_for else {}

    # ------------------------------------------------------------
    # Use
    # ------------------------------------------------------------

    def action_start_partner_mailing(self):
        """Create a draft with the content of the template in the main language, and open it.

        The form names the template's other languages, with a button to take them over.
        """
        only_one(self)
        values = {"name": self.name, "channel": self._partner_mailing_channel}
        mailing = self.env["partner.mailing"].create(values)
        mailing._load_template(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
