from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools.cache import ormcache
from odoo.tools.mail import is_html_empty
from odoo.tools.misc import formatLang

from .. import content
from ..content.placeholders import find_expressions
from ..tools.blank import is_blank
from ..tools.placeholder import PATH
from ..tools.placeholder_kind import to_elements, to_inline
from ..tools.version import SOURCE, get_made_for, get_main_text, get_own_texts, get_stale_fields
from ..transport.allowed_senders import AllowedSenders
from ..transport.file_links import get_links
from .partner_mailing import EDITABLE_STATES, UNDECIDED_STATES
from .res_partner import COMPANY_FIELDS

# Placeholders: the group that may use all of QWeb, and the fields.
EDITOR_GROUP = "mail.group_mail_template_editor"
CONTENT = ("subject", "preview_text", "body_html")


class PartnerMailing(models.Model):
    """The content of a mailing.

    In the order of this file: templates, placeholders, languages, addresses, pictures and files.
    What is no matter of records, rights and states is in ``content/``.
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
    link_days = fields.Integer(
        "Links Work for (Days)",
        default=lambda self: self.env.company.partner_mailing_link_days,
        help="Files that are sent as links can be downloaded for so many days after their message.",
    )
    file_summary = fields.Json(
        compute="_compute_file_summary",
        help="How large the message is with its files, and how large it may be, in bytes and words.",
    )
    has_links = fields.Boolean(
        "Has Files as Links", compute="_compute_file_summary", help="Some files are sent as links."
    )
    sender_warning = fields.Char(compute="_compute_sender_warning")
    sender_suggestions = fields.Json(
        compute="_compute_sender_suggestions",
        help="From addresses that the user may choose from.",
    )
    copies_notice = fields.Char(compute="_compute_copies_notice")

    # ------------------------------------------------------------
    # Templates
    # ------------------------------------------------------------

    @api.onchange("template_id")
    def _onchange_template_id(self):
        return self._fill_from_template()

    def _fill_from_template(self):
        """Fill an empty mailing from its template; the dialog replaces content that is there."""
        transport, template = self._get_transport(), self._get_template()
        if not template or not self._is_content_empty():
            return None
        self.update(self._get_template_values(template))
        if transport.files_field:
            self[transport.files_field] = template[transport.files_field]
        if not self.name:
            self.name = template.name
        if refused := self._describe_sender_of(template):
            return {"warning": {"title": self.env._("From address"), "message": refused}}
        return None

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
        """Return the values from a template in the current language: {field name: value}."""
        return content.TemplateExchange(self).get_values(template)

    def _load_template(self, template, langs=()):
        """Replace the content by the template's: in the main language, and in those that are wanted.

        :param langs: codes of further languages of the template
        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_editable(self.env._("load a template"))
        template.check_access("read")
        content.TemplateExchange(self).load(template, langs)

    def _take_template_languages(self, langs):
        """Add languages of the template to a draft whose main texts are those of the template.

        A text that was rewritten gets no translation: the template's belongs to another text.

        :param langs: codes of languages
        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_editable(self.env._("take over languages"))
        self._get_template().check_access("read")
        content.TemplateExchange(self).take_languages(langs)

    def _get_template_languages(self, template):
        """Return the set of the languages, beside the main one, that a template could bring."""
        return content.TemplateExchange(self).get_languages(template)

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
            langs = content.TemplateExchange(mailing).get_languages_not_taken()
            counts = mailing.language_counts or {}
            mailing.languages_not_taken = mailing._describe_languages(
                {lang: counts.get(lang, 0) for lang in langs}
            )

    def _get_template(self):
        """Return the template that the content was taken from: a record, empty for none."""
        return content.TemplateExchange(self).get_template()

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
        if all(self._is_text_empty(one) for one in self._get_transport().template_texts):
            raise UserError(self.env._('The mailing "%s" has no text to save.', self.name))
        return content.TemplateExchange(self).save(name)

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
        ``object.``, ``label`` its name in the current language, ``fallback`` what is proposed for
        an empty value.
        """
        return [dict(placeholder) for placeholder in self._get_known_placeholders()]

    @api.model
    @ormcache("self.env.lang")
    def _get_known_placeholders(self):
        # A page of the list names those of 80 subjects.
        return tuple(self._placeholders().get_all())

    def _get_placeholder_label(self, expression):
        """Return the name of a placeholder in the current language."""
        return self._placeholders().get_label(expression)

    def _placeholders(self):
        return content.Placeholders(self.env, COMPANY_FIELDS)

    @api.constrains(lambda self: self._get_rendered_fields())
    def _check_placeholders(self):
        """Refuse placeholders of fields that a contact does not have.

        :raises ValidationError: names the placeholder and the field with it
        """
        known = self._placeholders()
        for mailing in self:
            for name in self._get_rendered_fields():
                for expression in mailing._get_expressions(name):
                    if PATH.fullmatch(expression) and known.is_unknown(expression):
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
                raise ValidationError(content.describe_blank_subject(mailing, mailing.subject))

    def _check_subjects(self):
        """Refuse a subject in which a reader sees nothing, in any language.

        :raises UserError: as ``_check_subject``
        """
        self.flush_recordset(["subject"])
        for lang, subject in self.sudo()._get_translations().get("subject", {}).items():
            if subject and is_blank(subject):
                raise UserError(content.describe_blank_subject(self, subject, lang))

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
        """Tell whether all users may use an expression."""
        return self._placeholders().is_allowed(expression)

    def _get_expressions(self, name):
        """Return the expressions that a field's template evaluates, as typed, in order."""
        return find_expressions(str(self[name] or ""), self._fields[name].render_engine == "qweb")

    def _has_unsafe_expression(self):
        """Check the rendered fields alone.

        The mixin reads every field of the record, so for ``recipient_ids`` a million ids.
        """
        is_markup = self._placeholders().is_markup
        for mailing in self.sudo():
            for name in self._get_rendered_fields():
                if self._fields[name].render_engine == "qweb":
                    is_unsafe = self._has_unsafe_expression_template_qweb
                else:
                    is_unsafe = self._has_unsafe_expression_template_inline_template
                if is_unsafe(mailing[name], "res.partner", name):
                    return True
                if any(map(is_markup, mailing._get_expressions(name))):
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
            mailing.language_warning = mailing.state in UNDECIDED_STATES and content.VersionNotes(
                mailing
            ).get_warning(sort_by_count(counts, names), names)

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
        for mailing, texts, outdated in zip(self, before, stale, strict=True):
            content.VersionNotes(mailing).follow(texts, outdated)
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

        :param made_for: {language code: {field: [own, main]}}, in place of what was noted
        """
        for mailing in self:
            is_draft = mailing.state in EDITABLE_STATES
            content.VersionNotes(mailing).note(made_for, is_draft=is_draft)

    def _take_versions(self, mailing):
        """Note that the versions are made for the main one as far as those of ``mailing``, of which
        this is a copy, are.
        """
        content.VersionNotes(self).note_as(mailing._get_stale_versions())

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

        :param facts: of the check ``sample_content``, those that are stored if not given
        """
        return content.VersionNotes(self).get_samples(facts)

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
                content.VersionNotes(mailing).keep_samples(code)
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

    @api.depends("state", "channel", "email_from", "mail_server_id", "company_id", "approval_ids")
    @api.depends_context("uid")
    def _compute_sender_warning(self):
        for mailing in self:
            # A reader of a draft is not the user whose right matters.
            is_asked = mailing.state != "draft" or mailing.can_write
            mailing.sender_warning = mailing.state in UNDECIDED_STATES and (
                (is_asked and mailing._get_sender_problem())
                or mailing._get_transport().get_sender_warning()
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

    def _get_departure_problem(self, user):
        """Return why what a user submits may not leave as it is, in words, or False."""
        return self._get_server_problem(user) or self._get_sender_problem(user)

    def _get_request_problem(self):
        """Return the same for the user whose request was validated."""
        request = self.sudo().approval_ids.filtered(lambda one: one.state == "validated")
        return self._get_departure_problem(request[:1].requested_by_id)

    @api.constrains("email_from", "company_id", "channel")
    def _check_sender_allowed(self):
        """Refuse a From address that the user may not write mailings of the company from.

        :raises ValidationError: names the field, the value and the allowed ones
        """
        for mailing in self:
            if problem := mailing._get_sender_problem(self.env.user):
                raise ValidationError(problem)

    def _get_sender_problem(self, user=None):
        """Return why the mailing may not be written from its From address, in words, or False.

        :param user: of whom the right is asked; without one it is the user who submitted the mailing
            while it waits, and else the current one
        """
        if user is None:
            request = self.state == "to_validate" and self.sudo()._get_pending_request()
            user = (request and request.requested_by_id) or self.env.user
        return self._get_transport().get_sender_problem(user)

    def _get_allowed_senders(self, user=None):
        return AllowedSenders(self.company_id or self.env.company, user or self.env.user)

    def _log_refused_sender(self, sender):
        """Say in the chatter which From address was not taken over, if it was not."""
        if sender and sender != self.email_from:
            self._message_log(body=self._describe_refused_sender(sender))

    def _describe_refused_sender(self, sender):
        return self.env._(
            "The From address %(sender)s was not taken over: you may not write from it. The mailing"
            " has %(own)s.",
            sender=sender,
            own=self.email_from or self.env._("no address"),
        )

    @api.depends("company_id", "state")
    @api.depends_context("uid")
    def _compute_sender_suggestions(self):
        for mailing in self:
            is_open = mailing.state in EDITABLE_STATES
            mailing.sender_suggestions = (
                is_open and mailing._get_allowed_senders().get_suggestions()
            )

    @api.model
    def _get_default_mail_server(self):
        """Return the mail server of the company, unless it is the personal one of another user."""
        server = self.env.company.partner_mailing_mail_server_id
        owner = server.sudo().owner_user_id
        return server if not owner or owner == self.env.user else server.browse()

    def _describe_sender_of(self, template):
        """Return a sentence about a template's From address that is not taken over, or False."""
        sender = "email_from" in template._fields and template.email_from
        if not sender or "{{" in sender or not self._get_allowed_senders().get_problem(sender):
            return False
        return self._describe_refused_sender(sender)

    @api.depends("cc", "bcc", "copy_policy", "recipient_count")
    def _compute_copies_notice(self):
        for mailing in self:
            mailing.copies_notice = content.describe_copies(mailing)

    # ------------------------------------------------------------
    # Pictures and files
    # ------------------------------------------------------------

    @api.model
    def _check_nesting(self, vals):
        """Refuse a body that Odoo's parsers cannot bear, or nested more deeply than QWeb compiles.

        :raises ValidationError: names the field, the depth and what to do
        """
        content.check_bodies(self, vals)

    def _store_pictures(self, vals):
        """Return values with a URL in place of each picture in the body, and the new files.

        This comes before ``create`` and ``write`` of Odoo, whose sanitizer removes such pictures.
        """
        return content.BodyPictures(self).store(vals)

    def _link_pictures(self, files):
        """Link files that were just stored to the mailing: they are deleted with it."""
        if files:
            files.write({"res_id": self[:1].id})

    def _own_pictures(self):
        """Give the mailing files of its own in place of those of other records that its body shows.

        See ``content.BodyPictures``.
        """
        for mailing in self:
            content.BodyPictures(mailing).own()

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
            content.link_attachments(mailing)

    @api.depends(
        "state",
        "channel",
        "attachment_ids",
        "attachment_ids.partner_mailing_as_link",
        "body_html",
        "mail_server_id",
        "email_from",
    )
    @api.depends_context("lang")
    def _compute_file_summary(self):
        for mailing in self:
            mailing.has_links = bool(get_links(mailing))
            is_open = mailing.state in EDITABLE_STATES and mailing.attachment_ids
            mailing.file_summary = bool(is_open) and content.describe_size(mailing)

    @api.constrains("link_days")
    def _check_link_days(self):
        for mailing in self:
            content.check_link_days(mailing)

    @api.constrains("attachment_ids", "mail_server_id", "email_from", "body_html")
    def _check_message_size(self):
        """Refuse a message that is larger than the mail server takes.

        :raises ValidationError: with both sizes
        """
        for mailing in self:
            content.check_message_size(mailing)

    @api.model
    def _check_file_name(self, name):
        """Raise for the name of a file that looks like another kind of file than it is.

        :raises ValidationError: names the file
        """
        content.check_file_name(self.env, name)


def sort_by_count(counts, names):
    """Return the codes of languages, those with the most recipients first.

    :param counts: {language code: number of recipients}
    :param names: {language code: name}
    """
    return sorted(counts, key=lambda lang: (-counts[lang], names.get(lang, lang)))
