from odoo import api, fields, models

from ..tools.version import fingerprint, get_main_text, get_own_texts


class PartnerMailingVersion(models.Model):
    """One language version of a mailing, beside its main version.

    The texts are in the mailing's translated fields. A record says for which main texts the version
    was made, and who confirmed it since. It is written by ``partner.mailing._note_versions`` after
    each change of a text, in whatever way it was changed.
    """

    _name = "partner.mailing.version"
    _inherit = ["partner.mailing.guard"]
    _description = "Language Version of a Mailing"
    _order = "mailing_id, lang"

    mailing_id = fields.Many2one("partner.mailing", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailing_id.company_id", store=True)
    lang = fields.Char("Language Code", required=True)
    made_for = fields.Json(
        required=True,
        help="For each field, the fingerprint of the version's text and that of the main text when"
        " it was last written or confirmed.",
    )
    confirmed_by_id = fields.Many2one("res.users")
    confirmed_at = fields.Datetime("Confirmed On")
    language = fields.Char(compute="_compute_status")
    recipient_count = fields.Integer("Recipients", compute="_compute_status")
    state = fields.Selection(
        [("current", "Up to date"), ("stale", "Out of date"), ("sample", "Sample text")],
        compute="_compute_status",
    )
    hint = fields.Char(
        compute="_compute_status", help="Why it is out of date, or who confirmed it."
    )

    _lang_uniq = models.UniqueIndex(
        "(mailing_id, lang)", "A mailing has one version in each language."
    )

    @api.depends("lang")
    def _compute_display_name(self):
        names = dict(self.env["res.lang"].get_installed())
        for version in self:
            version.display_name = names.get(version.lang, version.lang)

    @api.depends(
        "lang",
        "confirmed_by_id",
        "confirmed_at",
        "mailing_id.language_counts",
        "mailing_id.stale_versions",
        "mailing_id.finding_facts",
        "mailing_id.kept_samples",
    )
    @api.depends_context("lang")
    def _compute_status(self):
        for version in self:
            mailing = version.mailing_id
            version.language = version.display_name
            version.recipient_count = (mailing.language_counts or {}).get(version.lang, 0)
            outdated = (mailing.stale_versions or {}).get(version.lang)
            samples = mailing._get_samples().get(version.lang)
            version.state = "stale" if outdated else "sample" if samples else "current"
            version.hint = version._get_hint(outdated, samples)

    def _get_hint(self, outdated, samples):
        """Return why the version is out of date, what is sample text in it, or who confirmed it.

        :param outdated: names of the fields whose main text has changed since
        :param samples: sample passages
        """
        if outdated:
            return self.env._(
                "Changed in the main version: %s",
                ", ".join(
                    self.mailing_id._fields[name]._description_string(self.env) for name in outdated
                ),
            )
        if samples:
            return self.env._("From the template: %s", f"“{samples[0]}”")
        if self.confirmed_by_id:
            return self.env._(
                "Confirmed by %(name)s on %(date)s",
                name=self.sudo().confirmed_by_id.name,
                date=fields.Datetime.context_timestamp(self, self.confirmed_at).strftime("%x"),
            )
        return False

    # ------------------------------------------------------------
    # What the author decides
    # ------------------------------------------------------------

    def action_confirm(self):
        """Confirm the versions as still right for the main version as it is now.

        :raises UserError: when the mailing is no draft
        """
        for version in self:
            version.mailing_id.action_keep_language(version.lang)
        return True

    def _confirm(self):
        """Note that the version is made for the main version as it is now, and who says so."""
        self.ensure_one()
        stored, main = self.mailing_id._get_version_texts()
        texts = get_own_texts(stored, main).get(self.lang, {})
        self._as_system().write(
            {
                "made_for": {
                    name: [fingerprint(text), fingerprint(get_main_text(stored[name], main))]
                    for name, text in texts.items()
                },
                "confirmed_by_id": self.env.uid,
                "confirmed_at": fields.Datetime.now(),
            }
        )

    def action_remove(self):
        """Remove the versions: their recipients get the main version.

        :raises UserError: when the mailing is no draft
        """
        for version in self:
            version.mailing_id.action_drop_language(version.lang)
        return True

    def action_edit(self):
        """Open the dialog in which the texts of the version are written.

        :raises UserError: when the mailing is no draft
        """
        self.ensure_one()
        self._check_can_decide(self.env._("change a version"))
        mailing = self.mailing_id.with_context(lang=self.lang)
        dialog = self.env["partner.mailing.version.edit"]
        texts = {name: mailing[name] for name in dialog._get_text_names()}
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "%(mailing)s in %(language)s",
                mailing=mailing.name,
                language=self.language,
            ),
            "res_model": dialog._name,
            "res_id": dialog.create({"version_id": self.id, **texts}).id,
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _check_can_decide(self, what):
        self.mailing_id._check_can_decide_language(self.lang, what)
