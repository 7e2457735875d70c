from odoo import api, fields, models
from odoo.tools import SQL

from ..sending.mailing_sender import in_transaction


class PartnerMailingReaction(models.Model):
    """One opening or click that is not yet in the totals of its mailing.

    The totals' row is written dozens of times a second while a mailing is sent.
    Were it written by each picture that is loaded as well, senders and readers
    would keep each other waiting; so a reaction is only added here, which never
    meets anybody, and a scheduled action counts them together.
    """

    _name = "partner.mailing.reaction"
    _inherit = ["partner.mailing.guard"]
    _description = "Reaction to a Mailing"
    _log_access = False

    mailing_id = fields.Integer(required=True, help="Without a foreign key: nothing is locked.")
    kind = fields.Selection(
        [("opened", "Opened"), ("clicked", "Clicked"), ("machine_opened", "Opened by a machine")],
        required=True,
    )

    @api.model
    def _cron_fold(self):
        """Move reactions into the totals, and count mailings that have ended."""
        count = in_transaction(self.env.cr, self._fold)
        breakdown, cron = self.env["partner.mailing.breakdown"], self.env["ir.cron"]
        uncounted = breakdown._find_uncounted()
        seconds_left = cron._commit_progress(count, remaining=len(uncounted))
        for mailing in uncounted:
            if seconds_left <= 0:
                break
            breakdown._refresh(mailing)
            seconds_left = cron._commit_progress(1)

    @api.model
    def _fold(self):
        """Move reactions into the totals, in one statement; return how many there were."""
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """
                WITH taken AS (
                    DELETE FROM partner_mailing_reaction RETURNING mailing_id, kind
                ), total AS (
                    SELECT mailing_id,
                           count(*) FILTER (WHERE kind = 'opened') AS opened,
                           count(*) FILTER (WHERE kind = 'clicked') AS clicked,
                           count(*) FILTER (WHERE kind = 'machine_opened') AS machine_opened
                      FROM taken
                  GROUP BY mailing_id
                ), counted AS (
                    UPDATE partner_mailing_counter k
                       SET opened_count = k.opened_count + t.opened,
                           clicked_count = k.clicked_count + t.clicked,
                           machine_opened_count = k.machine_opened_count + t.machine_opened
                      FROM total t JOIN partner_mailing m ON m.id = t.mailing_id
                     WHERE k.id = m.counter_id)
                SELECT count(*) FROM taken
                """
            )
        )
        [(count,)] = self.env.cr.fetchall()
        if count:
            self.env["partner.mailing.recipient"]._forget_cached_rows()
        return count
