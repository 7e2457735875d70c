from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

MAX_ROWS = 10  # of a table on the page
# Steps of the funnel, in order: key, and what a click on it shows of the recipients.
FUNNEL = {
    "recipients": "written_to",
    "sent": "taken",
    "delivered": "sent",
    "opened": "opened",
    "clicked": "clicked",
}
LOSSES = {"unsubscribed": "unsubscribed_later", "bounced": "bounced", "failed": "failed"}
BATCH = 20_000  # rows, 0.4 s
# Parts of a request that name people; the rest is the company's own text.
PERSONAL_CONTENT = ("extra_emails",)


class PartnerMailing(models.Model):
    """What became of a mailing: its page of figures; and the end of what is known of its recipients.

    Totals come from the counters, the rest from the breakdown, which is counted
    when the page is opened by its button; reading it again counts nothing.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    statistics = fields.Json(compute="_compute_statistics")
    personal_data_removed_at = fields.Datetime(
        "Personal Data Removed On",
        copy=False,
        readonly=True,
        help="Names and addresses of the recipients were removed then; figures stay.",
    )

    # ------------------------------------------------------------
    # Statistics
    # ------------------------------------------------------------

    @api.depends_context("uid", "lang")
    def _compute_statistics(self):
        for mailing in self:
            mailing.statistics = bool(mailing.started_at) and mailing._get_statistics()

    def action_open_statistics(self):
        """Count anew, where that is due, and show the page of figures."""
        self.ensure_one()
        self.check_access("read")
        if self.started_at:
            self.env["partner.mailing.reaction"]._add_up()
            self.env["partner.mailing.breakdown"]._refresh(self)
        view = self.env.ref("mass_mailing_lite.partner_mailing_view_form_statistics")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statistics of %s", self.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(view.id, "form")],
            "context": {"create": False, "edit": False, "delete": False},
        }

    def _get_totals(self):
        """Return the totals that the page, the report and the dashboard speak of."""
        self.ensure_one()
        return {
            "recipients": self.recipient_count,
            # A message that bounced was taken by a server before.
            "sent": self.sent_count + self.bounced_count,
            "delivered": self.sent_count,
            "opened": self.opened_count,
            "clicked": self.clicked_count,
            "unsubscribed": self.unsubscribed_count,
            "bounced": self.bounced_count,
            "failed": self.failed_count,
        }

    def _get_statistics(self):
        """Return what the page shows, as JSON; labels that people read are the page's own."""
        self.ensure_one()
        lines = self.env["partner.mailing.breakdown"].search([("mailing_id", "=", self.id)])
        by = lines.grouped("dimension")
        languages = dict(lines._get_languages())
        return {
            "totals": self._get_totals(),
            "filters": {**FUNNEL, **LOSSES},
            "tracks": {"opened": self.track_opens, "clicked": self.track_clicks},
            "machine_opened": self.machine_opened_count,
            "counted_at": fields.Datetime.to_string(lines[:1].counted_at),
            "moments": [
                {"at": fields.Datetime.to_string(line.moment), **line._get_figures()}
                for line in by.get("moment", ())
            ],
            "domains": [
                {"name": line.domain or "", **line._get_figures()}
                for line in by.get("domain", lines.browse()).sorted(
                    lambda line: (not line.domain, -line.recipient_count)
                )[:MAX_ROWS]
            ],
            "languages": [
                {"name": languages.get(line.lang, line.lang or ""), **line._get_figures()}
                for line in by.get("language", ())
            ][:MAX_ROWS],
            "links": self._get_link_figures(),
        }

    def _get_link_figures(self):
        """Return the links that were clicked most: ``[{url, clicked}]``."""
        links = self.env["partner.mailing.link"].search(
            [("mailing_id", "=", self.id)], limit=MAX_ROWS
        )
        return [{"url": link.url, "clicked": link.clicked_count} for link in links]

    # ------------------------------------------------------------
    # Removal of personal data
    # ------------------------------------------------------------

    @api.model
    def _cron_remove_personal_data(self):
        """Remove names and addresses from mailings that ended longer ago than their company keeps."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search([("partner_mailing_keep_months", ">", 0)]):
            for mailing in self._find_due_for_removal(company):
                if not mailing._remove_personal_data(
                    lambda count: cron._commit_progress(count, remaining=1)
                ):
                    return  # The time of this run is over; Odoo calls again.
        cron._commit_progress(remaining=0)

    def _find_due_for_removal(self, company):
        """Return the mailings of a company whose recipients are to be forgotten by now."""
        if not company.partner_mailing_keep_months:
            return self.browse()
        before = fields.Datetime.now() - relativedelta(months=company.partner_mailing_keep_months)
        return (
            self.sudo()
            .with_context(active_test=False)
            .search(
                Domain("company_id", "=", company.id)
                & Domain("state", "in", ("done", "cancelled"))
                & Domain.OR(
                    [
                        Domain("finished_at", "<", before),
                        # Cancelled before it began.
                        Domain("finished_at", "=", False) & Domain("write_date", "<", before),
                    ]
                )
                & Domain("personal_data_removed_at", "=", False),
                order="id",
            )
        )

    def _remove_personal_data(self, report):
        """Blank the recipients, in batches that are committed one by one.

        The mailing is noted at the end: after a kill the next run goes on.

        :param report: called with the number of rows of each batch; commits and
            returns the seconds that are left
        :return: whether the end was reached
        """
        self.ensure_one()
        # By domain and the like can be told only as long as there are addresses.
        self.env["partner.mailing.reaction"]._add_up()
        breakdown = self.env["partner.mailing.breakdown"]
        if not breakdown.sudo().search([("mailing_id", "=", self.id)], limit=1):
            breakdown._count(self)
        place = ("", 0)
        while place:
            count, place = self._blank_recipients(place)
            if report(count) <= 0:
                return False
        self._blank_sources()
        self._as_system().write({"personal_data_removed_at": fields.Datetime.now()})
        report(1)
        return True

    def _blank_recipients(self, place):
        """Blank the next rows behind ``place`` (state, id).

        Plan: walks ``_mailing_state_idx`` from where the last batch ended.

        :return: (number of rows, place of the last one, None at the end)
        """
        state, last_id = place
        blank = self.env["partner.mailing.recipient"]._get_blank_values()
        self.env.cr.execute(
            SQL(
                """
                WITH batch AS MATERIALIZED (
                    SELECT id, state FROM partner_mailing_recipient
                     WHERE mailing_id = %(mailing_id)s AND (state, id) > (%(state)s, %(last_id)s)
                  ORDER BY state, id
                     LIMIT %(limit)s
                ), blanked AS (
                    UPDATE partner_mailing_recipient r SET %(assignments)s
                      FROM batch WHERE r.id = batch.id AND NOT (%(is_blank)s))
                SELECT state, id, count(*) OVER () FROM batch ORDER BY state DESC, id DESC LIMIT 1
                """,
                mailing_id=self.id,
                state=state,
                last_id=last_id,
                limit=BATCH,
                # Rows of a run that was interrupted are not written again.
                is_blank=SQL(" AND ").join(
                    SQL("%s IS NOT DISTINCT FROM %s", SQL.identifier("r", name), value)
                    for name, value in blank.items()
                ),
                assignments=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in blank.items()
                ),
            )
        )
        last = self.env.cr.fetchone()
        self.env["partner.mailing.recipient"].invalidate_model(flush=False)
        return (last[2], (last[0], last[1])) if last else (0, None)

    def _blank_sources(self):
        """Forget what else names them: typed addresses, marks, who clicked what, answers."""
        system = self._as_system()
        system.write({"extra_emails": False})
        self.env.cr.execute(
            SQL("DELETE FROM partner_mailing_marked_partner_rel WHERE mailing_id = %s", self.id)
        )
        self._invalidate_marks()
        self.env.cr.execute(
            SQL(
                "DELETE FROM partner_mailing_click WHERE link_id IN"
                " (SELECT id FROM partner_mailing_link WHERE mailing_id = %s)",
                self.id,
            )
        )
        # The address on the list of those who left stays: it is what keeps them unwritten to.
        left = self.env["partner.mailing.unsubscription"]._as_system()
        left.search([("mailing_id", "=", self.id)]).write(
            {"comment": False, "removed_tags": False, "recipient_id": False}
        )
        # Answers that no contact has a place for; those of contacts are the contacts'.
        answers = [
            ("model", "=", self._name),
            ("res_id", "=", self.id),
            ("message_type", "=", "email"),
        ]
        self.env["mail.message"].sudo().search(answers).unlink()
        for request in system.with_context(active_test=False).approval_ids:
            content = request.content or {}
            request.content = {
                name: "" if name in PERSONAL_CONTENT else value for name, value in content.items()
            }

    def _check_knows_recipients(self):
        """Raise when the names and addresses of the recipients were removed.

        :raises UserError: names the mailing and says what to do
        """
        for mailing in self:
            if mailing.personal_data_removed_at:
                raise UserError(
                    self.env._(
                        'Of the mailing "%s" it is no longer known who got it, so it cannot go on.'
                        " Duplicate it instead.",
                        mailing.name,
                    )
                )
