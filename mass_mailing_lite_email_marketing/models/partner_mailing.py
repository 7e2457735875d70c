from odoo import api, fields, models
from odoo.addons.mass_mailing_lite.tools.placeholder_kind import to_elements
from odoo.exceptions import UserError, ValidationError

from ..content import conditions
from ..content.designs import Designs, make_design
from ..content.utm import UTM_FIELDS, Utm
from ..transport.designed import DesignedTransport


class PartnerMailing(models.Model):
    """A mailing whose body can be built of blocks, as those of Email Marketing."""

    _inherit = "partner.mailing"
    _system_fields = frozenset({"email_marketing_id", "link_parameters"})

    editor = fields.Selection(
        [("plain", "Text"), ("builder", "Blocks")],
        required=True,
        default="plain",
        help="Text: write the body as in Odoo's other texts. Blocks: build it of blocks, with the"
        " themes and the builder of Email Marketing; a layout is not used then.",
    )
    body_arch = fields.Html(
        "Design",
        translate=True,
        sanitize="email_outgoing",
        sanitize_output_method="html",
        render_engine="qweb",
        help="The blocks that the body is made of. The body holds the same with its styles inline.",
    )
    # Not stored: the builder asks which model its placeholders and conditions are about.
    mailing_model_id = fields.Many2one(
        "ir.model",
        "Model of the Recipients",
        compute="_compute_mailing_model",
        help="Contacts: the builder of Email Marketing asks for it.",
    )
    mailing_model_real = fields.Char(
        "Technical Name of the Model", compute="_compute_mailing_model"
    )
    email_marketing_id = fields.Many2one(
        "mailing.mailing",
        "Mailing of Email Marketing",
        copy=False,
        readonly=True,
        index="btree_not_null",
        groups="mass_mailing.group_mass_mailing_user",
        help="The mailing of Email Marketing that this one was made of.",
    )
    campaign_id = fields.Many2one(
        "utm.campaign",
        index="btree_not_null",
        ondelete="set null",
        help="What comes of the mailing, such as leads and orders, is counted for this campaign.",
    )
    medium_id = fields.Many2one(
        "utm.medium",
        compute="_compute_medium_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The way in which the links reach people, such as Email.",
    )
    source_id = fields.Many2one(
        "utm.source",
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The name of this mailing in its links, where recipients can read it. It is made from the"
        " title and follows it, unless you choose another one.",
    )
    link_parameters = fields.Json(
        copy=False,
        readonly=True,
        help="What was added to the links when the mailing was submitted: [[name, value]].",
    )
    link_parameters_text = fields.Char("Added to Links", compute="_compute_link_parameters_text")

    def _compute_mailing_model(self):
        self.mailing_model_id = self.env["ir.model"]._get_id("res.partner")
        self.mailing_model_real = "res.partner"

    # ------------------------------------------------------------
    # Campaign
    # ------------------------------------------------------------

    @api.depends("channel")
    def _compute_medium_id(self):
        for mailing in self:
            mailing.medium_id = Utm(mailing).get_medium()

    @api.depends(
        "state",
        "channel",
        "track_clicks",
        "link_parameters",
        "company_id.partner_mailing_utm",
        "name",
        "view_group_ids",
        "manage_group_ids",
        "campaign_id.name",
        "medium_id.name",
        "source_id.name",
    )
    def _compute_link_parameters_text(self):
        for mailing in self:
            pairs = mailing._get_transport().get_link_parameters()
            mailing.link_parameters_text = ", ".join(f"{name}: {value}" for name, value in pairs)

    def _get_link_parameters(self):
        return [*super()._get_link_parameters(), *Utm(self).get_parameters()]

    def _get_covered_fields(self):
        return super()._get_covered_fields() | UTM_FIELDS

    def _get_content_fields(self):
        # Their names in the links are covered, as they were submitted.
        return super()._get_content_fields() - UTM_FIELDS

    def _get_compared_fields(self):
        return (*super()._get_compared_fields(), *sorted(UTM_FIELDS))

    def _submit(self):
        Utm(self).freeze()
        return super()._submit()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._tidy_editor(self._designs().tidy(vals)) for vals in vals_list]
        mailings = super().create(Utm(self).with_sources(vals_list))
        mailings._fill_designs()
        return mailings

    def write(self, vals):
        if "editor" in vals and not self._is_system():
            self.filtered(lambda one: one.editor != vals["editor"])._check_covered_unlocked(
                {"editor"}
            )
        vals = self._tidy_editor(self._designs().tidy(vals))
        with Utm(self).follow_title(vals), self._designs().drop_outdated(vals) as dropped:
            result = super().write(vals)
        self._log_dropped(dropped, "editor" in vals)
        if "editor" in vals:
            self._fill_designs()
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        designs = self._designs()
        if isinstance(translations, dict):
            translations = {
                lang: designs.tidy_text(field_name, text) for lang, text in translations.items()
            }
        with designs.drop_outdated({field_name}) as dropped:
            result = super()._update_field_translations(
                field_name, translations, digest=digest, source_lang=source_lang
            )
        self._log_dropped(dropped)
        return result

    def copy(self, default=None):
        # The translations of a body are copied before or after those of its design.
        if default and "body_html" in default and "body_arch" not in default:
            default = {"editor": "plain", **default, "body_arch": False}
        copies = super(PartnerMailing, self._designs().keep()).copy(default)
        return copies.with_env(self.env)

    # ------------------------------------------------------------
    # Design
    # ------------------------------------------------------------

    def _designs(self):
        return Designs(self, "body_arch")

    def _tidy_editor(self, vals):
        """Return values in which editor, design and layout fit: a design is a whole page."""
        # Odoo writes a text once more after its translations: that chooses no editor.
        is_same = self and all(one.body_arch == vals.get("body_arch") for one in self)
        if "body_arch" in vals and "editor" not in vals and not is_same:
            is_built = bool(vals["body_arch"])
            if is_built or "body_html" in vals:
                vals = {**vals, "editor": "builder" if is_built else "plain"}
        if vals.get("editor") == "builder":
            vals = {**vals, "layout_id": False}
        if "body_arch" in vals and not vals["body_arch"] and self:
            # False would empty the designs of all languages.
            vals = {**vals, "body_arch": ""}
        return vals

    def _fill_designs(self):
        """Give a body that was written as text a design, where blocks are chosen as its editor."""
        self.filtered(lambda one: one.editor == "builder")._designs().fill()

    def _log_dropped(self, dropped, is_chosen=False):
        """Say which designs were dropped, and show the body as text where it has none any more.

        :param dropped: {mailing: codes of languages}
        :param is_chosen: whether the editor was chosen in the same step
        """
        for mailing, langs in dropped.items():
            main = mailing.with_context(lang=mailing.main_lang)
            if mailing.editor == "builder" and not main.body_arch and not is_chosen:
                mailing._as_system().editor = "plain"
            known = [lang for lang in langs if self.env["res.lang"]._get_data(code=lang)]
            mailing._message_log(
                body=self.env._(
                    "The body in %s was written without its design, which does not fit any more and was"
                    " removed. The body is kept as it was written, and is edited as text.",
                    mailing._describe_languages(dict.fromkeys(known or langs, 0)),
                )
            )

    @api.onchange("editor")
    def _onchange_editor(self):
        if self.editor == "builder":
            self.layout_id = False
            if not self.body_arch and not self._is_body_empty():
                self.body_arch = make_design(self.body_html)

    @api.constrains("editor", "layout_id")
    def _check_layout_of_design(self):
        for mailing in self:
            if mailing.editor == "builder" and mailing.layout_id:
                raise ValidationError(
                    self.env._(
                        'The mailing "%(mailing)s" is built of blocks, which make a whole page: it cannot'
                        ' have the layout "%(layout)s". Choose "Text" as its editor, or no layout.',
                        mailing=mailing.name,
                        layout=mailing.layout_id.name,
                    )
                )

    def _load_template(self, template, langs=()):
        result = super(PartnerMailing, self._designs().keep())._load_template(template, langs)
        if "body_arch" in self._get_transport().template_texts:
            main = template.with_context(lang=self.main_lang)
            if not main.partner_mailing_has_design:
                self._designs().empty_all()
        return result

    def _take_template_languages(self, langs):
        return super(PartnerMailing, self._designs().keep())._take_template_languages(langs)

    def _get_template_values(self, template):
        values = super()._get_template_values(template)
        return self._tidy_editor(values)

    def _drop_language(self, code):
        return super(PartnerMailing, self._designs().keep())._drop_language(code)

    def action_convert_placeholders(self):
        result = super(PartnerMailing, self._designs().keep()).action_convert_placeholders()
        for mailing in self:
            for lang, text in mailing.sudo()._get_translations(["body_arch"])["body_arch"].items():
                converted = to_elements(text, self._is_allowed)
                if converted.count and self.env["res.lang"]._get_data(code=lang):
                    mailing._update_field_translations("body_arch", {lang: converted.source})
        return result

    # ------------------------------------------------------------
    # Transport
    # ------------------------------------------------------------

    @api.model
    def _get_transports(self):
        return {**super()._get_transports(), "email": DesignedTransport}

    @api.model
    def _get_rendered_fields(self):
        return (*super()._get_rendered_fields(), "body_arch")

    # ------------------------------------------------------------
    # Conditional blocks
    # ------------------------------------------------------------

    def _has_unsafe_expression(self):
        mailings = self.with_context(**{conditions.SAFE_KEY: conditions.SAFE})
        return super(PartnerMailing, mailings)._has_unsafe_expression()

    @api.model
    def _has_unsafe_expression_template_qweb(self, template_src, model, fname=None):
        if self.env.context.get(conditions.SAFE_KEY) is conditions.SAFE:
            known, source = conditions.Conditions(self.env), str(template_src or "")
            if known.find_forbidden(source):
                return True
            template_src = known.strip_safe(source)
        return super()._has_unsafe_expression_template_qweb(template_src, model, fname)

    def _get_expressions(self, name):
        """Leave out the conditions of blocks that all users may use; add those of a design."""
        known = conditions.Conditions(self.env)
        expressions = [
            expression
            for expression in super()._get_expressions(name)
            if (text := conditions.read_directive(expression)) is None or not known.is_safe(text)
        ]
        if name == "body_arch":
            expressions += [
                f't-if="{expression}"'
                for expression, _block, _problem in known.find_forbidden(str(self[name] or ""))
            ]
        return expressions

    def _describe_forbidden(self, name, expression):
        if conditions.CALL in expression:
            known = conditions.Conditions(self.env)
            if words := known.describe_forbidden(str(self[name] or "")):
                return words
        return super()._describe_forbidden(name, expression)

    @api.model
    def _get_miniature(self, body, subject):
        return super()._get_miniature(conditions.show_all(str(body or "")), subject)

    def _has_link_in_body(self, purpose):
        """Look for the link in what all recipients get: a condition may hide it."""
        if not super()._has_link_in_body(purpose):
            return False
        body = conditions.without_conditional(str(self.body_html or ""))
        return f"/partner_mailing/{purpose}" in body

    def _get_contact_fields(self, slots):
        names = set(super()._get_contact_fields(slots))
        if "body_html" in slots:
            names |= conditions.find_fields(str(self.body_html or ""))
        known = self.env["res.partner"]._fields
        return tuple(name for name in names if name in known and known[name].store)

    # ------------------------------------------------------------
    # Moving over
    # ------------------------------------------------------------

    def action_open_email_marketing(self):
        """Open the mailing of Email Marketing that this one was made of."""
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        if not self.email_marketing_id:
            raise UserError(
                self.env._("“%s” was not made of a mailing of Email Marketing.", self.name)
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Email Marketing"),
            "res_model": "mailing.mailing",
            "res_id": self.email_marketing_id.id,
            "views": [(False, "form")],
        }
