from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..preflight import without_names
from ..selection import Family, FollowUp
from .rate_field import RateField, rate

MAX_ROWS = 10  # in a table of the page
# Filters of recipients that did not get the message: the list needs no columns of opens and clicks.
FILTERS_WITHOUT_MESSAGE = ("failed", "bounced", "excluded", "uncertain")
# Steps of the funnel, in order: {key: filter of the recipients' page that a click opens}.
FUNNEL = {
    "recipients": "written_to",
    "sent": "taken",
    "delivered": "sent",
    "opened": "opened",
    "clicked": "clicked",
    "replied": "replied",
}
LOSSES = {"unsubscribed": "unsubscribed_later", "bounced": "bounced", "failed": "failed"}
BATCH = 20_000  # rows, 0.4 s


class PartnerMailing(models.Model):
    """The recipients' page and the statistics of a mailing, the removal of its recipients' personal
    data, and the mailing's name in other places.

    Totals come from the counter, the rest from the breakdown, which the button that opens the page
    counts; reading the page again counts nothing.
    """

    _inherit = "partner.mailing"  # pylint: disable=consider-merging-classes-inherited

    opened_rate = RateField(
        "Opened (%)",
        compute="_compute_rates",
        help="Of the delivered messages. Empty if openings are not tracked.",
    )
    clicked_rate = RateField(
        "Clicked (%)",
        compute="_compute_rates",
        help="Of the delivered messages. Empty if clicks are not tracked.",
    )
    bounced_rate = RateField("Bounced (%)", compute="_compute_rates", help="Of the sent messages.")
    statistics = fields.Json(compute="_compute_statistics")
    follow_ups = fields.Json(
        "Follows and Followed By",
        compute="_compute_follow_ups",
        help="The mailing that this one is a follow-up to, and its follow-ups, as far as you may see"
        " them.",
    )
    personal_data_removed_at = fields.Datetime(
        "Personal Data Removed On",
        copy=False,
        readonly=True,
        help="Names and addresses of the recipients were removed then; figures stay.",
    )

    # ------------------------------------------------------------
    # Follow-up
    # ------------------------------------------------------------

    def _follow_up(self, outcome):
        """Return a new draft to recipients of this mailing, with a copy of the content.

        It excludes whom this mailing excluded, and is validated like any other.

        :param str outcome: a value of ``partner.mailing.source.outcome``
        :raises UserError: when it is not known who they are, with what to do
        """
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        outcomes = dict(
            self.env["partner.mailing.source"]._fields["outcome"]._description_selection(self.env)
        )
        if outcome not in outcomes:
            raise UserError(self.env._("Choose whom the follow-up goes to."))
        return FollowUp(self).make_draft(outcome)

    def action_follow_up(self):
        """Open the dialog that makes a new mailing to recipients of this one.

        :raises UserError: when the mailing was not sent to its end
        """
        self.ensure_one()
        self._check_saved()
        self.check_access("read")
        self.browse().check_access("create")
        if problem := FollowUp(self).get_problem():
            raise UserError(problem)
        return self.env["partner.mailing.follow.up"]._open(self)

    def _get_follow_ups(self):
        """Return the follow-ups of these mailings that the user may read, archived ones, too."""
        return self.with_context(active_test=False).search(
            Domain("follow_up_of_id", "in", self._origin.ids), order="id"
        )

    @api.depends("follow_up_of_id", "follow_up_ids", "started_at")
    @api.depends_context("uid", "lang", "allowed_company_ids")
    def _compute_follow_ups(self):
        for mailing in self:
            original = mailing.sudo().follow_up_of_id.with_env(self.env)
            follow_ups = mailing._origin.browse()
            # A mailing that was not sent has none, and asks for none.
            if mailing._origin and mailing.started_at:
                follow_ups = mailing._get_follow_ups()
            named = {
                "original": original._filtered_access("read"),
                "follow_ups": follow_ups,
            }
            mailing.follow_ups = any(named.values()) and {
                key: [
                    {"id": one.id, "name": one.name, "state": one._get_state_label()}
                    for one in ones
                ]
                for key, ones in named.items()
            }

    # ------------------------------------------------------------
    # Recipients
    # ------------------------------------------------------------

    def action_open_recipients(self):
        """Open the page of all recipients.

        ``recipient_filter`` in the context names a filter of that page. An addon that brings a
        channel overrides this method to add to the context.
        """
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mass_mailing_lite.partner_mailing_recipient_action"
        )
        action["domain"] = [("mailing_id", "=", self.id)]
        action["display_name"] = self.env._("Recipients of %s", self.name)
        name = self.env.context.get("recipient_filter")
        action["context"] = {
            "default_mailing_id": self.id,
            "partner_mailing_tracked": (self.track_opens or self.track_clicks)
            and name not in FILTERS_WITHOUT_MESSAGE,
            # Before the start, states and dates of sending say nothing.
            "partner_mailing_not_started": not self.started_at,
        }
        if name:
            action["context"][f"search_default_{name}"] = 1
        return action

    # ------------------------------------------------------------
    # Statistics
    # ------------------------------------------------------------

    @api.depends(
        "sent_count",
        "bounced_count",
        "opened_count",
        "clicked_count",
        "track_opens",
        "track_clicks",
    )
    def _compute_rates(self):
        for mailing in self:
            # Of the counter itself: the list asks for three rates of each of 80 mailings.
            counter = mailing.sudo().counter_id
            sent, bounced = counter.sent_count, counter.bounced_count
            mailing.opened_rate = mailing.track_opens and rate(counter.opened_count, sent)
            mailing.clicked_rate = mailing.track_clicks and rate(counter.clicked_count, sent)
            mailing.bounced_rate = rate(bounced, sent + bounced)

    @api.depends_context("uid", "lang")
    def _compute_statistics(self):
        for mailing in self:
            mailing.statistics = bool(mailing.started_at) and mailing._get_statistics()

    def action_open_statistics(self):
        """Count the breakdown if it is out of date, and open the page of statistics."""
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
        """Return the totals that the page, the report and the dashboard show."""
        self.ensure_one()
        return {
            "recipients": self.recipient_count,
            # A mail server accepted a bounced message before.
            "sent": self.sent_count + self.bounced_count,
            "delivered": self.sent_count,
            "opened": self.opened_count,
            "clicked": self.clicked_count,
            "unsubscribed": self.unsubscribed_count,
            "bounced": self.bounced_count,
            "failed": self.failed_count,
        }

    def _get_statistics(self):
        """Return the figures of the page, as JSON; the page itself has the labels."""
        self.ensure_one()
        rows = self.env["partner.mailing.breakdown"].search([("mailing_id", "=", self.id)])
        by = rows.grouped("dimension")
        languages = dict(rows._get_languages())
        reasons = dict(rows._fields["skip_reason"]._description_selection(self.env))
        transport = self._get_transport()
        return {
            "totals": self._get_totals(),
            "replied": self.replied_count,
            "filters": {**FUNNEL, **LOSSES},
            "tracks": {"opened": self.track_opens, "clicked": self.track_clicks},
            "missing": list(transport.missing_figures),
            "domains_title": transport.describe_breakdown(),
            "machine_opened": self.machine_opened_count,
            "counted_at": fields.Datetime.to_string(rows[:1].counted_at),
            "moments": [
                {"at": fields.Datetime.to_string(row.moment), **row._get_figures()}
                for row in by.get("moment", ())
            ],
            "domains": [
                {"name": row.domain or "", **row._get_figures()}
                for row in by.get("domain", rows.browse()).sorted(
                    lambda row: (not row.domain, -row.recipient_count)
                )[:MAX_ROWS]
            ],
            "languages": [
                {"name": languages.get(row.lang, row.lang or ""), **row._get_figures()}
                for row in by.get("language", ())
            ][:MAX_ROWS],
            "excluded": [
                {"name": reasons.get(row.skip_reason), "count": row.recipient_count}
                for row in by.get("exclusion", rows.browse()).sorted(
                    "recipient_count", reverse=True
                )
            ],
            "links": self._get_link_figures(),
            "files": self.env["partner.mailing.file"]._get_figures(self),
            "downloaded": self.track_clicks and self.downloaded_count,
            "family": Family(self).get_figures(),
        }

    def _get_link_figures(self):
        """Return the links with the most clicks: ``[{url, clicked}]``."""
        # One line for a link that was sent with different parameters.
        groups = self.env["partner.mailing.link"]._read_group(
            [("mailing_id", "=", self.id)],
            ["url"],
            ["clicked_count:sum"],
            order="clicked_count:sum desc, id:min",
            limit=MAX_ROWS,
        )
        return [{"url": url, "clicked": clicked} for url, clicked in groups]

    # ------------------------------------------------------------
    # Removal of personal data
    # ------------------------------------------------------------

    @api.model
    def _cron_remove_personal_data(self):
        """Remove personal data of mailings that ended longer ago than their company keeps it."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search([("partner_mailing_keep_months", ">", 0)]):
            for mailing in self._find_due_for_removal(company):
                if not mailing._remove_personal_data(
                    lambda count: cron._commit_progress(count, remaining=1)
                ):
                    return  # The time of this run is over; Odoo calls it again.
        cron._commit_progress(remaining=0)

    def _find_due_for_removal(self, company):
        """Return the mailings of a company whose personal data has to be removed by now."""
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
                        # Cancelled before the start.
                        Domain("finished_at", "=", False) & Domain("write_date", "<", before),
                    ]
                )
                & Domain("personal_data_removed_at", "=", False),
                order="id",
            )
        )

    def _remove_personal_data(self, commit_progress):
        """Blank the recipients, in batches that are committed one by one.

        ``personal_data_removed_at`` is written at the end: after a kill the next run goes on.

        :param commit_progress: called with the number of rows of each batch; commits and returns
            the seconds that are left
        :return: whether the end was reached
        """
        self.ensure_one()
        # The breakdown by domain can only be counted as long as there are addresses.
        self.env["partner.mailing.reaction"]._add_up()
        breakdown = self.env["partner.mailing.breakdown"]
        if not breakdown.sudo().search([("mailing_id", "=", self.id)], limit=1):
            breakdown._count(self)
        last_id = 0
        while last_id is not None:
            count, last_id = self._blank_recipients(last_id)
            if commit_progress(count) <= 0:
                return False
        self._blank_sources()
        self.env["partner.mailing.file"]._remove(self)
        self._as_system().write(
            {
                "personal_data_removed_at": fields.Datetime.now(),
                "list_facts": False,
                "excluded_domains": False,  # some people have a domain of their own
                "background_facts": False,
            }
        )
        commit_progress(1)
        return True

    def _blank_recipients(self, last_id):
        """Blank the next rows after ``last_id``.

        Plan: index scan on ``_mailing_idx`` from the end of the last batch.

        :return: (number of rows, id of the last one, None at the end)
        """
        blank = self.env["partner.mailing.recipient"]._get_blank_values()
        self.env.cr.execute(
            SQL(
                """
                WITH batch AS MATERIALIZED (
                    SELECT id FROM partner_mailing_recipient
                     WHERE mailing_id = %(mailing_id)s AND id > %(last_id)s
                  ORDER BY mailing_id, id
                     LIMIT %(limit)s
                ), blanked AS (
                    UPDATE partner_mailing_recipient r SET %(assignments)s
                      FROM batch WHERE r.id = batch.id AND NOT (%(is_blank)s))
                SELECT count(*), max(id) FROM batch
                """,
                mailing_id=self.id,
                last_id=last_id,
                limit=BATCH,
                # Rows that an interrupted run has blanked are not written again.
                is_blank=SQL(" AND ").join(
                    SQL("%s IS NOT DISTINCT FROM %s", SQL.identifier("r", name), value)
                    for name, value in blank.items()
                ),
                assignments=SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value) for name, value in blank.items()
                ),
            )
        )
        found = self.env.cr.fetchone()
        self.env["partner.mailing.recipient"].invalidate_model(flush=False)
        return found

    def _blank_sources(self):
        """Remove all other personal data: typed addresses, marks, clicks, comments, replies.

        An addon with further personal data overrides this method and removes it.
        """
        system = self._as_system()
        # With one copy of the mailing, the addresses for copies are recipients too.
        typed = {"cc", "bcc", *self._get_extra_fields()}
        system.write(dict.fromkeys(typed, False))
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
        # The address of an unsubscription stays: without it, mailings would go to it again.
        left = self.env["partner.mailing.unsubscription"]._as_system()
        left.search([("mailing_id", "=", self.id)]).write(
            {"comment": False, "removed_tags": False, "recipient_id": False}
        )
        # Replies of recipients without contact; those of contacts are kept with the contacts.
        replies = [
            ("model", "=", self._name),
            ("res_id", "=", self.id),
            ("message_type", "=", "email"),
        ]
        self.env["mail.message"].sudo().search(replies).unlink()
        for request in system.approval_ids:
            # Values of contacts that the validator was shown.
            request.summary = {**(request.summary or {}), "personal": []}
            for name in ("findings", "decided_findings"):
                request[name] = without_names(request[name])
            content = request.content or {}
            request.content = {
                name: "" if name in typed else value for name, value in content.items()
            }
        self.env["partner.mailing.source"]._remove_personal_data(self)

    def _check_knows_recipients(self):
        """Raise when the names and addresses of the recipients were removed.

        :raises UserError: names the mailing, with what to do instead
        """
        for mailing in self:
            if mailing.personal_data_removed_at:
                raise UserError(
                    self.env._(
                        'The personal data of the recipients of the mailing "%s" was removed, so it'
                        " cannot go on. Duplicate it instead.",
                        mailing.name,
                    )
                )

    # ------------------------------------------------------------
    # Name of the mailing, for people who may not see it
    # ------------------------------------------------------------

    def _is_hidden_at(self, record):
        """Tell whether users who see a record may not see the mailing.

        :param record: with a chatter: a contact, an entry of the blocklist
        """
        self.ensure_one()
        mailing = self.sudo()
        if mailing.manage_group_ids or mailing.view_group_ids:
            return True
        company = record.sudo().company_id if "company_id" in record._fields else None
        if company == mailing.company_id:
            return False
        return mailing.env["res.company"].search_count([], limit=2) > 1

    def _get_name_at(self, record):
        """Return the title for the chatter of a record; only the number where it is hidden."""
        if self._is_hidden_at(record):
            return self.env._("No. %s", self.id)
        return self.sudo().name

    def _get_name_for(self, user):
        """Return the title, only the number for a user who may not read the mailing."""
        readable = self.with_user(user).with_context(allowed_company_ids=user.company_ids.ids)
        return self.sudo().name if readable.has_access("read") else self.env._("No. %s", self.id)
