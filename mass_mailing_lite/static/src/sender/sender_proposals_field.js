import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

// Addresses and domains that Odoo sends for: a click adds one to the list in another field.
export class SenderProposalsField extends Component {
    static template = "mass_mailing_lite.SenderProposalsField";
    static props = { ...standardFieldProps, listField: { type: String } };

    get lines() {
        const typed = this.props.record.data[this.props.listField] || "";
        return typed.split(/[\n,;]/).map((line) => line.trim()).filter(Boolean);
    }

    get proposals() {
        const proposals = this.props.record.data[this.props.name] || [];
        return proposals.filter(({ entry }) => !this.lines.includes(entry));
    }

    label(proposal) {
        return _t("Allow %s", proposal.entry);
    }

    add(proposal) {
        const lines = [...this.lines, proposal.entry];
        this.props.record.update({ [this.props.listField]: lines.join("\n") });
    }
}

registry.category("fields").add("partner_mailing_sender_proposals", {
    component: SenderProposalsField,
    displayName: _t("Proposed Senders"),
    supportedTypes: ["json"],
    isEmpty: () => false,
    extractProps: ({ options }) => ({ listField: options.list_field }),
});
