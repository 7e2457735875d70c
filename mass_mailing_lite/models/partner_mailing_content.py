import binascii
import re
from contextlib import contextmanager

from lxml import etree, html

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tools.mail import html2plaintext, is_html_empty
from odoo.tools.misc import formatLang
from odoo.tools.rendering_tools import parse_inline_template

from ..tools import file_name, local_file
from ..tools.blank import describe_characters, is_blank
from ..tools.markup import has_open_tags, measure_depth
from ..tools.placeholder import PATH
from ..tools.placeholder_kind import to_elements, to_inline
from ..tools.version import (
    SOURCE,
    get_followers,
    get_made_for,
    get_main_text,
    get_missing_texts,
    get_own_texts,
    get_stale_fields,
    note_changes,
)
from .partner_mailing import EDITABLE_STATES, UNDECIDED_STATES
from .res_partner import COMPANY_FIELDS

# Placeholders: the group that may use all of QWeb, the fields, and what a placeholder looks like.
EDITOR_GROUP = "mail.group_mail_template_editor"
CONTENT = ("subject", "preview_text", "body_html")
VALUE_DIRECTIVES = ("t-out", "t-esc", "t-field")

# Pictures and files: a pasted picture is in the body itself, as a data: URL (RFC 2397).
INLINE_PICTURE = re.compile(
    r"""(?<=["'(])data:(image/[a-z.+-]+);base64,([A-Za-z0-9+/=\s]+)(?=["')])"""
)
DATA_URL = "data:image/"
MEGABYTE = 1024 * 1024
BASE64_LINE = 76  # characters in a line, without CRLF (RFC 2045, section 6.8)

# Levels of elements in a body. Odoo's QWeb compiles a level with several calls, and Python allows a
# thousand; newsletters with tables in tables have 30 or 40.
MAX_DEPTH = 80


