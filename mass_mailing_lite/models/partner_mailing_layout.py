import hashlib
import json
import re
from types import SimpleNamespace

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools.translate import html_translate

from ..preflight.local_link import find_all
from ..tools import layout, link_problem
from ..tools.placeholder import HTML
from ..transport.compiled import xml_to_html

# States in which a mailing has been submitted, and may still be sent.
OPEN_STATES = ("to_validate", "validated", "sending", "paused")
COLOR = re.compile(r"#[0-9A-Fa-f]{3,8}")
# Of Odoo's own layouts, for a company with something else in these fields.
DEFAULT_COLORS = {"email_primary_color": "#FFFFFF", "email_secondary_color": "#875A7B"}
# Every company's data, for a look at a layout before it is saved.
SAMPLE_COMPANY = dict.fromkeys(layout.COMPANY_NAMES, "https://www.example.com/")


class PartnerMailingLayout(models.Model):
    """What stands around the text of mailings: header and footer, which authors do not change.

    An own model and no view (``ir.ui.view``, as for ``mail.mail_notification_layout``): views are
    for system administrators, belong to no company, and may be deleted while they are used. The
    template has the same words as those views: ``message.body``, ``company.name``.
    """

    _name = "partner.mailing.layout"
    _inherit = ["partner.mailing.call"]
    _description = "Mailing Layout"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: mailings of all companies may use it.")
    # Translated by passages: the structure is the same in all languages, with one place for the body.
    body_html = fields.Html(
        "Code",
        required=True,
        translate=html_translate,
        sanitize="email_outgoing",
        default=lambda self: self._get_default_body(),
        help="HTML with one place for the text of the mailing, and an unsubscribe link.",
    )
    preview_html = fields.Html("Preview", compute="_compute_preview", sanitize=False)
    problem = fields.Char(compute="_compute_preview")
    is_in_use = fields.Boolean(
        compute="_compute_is_in_use",
        help="A mailing that was submitted and not sent to the end uses it.",
    )

    # ------------------------------------------------------------
    # Compute
    # ------------------------------------------------------------

    @api.model
    def _get_default(self):
        """Return the layout that the company has set for new mailings, if there is one."""
        used = self.env.company.sudo().partner_mailing_layout_id
        return used.with_env(self.env) if used.active else self.browse()

    def _is_offered(self, company):
        """Tell whether mailings of a company may choose the layout."""
        one = self.sudo()
        return one.active and one.company_id in (one.company_id.browse(), company)

    def _get_default_body(self):
        return Markup(
            '<div><t t-out="message.body"/></div>\n'
            '<p style="font-size: 12px; text-align: center;"><t t-out="company.name"/></p>\n'
            '<p t-if="unsubscribe" style="font-size: 12px; text-align: center;">'
            '<a href="/partner_mailing/unsubscribe">%s</a></p>'
        ) % self.env._("Unsubscribe")

    @api.depends("body_html", "company_id")
    @api.depends_context("lang", "company")
    def _compute_preview(self):
        for one in self:
            one.problem, one.preview_html = False, False
            try:
                one._check_template(str(one.body_html or ""))
                one.preview_html = one._get_preview()
            except UserError as error:
                one.problem = str(error)

    def _get_preview(self):
        """Return a page with the layout around a sample text."""
        Mailing = self.env["partner.mailing"]
        text = Markup("<h2>%s</h2><p>%s</p><p>%s</p>") % (
            self.env._("The text of the mailing stands here"),
            self.env._(
                "Authors write it, with pictures, links and placeholders. They cannot change what"
                " is above and below."
            ),
            self.env._("With kind regards"),
        )
        company = self.company_id or self.env.company
        frame = Mailing._complete_addresses(xml_to_html(self._render_frame(company)))
        before, after = layout.split_frame(frame)
        body = Mailing._name_placeholders(f"{before}{text}{after}", HTML)
        return Markup(Mailing._wrap_body(body, self.name or "", ""))

    def _compute_is_in_use(self):
        used = {
            one.id
            for [one] in self.env["partner.mailing"]
            .sudo()
            .with_context(active_test=False)
            ._read_group(
                [("layout_id", "in", self.ids), ("state", "in", OPEN_STATES)], ["layout_id"]
            )
        }
        for one in self:
            one.is_in_use = one._origin.id in used

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        Mailing, stored = self.env["partner.mailing"], []
        for vals in vals_list:
            self._check_source(vals)
            stored.append(Mailing._store_pictures(vals))
        layouts = super().create([vals for vals, _files in stored])
        for one, (_vals, files) in zip(layouts, stored, strict=True):
            one._link_pictures(files)
            one._check_templates()
        return layouts

    def write(self, vals):
        self._check_source(vals)
        vals, files = self.env["partner.mailing"]._store_pictures(vals)
        before = {one.id: one._get_templates() for one in self if "body_html" in vals}
        result = super().write(vals)
        self[:1]._link_pictures(files)
        self._settle_change(before)
        return result

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        before = {one.id: one._get_templates() for one in self if field_name == "body_html"}
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self._settle_change(before)
        return result

    def _link_pictures(self, files):
        """Link pictures that were pasted to the layout: its readers see them, they go with it."""
        if files:
            files.write({"res_model": self._name, "res_id": self.id})

    def _settle_change(self, before):
        """Check layouts whose code was written, and stop the mailings that were validated with them.

        :param before: {id: its code in all languages}, before it was written
        """
        for one in self:
            if one.id in before and one._get_templates() != before[one.id]:
                one._check_templates()
                one._stop_mailings()

    def _stop_mailings(self):
        """Pause what was validated with the layout as it was, and tell the responsible.

        The user has changed what reaches recipients, and so is no second person for these mailings.
        """
        self.ensure_one()
        mailings = self.env["partner.mailing"].sudo().with_context(active_test=False)
        mailings = mailings.search(
            [("layout_id", "=", self.id), ("state", "in", ("draft", *OPEN_STATES))]
        )
        mailings.with_env(self.env)._add_editor()
        for mailing in mailings.filtered(lambda one: one.state in ("validated", "sending")):
            localized = mailing._in_language_of_responsible()
            localized._pause_with_alert(
                localized.env._(
                    'The layout "%s" was changed since the mailing was validated. Take the mailing'
                    " back to draft and submit it again.",
                    self.name,
                )
            )

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        if "name" not in (default or {}):
            for one, vals in zip(self, vals_list, strict=True):
                vals["name"] = self.env._("%s (copy)", one.name)
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse to delete a layout that a mailing, a template or a company uses.

        :raises UserError: names the layout and what to do
        """
        for one in self:
            for model, name in (
                ("partner.mailing", "layout_id"),
                ("mail.template", "partner_mailing_layout_id"),
                ("res.company", "partner_mailing_layout_id"),
            ):
                users = self.env[model].sudo().with_context(active_test=False)
                if users.search_count([(name, "=", one.id)], limit=1):
                    raise UserError(
                        self.env._(
                            'The layout "%(name)s" cannot be deleted: it is used (%(model)s). Archive'
                            " it, so that it is not offered any more.",
                            name=one.name,
                            model=self.env["ir.model"]._get(model).name,
                        )
                    )

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    def _check_source(self, vals):
        """Refuse code that Odoo's sanitizer would mend or drop in silence.

        :raises ValidationError: names the element
        """
        source = vals.get("body_html")
        if not isinstance(source, str):
            return
        self.env["partner.mailing"]._check_nesting(vals)
        # A picture that was pasted is stored as a file, and does not count.
        source = re.sub(r"data:image/[^\"'()\s]+", "", source)
        try:
            layout.check_source(source)
        except layout.LayoutError as error:
            raise ValidationError(self._describe(error)) from error

    def _get_templates(self):
        """Return the code in all languages: {language code: text}."""
        self.ensure_one()
        field = self._fields["body_html"]
        return {
            lang: str(text)
            for lang, text in (field._get_stored_translations(self) or {}).items()
            if text
        }

    def _check_templates(self):
        for one in self:
            for lang, source in (one._get_templates() or {"": ""}).items():
                one.with_context(lang=lang or None)._check_template(source)

    def _check_template(self, source):
        """Refuse code without exactly one place for the body, or without an unsubscribe link.

        :raises ValidationError: says what is wrong, and what to do
        """
        try:
            layout.check_template(source, self.env["partner.mailing"]._is_allowed)
            # With all data of the company, and with none: a condition must not hide the link.
            for company in (SAMPLE_COMPANY, {}):
                frame = self._render(source, company)
                layout.split_frame(frame)
                if not layout.has_unsubscribe_link(frame):
                    raise layout.LayoutError(layout.NO_UNSUBSCRIBE)
        except layout.LayoutError as error:
            raise ValidationError(self._describe(error)) from error
        except UserError:
            raise
        except Exception as error:  # of an expression, while QWeb evaluates it
            reason = layout.LayoutError(layout.EXPRESSION, error)
            raise ValidationError(self._describe(reason)) from error
        self._check_addresses(frame)

    def _check_addresses(self, frame):
        """Refuse links and pictures that lead nowhere on the computer of a recipient."""
        base_url = self.get_base_url().rstrip("/")
        for _text, address, _is_picture in find_all(frame):
            if address.startswith(("/partner_mailing/", "/web/", f"{base_url}/")):
                continue
            if link_problem.find_problem(address):
                raise ValidationError(
                    self.env._(
                        'The layout "%(name)s" cannot be saved: the address "%(address)s" leads nowhere'
                        " on the computer of a recipient. Write the whole address, such as"
                        " https://www.example.com.",
                        name=self.name or "",
                        address=address[:120],
                    )
                )

    def _describe(self, error):
        """Return a sentence about a ``LayoutError``: the layout, what is wrong, and what to do."""
        problems = {
            layout.NO_BODY: self.env._(
                'it has no place for the text of the mailing. Write <t t-out="message.body"/> where'
                " the text is to stand."
            ),
            layout.SEVERAL_BODIES: self.env._(
                'it has more than one place for the text of the mailing. Leave one <t t-out="message.body"/>.'
            ),
            layout.CONDITIONAL_BODY: self.env._(
                "the place for the text of the mailing depends on a condition (t-if). Move it out of"
                " the condition."
            ),
            layout.BODY_PLACE: self.env._(
                "the place for the text of the mailing is in %s, where no paragraphs can stand. Move"
                " it into a <div> or a cell of a table (<td>).",
                error.value,
            ),
            layout.NOT_CLOSED: self.env._(
                "%s is not closed, or closed in the wrong place. Mend the code.", error.value
            ),
            layout.TOO_LONG: self.env._(
                "it has %(size)s characters; %(most)s are possible. Each message contains it.",
                size=error.value,
                most=layout.MAX_SIZE,
            ),
            layout.TAG: self.env._(
                "a layout cannot contain %s. It is the part inside the page of a message.",
                error.value,
            ),
            layout.DIRECTIVE: self.env._(
                "%s is not possible in a layout. These are: t-out, t-if, t-elif, t-else, t-set,"
                " t-value, t-att-… and t-attf-….",
                error.value,
            ),
            layout.EXPRESSION: self.env._(
                '"%(expression)s" is not known. A layout knows the placeholders of mailings,'
                " unsubscribe, and of the company: %(known)s.",
                expression=error.value,
                known=", ".join(f"company.{name}" for name in sorted(layout.COMPANY_NAMES)),
            ),
            layout.PERSONAL: self.env._(
                '"%s" differs from recipient to recipient, so it can be shown (t-out), but not be'
                " part of a condition, an attribute or another expression.",
                error.value,
            ),
            layout.LITERAL: self.env._(
                'recipients would read "%s" as it stands. Write <t t-out="company.name"/> and the'
                " like; braces are for attributes that begin with t-attf-.",
                error.value,
            ),
            layout.NO_UNSUBSCRIBE: self.env._(
                "it has no unsubscribe link that recipients always see. Write"
                ' <a href="/partner_mailing/unsubscribe">Unsubscribe</a>; the only condition around it'
                ' can be t-if="unsubscribe".'
            ),
        }
        return self.env._(
            'The layout "%(name)s" cannot be saved: %(problem)s',
            name=self.name or "",
            problem=problems[error.reason],
        )

    # ------------------------------------------------------------
    # Rendering
    # ------------------------------------------------------------

    def _render_frame(self, company, with_unsubscribe=True):
        """Return the layout in the current language with the data of a company, as a template.

        Only the place for the body and plain placeholders of contacts are left in it.
        """
        values = self._get_company_values(company)
        return self._render(str(self.body_html or ""), values, with_unsubscribe)

    @api.model
    def _render(self, source, company, with_unsubscribe=True):
        """Return code with the data of a company; see ``_render_frame``.

        QWeb gets texts alone, no record: what a layout shows is what the fingerprint covers.

        :param company: {one of ``layout.COMPANY_NAMES``: value}
        """
        tree, kept = layout.prepare(source)
        empty = dict.fromkeys(layout.COMPANY_NAMES)
        rendered = self.env["ir.qweb"]._render(
            tree,
            {
                "company": SimpleNamespace(**{**empty, **company}),
                "unsubscribe": with_unsubscribe,
                "kept": [Markup(one) for one in kept],
            },
            minimal_qcontext=True,
            preserve_comments=True,
        )
        start, end = f"<{layout.WRAPPER}>", f"</{layout.WRAPPER}>"
        return str(rendered).strip().removeprefix(start).removesuffix(end)

    @api.model
    def _get_company_values(self, company):
        """Return what layouts show of a company: {name: text}, None where the company has none."""
        values = self.env["partner.mailing"]._get_company_values(company)
        values = {
            name.removeprefix("partner_mailing_company_"): value or None
            for name, value in values.items()
        }
        address = re.search(r'src="([^"]*)"', values["logo"] or "")
        values["logo_url"] = Markup(address[1]).unescape() if address else None
        for name, default in DEFAULT_COLORS.items():
            color = company.sudo()[name] or ""
            values[name] = color if COLOR.fullmatch(color) else default
        return values

    def _get_placeholders(self):
        """Return the placeholders of contacts in the code, in the order of their names."""
        return sorted(
            {
                expression
                for one in self
                for source in one._get_templates().values()
                for expression in layout.find_placeholders(source)
            }
        )

    def _get_checksum(self, company):
        """Return a short text that differs when another content reaches recipients."""
        content = json.dumps(self._get_content(company), sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    def _get_content(self, company):
        """Return all that reaches recipients, for the fingerprint: code, and data of the company."""
        templates = self._get_templates()
        is_allowed = self.env["partner.mailing"]._is_allowed
        used = set()
        for source in templates.values():
            try:
                used |= layout.check_template(source, is_allowed)
            except layout.LayoutError:
                used |= layout.COMPANY_NAMES
        # In one language, so that it does not depend on who asks.
        values = self._get_company_values(company.with_context(lang="en_US")) if used else {}
        return [templates, {name: values[name] for name in sorted(used)}]
