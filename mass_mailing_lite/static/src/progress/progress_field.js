import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { formatPercent } from "../statistics/figures";

import { Component, onWillDestroy, onWillUpdateProps, useState } from "@odoo/owl";

export const PROGRESS = "partner_mailing_progress";

// Text of each wait reason.
const WAIT_REASONS = {
    rate_limit: _t("sending limit reached"),
    domain: _t("sending limit for one domain reached"),
    hours: _t("outside the sending hours"),
    server: _t("waiting for the next attempt"),
};

// The progress of sending, updated by notifications of the sender on the bus.
export class ProgressField extends Component {
    static template = "mass_mailing_lite.ProgressField";
    static props = { ...standardFieldProps, compact: { type: Boolean, optional: true } };

    setup() {
        this.state = useState({ received: null });
        this.formatPercent = formatPercent;
        this.bus = useService("bus_service");
        const listener = (figures) => this.onProgress(figures);
        this.bus.subscribe(PROGRESS, listener);
        onWillUpdateProps((next) => {
            // The record was read after the last notification, so it is newer.
            if (next.record !== this.props.record || next.record.data.state !== "sending") {
                this.state.received = null;
            }
        });
        onWillDestroy(() => this.bus.unsubscribe(PROGRESS, listener));
    }

    onProgress(figures) {
        if (figures.id !== this.props.record.resId) {
            return;
        }
        this.state.received = figures;
        // Buttons and other fields depend on the state. A form with unsaved changes is not reloaded.
        const record = this.props.record;
        const hasServerFault = (one) => one.wait_reason === "server";
        const isChanged =
            figures.state !== record.data.state || hasServerFault(figures) !== hasServerFault(record.data);
        if (isChanged && !record.dirty) {
            record.load();
        }
    }

    get figures() {
        return this.state.received || this.props.record.data;
    }

    get percent() {
        const { recipient_count: all, pending_count: waiting } = this.figures;
        // Odoo's sample data on an empty board can have more waiting messages than recipients.
        return all ? Math.min(Math.max(Math.floor((100 * (all - waiting)) / all), 0), 100) : 0;
    }

    get text() {
        const { sent_count, pending_count, failed_count } = this.figures;
        return _t("%(sent)s sent, %(waiting)s waiting, %(failed)s failed", {
            sent: formatInteger(sent_count),
            waiting: formatInteger(pending_count),
            failed: formatInteger(failed_count),
        });
    }

    get detail() {
        const { state, rate, pending_count, wait_reason, wait_until, expected_end } = this.figures;
        if (state !== "sending" || !pending_count) {
            return "";
        }
        const until = toMoment(wait_until);
        const parts = [];
        if (wait_reason && until && until > luxon.DateTime.now()) {
            parts.push(_t("%(reason)s, continues at %(time)s", {
                reason: WAIT_REASONS[wait_reason],
                time: formatMoment(until),
            }));
        } else if (rate) {
            parts.push(_t("%(rate)s per minute", { rate: formatInteger(Math.ceil(rate * 60)) }));
        }
        if (expected_end) {
            const end = toMoment(expected_end);
            parts.push(_t("ends at about %(time)s", { time: formatMoment(end) }));
        }
        return parts.join(", ");
    }
}

// The bus has times as text, the record as luxon objects.
function toMoment(value) {
    return typeof value === "string" ? deserializeDateTime(value) : value;
}

// The time of day, and the date too where it is not today.
function formatMoment(moment) {
    return moment.hasSame(luxon.DateTime.now(), "day")
        ? moment.toLocaleString(luxon.DateTime.TIME_SIMPLE)
        : formatDateTime(moment, { showSeconds: false });
}

export const progressField = {
    component: ProgressField,
    displayName: _t("Progress of a mailing"),
    supportedTypes: ["float"],
    extractProps: ({ options }) => ({ compact: Boolean(options.compact) }),
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "recipient_count", type: "integer" },
        { name: "pending_count", type: "integer" },
        { name: "sent_count", type: "integer" },
        { name: "failed_count", type: "integer" },
        { name: "wait_reason", type: "selection", selection: [] },
        { name: "wait_until", type: "datetime" },
    ],
};

registry.category("fields").add("partner_mailing_progress", progressField);
