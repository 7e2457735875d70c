import re

from lxml import etree, html

from odoo import api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.rendering_tools import parse_inline_template

EDITOR_GROUP = "mail.group_mail_template_editor"
CONTENT = ("subject", "preview_text", "body_html")
PATH = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)
VALUE_DIRECTIVES = ("t-out", "t-esc", "t-field")


class PartnerMailing(models.Model):
    """Which placeholders there are; and a word about wrong ones before anything is sent."""

    _inherit = "partner.mailing"

    @api.model
    def _get_rendered_fields(self):
        """Return the names of the fields that hold placeholders."""
        return CONTENT

    # ------------------------------------------------------------
    # What may be used
    # ------------------------------------------------------------

    @api.model
    def get_placeholders(self):
        """Return the placeholders that everybody may use, as dicts in the order of their labels.

        ``expression`` as it stands in a template (``object.function``), ``path``
        the same without ``object.``, ``label`` in the words of the current language.
        """
        placeholders = [
            {
                "expression": expression,
                "path": expression.removeprefix("object."),
                "label": self._get_placeholder_label(expression),
            }
            for expression in self.env["res.partner"].mail_allowed_qweb_expressions()
            if self._ends_in_value(expression)
        ]
        return sorted(placeholders, key=lambda placeholder: placeholder["label"])

    def _get_placeholder_label(self, expression):
        """Return the name of a placeholder in plain words."""
        own = {
            "object.commercial_company_name": self.env._("Company"),
            "object.lang": self.env._("Language Code"),
            "object.user_id.signature": self.env._("Salesperson's Signature"),
        }
        if expression in own:
            return own[expression]
        model, label = self.env["res.partner"], ""
        for name in expression.split(".")[1:]:
            field = model._fields[name]
            if name != "name" or not label:  # the name of the country is the country
                label = field._description_string(self.env)
            if field.relational:
                model = self.env[field.comodel_name]
        return label

    def _ends_in_value(self, expression):
        """Tell whether a path of the contact exists and ends in something to write."""
        model = self.env["res.partner"]
        for name in expression.split(".")[1:]:
            if model is None or name not in model._fields:
                return False
            field = model._fields[name]
            model = self.env[field.comodel_name] if field.relational else None
        return model is None

    # ------------------------------------------------------------
    # What is wrong with what was written
    # ------------------------------------------------------------

    @api.constrains(lambda self: self._get_rendered_fields())
    def _check_placeholders(self):
        """Refuse placeholders of fields that a contact does not have.

        :raises ValidationError: names the placeholder and the field that it stands in
        """
        for mailing in self:
            for name in self._get_rendered_fields():
                for expression in mailing._get_expressions(name):
                    if PATH.fullmatch(expression) and mailing._is_unknown(expression):
                        raise ValidationError(
                            self.env._(
                                'The placeholder "%(expression)s" in the field "%(field)s" does not exist:'
                                " a contact has no such field. These exist: %(known)s.",
                                expression=expression,
                                field=self._fields[name]._description_string(self.env),
                                known=mailing._list_placeholders(),
                            )
                        )

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        field = self._fields[field_name]
        if field_name == "body_html":
            # Odoo stores translations of a whole field as they come in.
            translations = {
                lang: field.convert_to_column(value, self) if isinstance(value, str) else value
                for lang, value in translations.items()
            }
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        if field_name in self._get_rendered_fields():
            for lang in translations:
                self.with_context(lang=lang)._check_placeholders()
        return result

    def _check_access_right_dynamic_template(self):
        """Name what is forbidden, where Odoo's check only says that something is.

        :raises AccessError: names the placeholder and the field that it stands in
        """
        try:
            return super()._check_access_right_dynamic_template()
        except AccessError as error:
            for mailing in self.sudo():
                for name in self._get_rendered_fields():
                    for expression in mailing._get_expressions(name):
                        if not mailing._is_allowed(expression):
                            raise AccessError(
                                mailing._describe_forbidden(name, expression)
                            ) from error
            raise

    def _describe_forbidden(self, name, expression):
        return self.env._(
            'You may not use "%(expression)s" in the field "%(field)s". You may use these'
            " placeholders: %(known)s. Others are for members of the group %(group)s.",
            expression=expression,
            field=self._fields[name]._description_string(self.env),
            known=self._list_placeholders(),
            group=self.env.ref(EDITOR_GROUP).sudo().display_name,
        )

    def _list_placeholders(self):
        return ", ".join(placeholder["expression"] for placeholder in self.get_placeholders())

    def _is_allowed(self, expression):
        return self.env["ir.qweb"]._is_expression_allowed(expression, "res.partner")

    def _is_unknown(self, expression):
        """Tell whether a path leads nowhere; what template editors reach beside fields is known."""
        model = self.env["res.partner"]
        for name in expression.split(".")[1:]:
            if name not in model._fields:
                return not hasattr(type(model), name)
            field = model._fields[name]
            if not field.relational:
                return False
            model = self.env[field.comodel_name]
        return False

    def _get_expressions(self, name):
        """Return what a field's template evaluates, as the user wrote it, in order.

        A directive that is no placeholder stands with its name: ``t-if="object.city"``.
        """
        source = str(self[name] or "")
        if name != "body_html":
            found = (expression for _text, expression, _default in parse_inline_template(source))
            return [expression for expression in found if expression]
        if not source.strip():
            return []
        expressions = []
        for element in html.fragment_fromstring(source, create_parent="div").iter(etree.Element):
            for attribute, value in element.attrib.items():
                if attribute in VALUE_DIRECTIVES:
                    expressions.append(value.strip())
                    if len(element) or len(element.attrib) > 1:
                        # More than the value, which QWeb is needed for.
                        expressions.append(etree.tostring(element, encoding="unicode")[:80])
                elif attribute.startswith("t-"):
                    expressions.append(f'{attribute}="{value}"')
        return expressions

    # ------------------------------------------------------------
    # Before somebody is asked to validate
    # ------------------------------------------------------------

    def _check_complete(self):
        result = super()._check_complete()
        self._check_placeholders()
        self._check_message_size()
        self._check_renders()
        return result

    def _check_renders(self):
        """Make the message once in each language that is written to.

        :raises UserError: names the language and what Odoo says about the content
        """
        names = dict(self.env["res.lang"].get_installed())
        for lang in self.language_counts or {self.env.lang or "en_US": 0}:
            sample = self.env["partner.mailing.preview"].new({"mailing_id": self.id, "lang": lang})
            try:
                sample._build_envelopes(sample._get_offline_session(), [sample._get_row()])
            except UserError as error:
                raise UserError(
                    self.env._(
                        'The message of the mailing "%(mailing)s" cannot be made in %(language)s: %(error)s',
                        mailing=self.name,
                        language=names.get(lang, lang),
                        error=error,
                    )
                ) from error
