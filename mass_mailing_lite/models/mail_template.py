from contextlib import contextmanager

from odoo import api, fields, models

from ..content import TRANSLATED
from ..tools.placeholder import TEXT
from ..tools.version import SOURCE, get_stale_fields, note_changes
from .mailing_call import only_one


class MailTemplate(models.Model):
    """A template for contacts, from which mailings are created too."""

    _inherit = "mail.template"

    partner_mailing_preview_text = fields.Char(
        "Preview Text",
        translate=True,
        help="For mailings: the line that mail programs show behind the subject.",
    )
    # As partner.mailing.version has it: a template is no way to a language version that nobody
    # brought up to date.
    partner_mailing_main_lang = fields.Char(
        "Main Language", default=lambda self: self.env.lang or SOURCE, copy=True
    )
    partner_mailing_made_for = fields.Json(
        copy=False, help="For which main texts each language version was written."
    )
    # Odoo's own field, email_layout_xmlid, names a view that Odoo puts around a single message.
    partner_mailing_layout_id = fields.Many2one(
        "partner.mailing.layout",
        "Layout",
        ondelete="restrict",
        index="btree_not_null",
        help="For mailings: header and footer around the text.",
    )
    partner_mailing_subject = fields.Char(
        "Subject in Words",
        compute="_compute_partner_mailing_card",
        help="The subject with the names of the fields where values will stand.",
    )
    partner_mailing_miniature = fields.Html(
        "Miniature",
        compute="_compute_partner_mailing_card",
        sanitize=False,
        help="The body as a page of its own, with the names of the fields where values will stand.",
    )

    @api.depends("subject", "body_html")
    @api.depends_context("lang")
    def _compute_partner_mailing_card(self):
        Mailing = self.env["partner.mailing"]
        for template in self:
            template.partner_mailing_subject = Mailing._name_placeholders(template.subject, TEXT)
            template.partner_mailing_miniature = Mailing._get_miniature(
                template.body_html, template.subject
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
        if not set(TRANSLATED.values()) & set(names):
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

    def _get_partner_mailing_texts(self):
        """Return ``(stored, main)`` as ``tools.version`` takes them."""
        self.ensure_one()
        stored = {
            name: self._fields[name]._get_stored_translations(self) or {}
            for name in TRANSLATED.values()
        }
        return stored, self.sudo().partner_mailing_main_lang or SOURCE

    def _get_partner_mailing_stale(self):
        """Return the fields of each version that are older than the main one: {lang: [field]}."""
        stored, main = self._get_partner_mailing_texts()
        made_for = self.sudo().partner_mailing_made_for
        # A template that was never changed is as it was delivered.
        return get_stale_fields(made_for, stored, main) if made_for else {}

    # ------------------------------------------------------------
    # Editor
    # ------------------------------------------------------------

    def _get_dynamic_field_names(self):
        return super()._get_dynamic_field_names() | {"partner_mailing_preview_text"}

    def action_start_partner_mailing(self):
        """Create a draft with the content of the template in the main language, and open it.

        The form names the template's other languages, with a button to take them over.
        """
        only_one(self)
        mailing = self.env["partner.mailing"].create({"name": self.name})
        mailing._load_template(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "partner.mailing",
            "res_id": mailing.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }
