from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, date_utils

from ..models.rate_field import CountField, RateField

# Rates in percent: name -> numerator and denominator. A group has the quotient of their sums: the
# mean of the rates of a small and a large mailing has no meaning.
RATES = {
    "delivered_rate": ("delivered_count", "recipient_count"),
    "opened_rate": ("opened_count", "opens_tracked_count"),
    "clicked_rate": ("clicked_count", "clicks_tracked_count"),
    "unsubscribed_rate": ("unsubscribed_count", "unsubscribing_known_count"),
    "bounced_rate": ("bounced_count", "sent_count"),
    "failed_rate": ("failed_count", "recipient_count"),
}

# Dashboard: its periods in days with the unit of the curve, its measures, and the length of lists.
PERIODS = {30: "day", 90: "week", 365: "month"}
SUMS = (
    "recipient_count",
    "sent_count",
    "delivered_count",
    "opened_count",
    "clicked_count",
    "unsubscribed_count",
    "bounced_count",
    "failed_count",
    "opens_tracked_count",
    "clicks_tracked_count",
)
MAX_LINES = 8


class PartnerMailingReport(models.Model):
    """One mailing that was sent, or is being sent, with its figures; for graphs and pivot tables.

    The rows are read from the counters, so their cost does not depend on the number of recipients.
    The dashboard shows sums of them, for the mailings that the user may read.
    """

    _name = "partner.mailing.report"
    _inherit = ["partner.mailing.call"]
    _description = "Mailing Statistics"
    _auto = False
    _order = "started_at desc, id desc"
    _rec_name = "mailing_id"
    # Fields that are flushed before the rows are read.
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
            "replied_count",
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
    started_at = fields.Datetime("Sending Started", readonly=True)
    finished_at = fields.Datetime("Sending Finished", readonly=True)

    recipient_count = fields.Integer("Recipients", readonly=True)
    sent_count = fields.Integer("Sent", readonly=True, help="Accepted by the mail server.")
    delivered_count = fields.Integer(
        "Delivered", readonly=True, help="Accepted by the mail server and not bounced."
    )
    opened_count = CountField("Opened", readonly=True)
    clicked_count = CountField("Clicked", readonly=True)
    replied_count = CountField("Replied", readonly=True)
    unsubscribed_count = CountField("Unsubscribed", readonly=True)
    bounced_count = fields.Integer("Bounced", readonly=True)
    failed_count = fields.Integer("Failed", readonly=True)
    track_opens = fields.Boolean(readonly=True)
    track_clicks = fields.Boolean(readonly=True)
    opens_tracked_count = fields.Integer(
        "Delivered (Opens Tracked)",
        readonly=True,
        help="The base of the rate of opened messages.",
    )
    clicks_tracked_count = fields.Integer(
        "Delivered (Clicks Tracked)",
        readonly=True,
        help="The base of the rate of clicked messages.",
    )
    unsubscribing_known_count = fields.Integer(
        "Delivered (Unsubscriptions Known)",
        readonly=True,
        help="The base of the rate of unsubscriptions.",
    )

    delivered_rate = RateField("Delivered (%)", readonly=True, aggregator="avg")
    opened_rate = RateField("Opened (%)", readonly=True, aggregator="avg")
    clicked_rate = RateField("Clicked (%)", readonly=True, aggregator="avg")
    unsubscribed_rate = RateField("Unsubscribed (%)", readonly=True, aggregator="avg")
    bounced_rate = RateField("Bounced (%)", readonly=True, aggregator="avg")
    failed_rate = RateField("Failed (%)", readonly=True, aggregator="avg")

    # ------------------------------------------------------------
    # Rows and groups
    # ------------------------------------------------------------

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
        """Return the SELECT of the figures that the rates are computed from."""
        parts = self._get_parts()
        names = dict.fromkeys(name for columns, _source in parts for name in columns)
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT %s %s",
                SQL(", ").join(
                    SQL("%s AS %s", columns.get(name, SQL("NULL")), SQL.identifier(name))
                    for name in names
                ),
                source,
            )
            for columns, source in parts
        )

    def _get_parts(self):
        """Return where rows come from: a list of ({column: its SQL}, SQL from FROM on).

        Another addon adds a part with mailings of its own, and columns to this one. What a part does
        not name has no value there.
        """
        columns = {
            "id": SQL("m.id"),
            "mailing_id": SQL("m.id"),
            **{
                name: SQL.identifier("m", name)
                for name in (
                    "company_id",
                    "user_id",
                    "template_id",
                    "mail_server_id",
                    "state",
                    "started_at",
                    "finished_at",
                    "track_opens",
                    "track_clicks",
                )
            },
            **{
                name: SQL.identifier("k", name)
                for name in (
                    "recipient_count",
                    "opened_count",
                    "clicked_count",
                    "replied_count",
                    "unsubscribed_count",
                    "bounced_count",
                    "failed_count",
                )
            },
            "sent_count": SQL("k.sent_count + k.bounced_count"),
            "delivered_count": SQL("k.sent_count"),
            "opens_tracked_count": SQL("CASE WHEN m.track_opens THEN k.sent_count ELSE 0 END"),
            "clicks_tracked_count": SQL("CASE WHEN m.track_clicks THEN k.sent_count ELSE 0 END"),
            "unsubscribing_known_count": SQL("k.sent_count"),
        }
        source = SQL(
            "FROM partner_mailing m JOIN partner_mailing_counter k ON k.id = m.counter_id"
            " WHERE m.started_at IS NOT NULL"
        )
        return [(columns, source)]

    def action_open_statistics(self):
        """Open the statistics of the mailing."""
        return self.mailing_id.action_open_statistics()

    def _read_group_select(self, aggregate_spec, query):
        """Compute the rate of a group from sums; see ``RATES``."""
        name, _colon, function = aggregate_spec.partition(":")
        if name in RATES and function == "avg":
            part, whole = (self._field_to_sql(self._table, field, query) for field in RATES[name])
            return SQL("100.0 * SUM(%s) / NULLIF(SUM(%s), 0)", part, whole)
        return super()._read_group_select(aggregate_spec, query)

    # ------------------------------------------------------------
    # Dashboard
    # ------------------------------------------------------------

    @api.model
    @api.readonly
    def get_dashboard(self, days):
        """Return the figures of the dashboard for the last ``days``.

        :param int days: one of 30, 90, 365
        :return: dict: ``totals`` of the period and of the one ``before``, the ``unit`` of the
            curve, and ``curve``, ``mailings``, ``domains`` and ``links``, lists of dicts
        """
        days = days if isinstance(days, int) and days in PERIODS else min(PERIODS)
        now = fields.Datetime.now()
        since = now - timedelta(days=days)
        # Those of another addon have no domains and no links.
        own = Domain("mailing_id", "!=", False)
        within = own & Domain("started_at", ">", since)
        before = (
            own
            & Domain("started_at", ">", since - timedelta(days=days))
            & Domain("started_at", "<=", since)
        )
        return {
            "totals": self._get_sums(within),
            "before": self._get_sums(before),
            "unit": PERIODS[days],
            "curve": self._get_curve(within, since, now, PERIODS[days]),
            "mailings": self._get_latest(within),
            "domains": self._get_domains(since),
            "links": self._get_links(since),
        }

    def _get_sums(self, domain):
        """Return the number of mailings, sums and rates of the mailings in a domain.

        A rate is False where there is nothing to divide by, such as for openings that no mailing
        tracked.
        """
        names = (*SUMS, *RATES)
        aggregates = [f"{name}:{'sum' if name in SUMS else 'avg'}" for name in names]
        [(count, *values)] = self._read_group(domain, [], ["__count", *aggregates])
        totals = dict(zip(names, values, strict=True))
        return {"mailings": count, **totals, **{name: totals[name] or 0 for name in SUMS}}

    def _get_curve(self, domain, since, now, unit):
        """Return sums for each day, week or month, with zeros for those without mailings."""
        names = ("delivered_count", "bounced_count", "failed_count")
        groups = {
            start.date(): values
            for start, *values in self._read_group(
                domain, [f"started_at:{unit}"], [f"{name}:sum" for name in names]
            )
        }
        local_since, local_now = (
            fields.Datetime.context_timestamp(self, moment).date() for moment in (since, now)
        )
        first = date_utils.start_of(local_since, unit)
        if unit == "week" and groups:
            # The first day of a week depends on the language; the groups begin on it.
            first += timedelta(days=(min(groups) - first).days % 7)
            first = first if first <= local_since else first - timedelta(days=7)
        starts = date_utils.date_range(
            fields.Datetime.to_datetime(first),
            fields.Datetime.to_datetime(local_now),
            date_utils.relativedelta(**{f"{unit}s": 1}),
        )
        nothing = [0] * len(names)
        return [
            {
                "at": fields.Date.to_string(start.date()),
                **dict(zip(names, groups.get(start.date(), nothing), strict=True)),
            }
            for start in starts
        ]

    def _get_latest(self, domain):
        """Return the latest mailings in a domain."""
        names = ("delivered_count", "delivered_rate", "opened_rate", "clicked_rate", "bounced_rate")
        lines = self.search(domain, order="started_at desc, id desc", limit=MAX_LINES)
        return [
            {
                "id": line.mailing_id.id,
                "name": line.mailing_id.name,
                "at": fields.Datetime.to_string(line.started_at),
                "tracks_opens": line.mailing_id.track_opens,
                "tracks_clicks": line.mailing_id.track_clicks,
                **{name: line[name] for name in names},
            }
            for line in lines
        ]

    def _get_domains(self, since):
        """Return the largest recipient domains, of mailings whose statistics were counted."""
        names = (
            "sent_count",
            "delivered_count",
            "bounced_count",
            "failed_count",
            "recipient_count",
        )
        groups = self.env["partner.mailing.breakdown"]._read_group(
            Domain("dimension", "=", "domain")
            & Domain("domain", "!=", False)
            # Of numbers it is the country code.
            & Domain("domain", "not =like", "+%")
            & Domain("mailing_id.started_at", ">", since),
            ["domain"],
            [f"{name}:sum" for name in names],
            order="recipient_count:sum desc, domain",
            limit=MAX_LINES,
        )
        return [{"name": name, **dict(zip(names, values, strict=True))} for name, *values in groups]

    def _get_links(self, since):
        """Return the links with the most clicks."""
        groups = self.env["partner.mailing.link"]._read_group(
            [("mailing_id.started_at", ">", since), ("clicked_count", ">", 0)],
            ["url"],
            ["clicked_count:sum"],
            order="clicked_count:sum desc, url",
            limit=MAX_LINES,
        )
        return [{"url": url, "clicked": clicked} for url, clicked in groups]
