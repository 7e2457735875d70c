from typing import Any, NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..sender.sql_terms import UTC_NOW
from ..tools.link_days import is_over, last_day
from ..tools.machine_request import MACHINE_SECONDS
from ..transport.file_links import get_links


class Found(NamedTuple):
    """What a link leads to.

    :ivar file_id: of the ``partner.mailing.file``
    :ivar attachment_id: None when the file was removed
    :ivar sent_at: when the recipient's message was sent (naive, UTC); None while it is transmitted;
        where it is uncertain whether it arrived, the end or the begin of the mailing
    :ivar lang: of the recipient, or None
    """

    file_id: int
    attachment_id: int | None
    mailing_id: int
    company_id: int
    days: int
    sent_at: Any
    lang: str | None

    def is_over(self):
        """Tell whether the file cannot be downloaded any more."""
        now = fields.Datetime.now()
        return not self.attachment_id or is_over(self.sent_at or now, self.days, now)

    def last_day(self):
        """Return the last day on which it could be downloaded."""
        return last_day(self.sent_at or fields.Datetime.now(), self.days)


class PartnerMailingFile(models.Model):
    """A file of one mailing that recipients download by a link, since it was validated.

    A row stays when a later draft has other files: links in messages that have left lead to it.
    """

    _name = "partner.mailing.file"
    _inherit = ["partner.mailing.guard"]
    _description = "File to Download"
    _order = "id"

    mailing_id = fields.Many2one("partner.mailing", required=True, ondelete="cascade", index=True)
    # Empty when the file was removed with the personal data.
    attachment_id = fields.Many2one("ir.attachment", ondelete="set null", index="btree_not_null")
    name = fields.Char("File Name", required=True)
    days = fields.Integer(required=True, help="How long a link works after its message was sent.")
    download_count = fields.Integer(
        "Downloads",
        default=0,
        help="By persons: repeated downloads count, those of programs do not.",
    )

    _attachment_uniq = models.UniqueIndex("(mailing_id, attachment_id)")

    # ------------------------------------------------------------
    # From validation to removal
    # ------------------------------------------------------------

    @api.model
    def _store(self, mailing):
        """Create a row for each file that is sent as a link; called when they are validated."""
        known = {
            row.attachment_id: row for row in self.sudo().search([("mailing_id", "=", mailing.id)])
        }
        for file in get_links(mailing):
            if row := known.get(file):
                # Messages that have left promise the longer time.
                row._as_system().days = max(row.days, mailing.link_days)
                continue
            self._as_system().create(
                {
                    "mailing_id": mailing.id,
                    "attachment_id": file.id,
                    "name": file.name,
                    "days": mailing.link_days,
                }
            )

    @api.model
    def _remove(self, mailing):
        """Remove the files of a mailing whose time is over, with the personal data; figures stay.

        By SQL first: no user, and no other code, deletes a file that was validated.
        """
        files = self.sudo().search([("mailing_id", "=", mailing.id)]).attachment_id
        if not files:
            return
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH detached AS (
                    DELETE FROM partner_mailing_attachment_rel WHERE attachment_id = ANY(%(ids)s))
                UPDATE ir_attachment
                   SET partner_mailing_is_frozen = FALSE, res_model = NULL, res_id = NULL
                 WHERE id = ANY(%(ids)s)
                """,
                ids=files.ids,
            )
        )
        self.env.invalidate_all(flush=False)
        files.unlink()

    # ------------------------------------------------------------
    # Downloads
    # ------------------------------------------------------------

    @api.model
    def _find(self, recipient_id, file_id):
        """Return what a link leads to, None when it is no file of a message that has left.

        A mailing that was cancelled, paused or taken back to draft since changes nothing: the
        message has left, and what it points at stays.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT f.id, f.attachment_id, m.id, m.company_id, f.days,
                       COALESCE(r.sent_at, CASE WHEN r.state != 'sending' THEN
                           COALESCE(m.finished_at, m.started_at) END), r.lang
                  FROM partner_mailing_recipient r
                  JOIN partner_mailing m ON m.id = r.mailing_id
                  JOIN partner_mailing_file f ON f.mailing_id = m.id AND f.id = %s
                 WHERE r.id = %s AND m.personal_data_removed_at IS NULL
                   AND (r.sent_at IS NOT NULL OR r.state NOT IN ('pending', 'skipped'))
                """,
                file_id,
                recipient_id,
            )
        )
        return Found(*rows[0]) if rows else None

    @api.model
    def _record_download(self, found, recipient_id):
        """Count a download by a person, and on the recipient where clicks are tracked.

        Not within ``MACHINE_SECONDS`` of delivery: then a mail filter looks at the file. Plan: two
        lookups by primary key; nothing is written that other requests write.
        """
        self.env.cr.execute(
            SQL(
                """
                -- No wait for the disk: a crash may lose the downloads of half a second.
                SET LOCAL synchronous_commit TO off;
                WITH seen AS (
                    SELECT r.id, r.mailing_id, m.track_clicks AND r.downloaded_at IS NULL AS is_first
                      FROM partner_mailing_recipient r
                      JOIN partner_mailing m ON m.id = r.mailing_id
                     WHERE r.id = %(recipient)s
                       AND COALESCE(r.sent_at, m.finished_at)
                           <= %(now)s - make_interval(secs => %(seconds)s)
                ), written AS (
                    UPDATE partner_mailing_recipient r SET downloaded_at = %(now)s
                      FROM seen WHERE r.id = seen.id AND seen.is_first
                )
                INSERT INTO partner_mailing_reaction (mailing_id, kind, file_id)
                SELECT mailing_id, 'download', %(file)s FROM seen
             UNION ALL
                SELECT mailing_id, 'downloaded', NULL FROM seen WHERE is_first
                """,
                recipient=recipient_id,
                file=found.file_id,
                seconds=MACHINE_SECONDS,
                now=UTC_NOW,
            )
        )
        self.env["partner.mailing.recipient"].invalidate_model(["downloaded_at"], flush=False)

    @api.model
    def _get_figures(self, mailing):
        """Return the files with their downloads, for the page of statistics."""
        rows = self.search([("mailing_id", "=", mailing.id)])
        return [{"name": row.name, "downloads": row.download_count} for row in rows]
