import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useNumpadDecimal } from "@web/views/fields/numpad_decimal_hook";
import { useInputField } from "@web/views/fields/input_field_hook";
import { formatInteger } from "@web/views/fields/formatters";
import { parseInteger } from "@web/views/fields/parsers";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

// A number of which 0 means that there is no limit: the placeholder says so ("Unlimited", "Not Required"),
// and an empty field is 0.
export class LimitField extends Component {
    static template = "mass_mailing_lite.LimitField";
    static props = { ...standardFieldProps, placeholder: { type: String, optional: true } };

    setup() {
        useInputField({
            getValue: () => this.text,
            refName: "numpadDecimal",
            parse: (typed) => this.parse(typed.trim()),
        });
        useNumpadDecimal();
    }

    get text() {
        const value = this.props.record.data[this.props.name];
        return value ? formatInteger(value) : "";
    }

    parse(typed) {
        const isNone = !typed || typed.toLowerCase() === (this.props.placeholder || "").toLowerCase();
        return isNone ? 0 : parseInteger(typed, { allowOperation: true });
    }
}

registry.category("fields").add("partner_mailing_limit", {
    component: LimitField,
    displayName: _t("Limit"),
    supportedTypes: ["integer"],
    isEmpty: () => false,
    extractProps: ({ placeholder }) => ({ placeholder }),
});
