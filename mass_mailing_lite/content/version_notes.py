from odoo import fields

from ..tools.version import (
    SOURCE,
    get_followers,
    get_made_for,
    get_main_text,
    get_missing_texts,
    note_changes,
)


class VersionNotes:
    """What is noted of the language versions of a mailing: for which main texts each is made.

    :param mailing: a ``partner.mailing`` record
    """

    def __init__(self, mailing):
        self.mailing = mailing
        self.env = mailing.env

    def note(self, made_for=None, *, is_draft):
        """Note for which main texts the versions are made, after a change of texts.

        It compares the texts with those noted before, so it does not matter how they were changed.

        :param made_for: {language code: {field: [own, main]}}, in place of what was noted
        :param bool is_draft: texts may change, so those that are missing are written
        """
        mailing = self.mailing
        if is_draft:
            stored, main = mailing._get_version_texts()
            mailing._write_texts(get_missing_texts(stored, main, mailing.language_counts or {}))
        stored, main = mailing._get_version_texts()
        versions = mailing.sudo().version_ids._as_system()
        before = {version.lang: version.made_for for version in versions}
        noted = note_changes(before if made_for is None else made_for, stored, main)
        gone = versions.filtered(lambda version: version.lang not in noted)
        gone.unlink()
        by_lang = {version.lang: version for version in versions - gone}
        for lang, pairs in noted.items():
            version = by_lang.get(lang)
            if not version:
                versions.create({"mailing_id": mailing.id, "lang": lang, "made_for": pairs})
            elif version.made_for != pairs:
                version.write({"made_for": pairs, "confirmed_by_id": False, "confirmed_at": False})
        mailing.invalidate_recordset(["version_ids"], flush=False)

    def note_as(self, stale):
        """Note that the versions are made for the main one, but for those that are stale.

        :param stale: {language code: [field]}
        """
        self.mailing._note_versions(get_made_for(*self.mailing._get_version_texts(), stale))

    def follow(self, before, stale):
        """Let texts follow that were the main text before it was written.

        :param before: what ``_get_version_texts`` returned before
        :param stale: what ``_get_stale_versions`` returned before
        """
        mailing, (stored, main) = self.mailing, before
        if mailing.main_lang != main:
            self._change_main(main, stale)
        mailing._write_texts(get_followers(stored, *mailing._get_version_texts()))

    def _change_main(self, before, stale):
        """Make the version in the new main language the main one.

        What the others were made for follows from the old main version: they are up to date if they
        and the new main version were.

        :param before: code of the main language before
        :param stale: what ``_get_stale_versions`` returned before
        """
        stored, main = self.mailing._get_version_texts()
        self.mailing._write_texts(
            {
                name: {main: get_main_text(texts, before)}
                for name, texts in stored.items()
                if not texts.get(main) and texts
            }
        )
        self.note_as(stale)

    def get_samples(self, facts=None):
        """Return {code of a version: [sample passage]} of what is not confirmed.

        What a version has in common with the main one is named there alone: it follows the main one.

        :param facts: of the check ``sample_content``, those that are stored if not given
        """
        mailing = self.mailing
        stored = mailing.finding_facts or {}
        facts = stored.get("sample_content", {}) if facts is None else facts
        if not facts:
            return {}
        written = set(stored.get("languages", facts))
        samples, common = {}, set()
        for lang in mailing._get_read_versions():
            # Without a text in a language, Odoo shows that of the source language.
            found = facts.get(lang if lang in written else SOURCE, ())
            kept = (mailing.kept_samples or {}).get(lang, {}).get("keys", ())
            passages = [text for key, text in found if key not in kept and key not in common]
            if passages:
                samples[lang] = passages
            if lang == mailing.main_lang:
                common = {key for key, _text in found}
        return samples

    def get_missing_translations(self, langs):
        """Return the fields that recipients get in another language than their own.

        If all recipients have one language, no translation is missing: they get the text as written.

        :param langs: codes of the recipients' languages
        :return: {language code: [labels of fields]}, without languages that lack no field
        """
        saved = self.mailing._origin
        if len(langs) < 2 or not saved:
            return {}
        names = saved._get_transport().translated_fields
        stored, main = saved._get_version_texts()
        missing = {}
        for lang in langs:
            for name in names:
                text = get_main_text(stored[name], main)
                if text and lang != main and stored[name].get(lang, text) == text:
                    label = saved._fields[name]._description_string(self.env)
                    missing.setdefault(lang, []).append(label)
        return missing

    def get_warning(self, langs, names, missing=None):
        """Return a warning that names the languages without a translation, or False.

        :param langs: codes of the recipients' languages, in order
        :param names: {language code: name}
        :param missing: what ``get_missing_translations`` returned, if it is known
        """
        counts = self.mailing.language_counts or {}
        # One sentence for all languages that lack the same fields.
        lacking = {}
        if missing is None:
            missing = self.get_missing_translations(langs)
        for lang, labels in missing.items():
            lacking.setdefault(", ".join(labels), []).append(
                f"{names.get(lang, lang)} ({counts[lang]:,})"
            )
        return bool(lacking) and " ".join(
            self.env._(
                "Without a translation of %(fields)s: %(languages)s.",
                fields=labels,
                languages=", ".join(named),
            )
            for labels, named in lacking.items()
        )

    def keep_samples(self, code):
        """Note that the sample passages in a language are the mailing's own, and who says so."""
        mailing = self.mailing
        facts = (mailing.finding_facts or {}).get("sample_content", {})
        found = facts.get(code) or facts.get(SOURCE) or ()
        kept = {
            "keys": sorted({key for key, _text in found}),
            "user": self.env.uid,
            "date": fields.Datetime.to_string(fields.Datetime.now()),
        }
        mailing._as_system().write({"kept_samples": {**(mailing.kept_samples or {}), code: kept}})

    def describe_kept_samples(self, code):
        """Return who confirmed the sample passages in a language, in words, or False."""
        mailing = self.mailing
        kept = (mailing.kept_samples or {}).get(code)
        if not kept or not (mailing.finding_facts or {}).get("sample_content"):
            return False
        return self.env._(
            "Text of a template was confirmed as meant by %(name)s on %(date)s.",
            name=self.env["res.users"].sudo().browse(kept["user"]).exists().name or "",
            date=fields.Datetime.context_timestamp(
                mailing, fields.Datetime.to_datetime(kept["date"])
            ).strftime("%x"),
        )
