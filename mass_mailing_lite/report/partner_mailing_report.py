from odoo import fields, models
from odoo.tools import SQL

# Shares of a sum, in percent: measure, what of, of what. The mean of percentages of mailings of
# very different length would say nothing.
RATES = {
    "delivered_rate": ("delivered_count", "recipient_count"),
    "opened_rate": ("opened_count", "opens_tracked_count"),
    "clicked_rate": ("clicked_count", "clicks_tracked_count"),
    "unsubscribed_rate": ("unsubscribed_count", "delivered_count"),
    "bounced_rate": ("bounced_count", "sent_count"),
    "failed_rate": ("failed_count", "recipient_count"),
}


class PartnerMailingReport(models.Model):
    """One mailing that was sent, or is being sent, with its figures; for graphs and pivot tables.

    One row a mailing, from the counters: a million recipients cost as much as one.
    """

    _name = "partner.mailing.report"
    _description = "Mailing Statistics"
    _auto = False
    _order = "started_at desc, id desc"
    _rec_name = "mailing_id"
    # What has to be written before the rows are read.
    _depends = {
        "partner.mailing": [
            "company_id",
            "finished_at",
            "mail_server_id",
            "started_at",
            "state",
            "template_id",
            "track_clicks",
            "track_opens",
            "user_id",
        ],
        "partner.mailing.counter": [
            "bounced_count",
            "clicked_count",
            "failed_count",
            "opened_count",
            "recipient_count",
            "sent_count",
            "unsubscribed_count",
        ],
    }

    mailing_id = fields.Many2one("partner.mailing", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", "Responsible", readonly=True)
    template_id = fields.Many2one("mail.template", readonly=True)
    mail_server_id = fields.Many2one("ir.mail_server", "Outgoing Mail Server", readonly=True)
    state = fields.Selection(
        lambda self: self.env["partner.mailing"]._fields["state"].selection, readonly=True
    )
    started_at = fields.Datetime("Sending Began", readonly=True)
    finished_at = fields.Datetime("Sending Ended", readonly=True)

    recipient_count = fields.Integer("Recipients", readonly=True)
    sent_count = fields.Integer("Sent", readonly=True, help="Taken by a mail server.")
    delivered_count = fields.Integer(
        "Delivered", readonly=True, help="Taken by a mail server and not bounced."
    )
    opened_count = fields.Integer("Opened", readonly=True)
    clicked_count = fields.Integer("Clicked", readonly=True)
    unsubscribed_count = fields.Integer("Unsubscribed", readonly=True)
    bounced_count = fields.Integer("Bounced", readonly=True)
    failed_count = fields.Integer("Failed", readonly=True)
    opens_tracked_count = fields.Integer(
        "Delivered, Opens Tracked", readonly=True, help="What the share of the opened is taken of."
    )
    clicks_tracked_count = fields.Integer(
        "Delivered, Clicks Tracked",
        readonly=True,
        help="What the share of the clicked is taken of.",
    )

    delivered_rate = fields.Float("Delivered (%)", readonly=True, aggregator="avg")
    opened_rate = fields.Float("Opened (%)", readonly=True, aggregator="avg")
    clicked_rate = fields.Float("Clicked (%)", readonly=True, aggregator="avg")
    unsubscribed_rate = fields.Float("Unsubscribed (%)", readonly=True, aggregator="avg")
    bounced_rate = fields.Float("Bounced (%)", readonly=True, aggregator="avg")
    failed_rate = fields.Float("Failed (%)", readonly=True, aggregator="avg")

    @property
    def _table_query(self):
        rates = SQL(", ").join(
            SQL(
                "100.0 * %s / NULLIF(%s, 0) AS %s",
                SQL.identifier(part),
                SQL.identifier(whole),
                SQL.identifier(name),
            )
            for name, (part, whole) in RATES.items()
        )
        return SQL("SELECT f.*, %s FROM (%s) f", rates, self._figures_sql())

    def _figures_sql(self):
        return SQL(
            """
            SELECT m.id, m.id AS mailing_id, m.company_id, m.user_id, m.template_id,
                   m.mail_server_id, m.state, m.started_at, m.finished_at,
                   k.recipient_count, k.sent_count + k.bounced_count AS sent_count,
                   k.sent_count AS delivered_count, k.opened_count, k.clicked_count,
                   k.unsubscribed_count, k.bounced_count, k.failed_count,
                   CASE WHEN m.track_opens THEN k.sent_count ELSE 0 END AS opens_tracked_count,
                   CASE WHEN m.track_clicks THEN k.sent_count ELSE 0 END AS clicks_tracked_count
              FROM partner_mailing m
              JOIN partner_mailing_counter k ON k.id = m.counter_id
             WHERE m.started_at IS NOT NULL
            """
        )

    def action_open_statistics(self):
        """Open the page of one mailing's figures."""
        return self.mailing_id.action_open_statistics()

    def _read_group_select(self, aggregate_spec, query):
        """Take shares of sums, whatever is grouped."""
        name, _colon, function = aggregate_spec.partition(":")
        if name in RATES and function == "avg":
            part, whole = (self._field_to_sql(self._table, field, query) for field in RATES[name])
            return SQL("100.0 * SUM(%s) / NULLIF(SUM(%s), 0)", part, whole)
        return super()._read_group_select(aggregate_spec, query)
