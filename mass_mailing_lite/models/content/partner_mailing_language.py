from odoo import api, fields, models

from ..mailing.partner_mailing import UNDECIDED_STATES

TRANSLATED_CONTENT = ("subject", "body_html")


class PartnerMailing(models.Model):
    """How many recipients read which language, and which version they get."""

    _inherit = "partner.mailing"

    language_counts = fields.Json(
        copy=False,
        readonly=True,
        help="Recipients for each language code when the list was loaded. Kept, because counting"
        " a million rows for each look at the form would take half a second.",
    )
    language_summary = fields.Char("Languages", compute="_compute_languages")
    language_warning = fields.Char(compute="_compute_languages")

    @api.depends("state", "language_counts", *TRANSLATED_CONTENT)
    @api.depends_context("lang")
    def _compute_languages(self):
        names = dict(self.env["res.lang"].get_installed())
        for mailing in self:
            counts = mailing.language_counts or {}
            mailing.language_summary = " · ".join(
                f"{names.get(lang, lang)}: {counts[lang]:,}" for lang in in_order(counts, names)
            )
            mailing.language_warning = (
                mailing.state in UNDECIDED_STATES and mailing._get_language_warning(names)
            )

    def _get_language_warning(self, names):
        """Return in words which recipients get another language than their own, or False.

        :param names: {language code: name}
        """
        counts = self.language_counts or {}
        # The languages that lack the same in one sentence: most often all lack all.
        lacking = {}
        missing = self._get_missing_translations(in_order(counts, names))
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

    def _get_translated_content(self):
        """Return the names of the fields that recipients read in their language."""
        return TRANSLATED_CONTENT

    def _get_missing_translations(self, langs):
        """Return the fields that recipients get in another language than their own.

        Where all read one language, they get what was written, and nothing is missing.

        :param langs: codes of the languages that recipients read
        :return: {language code: [labels of fields]}, without languages that lack nothing
        """
        saved = self._origin
        if len(langs) < 2 or not saved:
            return {}
        names = saved._get_translated_content()
        saved.flush_recordset(names)
        stored = saved._get_translations()
        missing = {}
        for lang in langs:
            for name in names:
                if stored[name] and lang not in stored[name]:
                    label = self._fields[name]._description_string(self.env)
                    missing.setdefault(lang, []).append(label)
        return missing

    def _note_languages(self, groups):
        """Keep how many recipients there are of each language that they will be written to in.

        While the mailing is sent nothing of it is written: that would meet a "Pause".

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

    def _get_language_of(self, row):
        """Return the language that a recipient is written to in: their own, if it is installed.

        :param dict row: a claimed row
        """
        if self.env["res.lang"]._get_data(code=row["lang"] or ""):
            return row["lang"]
        return self.company_id.sudo().partner_id.lang or "en_US"


def in_order(counts, names):
    """Return the codes of languages, those that most people read first.

    :param counts: {language code: number of recipients}
    :param names: {language code: name}
    """
    return sorted(counts, key=lambda lang: (-counts[lang], names.get(lang, lang)))