class PartnerMailing(models.Model):
    """The content of a mailing.

    In the order of this file: templates, placeholders, languages, addresses, pictures and files.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    language_counts = fields.Json(
        copy=False,
        readonly=True,
        help="Recipients for each language code when the list was loaded. Kept, because counting"
        " a million rows for each look at the form would take half a second.",
    )
    main_lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Main Language",
        required=True,
        default=lambda self: (
            self.env["res.lang"]._get_data(code=self.env.lang or "").code or SOURCE
        ),
        help="The language that you write in. Recipients in whose language there is no version get"
        " this one.",
    )
    version_ids = fields.One2many(
        "partner.mailing.version", "mailing_id", "Language Versions", copy=False
    )
    stale_versions = fields.Json(
        compute="_compute_stale_versions",
        help="{language code: names of the fields whose main text has changed since}",
    )
    kept_samples = fields.Json(
        copy=False,
        readonly=True,
        help="Sample passages that a person confirmed as the mailing's own: {language code:"
        " {'keys': [key of a passage], 'user': id, 'date': text}}.",
    )
    languages_not_taken = fields.Char(
        compute="_compute_languages_not_taken",
        help="Languages of the template whose texts were not taken over.",
    )
    language_summary = fields.Char("Languages", compute="_compute_languages")
    language_warning = fields.Char(compute="_compute_languages")
    sender_warning = fields.Char(compute="_compute_sender_warning")
    copies_notice = fields.Char(compute="_compute_copies_notice")

    # ------------------------------------------------------------
    # Templates
    # ------------------------------------------------------------

    @api.onchange("template_id")
    def _onchange_template_id(self):
        self._fill_from_template()

    def _fill_from_template(self):
        """Fill an empty mailing from its template; the dialog replaces content that is there."""
        transport, template = self._get_transport(), self._get_template()
        if not template or not self._is_content_empty():
            return
        self.update(self._get_template_values(template))
        if transport.files_field:
            self[transport.files_field] = template[transport.files_field]
        if not self.name:
            self.name = template.name

    def action_load_template(self):
        """Open the dialog that loads a template and says what it replaces."""
        self.check_access("write")
        self._check_editable(self.env._("load a template"))
        return self._open_dialog(
            "partner.mailing.load.template",
            self.env._("Load a Template"),
            dialog_size="extra-large",
        )

    def action_save_as_template(self):
        """Open the dialog that saves the content as a new template."""
        return self._open_dialog("partner.mailing.save.template", self.env._("Save as Template"))

    def _is_content_empty(self):
        transport = self._get_transport()
        names = [name for name in transport.template_texts if name != "preview_text"]
        files = transport.files_field and self[transport.files_field]
        return not files and all(self._is_text_empty(name) for name in names)

    def _is_text_empty(self, name):
        return self._is_body_empty() if name == "body_html" else not self[name]

    def _is_body_empty(self):
        return is_html_empty(self.body_html) and "<img" not in (self.body_html or "")

    def _get_template_values(self, template):
        """Return the values from a template in the current language: {field name: value}.

        A From address with placeholders (``{{ user.email_formatted }}``) is not among them: a
        mailing has one From address, which is known before it is sent.
        """
        transport = self._get_transport()
        values = {name: template[source] for name, source in transport.template_texts.items()}
        for name, source in transport.template_options.items():
            value = template[source]
            if value and "{{" not in str(value):
                values[name] = value
        return values

    def _load_template(self, template, langs=()):
        """Replace the content by the template's: in the main language, and in those that are wanted.

        :param langs: codes of further languages of the template
        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_editable(self.env._("load a template"))
        template.check_access("read")
        main, transport = self.main_lang, self._get_transport()
        values = {
            name: value.id if isinstance(value, models.BaseModel) else value
            for name, value in self._get_template_values(template.with_context(lang=main)).items()
        }
        values[transport.template_field] = template.id
        if transport.files_field:
            files = template[transport.files_field]
            values[transport.files_field] = [Command.set(files.ids)]
        self.with_context(lang=main).write(values)
        wanted = self._get_template_languages(template)
        for name, source in transport.template_texts.items():
            stored = _get_stored(template, source)
            text = get_main_text(stored, main)
            texts = {lang: False for lang in _get_stored(self, name) if lang != main}
            texts.update({SOURCE: text, main: text})
            texts.update({lang: stored[lang] for lang in langs if lang in wanted & set(stored)})
            if text or any(texts.values()):
                self.update_field_translations(name, texts)
        self._take_template_versions(langs)

    def _take_template_languages(self, langs):
        """Add languages of the template to a draft whose main texts are those of the template.

        A text that was rewritten gets no translation: the template's belongs to another text.

        :param langs: codes of languages
        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_editable(self.env._("take over languages"))
        transport = self._get_transport()
        template = self[transport.template_field]
        template.check_access("read")
        langs = self._get_template_languages(template) & set(langs)
        stale = self._get_stale_versions()
        for name, source in transport.template_texts.items():
            texts = {
                lang: text
                for lang, text in _get_stored(template, source).items()
                if lang in langs and self._has_text_of(template, name)
            }
            if texts:
                self.update_field_translations(name, texts)
        self._take_template_versions(langs, stale)

    def _has_text_of(self, template, name):
        """Return whether a main text is still that of the template."""
        ours = get_main_text(_get_stored(self, name), self.main_lang)
        source = self._get_transport().template_texts[name]
        theirs = get_main_text(_get_stored(template, source), self.main_lang)
        return html2plaintext(ours) == html2plaintext(theirs)

    def _get_template_languages(self, template):
        """Return the set of the languages, beside the main one, that a template could bring.

        Those of the recipients, or all that are installed while the list is not loaded.
        """
        sources = self._get_transport().template_texts.values()
        stored = [_get_stored(template, source) for source in sources]
        known = self.language_counts or dict(self.env["res.lang"].get_installed())
        return {
            lang
            for texts in stored
            for lang, text in texts.items()
            if text and lang in known and text != get_main_text(texts, self.main_lang)
        } - {self.main_lang}

    @api.model
    def _get_template_fields(self):
        """Return the names of the fields with a template, of all channels."""
        kinds = self._get_transports().values()
        return sorted({kind.template_field for kind in kinds if kind.template_field})

    @api.depends(
        lambda self: [
            "state",
            "channel",
            "main_lang",
            "language_counts",
            "version_ids",
            *self._get_template_fields(),
            *sorted(self._collect_from_transports("template_texts")),
        ]
    )
    @api.depends_context("lang")
    def _compute_languages_not_taken(self):
        for mailing in self:
            saved, template = mailing._origin, mailing._get_template().sudo()
            langs = set()
            if saved and template and mailing.state == "draft":
                langs = saved._get_template_languages(template)
                langs -= set(saved.sudo().version_ids.mapped("lang"))
            if langs and not saved._has_text_of(template, mailing._get_transport().main_text):
                langs = set()
            mailing.languages_not_taken = mailing._describe_languages(
                {lang: (mailing.language_counts or {}).get(lang, 0) for lang in sorted(langs)}
            )

    def _get_template(self):
        """Return the template that the content was taken from: a record, empty for none."""
        name = self._get_transport().template_field
        return self[name] if name else self.env["mail.template"]

    def action_take_languages(self):
        """Open the dialog that takes over further languages of the template."""
        self.ensure_one()
        self.check_access("write")
        self._check_editable(self.env._("take over languages"))
        return self._open_dialog(
            "partner.mailing.load.template",
            self.env._("Languages of the Template"),
            default_only_languages=True,
            **{f"default_{self._get_transport().template_field}": self._get_template().id},
        )

    def _save_as_template(self, name):
        """Return a new template of the current user, with the content in every language.

        :raises UserError: when there is no text
        """
        self.ensure_one()
        self.check_access("read")
        transport = self._get_transport()
        texts = transport.template_texts
        if all(self._is_text_empty(one) for one in texts):
            raise UserError(self.env._('The mailing "%s" has no text to save.', self.name))
        Template = self.env[self._fields[transport.template_field].comodel_name]
        values = {
            source: value.id if isinstance(value := self[one], models.BaseModel) else value
            for one, source in {**texts, **transport.template_options}.items()
        }
        if transport.files_field:
            files = [
                file.sudo().copy({"res_model": Template._name, "res_id": 0, "name": file.name})
                for file in self[transport.files_field]
            ]
            values[transport.files_field] = [Command.set([file.id for file in files])]
        template = Template.create(
            {
                **values,
                "name": name,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "lang": "{{ object.lang }}",
            }
        )
        template.sudo().partner_mailing_main_lang = self.main_lang
        for ours, theirs in texts.items():
            _copy_translations(self, ours, template, theirs)
        stale = {
            lang: [texts[one] for one in names if one in texts]
            for lang, names in self._get_stale_versions().items()
        }
        template._note_partner_mailing_versions(
            get_made_for(*template._get_partner_mailing_texts(), stale)
        )
        return template

    # ------------------------------------------------------------
    # Placeholders
    # ------------------------------------------------------------

    @api.model
    def _get_rendered_fields(self):
        """Return the names of the fields that hold placeholders, of all channels."""
        return (*CONTENT, *sorted(self._collect_from_transports("rendered_fields")))

    def _get_sent_fields(self):
        """Return the names of the fields with placeholders that the mailing's channel sends."""
        return self._get_transport().rendered_fields or CONTENT

    def action_convert_placeholders(self):
        """Turn placeholders of the wrong kind into the right one, in every language.

        ``{{ object.name }}`` in a body becomes an element, ``<t t-out="object.name"/>`` in a subject
        an inline placeholder.
        """
        self.check_access("write")
        self._check_editable(self.env._("change its placeholders"))
        for mailing in self:
            mailing.flush_recordset()
            stored, stale = mailing.sudo()._get_translations(), mailing._get_stale_versions()
            for name in mailing._get_sent_fields():
                is_html = self._fields[name].render_engine == "qweb"
                convert = to_elements if is_html else to_inline
                for lang, text in stored[name].items():
                    converted = convert(text, self._is_allowed)
                    if converted.count and self.env["res.lang"]._get_data(code=lang):
                        mailing.with_context(lang=lang)[name] = converted.source
            # What says the same in another notation is made for the same main version.
            mailing._note_versions(get_made_for(*mailing._get_version_texts(), stale))
        return True

    @api.model
    def get_placeholders(self):
        """Return the placeholders that all users may use, as dicts in the order of their labels.

        ``expression`` is the text in a template (``object.function``), ``path`` the same without
        ``object.``, ``label`` its name in the current language.
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
        """Return the name of a placeholder in the current language."""
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
        """Return whether a path of the contact exists and ends in a value, not in a record."""
        field = self._get_last_field(expression)
        return field is not None and not field.relational and not self._is_markup(expression)

    def _get_last_field(self, expression):
        """Return the field in which a path of the contact ends; None when it does not exist."""
        model, field = self.env["res.partner"], None
        for name in expression.split(".")[1:]:
            if model is None or name not in model._fields:
                return None
            field = model._fields[name]
            model = self.env[field.comodel_name] if field.relational else None
        return field

    @api.constrains(lambda self: self._get_rendered_fields())
    def _check_placeholders(self):
        """Refuse placeholders of fields that a contact does not have.

        :raises ValidationError: names the placeholder and the field with it
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

    @api.constrains("subject")
    def _check_subject(self):
        """Refuse a subject that is not empty, and in which a reader sees nothing.

        :raises ValidationError: names the field, its characters and what to do
        """
        for mailing in self:
            if mailing.subject and is_blank(mailing.subject):
                raise ValidationError(mailing._describe_blank_subject(mailing.subject))

    def _check_subjects(self):
        """Refuse a subject in which a reader sees nothing, in any language.

        :raises UserError: as ``_check_subject``
        """
        self.flush_recordset(["subject"])
        for lang, subject in self.sudo()._get_translations().get("subject", {}).items():
            if subject and is_blank(subject):
                raise UserError(self._describe_blank_subject(subject, lang))

    def _describe_blank_subject(self, subject, lang=None):
        """Return a sentence that names the field, in its language, and the characters in it."""
        language = self.env["res.lang"]._get_data(code=lang or self.env.lang or "en_US")
        return self.env._(
            'The field "%(field)s" of the mailing "%(mailing)s" (%(language)s) holds "%(value)s", which'
            " is nothing but blanks (%(characters)s): recipients would see a message without a"
            " subject. Write a subject.",
            field=self._fields["subject"]._description_string(self.env),
            mailing=self.name,
            language=language.name or lang,
            value=subject,
            characters=describe_characters(subject),
        )

    def _check_access_right_dynamic_template(self):
        """Name the forbidden placeholder; Odoo's check only says that there is one.

        :raises AccessError: names the placeholder and the field with it
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
        """Tell whether all users may use an expression.

        Not one with HTML, such as a salesperson's signature: its writer could put links
        and pictures into what was validated.
        """
        is_allowed = self.env["ir.qweb"]._is_expression_allowed(expression, "res.partner")
        return is_allowed and not self._is_markup(expression)

    def _is_markup(self, expression):
        """Tell whether an expression is the path of a field with HTML that people write.

        The company's logo is HTML of the addon.
        """
        if not PATH.fullmatch(expression) or expression.removeprefix("object.") in COMPANY_FIELDS:
            return False
        field = self._get_last_field(expression)
        return field is not None and field.type == "html"

    def _is_unknown(self, expression):
        """Return whether a path has a name that is no field.

        Methods and attributes count as known, because template editors may use them.
        """
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
        """Return the expressions that a field's template evaluates, as typed, in order.

        A directive that is no placeholder is returned with its name: ``t-if="object.city"``.
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
                        # The element has more than a value, so it needs QWeb.
                        expressions.append(etree.tostring(element, encoding="unicode")[:80])
                elif attribute.startswith("t-"):
                    expressions.append(f'{attribute}="{value}"')
        return expressions

    def _has_unsafe_expression(self):
        """Check the rendered fields alone.

        The mixin reads every field of the record, so for ``recipient_ids`` a million ids.
        """
        for mailing in self.sudo():
            for name in self._get_rendered_fields():
                if self._fields[name].render_engine == "qweb":
                    is_unsafe = self._has_unsafe_expression_template_qweb
                else:
                    is_unsafe = self._has_unsafe_expression_template_inline_template
                if is_unsafe(mailing[name], "res.partner", name):
                    return True
                if any(map(mailing._is_markup, mailing._get_expressions(name))):
                    return True
        return False

    def _check_renders(self):
        """Build the message once in each language of the recipients.

        :raises UserError: names the language, with the error of the template
        """
        names = dict(self.env["res.lang"].get_installed())
        for lang in self.language_counts or {self.env.lang or "en_US": 0}:
            sample = self.env["partner.mailing.preview"].new({"mailing_id": self.id, "lang": lang})
            try:
                sample._build_messages(sample._get_offline_session(), [sample._get_row()])
            except UserError as error:
                raise UserError(
                    self.env._(
                        'The message of the mailing "%(mailing)s" cannot be made in %(language)s: %(error)s',
                        mailing=self.name,
                        language=names.get(lang, lang),
                        error=error,
                    )
                ) from error

    # ------------------------------------------------------------
    # Languages
    # ------------------------------------------------------------

    @api.depends(
        lambda self: [
            "state",
            "channel",
            "language_counts",
            *sorted(self._collect_from_transports("translated_fields")),
        ]
    )
    @api.depends_context("lang")
    def _compute_languages(self):
        names = dict(self.env["res.lang"].get_installed())
        for mailing in self:
            counts = mailing.language_counts or {}
            mailing.language_summary = " · ".join(
                f"{names.get(lang, lang)}: {counts[lang]:,}"
                for lang in sort_by_count(counts, names)
            )
            mailing.language_warning = (
                mailing.state in UNDECIDED_STATES and mailing._get_language_warning(names)
            )

    def _get_language_warning(self, names):
        """Return a warning that names the languages without a translation, or False.

        :param names: {language code: name}
        """
        counts = self.language_counts or {}
        # One sentence for all languages that lack the same fields.
        lacking = {}
        missing = self._get_missing_translations(sort_by_count(counts, names))
        for lang, labels in missing.items():
            lacking.setdefault(", ".join(labels), []).append(
                f"{names.get(lang, lang)} ({counts[lang]:,})"
            )
        return bool(lacking) and " ".join(
            self.env._(
                "Without a translation of %(fields)s: %(languages)s.",
                fields=labels,
                languages=", ".join(langs),
            )
            for labels, langs in lacking.items()
        )

    def _get_missing_translations(self, langs):
        """Return the fields that recipients get in another language than their own.

        If all recipients have one language, no translation is missing: they get the text as written.

        :param langs: codes of the recipients' languages
        :return: {language code: [labels of fields]}, without languages that lack no field
        """
        saved = self._origin
        if len(langs) < 2 or not saved:
            return {}
        names = saved._get_transport().translated_fields
        stored, main = saved._get_version_texts()
        missing = {}
        for lang in langs:
            for name in names:
                text = get_main_text(stored[name], main)
                if text and lang != main and stored[name].get(lang, text) == text:
                    label = self._fields[name]._description_string(self.env)
                    missing.setdefault(lang, []).append(label)
        return missing

    @api.depends(
        lambda self: ["channel", "main_lang", "version_ids.made_for", *self._get_rendered_fields()]
    )
    def _compute_stale_versions(self):
        for mailing in self:
            # A form that is being edited shows what is stored.
            stale = mailing._origin._get_stale_versions() if mailing._origin else {}
            sent = set(mailing._get_transport().compared_fields)
            mailing.stale_versions = {
                lang: found for lang, names in stale.items() if (found := sorted(sent & set(names)))
            }

    def _get_language_name(self, code):
        """Return the name of a language; its code when it is not installed."""
        return self.env["res.lang"]._get_data(code=code).name or code

    def _get_version_texts(self):
        """Return ``(stored, main)`` of all channels' texts, as ``tools.version`` takes them."""
        self.ensure_one()
        names = self._get_rendered_fields()
        self.flush_recordset([*names, "main_lang"])
        return self.sudo()._get_translations(names), self.main_lang

    @contextmanager
    def _keep_versions(self, names):
        """While fields are written, keep what each language version was made for.

        :param names: fields that are written
        """
        if not {*self._get_rendered_fields(), "main_lang"} & set(names):
            yield
            return
        before = [mailing._get_version_texts() for mailing in self]
        stale = [mailing._get_stale_versions() for mailing in self]
        yield
        for mailing, (stored, main), outdated in zip(self, before, stale, strict=True):
            if mailing.main_lang != main:
                mailing._change_main_version(main, outdated)
            mailing._write_texts(get_followers(stored, *mailing._get_version_texts()))
        self._note_versions()

    def _write_texts(self, texts):
        """Write texts that are there already in other languages: {field: {language code: text}}.

        By Odoo's method itself: it is no change that a user made.
        """
        installed = {code for code, _name in self.env["res.lang"].get_installed()} | {SOURCE}
        for name, by_lang in texts.items():
            readable = {lang: text for lang, text in by_lang.items() if lang in installed}
            models.Model._update_field_translations(self.sudo(), name, readable)

    def _note_versions(self, made_for=None):
        """Note for which main texts the versions are made, after a change of texts.

        It compares the texts with those noted before, so it does not matter how they were changed.

        :param made_for: {language code: {field: [own, main]}}, in place of what was noted
        """
        for mailing in self:
            if mailing.state in EDITABLE_STATES:
                stored, main = mailing._get_version_texts()
                mailing._write_texts(get_missing_texts(stored, main, mailing.language_counts or {}))
            stored, main = mailing._get_version_texts()
            versions = mailing.sudo().version_ids._as_system()
            before = {version.lang: version.made_for for version in versions}
            noted = note_changes(before if made_for is None else made_for, stored, main)
            gone = versions.filtered(lambda version, noted=noted: version.lang not in noted)
            gone.unlink()
            versions -= gone
            for lang, pairs in noted.items():
                version = versions.filtered(lambda one, lang=lang: one.lang == lang)
                if not version:
                    versions.create({"mailing_id": mailing.id, "lang": lang, "made_for": pairs})
                elif version.made_for != pairs:
                    version.write(
                        {"made_for": pairs, "confirmed_by_id": False, "confirmed_at": False}
                    )
            mailing.invalidate_recordset(["version_ids"], flush=False)

    def _change_main_version(self, before, stale):
        """Make the version in the new main language the main one.

        What the others were made for follows from the old main version: they are up to date if they
        and the new main version were.

        :param before: code of the main language before
        :param stale: what ``_get_stale_versions`` returned before
        """
        stored, main = self._get_version_texts()
        self._write_texts(
            {
                name: {main: get_main_text(texts, before)}
                for name, texts in stored.items()
                if not texts.get(main) and texts
            }
        )
        self._note_versions(get_made_for(*self._get_version_texts(), stale))

    def _take_versions(self, mailing):
        """Note that the versions are made for the main one as far as those of ``mailing``, of which
        this is a copy, are.
        """
        stale = mailing._get_stale_versions()
        self._note_versions(get_made_for(*self._get_version_texts(), stale))

    def _take_template_versions(self, langs, before=None):
        """Note that versions are made for the main version as far as those of the template are.

        :param langs: codes of the languages that were taken from it
        :param before: what ``_get_stale_versions`` returned before, for the others
        """
        texts = self._get_transport().template_texts
        ours = {source: name for name, source in texts.items()}
        stale = {lang: list(names) for lang, names in (before or {}).items()}
        for lang, names in self._get_template().sudo()._get_partner_mailing_stale().items():
            if lang in langs or lang == self.main_lang:
                stale.setdefault(lang, []).extend(ours[name] for name in names)
        self._note_versions(get_made_for(*self._get_version_texts(), stale))

    def _get_read_version(self, lang):
        """Return the code of the version that is read in a language: its own, or the main one."""
        sent = set(self._get_transport().compared_fields)
        own = {version.lang for version in self.sudo().version_ids if sent & set(version.made_for)}
        return lang if lang in own else self.main_lang

    def _get_read_versions(self):
        """Return the codes of the versions that recipients get, the main one first.

        Of all versions, while the list is not loaded.
        """
        langs = self.language_counts or [self.main_lang, *self.sudo().version_ids.mapped("lang")]
        read = {self._get_read_version(lang) for lang in langs}
        return sorted(read, key=lambda lang: (lang != self.main_lang, lang))

    def _get_stale_versions(self):
        """Return the fields of each version whose main text has changed since: {lang: [field]}.

        Of all channels: a mailing may get another channel and its own one back.
        """
        self.ensure_one()
        stored, main = self._get_version_texts()
        made_for = {version.lang: version.made_for for version in self.sudo().version_ids}
        return get_stale_fields(made_for, stored, main)

    def _note_version_decision(self, words):
        """Record who decided about a version: as an editor of the mailing, and in its chatter."""
        self._add_editor()
        self._message_log(body=words)

    def _get_version_counts(self):
        """Return {code of a version: number of recipients that read it}, the main one first.

        While the list is not loaded, nobody knows who reads what: all versions, with 0.
        """
        counts = dict.fromkeys(self._get_read_versions(), 0)
        for lang, count in (self.language_counts or {}).items():
            counts[self._get_read_version(lang)] += count
        return counts

    def _get_stale_languages(self):
        """Return {language code: number of recipients} of the versions that an author must look at.

        They are older than the main version, or hold sample passages of a template. Only those that
        recipients get; all of them, with 0, while the list is not loaded. The main version is not
        among them.
        """
        self.ensure_one()
        counts, samples = self._get_version_counts(), self._get_samples()
        outdated = self._get_outdated_languages()
        return {
            lang: count
            for lang, count in counts.items()
            if lang != self.main_lang and (lang in outdated or lang in samples)
        }

    def _get_outdated_languages(self):
        """Return the same of the versions that are older than the main version."""
        stale = self.stale_versions or {}
        counts = self._get_version_counts() if stale else {}
        return {lang: count for lang, count in counts.items() if lang in stale}

    def _get_samples(self, facts=None):
        """Return {code of a version: [sample passage]} of what is not confirmed.

        What a version has in common with the main one is named there alone: it follows the main one.

        :param facts: of the check ``sample_content``, those that are stored if not given
        """
        stored = self.finding_facts or {}
        facts = stored.get("sample_content", {}) if facts is None else facts
        if not facts:
            return {}
        written = set(stored.get("languages", facts))
        samples, common = {}, set()
        for lang in self._get_read_versions():
            # Without a text in a language, Odoo shows that of the source language.
            found = facts.get(lang if lang in written else SOURCE, ())
            kept = (self.kept_samples or {}).get(lang, {}).get("keys", ())
            passages = [text for key, text in found if key not in kept and key not in common]
            if passages:
                samples[lang] = passages
            if lang == self.main_lang:
                common = {key for key, _text in found}
        return samples

    def _describe_languages(self, counts):
        """Return languages in words, those with the most recipients first.

        :param counts: {language code: number of recipients}
        """
        return ", ".join(
            f"{self._get_language_name(lang)} ({formatLang(self.env, counts[lang], digits=0)})"
            if counts[lang]
            else self._get_language_name(lang)
            for lang in sorted(counts, key=lambda lang: -counts[lang])
        )

    def action_keep_language(self, code):
        """Confirm a version as right as it is: for the main version of now, and for its readers.

        The main version is confirmed too, where it holds passages of a template that are meant.

        :param str code: of the language
        :raises UserError: when the mailing is no draft, or has nothing to confirm in the language
        """
        for mailing in self:
            version = mailing._check_can_decide_language(code, self.env._("confirm a version"))
            samples = mailing._get_samples()
            if not version and code not in samples:
                raise UserError(
                    self.env._(
                        'There is nothing to confirm in the main version of the mailing "%s": the other'
                        " versions are compared with it.",
                        mailing.name,
                    )
                )
            if version:
                version._confirm()
            if code in samples:
                mailing._keep_samples(code)
            mailing._note_version_decision(
                self.env._(
                    "The version in %s was confirmed as still right.",
                    mailing._get_language_name(code),
                )
            )
        return True

    def action_drop_language(self, code):
        """Remove a version: its recipients get the main version.

        :param str code: of the language
        :raises UserError: when the mailing is no draft, or has no such version beside the main one
        """
        for mailing in self:
            version = mailing._check_can_decide_language(code, self.env._("remove a version"))
            if not version:
                raise UserError(
                    self.env._(
                        'The version in %(language)s is the main version of the mailing "%(mailing)s" and'
                        " cannot be removed. Choose another main language first, in the tab Options.",
                        language=mailing._get_language_name(code),
                        mailing=mailing.name,
                    )
                )
            mailing._drop_language(code)
            mailing._note_version_decision(
                self.env._(
                    "The version in %(language)s was removed: its recipients get the main version (%(main)s).",
                    language=mailing._get_language_name(code),
                    main=mailing._get_language_name(mailing.main_lang),
                )
            )
        return True

    def _check_can_decide_language(self, code, what):
        """Return the version in a language, empty for the main one, if the user may decide about it.

        :param what: names the attempted action
        :raises UserError: when the mailing is no draft, or has no version in the language
        """
        self.check_access("write")
        self._check_editable(what)
        version = self.version_ids.filtered(lambda one: one.lang == code)
        if version or code == self.main_lang:
            return version
        known = [self.main_lang, *self.version_ids.mapped("lang")]
        raise UserError(
            self.env._(
                'The mailing "%(mailing)s" has no version in the language "%(code)s". These are its'
                " versions: %(versions)s.",
                mailing=self.name,
                code=code,
                versions=", ".join(f"{self._get_language_name(one)} ({one})" for one in known),
            )
        )

    def _keep_samples(self, code):
        """Note that the sample passages in a language are the mailing's own, and who says so."""
        facts = (self.finding_facts or {}).get("sample_content", {})
        found = facts.get(code) or facts.get(SOURCE) or ()
        kept = {
            "keys": sorted({key for key, _text in found}),
            "user": self.env.uid,
            "date": fields.Datetime.to_string(fields.Datetime.now()),
        }
        self._as_system().write({"kept_samples": {**(self.kept_samples or {}), code: kept}})

    def _describe_kept_samples(self, code):
        """Return who confirmed the sample passages in a language, in words, or False."""
        kept = (self.kept_samples or {}).get(code)
        if not kept or not (self.finding_facts or {}).get("sample_content"):
            return False
        return self.env._(
            "Text of a template was confirmed as meant by %(name)s on %(date)s.",
            name=self.env["res.users"].sudo().browse(kept["user"]).exists().name or "",
            date=fields.Datetime.context_timestamp(
                self, fields.Datetime.to_datetime(kept["date"])
            ).strftime("%x"),
        )

    def _drop_language(self, code):
        """Remove the texts in a language."""
        stored, main = self._get_version_texts()
        for name in get_own_texts(stored, main).get(code, {}):
            text, source = get_main_text(stored[name], main), stored[name].get(SOURCE)
            # Without a text in a language, Odoo shows that of the source language.
            removed = text if code == SOURCE or source != text else False
            self.update_field_translations(name, {code: removed})

    def _store_language_counts(self, groups):
        """Store the number of recipients for each language in which messages are sent.

        Only in a draft: during sending an update of the mailing's row could conflict with "Pause".

        :param groups: rows (state, language code or None, count)
        """
        self.ensure_one()
        if self.state != "draft":
            return
        installed = {code for code, _name in self.env["res.lang"].get_installed()}
        fallback = self.company_id.sudo().partner_id.lang or "en_US"
        counts = {}
        for state, lang, count in groups:
            if state != "skipped":
                read = lang if lang in installed else fallback
                counts[read] = counts.get(read, 0) + count
        self._as_system().write({"language_counts": counts})

    def _get_recipient_language(self, row):
        """Return the language of a recipient's message: the recipient's own, if it is installed.

        :param dict row: a claimed row
        """
        if self.env["res.lang"]._get_data(code=row["lang"] or ""):
            return row["lang"]
        company = self.company_id or self.env.company
        return company.sudo().partner_id.lang or "en_US"

    # ------------------------------------------------------------
    # Addresses of the mailing
    # ------------------------------------------------------------

    @api.depends("state", "channel", "email_from", "mail_server_id", "company_id")
    def _compute_sender_warning(self):
        for mailing in self:
            mailing.sender_warning = (
                mailing.state in UNDECIDED_STATES and mailing._get_transport().get_sender_warning()
            )

    @api.depends("cc", "bcc", "copy_policy", "recipient_count")
    def _compute_copies_notice(self):
        for mailing in self:
            copies = set(mailing._get_transport().read_copies())
            if mailing.copy_policy != "each" or not copies:
                mailing.copies_notice = False
            elif not mailing.recipient_count:
                mailing.copies_notice = self.env._(
                    "Each recipient's message makes %s copies: load the recipients to see how many in all.",
                    len(copies),
                )
            else:
                mailing.copies_notice = self.env._(
                    "That makes %(total)s copies: %(copies)s of each of %(recipients)s messages.",
                    total=f"{len(copies) * mailing.recipient_count:,}",
                    copies=len(copies),
                    recipients=f"{mailing.recipient_count:,}",
                )

    @api.constrains("mail_server_id")
    def _check_mail_server_owner(self):
        """Refuse the personal mail server of another user.

        :raises ValidationError: names the server and its owner
        """
        for mailing in self:
            if problem := mailing._get_server_problem(self.env.user):
                raise ValidationError(problem)

    def _get_server_problem(self, user):
        """Return why what a user submits may not leave through the mail server, in words, or False.

        A personal server has the login of its owner. Odoo sends through it for the owner alone.
        """
        server = self.mail_server_id.sudo()
        owner = server.owner_user_id
        if not owner or owner == user:
            return False
        return self.env._(
            'The mail server "%(server)s" is the personal mail server of %(owner)s.'
            " Choose another one.",
            server=server.name,
            owner=owner.name,
        )

    def _get_request_server_problem(self):
        """Return the same for the user whose request was validated."""
        request = self.sudo().approval_ids.filtered(lambda one: one.state == "validated")
        return self._get_server_problem(request[:1].requested_by_id)

    @api.model
    def _get_default_mail_server(self):
        """Return the mail server of the company, unless it is the personal one of another user."""
        server = self.env.company.partner_mailing_mail_server_id
        owner = server.sudo().owner_user_id
        return server if not owner or owner == self.env.user else server.browse()

    # ------------------------------------------------------------
    # Pictures and files
    # ------------------------------------------------------------

    @api.model
    def _check_nesting(self, vals):
        """Refuse a body that Odoo's parsers cannot bear, or nested more deeply than QWeb compiles.

        :raises ValidationError: names the field, the depth and what to do
        """
        body = vals.get("body_html")
        if not isinstance(body, str):
            return
        if has_open_tags(body):
            raise ValidationError(
                self.env._(
                    'In the field "%(field)s" many tags do not end. Insert the text without its'
                    " formatting.",
                    field=self._fields["body_html"]._description_string(self.env),
                )
            )
        if (depth := measure_depth(body)) > MAX_DEPTH:
            raise ValidationError(
                self.env._(
                    'In the field "%(field)s" elements stand in each other %(depth)s levels deep; at'
                    " most %(most)s are possible. Insert the text without its formatting.",
                    field=self._fields["body_html"]._description_string(self.env),
                    depth=depth,
                    most=MAX_DEPTH,
                )
            )

    def _store_pictures(self, vals):
        """Return values with a URL in place of each picture in the body, and the new files.

        This comes before ``create`` and ``write`` of Odoo, whose sanitizer removes such pictures.
        """
        files = self.env["ir.attachment"]
        body = str(vals.get("body_html") or "")
        if DATA_URL not in body:
            return vals, files
        addresses = {}
        for source, kind, encoded in {
            match.group(0, 1, 2) for match in INLINE_PICTURE.finditer(body)
        }:
            if file := self._store_picture(kind, encoded):
                [token] = file.generate_access_token()
                addresses[source] = f"/web/image/{file.id}?access_token={token}"
                files += file
        replaced = INLINE_PICTURE.sub(lambda match: addresses.get(match[0], match[0]), body)
        return {**vals, "body_html": replaced}, files

    def _store_picture(self, kind, encoded):
        """Store a picture as a file and return it; return no record when it cannot be decoded."""
        try:
            octets = binascii.a2b_base64(encoded)
        except binascii.Error:
            return self.env["ir.attachment"]
        name = f"picture.{kind.partition('/')[2].partition('+')[0]}"
        values = {"name": name, "raw": octets, "mimetype": kind, "res_model": self._name}
        return self.env["ir.attachment"].sudo().create(values)

    def _link_pictures(self, files):
        """Link files that were just stored to the mailing: they are deleted with it."""
        if files:
            files.write({"res_id": self[:1].id})

    def _own_pictures(self):
        """Give the mailing files of its own in place of those of other records that its body shows.

        In every language. A picture of a template, of another mailing or of the library could be
        changed or deleted there after messages have left. A file that the user has just uploaded
        becomes the mailing's; others are copied, if the user may read them or the address has
        their token.
        """
        for mailing in self:
            base_url = mailing.get_base_url().rstrip("/")
            mailing.flush_recordset(["body_html"])
            bodies = mailing.sudo()._get_translations(["body_html"])["body_html"]
            shown = {}
            for body in bodies.values():
                for number, tokens in local_file.find(body, base_url).items():
                    shown.setdefault(number, set()).update(tokens)
            replaced = mailing._copy_pictures(shown) if shown else {}
            if replaced:
                stale = mailing._get_stale_versions()
                changed = {
                    lang: local_file.replace(body, base_url, replaced)
                    for lang, body in bodies.items()
                }
                mailing._write_texts({"body_html": changed})
                mailing.invalidate_recordset(["body_html"], flush=False)
                mailing._note_versions(get_made_for(*mailing._get_version_texts(), stale))

    def _copy_pictures(self, shown):
        """Return {id of a foreign file: (id of the mailing's own, access token)}.

        :param shown: {id: access tokens that the body has for it}
        """
        self.ensure_one()
        owner = {"res_model": self._name, "res_id": self.id}
        files = self.env["ir.attachment"].sudo()
        replaced = {}
        for file in files.browse(shown).exists():
            if (file.res_model, file.res_id) == (self._name, self.id) and not file.res_field:
                continue
            is_loose = not file.res_id or (
                file.res_model in self.env and self.env[file.res_model].is_transient()
            )
            if is_loose and not file.res_field and file.create_uid.id == self.env.uid:
                file.write(owner)
                continue
            token = file.access_token
            if not (token and token in shown[file.id]) and not file.with_user(
                self.env.uid
            ).has_access("read"):
                continue
            same = [(name, "=", value) for name, value in owner.items()]
            same += [(name, "=", file[name]) for name in ("checksum", "mimetype", "name", "url")]
            # Not one that is attached, which the author may remove.
            own = (files.search(same) - self.sudo().attachment_ids)[:1] or file.copy(
                {
                    **owner,
                    "res_field": False,
                    "public": False,
                    "access_token": False,
                    "name": file.name,
                }
            )
            [new_token] = own.generate_access_token()
            replaced[file.id] = (own.id, new_token)
        return replaced

    def _freeze_files(self):
        """Keep the mailing's files as they are for ever: what was validated may be sent."""
        for mailing in self:
            files = mailing._get_content_files().filtered(
                lambda file, mailing=mailing: (
                    (file.res_model, file.res_id) == (mailing._name, mailing.id)
                )
            )
            files.partner_mailing_is_frozen = True

    def _link_attachments(self):
        """Link the attached files to the mailing.

        A file that belongs to another record, such as a template, is copied, so that a change of
        it there does not change the mailing.

        :raises AccessError: for a file that the user may not read
        """
        for mailing in self:
            foreign = mailing.attachment_ids.filtered(
                lambda file, mailing=mailing: (
                    (file.res_model, file.res_id) != (mailing._name, mailing.id)
                )
            )
            if not foreign:
                continue
            foreign.check_access("read")
            uploaded = foreign.filtered(
                lambda file: not file.res_id and file.create_uid == self.env.user
            )
            owner = {"res_model": mailing._name, "res_id": mailing.id}
            uploaded.sudo().write(owner)
            copies = self.env["ir.attachment"]
            for file in foreign - uploaded:
                copies |= file.sudo().copy({**owner, "name": file.name})
            if copies:
                kept = mailing.attachment_ids - foreign + uploaded
                mailing._as_system().write(
                    {"attachment_ids": [fields.Command.set((kept + copies).ids)]}
                )

    @api.constrains("attachment_ids", "mail_server_id", "email_from", "body_html")
    def _check_message_size(self):
        """Refuse a message that is larger than the mail server takes.

        :raises ValidationError: with both sizes
        """
        for mailing in self:
            files = mailing.sudo().attachment_ids
            size = sum(encoded_size(file.file_size) for file in files)
            # The body is sent as HTML and, shorter, as text.
            size += 2 * len((mailing.body_html or "").encode())
            if size < MEGABYTE:
                continue  # every server takes that, so the server is not looked up
            server, _terms = mailing._get_server_and_terms()
            limit = server._get_max_email_size()
            if size > limit * MEGABYTE:
                raise ValidationError(
                    self.env._(
                        'The message of the mailing "%(mailing)s" is too large: the files in the field'
                        ' "%(field)s" have %(files).1f MB, and encoded with them the message has'
                        ' %(size).1f MB. The mail server "%(server)s" takes %(limit).1f MB at most.'
                        " Remove or shrink files, or put them on the web and write a link.",
                        mailing=mailing.name,
                        field=self._fields["attachment_ids"]._description_string(self.env),
                        files=sum(files.mapped("file_size")) / MEGABYTE,
                        size=size / MEGABYTE,
                        server=server.name or self.env._("Default"),
                        limit=limit,
                    )
                )

    @api.model
    def _check_file_name(self, name):
        """Raise for the name of a file that looks like another kind of file than it is.

        :raises ValidationError: names the file
        """
        problem = file_name.find_problem(name)
        if problem == file_name.HIDDEN:
            shown = "".join("?" if file_name.is_hidden(char) else char for char in name)
            raise ValidationError(
                self.env._(
                    'The name of the file "%s" holds a line break or another invisible sign'
                    " (shown as ?), which mail programs refuse or show as something else."
                    " Rename the file and attach it again.",
                    shown,
                )
            )
        if problem:
            raise ValidationError(
                self.env._(
                    'The name of the file "%s" looks like that of another kind of file: it has two'
                    " extensions, or blanks that move the last one out of sight. Rename the file and"
                    " attach it again.",
                    " ".join(name.split()),
                )
            )


