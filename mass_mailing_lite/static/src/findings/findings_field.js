import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { callButton, goTo } from "../checklist/go_to";

import { Component, onWillDestroy, useRef } from "@odoo/owl";

// Sent when a check that asks other computers has its answer.
const FINDINGS = "partner_mailing_findings";

const LOOKS = {
    stop: { style: "alert-danger", icon: "fa-ban" },
    warning: { style: "alert-warning", icon: "fa-exclamation-triangle" },
    info: { style: "alert-info", icon: "fa-info-circle" },
};

// What to look at before a mailing leaves (see partner_mailing_checklist.py), each with a button
// that mends it or shows where it is.
export class FindingsField extends Component {
    static template = "mass_mailing_lite.FindingsField";
    static props = { ...standardFieldProps };

    setup() {
        this.root = useRef("root");
        const bus = useService("bus_service");
        const listener = ({ id }) => this.onLooked(id);
        bus.subscribe(FINDINGS, listener);
        onWillDestroy(() => bus.unsubscribe(FINDINGS, listener));
    }

    // Whether checks of the mailing have to look in the background.
    get isWaiting() {
        return Boolean(this.props.record.resId && this.props.record.data.look_due_at);
    }

    // A form with unsaved changes is not reloaded.
    onLooked(id) {
        const { record } = this.props;
        if (id === record.resId && !record.dirty) {
            record.load();
        }
    }

    get findings() {
        return (this.props.record.data[this.props.name] || []).map((finding) => ({
            ...finding,
            ...LOOKS[finding.level],
        }));
    }

    // What only says who gets the mailing is folded up.
    get people() {
        return this.findings.filter((finding) => finding.is_people);
    }

    get shown() {
        return this.findings.filter((finding) => !finding.is_people);
    }

    // Of a mailing, and not of findings that are kept with an approval.
    get isOpen() {
        return "can_edit" in this.props.record.data;
    }

    // Whether a draft with a list has nothing that stops it or warns.
    get isClear() {
        const { state, recipients_loaded_at: loadedAt } = this.props.record.data;
        const isGrave = this.findings.some(({ level }) => level !== "info");
        return Boolean(state === "draft" && loadedAt && this.isOpen && !isGrave && !this.isWaiting);
    }

    // A record of the DNS, as it is added to a domain.
    recordText({ name, type, value }) {
        return `${name} ${type} "${value}"`;
    }

    canPress(finding) {
        const { can_edit: canEdit } = this.props.record.data;
        return finding.action && this.isOpen && (canEdit || finding.is_view);
    }

    canShow(finding) {
        return (finding.page || finding.focus) && this.isOpen;
    }

    // Text for screen readers in place of the icon.
    levelText(finding) {
        const texts = { stop: _t("Stop"), warning: _t("Warning"), info: _t("Good to know") };
        return texts[finding.level];
    }

    async mend(finding) {
        await callButton(this, finding.action, finding.args);
    }

    async see(finding) {
        await callButton(this, finding.see.action, finding.see.args);
    }

    async show(finding) {
        await goTo(this, finding);
    }
}

export const findingsField = {
    component: FindingsField,
    displayName: _t("What to look at before a mailing leaves"),
    supportedTypes: ["json"],
};

registry.category("fields").add("partner_mailing_findings", findingsField);
