import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { CopyButton } from "@web/core/copy_button/copy_button";

import { Component } from "@odoo/owl";

const LOOKS = {
    met: { icon: "fa-check-circle text-success" },
    not_met: { icon: "fa-times-circle text-danger" },
    unknown: { icon: "fa-question-circle o_partner_mailing_quiet" },
};

function withLook(row) {
    const texts = { met: _t("Met"), not_met: _t("Not met"), unknown: _t("Not known") };
    return { ...row, ...LOOKS[row.status], statusText: texts[row.status] };
}

// What the DNS and tests say about a sender (see preflight/sender_check.py): one line for each
// question, with the record to add.
export class SenderLinesField extends Component {
    static template = "mass_mailing_lite.SenderLinesField";
    static components = { CopyButton };
    static props = { ...standardFieldProps };

    get lines() {
        return (this.props.record.data[this.props.name] || []).map(withLook);
    }

    get copyText() {
        return _t("Copy");
    }

    get copiedText() {
        return _t("Copied");
    }

    // A record as it stands in a zone file, which the forms of providers ask for in parts.
    recordParts(record) {
        return [
            { label: _t("Name"), value: record.name, isCopied: true },
            { label: _t("Type"), value: record.type },
            { label: _t("Value"), value: record.value, isCopied: true },
        ];
    }
}

registry.category("fields").add("partner_mailing_sender_lines", {
    component: SenderLinesField,
    displayName: _t("What the DNS says about a sender"),
    supportedTypes: ["json"],
});

// The rules for bulk senders, each met, not met or not known (see preflight/bulk_rules.py).
export class SenderRulesField extends Component {
    static template = "mass_mailing_lite.SenderRulesField";
    static props = { ...standardFieldProps };

    get rules() {
        return (this.props.record.data[this.props.name] || []).map(withLook);
    }
}

registry.category("fields").add("partner_mailing_sender_rules", {
    component: SenderRulesField,
    displayName: _t("Rules for bulk senders"),
    supportedTypes: ["json"],
});

// The same for the latest senders of a mail server.
export class SenderLooksField extends Component {
    static template = "mass_mailing_lite.SenderLooksField";
    static props = { ...standardFieldProps };

    get looks() {
        return (this.props.record.data[this.props.name] || []).map((look) => ({
            ...look,
            rules: look.rules.map(withLook),
        }));
    }
}

registry.category("fields").add("partner_mailing_sender_looks", {
    component: SenderLooksField,
    displayName: _t("Checked senders"),
    supportedTypes: ["json"],
});
