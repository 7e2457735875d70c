from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import date_utils

# Days that the dashboard may look back, and how its curve is cut.
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
RATES = (
    "delivered_rate",
    "opened_rate",
    "clicked_rate",
    "unsubscribed_rate",
    "bounced_rate",
    "failed_rate",
)
LATEST = 8  # mailings, domains and links that are shown


class PartnerMailingReport(models.Model):
    """The figures of the dashboard: those of the mailings that the user sees."""

    _inherit = "partner.mailing.report"

    @api.model
    @api.readonly
    def get_dashboard(self, days):
        """Return what the dashboard shows of the last ``days``.

        :param int days: one of 30, 90, 365
        :return: dict: ``totals`` and those of the time ``before``; ``curve``,
            ``mailings``, ``domains`` and ``links``, lists of dicts
        """
        days = days if days in PERIODS else min(PERIODS)
        now = fields.Datetime.now()
        since = now - timedelta(days=days)
        within = Domain("started_at", ">", since)
        before = Domain("started_at", ">", since - timedelta(days=days)) & Domain(
            "started_at", "<=", since
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
        """Return the number of mailings, sums and rates of the mailings in a domain."""
        names = (*SUMS, *RATES)
        aggregates = [f"{name}:{'sum' if name in SUMS else 'avg'}" for name in names]
        [(count, *values)] = self._read_group(domain, [], ["__count", *aggregates])
        return {"mailings": count, **{n: v or 0 for n, v in zip(names, values, strict=True)}}

    def _get_curve(self, domain, since, now, unit):
        """Return sums for each day, week or month, also for those without any."""
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
            # Where weeks begin depends on the language; groups know.
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
        names = ("delivered_count", "delivered_rate", "opened_rate", "clicked_rate", "bounced_rate")
        lines = self.search(domain, order="started_at desc, id desc", limit=LATEST)
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
        """Return the domains that most was written to, of mailings whose statistics were counted."""
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
            & Domain("mailing_id.started_at", ">", since),
            ["domain"],
            [f"{name}:sum" for name in names],
            order="recipient_count:sum desc, domain",
            limit=LATEST,
        )
        return [{"name": name, **dict(zip(names, values, strict=True))} for name, *values in groups]

    def _get_links(self, since):
        groups = self.env["partner.mailing.link"]._read_group(
            [("mailing_id.started_at", ">", since), ("clicked_count", ">", 0)],
            ["url"],
            ["clicked_count:sum"],
            order="clicked_count:sum desc, url",
            limit=LATEST,
        )
        return [{"url": url, "clicked": clicked} for url, clicked in groups]