def _get_stored(record, name):
    """Return the stored texts of a translated field: {language code: text}."""
    return {
        lang: str(text)
        for lang, text in (record._fields[name]._get_stored_translations(record) or {}).items()
        if text
    }


def _copy_translations(source, source_name, target, target_name):
    """Give ``target`` the languages of ``source`` and no others."""
    wanted = source._fields[source_name]._get_stored_translations(source) or {}
    present = target._fields[target_name]._get_stored_translations(target) or {}
    installed = {code for code, _name in source.env["res.lang"].get_installed()} | {SOURCE}
    changes = {lang: False for lang in present if lang not in wanted and lang != SOURCE}
    changes.update({lang: str(value) for lang, value in wanted.items() if lang in installed})
    if changes and wanted != present:
        target.update_field_translations(target_name, changes)


def sort_by_count(counts, names):
    """Return the codes of languages, those with the most recipients first.

    :param counts: {language code: number of recipients}
    :param names: {language code: name}
    """
    return sorted(counts, key=lambda lang: (-counts[lang], names.get(lang, lang)))


def encoded_size(octets):
    """Return how many octets a file of ``octets`` has in a message, as base64 with line breaks."""
    encoded = (octets + 2) // 3 * 4
    return encoded + (encoded + BASE64_LINE - 1) // BASE64_LINE * 2
