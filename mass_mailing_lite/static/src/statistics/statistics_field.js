import { Component } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import {
    ALARM, COLORS, formatInteger, formatShare, LABELS, NONE, NOT_TRACKED, share,
} from "./figures";
import { MailingChart } from "./mailing_chart";

const STEPS = ["recipients", "sent", "delivered", "opened", "clicked", "replied", "unsubscribed"];
const LOSSES = ["bounced", "failed"];
// Columns of the table of a mailing and its follow-ups.
const FAMILY = ["recipients", "sent", "opened", "clicked"];
// The base of a share, if it is not the number of recipients.
const OF = {
    opened: "delivered", clicked: "delivered", replied: "delivered", unsubscribed: "delivered",
    bounced: "sent",
};
const WHOLES = {
    recipients: _t("of recipients"),
    sent: _t("of sent"),
    delivered: _t("of delivered"),
};

// The figures of one mailing: a funnel, the curve of its sending, and tables.
export class StatisticsField extends Component {
    static template = "mass_mailing_lite.StatisticsField";
    static components = { MailingChart };
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.formatInteger = formatInteger;
        this.labels = LABELS;
    }

    get figures() {
        return this.props.record.data[this.props.name];
    }

    get funnel() {
        return this.lines(STEPS);
    }

    get losses() {
        return this.lines(LOSSES);
    }

    get untracked() {
        const off = Object.keys(this.figures.tracks).filter(
            (key) => !this.figures.tracks[key] && this.canTell(key)
        );
        return off.map((key) => LABELS[key]).join(", ");
    }

    // Whether messages of the channel can tell a figure at all.
    canTell(key) {
        if (key === "replied" && !this.figures.replied) {
            return false; // replies come here only where the reply address leads to this database
        }
        return !(this.figures.missing || []).includes(key);
    }

    lines(keys) {
        const totals = { ...this.figures.totals, replied: this.figures.replied };
        return keys.filter((key) => this.canTell(key)).map((key) => {
            const line = { key, label: LABELS[key] };
            if (this.figures.tracks[key] === false) {
                return { ...line, isUntracked: true, count: NONE, hint: NOT_TRACKED, width: 0 };
            }
            const whole = OF[key] || "recipients";
            return {
                ...line,
                count: formatInteger(totals[key]),
                share: formatShare(share(totals[key], totals[whole])),
                of: WHOLES[whole],
                hint: WHOLES[whole],
                width: share(totals[key], totals.recipients) || 0,
            };
        });
    }

    get countedAt() {
        return this.figures.counted_at && formatDateTime(deserializeDateTime(this.figures.counted_at));
    }

    get chart() {
        const moments = this.figures.moments;
        const times = moments.map((moment) => deserializeDateTime(moment.at));
        const days = new Set(times.map((time) => time.toISODate()));
        const format = days.size > 1 ? { day: "numeric", month: "short", hour: "numeric", minute: "numeric" }
            : { hour: "numeric", minute: "numeric" };
        const keys = ["delivered", "bounced"].filter(
            (key) => key === "delivered" || moments.some((moment) => moment[key])
        );
        return {
            labels: times.map((time) => time.toLocaleString(format)),
            series: keys.map((key) => ({
                label: LABELS[key].toString(),
                color: COLORS[key],
                data: moments.map((moment) => moment[key]),
            })),
        };
    }

    get columns() {
        return ["recipients", "delivered", "opened", "clicked", "bounced", "failed"].filter(
            (key) => this.figures.tracks[key] !== false && this.canTell(key)
        );
    }

    get tables() {
        return [
            { key: "domains", title: this.figures.domains_title, other: _t("Others") },
            { key: "languages", title: _t("By Language"), other: _t("No language set") },
        ].filter((table) => this.figures[table.key].length);
    }

    cell(line, key) {
        return key === "recipients" || !line[key]
            ? formatInteger(line[key])
            : formatShare(share(line[key], line[OF[key] || "recipients"]));
    }

    isAlarming(line, key) {
        const whole = line[OF[key] || "recipients"];
        return ["bounced", "failed"].includes(key) && share(line[key], whole) >= ALARM;
    }

    // The mailing with its follow-ups, and all people of them, each counted once.
    get family() {
        const { rows, together } = this.figures.family;
        const known = (key) => rows.some((row) => this.isKnown(row, key));
        const cells = (line, isKnown) =>
            FAMILY.map((key) => ({ key, text: isKnown(key) ? formatInteger(line[key]) : NONE }));
        return {
            rows: rows.map((row) => ({
                ...row,
                isHere: row.id === this.props.record.resId,
                cells: cells(row, (key) => this.isKnown(row, key)),
            })),
            together: together && cells(together, known),
        };
    }

    get familyColumns() {
        return FAMILY;
    }

    isKnown(row, key) {
        return row.tracks[key] !== false;
    }

    async openMailing(id) {
        const { resModel } = this.props.record;
        this.action.doAction(await this.orm.call(resModel, "action_open_statistics", [id]));
    }

    get topClicks() {
        return Math.max(1, ...this.figures.links.map((link) => link.clicked));
    }

    // Opens the list of the recipients that a figure counts.
    async open(key) {
        const { resModel, resId } = this.props.record;
        const action = await this.orm.call(resModel, "action_open_recipients", [resId], {
            context: { recipient_filter: this.figures.filters[key] },
        });
        this.action.doAction(action);
    }
}

registry.category("fields").add("partner_mailing_statistics", {
    component: StatisticsField,
    displayName: _t("Statistics of a mailing"),
    supportedTypes: ["json"],
});
