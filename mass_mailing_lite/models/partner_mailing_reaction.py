from odoo import api, fields, models
from odoo.tools import SQL

from ..sender.transaction import in_transaction
from .unchecked_many2one import UncheckedMany2one

# Each is added to the total of the same name.
KINDS = [
    ("opened", "Opened"),
    ("clicked", "Clicked"),
    ("machine_opened", "Opened by a mail scanner"),
    ("downloaded", "Downloaded a file"),
]
# Of a file, not of a recipient: added to the file's total.
DOWNLOAD = [("download", "Download")]


class PartnerMailingClick(models.Model):
    """One recipient followed one link, however often."""

    _name = "partner.mailing.click"
    _inherit = ["partner.mailing.guard"]
    _description = "Click in a Mailing"
    _log_access = False

    link_id = fields.Many2one("partner.mailing.link", required=True, ondelete="cascade")
    recipient_id = fields.Integer(required=True, index=True)

    _once = models.UniqueIndex("(link_id, recipient_id)")


class PartnerMailingReaction(models.Model):
    """One opening or click that is not yet added to the totals of its mailing.

    The row of the totals is written dozens of times a second while a mailing is being sent. If each
    opening wrote it as well, senders and requests would wait for each other. So a reaction only
    adds a row here, which conflicts with no other transaction, and a scheduled action adds them up.
    """

    _name = "partner.mailing.reaction"
    _inherit = ["partner.mailing.guard"]
    _description = "Reaction to a Mailing"
    _log_access = False

    # Without a foreign key: nothing is locked.
    mailing_id = UncheckedMany2one("partner.mailing", required=True)
    kind = fields.Selection(KINDS + DOWNLOAD, required=True)
    file_id = UncheckedMany2one("partner.mailing.file", help="Of a download.")

    @api.model
    def _cron_fold(self):
        """Add reactions up into the totals, and count mailings that have ended.

        The scheduled action of existing databases calls this name, which an update does not change.
        """
        count = in_transaction(self.env.cr, self._add_up)
        breakdown, cron = self.env["partner.mailing.breakdown"], self.env["ir.cron"]
        uncounted = breakdown._find_uncounted()
        seconds_left = cron._commit_progress(count, remaining=len(uncounted))
        for mailing in uncounted:
            if seconds_left <= 0:
                break
            breakdown._refresh(mailing)
            seconds_left = cron._commit_progress(1)

    @api.model
    def _add_up(self):
        """Add reactions up into the totals, in one statement; return how many there were."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH taken AS (
                    DELETE FROM partner_mailing_reaction RETURNING mailing_id, kind, file_id
                ), counted AS (%s), downloaded AS (
                    UPDATE partner_mailing_file f SET download_count = f.download_count + t.number
                      FROM (SELECT file_id, count(*) AS number FROM taken
                             WHERE kind = 'download' GROUP BY file_id) t
                     WHERE f.id = t.file_id
                )
                SELECT count(*) FROM taken
                """,
                self.env["partner.mailing.counter"]._update_totals_sql(
                    "taken",
                    totals=(),
                    further={
                        f"{kind}_count": SQL("count(*) FILTER (WHERE kind = %s)", kind)
                        for kind, _label in KINDS
                    },
                ),
            )
        )
        [(count,)] = self.env.cr.fetchall()
        if count:
            self.env["partner.mailing.recipient"]._invalidate_rows()
            self.env["partner.mailing.file"].invalidate_model(["download_count"], flush=False)
        return count
