from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

BATCH = 20_000  # rows, 0.4 s

# What a row becomes. A refusal often quotes the address, so its words go too; its type stays.
BLANK = {
    "name": SQL("''"),
    "email": SQL("NULL"),
    "email_normalized": SQL("NULL"),
    "partner_id": SQL("NULL"),
    "message_id": SQL("NULL"),
    "failure_reason": SQL("NULL"),
}
# Parts of a request that name people; the rest is the company's own text.
PERSONAL_CONTENT = ("extra_emails",)


class PartnerMailing(models.Model):
    """Who got an old mailing is forgotten after the time that the company has set; figures stay."""

    _inherit = "partner.mailing"

    personal_data_removed_at = fields.Datetime(
        "Personal Data Removed On",
        copy=False,
        readonly=True,
        help="Names and addresses of the recipients were removed then; figures stay.",
    )

    @api.model
    def _cron_remove_personal_data(self):
        """Remove names and addresses from mailings that ended longer ago than their company keeps."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search([("partner_mailing_keep_months", ">", 0)]):
            for mailing in self._find_to_forget(company):
                if not mailing._remove_personal_data(
                    lambda count: cron._commit_progress(count, remaining=1)
                ):
                    return  # The time of this run is over; Odoo calls again.
        cron._commit_progress(remaining=0)

    def _find_to_forget(self, company):
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
        self.env["partner.mailing.reaction"]._fold()
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
                    for name, value in BLANK.items()
                ),
                assignments=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in BLANK.items()
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
        self._forget_cached_marks()
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

    def action_back_to_draft(self):
        for mailing in self:
            if mailing.personal_data_removed_at:
                raise UserError(
                    self.env._(
                        'Of the mailing "%s" it is no longer known who got it, so it cannot go on.'
                        " Duplicate it instead.",
                        mailing.name,
                    )
                )
        return super().action_back_to_draft()


class PartnerMailingRecipient(models.Model):
    _inherit = "partner.mailing.recipient"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_system(self):
        """Let Odoo's privacy lookup delete rows of mailings that are over, totals staying.

        It deletes with the rights of the system, which no call from outside has.
        """
        if self.env.su and all(
            mailing.state in ("done", "cancelled") for mailing in self.mailing_id
        ):
            return
        super()._unlink_except_by_system()


class PartnerMailingBreakdown(models.Model):
    _inherit = "partner.mailing.breakdown"

    def _refresh(self, mailing):
        # From then on addresses go, a batch at a time; what is counted last stays.
        company = mailing.company_id.sudo()
        if mailing.personal_data_removed_at or mailing in mailing._find_to_forget(company):
            return None
        return super()._refresh(mailing)


class ResCompany(models.Model):
    _inherit = "res.company"

    partner_mailing_keep_months = fields.Integer(
        "Keep Recipients for (Months)",
        help="So long after its end a mailing knows who got it; then names and addresses are"
        " removed, and figures stay. 0: for ever.",
    )


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    partner_mailing_keep_months = fields.Integer(
        related="company_id.partner_mailing_keep_months", readonly=False
    )
