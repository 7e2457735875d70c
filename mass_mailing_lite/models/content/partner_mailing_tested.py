import hashlib
import json

from odoo import api, fields, models
from odoo.tools.misc import format_datetime

from ..approval.partner_mailing_fingerprint import LIST_SOURCES

# What a test cannot tell anything about: when it is sent, and to whom.
NOT_TESTED = {
    "attachment_ids",
    "bcc",
    "company_id",
    "copy_policy",
    "scheduled_at",
}

LAST_TEST = ("last_test_at", "last_test_by_id", "last_test_fingerprint")


class PartnerMailing(models.Model):
    """What was tested by whom, so that the validator knows whether this was."""

    _inherit = "partner.mailing"

    last_test_at = fields.Datetime("Last Tested On", copy=False, readonly=True)
    last_test_by_id = fields.Many2one("res.users", "Last Tested By", copy=False, readonly=True)
    last_test_fingerprint = fields.Char(copy=False, readonly=True)
    content_fingerprint = fields.Char(compute="_compute_content_fingerprint")
    test_state = fields.Selection(
        [("never", "Never tested"), ("changed", "Changed since the test"), ("tested", "Tested")],
        "Test",
        compute="_compute_test_state",
    )
    test_status = fields.Char(compute="_compute_test_state")

    @api.depends(lambda self: ["attachment_ids", *self._get_tested_fields()])
    def _compute_content_fingerprint(self):
        for mailing in self:
            saved = mailing._origin or mailing
            mailing.content_fingerprint = bool(saved.id) and saved._get_content_fingerprint()

    @api.depends(*LAST_TEST, "content_fingerprint")
    @api.depends_context("tz", "lang")
    def _compute_test_state(self):
        for mailing in self:
            if not mailing.last_test_at:
                mailing.test_state = "never"
                mailing.test_status = self.env._("This mailing was never tested.")
                continue
            when = format_datetime(self.env, mailing.last_test_at, dt_format="short")
            who = mailing.sudo().last_test_by_id.name or ""
            if mailing.content_fingerprint == mailing.last_test_fingerprint:
                mailing.test_state = "tested"
                mailing.test_status = self.env._(
                    "Tested by %(name)s on %(date)s, as it is now.", name=who, date=when
                )
            else:
                mailing.test_state = "changed"
                mailing.test_status = self.env._(
                    "Changed since the last test, by %(name)s on %(date)s.", name=who, date=when
                )

    def _get_tested_fields(self):
        return sorted(self._get_covered_fields() - NOT_TESTED - LIST_SOURCES)

    def _get_content_fingerprint(self):
        """Return the SHA-256 (hex) of all that a test shows, in every language.

        Files go in by the checksum that Odoo keeps, so that a form that asks
        for it does not read them.
        """
        self.ensure_one()
        mailing = self.sudo()
        mailing.flush_recordset()
        translations = mailing._get_translations()
        content = {**mailing._get_plain_content(), **translations}
        content = {name: value for name, value in content.items() if name not in NOT_TESTED}
        content["files"] = [
            (file.name, file.mimetype, file.checksum)
            for file in mailing._get_content_files(translations["body_html"]).sorted("id")
        ]
        text = json.dumps(content, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def _remember_test(self):
        """Note that the current user has just tested what is there now."""
        self.ensure_one()
        self._as_system().write(
            {
                "last_test_at": fields.Datetime.now(),
                "last_test_by_id": self.env.uid,
                "last_test_fingerprint": self._get_content_fingerprint(),
            }
        )
