from odoo import api, fields, models

MOST_LINES = 10  # of a table on the page

# Steps of the funnel, in order: key, and what a click on it shows of the recipients.
FUNNEL = {
    "recipients": "written_to",
    "sent": "taken",
    "delivered": "sent",
    "opened": "opened",
    "clicked": "clicked",
}
LOSSES = {"unsubscribed": "unsubscribed_later", "bounced": "bounced", "failed": "failed"}


class PartnerMailing(models.Model):
    """What became of a mailing, as a page of figures and graphs.

    Totals come from the counters, the rest from the breakdown, which is counted
    when the page is opened by its button; reading it again counts nothing.
    """

    _inherit = "partner.mailing"

    statistics = fields.Json(compute="_compute_statistics")

    @api.depends_context("uid", "lang")
    def _compute_statistics(self):
        for mailing in self:
            mailing.statistics = bool(mailing.started_at) and mailing._get_statistics()

    def action_open_statistics(self):
        """Count anew, where that is due, and show the page of figures."""
        self.ensure_one()
        self.check_access("read")
        if self.started_at:
            self.env["partner.mailing.reaction"]._fold()
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
                )[:MOST_LINES]
            ],
            "languages": [
                {"name": languages.get(line.lang, line.lang or ""), **line._get_figures()}
                for line in by.get("language", ())
            ][:MOST_LINES],
            "links": self._get_link_figures(),
        }

    def _get_link_figures(self):
        """Return the links that were clicked most: ``[{url, clicked}]``."""
        links = self.env["partner.mailing.link"].search(
            [("mailing_id", "=", self.id)], limit=MOST_LINES
        )
        return [{"url": link.url, "clicked": link.clicked_count} for link in links]


class PartnerMailingBreakdown(models.Model):
    _inherit = "partner.mailing.breakdown"

    def _get_figures(self):
        """Return a line's figures, named like those of the whole mailing."""
        self.ensure_one()
        return {
            "recipients": self.recipient_count,
            "sent": self.sent_count,
            "delivered": self.delivered_count,
            "opened": self.opened_count,
            "clicked": self.clicked_count,
            "bounced": self.bounced_count,
            "failed": self.failed_count,
        }
