from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..content import conditions
from ..content.designs import Designs


class MailTemplate(models.Model):
    """A template whose body may be built of blocks."""

    _inherit = "mail.template"

    partner_mailing_body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        render_engine="qweb",
        help="For mailings: the blocks that the body is made of.",
    )
    partner_mailing_editor = fields.Selection(
        [("plain", "Text"), ("builder", "Blocks")],
        "Editor of Mailings",
        compute="_compute_partner_mailing_editor",
        help="How a mailing of this template is edited.",
    )
    partner_mailing_has_design = fields.Boolean(
        "Has a Design", compute="_compute_partner_mailing_editor"
    )

    @api.depends("partner_mailing_body_arch")
    @api.depends_context("lang")
    def _compute_partner_mailing_editor(self):
        for template in self:
            template.partner_mailing_has_design = bool(template.partner_mailing_body_arch)
            template.partner_mailing_editor = (
                "builder" if template.partner_mailing_body_arch else "plain"
            )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._tidy_partner_mailing(vals) for vals in vals_list])

    def write(self, vals):
        vals = self._tidy_partner_mailing(vals)
        with self._partner_mailing_designs().drop_outdated(vals):
            return super().write(vals)

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        designs, field = self._partner_mailing_designs(), self._fields[field_name]
        if field_name == designs.arch and isinstance(translations, dict):
            # Odoo stores the translations of a whole field without sanitizing them.
            translations = {
                lang: field.convert_to_column(designs.tidy_text(field_name, text), self)
                if isinstance(text, str)
                else text
                for lang, text in translations.items()
            }
        with designs.drop_outdated({field_name}):
            return super()._update_field_translations(
                field_name, translations, digest=digest, source_lang=source_lang
            )

    def copy(self, default=None):
        if default and "body_html" in default and "partner_mailing_body_arch" not in default:
            default = {**default, "partner_mailing_body_arch": False}
        copies = super(MailTemplate, self._partner_mailing_designs().keep()).copy(default)
        return copies.with_env(self.env)

    def _partner_mailing_designs(self):
        return Designs(self, "partner_mailing_body_arch")

    def _tidy_partner_mailing(self, vals):
        """Return the values as they are stored; of a template without a design as they are."""
        designs = self._partner_mailing_designs()
        if designs.arch not in vals:
            return vals
        if self and not vals[designs.arch]:
            return {**vals, designs.arch: ""}
        return designs.tidy(vals)

    # ------------------------------------------------------------
    # Conditional blocks
    # ------------------------------------------------------------

    def _check_access_right_dynamic_template(self):
        """Name the block with a forbidden condition; Odoo only says that there is one."""
        try:
            return super()._check_access_right_dynamic_template()
        except AccessError as error:
            known = conditions.Conditions(self.env)
            for template in self.sudo():
                for name in ("body_html", "partner_mailing_body_arch"):
                    if words := known.describe_forbidden(str(template[name] or "")):
                        raise AccessError(words) from error
            raise

    def _has_unsafe_expression(self):
        templates = self.with_context(**{conditions.SAFE_KEY: conditions.SAFE})
        return super(MailTemplate, templates)._has_unsafe_expression()

    @api.model
    def _has_unsafe_expression_template_qweb(self, template_src, model, fname=None):
        is_check = self.env.context.get(conditions.SAFE_KEY) is conditions.SAFE
        if is_check and model == "res.partner":
            known, source = conditions.Conditions(self.env), str(template_src or "")
            if known.find_forbidden(source):
                return True
            template_src = known.strip_safe(source)
        return super()._has_unsafe_expression_template_qweb(template_src, model, fname)
