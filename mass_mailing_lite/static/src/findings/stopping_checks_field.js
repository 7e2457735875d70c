import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

// The checks of a preflight: a tick makes a warning of one stop a submission. The keys of the ticked
// ones are in another field.
export class StoppingChecksField extends Component {
    static template = "mass_mailing_lite.StoppingChecksField";
    static props = { ...standardFieldProps, keysField: { type: String } };

    get choices() {
        return this.props.record.data[this.props.name] || [];
    }

    get keys() {
        return this.props.record.data[this.props.keysField] || [];
    }

    inputId(choice) {
        return `partner_mailing_stopping_${choice.key}`;
    }

    toggle(choice, isStopping) {
        // Keys of checks that are no longer installed go with the first change.
        const keys = this.choices
            .map(({ key }) => key)
            .filter((key) => (key === choice.key ? isStopping : this.keys.includes(key)));
        this.props.record.update({ [this.props.keysField]: keys.length ? keys : false });
    }
}

registry.category("fields").add("partner_mailing_stopping_checks", {
    component: StoppingChecksField,
    displayName: _t("Warnings that stop a submission"),
    supportedTypes: ["json"],
    isEmpty: () => false,
    extractProps: ({ options }) => ({ keysField: options.keys_field }),
});
