import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillDestroy, onWillUpdateProps, useState } from "@odoo/owl";

export const PROGRESS = "partner_mailing_progress";

// How far the sending of a mailing is, moved by what the sender says on the bus.
export class ProgressField extends Component {
    static template = "mass_mailing_lite.ProgressField";
    static props = { ...standardFieldProps, compact: { type: Boolean, optional: true } };

    setup() {
        this.state = useState({ heard: null });
        this.bus = useService("bus_service");
        const listen = (figures) => this.hear(figures);
        this.bus.subscribe(PROGRESS, listen);
        onWillUpdateProps((next) => {
            // What was read from the server later than it was heard is newer.
            if (next.record !== this.props.record || next.record.data.state !== "sending") {
                this.state.heard = null;
            }
        });
        onWillDestroy(() => this.bus.unsubscribe(PROGRESS, listen));
    }

    hear(figures) {
        if (figures.id !== this.props.record.resId) {
            return;
        }
        this.state.heard = figures;
        // Buttons and other fields depend on the state; but nothing that is typed is lost.
        const record = this.props.record;
        if (figures.state !== record.data.state && !record.dirty) {
            record.load();
        }
    }

    get figures() {
        return this.state.heard || this.props.record.data;
    }

    get percent() {
        const { recipient_count: all, pending_count: waiting } = this.figures;
        return all ? Math.floor((100 * (all - waiting)) / all) : 0;
    }

    get text() {
        const { sent_count, pending_count, failed_count } = this.figures;
        return _t("%(sent)s sent, %(waiting)s waiting, %(failed)s failed", {
            sent: formatInteger(sent_count),
            waiting: formatInteger(pending_count),
            failed: formatInteger(failed_count),
        });
    }

    get pace() {
        const { rate, pending_count } = this.figures;
        if (!rate || !pending_count) {
            return "";
        }
        const minutes = Math.round(pending_count / rate / 60);
        const pace = formatInteger(Math.round(rate * 60));
        return minutes < 1
            ? _t("%(pace)s a minute, done in less than a minute", { pace })
            : _t("%(pace)s a minute, done in about %(minutes)s min", { pace, minutes });
    }
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
    ],
};

registry.category("fields").add("partner_mailing_progress", progressField);
