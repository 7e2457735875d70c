from odoo.fields import Command
from odoo.models import BaseModel
from odoo.tools.mail import html2plaintext

from ..tools.version import SOURCE, get_made_for, get_main_text
from .version_notes import VersionNotes


class TemplateExchange:
    """What goes from a template into a mailing, and from a mailing into a new template.

    Which fields those are is said by the ``Transport``.

    :param mailing: a ``partner.mailing`` record, perhaps not saved
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env
        self.transport = mailing._get_transport()
        self.texts = self.transport.template_texts

    def get_template(self):
        """Return the template that the content was taken from: a record, empty for none."""
        name = self.transport.template_field
        return self.mailing[name] if name else self.env["mail.template"]

    def get_values(self, template):
        """Return the values from a template in the current language: {field name: value}.

        A From address with placeholders (``{{ user.email_formatted }}``) is not among them: a
        mailing has one From address, which is known before it is sent.
        """
        mailing = self.mailing
        values = {name: template[source] for name, source in self.texts.items()}
        for name, source in self.transport.template_options.items():
            value = template[source]
            if value and "{{" not in str(value):
                values[name] = value
        if mailing._describe_sender_of(template):
            values.pop("email_from", None)
        company = mailing.company_id or self.env.company
        if values.get("layout_id") and not values["layout_id"]._is_offered(company):
            del values["layout_id"]
        return values

    def load(self, template, langs):
        """Replace the content by the template's.

        :param langs: codes of further languages of the template than the main one
        """
        mailing, main = self.mailing, self.mailing.main_lang
        values = {
            name: value.id if isinstance(value, BaseModel) else value
            for name, value in self.get_values(template.with_context(lang=main)).items()
        }
        values[self.transport.template_field] = template.id
        if files := self.transport.files_field:
            values[files] = [Command.set(template[files].ids)]
        mailing.with_context(lang=main).write(values)
        wanted = self.get_languages(template)
        for name, source in self.texts.items():
            stored = _get_stored(template, source)
            text = get_main_text(stored, main)
            texts = {lang: False for lang in _get_stored(mailing, name) if lang != main}
            texts.update({SOURCE: text, main: text})
            texts.update({lang: stored[lang] for lang in langs if lang in wanted & set(stored)})
            if text or any(texts.values()):
                mailing.update_field_translations(name, texts)
        self._take_versions(langs)
        if refused := mailing._describe_sender_of(template):
            mailing._message_log(body=refused)

    def take_languages(self, langs):
        """Add languages of the template whose main texts are still those of the mailing.

        :param langs: codes of languages
        """
        mailing, template = self.mailing, self.get_template()
        langs = self.get_languages(template) & set(langs)
        stale = mailing._get_stale_versions()
        for name, source in self.texts.items():
            texts = {
                lang: text
                for lang, text in _get_stored(template, source).items()
                if lang in langs and self.has_text_of(template, name)
            }
            if texts:
                mailing.update_field_translations(name, texts)
        self._take_versions(langs, stale)

    def has_text_of(self, template, name):
        """Return whether a main text is still that of the template."""
        main = self.mailing.main_lang
        ours = get_main_text(_get_stored(self.mailing, name), main)
        theirs = get_main_text(_get_stored(template, self.texts[name]), main)
        return html2plaintext(ours) == html2plaintext(theirs)

    def get_languages(self, template):
        """Return the set of the languages, beside the main one, that a template could bring.

        Those of the recipients, or all that are installed while the list is not loaded.
        """
        main = self.mailing.main_lang
        stored = [_get_stored(template, source) for source in self.texts.values()]
        known = self.mailing.language_counts or dict(self.env["res.lang"].get_installed())
        return {
            lang
            for texts in stored
            for lang, text in texts.items()
            if text and lang in known and text != get_main_text(texts, main)
        } - {main}

    def get_languages_not_taken(self):
        """Return the languages that the mailing's template could still bring, sorted."""
        saved, template = self.mailing._origin, self.get_template().sudo()
        if not (saved and template and self.mailing.state == "draft"):
            return []
        exchange = TemplateExchange(saved)
        langs = exchange.get_languages(template) - set(saved.sudo().version_ids.mapped("lang"))
        if langs and not exchange.has_text_of(template, self.transport.main_text):
            return []
        return sorted(langs)

    def save(self, name):
        """Return a new template of the current user, with the content in every language."""
        mailing, transport = self.mailing, self.transport
        templates = self.env[mailing._fields[transport.template_field].comodel_name]
        values = {
            source: value.id if isinstance(value := mailing[one], BaseModel) else value
            for one, source in {**self.texts, **transport.template_options}.items()
        }
        if transport.files_field:
            files = [
                file.sudo().copy({"res_model": templates._name, "res_id": 0, "name": file.name})
                for file in mailing[transport.files_field]
            ]
            values[transport.files_field] = [Command.set([file.id for file in files])]
        template = templates.create(
            {
                **values,
                "name": name,
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "lang": "{{ object.lang }}",
            }
        )
        template.sudo().partner_mailing_main_lang = mailing.main_lang
        for ours, theirs in self.texts.items():
            _copy_translations(mailing, ours, template, theirs)
        stale = {
            lang: [self.texts[field] for field in names if field in self.texts]
            for lang, names in mailing._get_stale_versions().items()
        }
        template._note_partner_mailing_versions(
            get_made_for(*template._get_partner_mailing_texts(), stale)
        )
        return template

    def _take_versions(self, langs, before=None):
        """Note that versions are made for the main version as far as those of the template are.

        :param langs: codes of the languages that were taken from it
        :param before: what ``_get_stale_versions`` returned before, for the others
        """
        ours = {source: name for name, source in self.texts.items()}
        stale = {lang: list(names) for lang, names in (before or {}).items()}
        for lang, names in self.get_template().sudo()._get_partner_mailing_stale().items():
            if lang in langs or lang == self.mailing.main_lang:
                stale.setdefault(lang, []).extend(ours[name] for name in names)
        VersionNotes(self.mailing).note_as(stale)


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
