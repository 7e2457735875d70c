import { Component, onWillStart, useState } from "@odoo/owl";
import { deserializeDate, deserializeDateTime, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/views/fields/formatters";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import {
    ALARM, COLORS, formatInteger, formatShare, LABELS, NOT_TRACKED, NOTHING_DELIVERED, share,
} from "../statistics/figures";
import { MailingChart } from "../statistics/mailing_chart";

const PERIODS = [
    { days: 30, label: _t("30 Days") },
    { days: 90, label: _t("90 Days") },
    { days: 365, label: _t("12 Months") },
];
// Figures of which a decrease is good.
const LOSSES = ["unsubscribed", "bounced", "failed"];
const POINTS = { day: { day: "numeric", month: "short" }, week: { day: "numeric", month: "short" }, month: { month: "short", year: "2-digit" } };

// The figures of all mailings of a period.
export class MailingDashboard extends Component {
    static template = "mass_mailing_lite.MailingDashboard";
    static components = { Layout, MailingChart };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.periods = PERIODS;
        this.labels = LABELS;
        this.formatInteger = formatInteger;
        this.formatShare = formatShare;
        this.share = share;
        this.state = useState({ days: 90, figures: null });
        onWillStart(() => this.load(this.state.days));
    }

    async load(days) {
        this.state.days = days;
        const figures = await this.orm.call("partner.mailing.report", "get_dashboard", [days]);
        // If another period was chosen meanwhile, this answer is out of date.
        if (days === this.state.days) {
            this.state.figures = figures;
        }
    }

    get tiles() {
        const { totals, before } = this.state.figures;
        const tile = (key, value, was, format, note) => ({
            key,
            label: LABELS[key],
            value: format(value),
            change: this.isKnown(value, was) && before.mailings ? this.change(key, value, was, format) : null,
            note,
        });
        const rate = (key, whole) =>
            tile(key, totals[`${key}_rate`], before[`${key}_rate`], formatShare,
                whole ? formatInteger(totals[`${key}_count`]) : NOT_TRACKED);
        return [
            {
                ...tile("sent", totals.sent_count, before.sent_count, formatInteger),
                note: _t("Mailings: %s", formatInteger(totals.mailings)),
            },
            rate("delivered", true),
            rate("opened", totals.opens_tracked_count),
            rate("clicked", totals.clicks_tracked_count),
            rate("unsubscribed", true),
            rate("bounced", true),
        ];
    }

    // A share of nothing is no number: it has not changed by so many points.
    isKnown(...values) {
        return values.every((value) => typeof value === "number");
    }

    // The difference from the period before, and whether it is good or bad.
    change(key, value, was, format) {
        const difference = value - was;
        const rounded = format(Math.abs(difference));
        if (rounded === format(0) || (key !== "sent" && Math.abs(difference) < 0.05)) {
            return { text: _t("unchanged"), title: _t("Compared with the previous period"), mood: "text-muted", icon: "" };
        }
        const up = difference > 0;
        return {
            text: key === "sent" ? rounded : _t("%s points", formatFloat(Math.abs(difference), { digits: [16, 1] })),
            title: _t("Compared with the previous period"),
            icon: up ? "fa-arrow-up" : "fa-arrow-down",
            mood: key === "sent" ? "text-muted" : up !== LOSSES.includes(key) ? "text-success" : "text-danger",
        };
    }

    get chart() {
        const { curve, unit } = this.state.figures;
        const keys = ["delivered", "bounced", "failed"];
        return {
            labels: curve.map((point) => deserializeDate(point.at).toLocaleString(POINTS[unit])),
            series: keys.map((key) => ({
                label: LABELS[key].toString(),
                color: COLORS[key],
                data: curve.map((point) => point[`${key}_count`]),
            })),
        };
    }

    isAlarming(part, whole) {
        return share(part, whole) >= ALARM;
    }

    // Why a share is "–".
    hint(value, isTracked) {
        return this.isKnown(value) ? undefined : isTracked ? NOTHING_DELIVERED : NOT_TRACKED;
    }

    formatTime(text) {
        return formatDate(deserializeDateTime(text));
    }

    async openMailing(id) {
        this.action.doAction(await this.orm.call("partner.mailing", "action_open_statistics", [id]));
    }

    openMailings() {
        this.action.doAction("mass_mailing_lite.partner_mailing_action");
    }

    openReport() {
        this.action.doAction("mass_mailing_lite.partner_mailing_report_action");
    }

    openDomains() {
        this.action.doAction("mass_mailing_lite.partner_mailing_breakdown_action_domain");
    }
}

registry.category("actions").add("partner_mailing_dashboard", MailingDashboard);
