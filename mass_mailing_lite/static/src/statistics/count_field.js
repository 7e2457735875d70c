import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { formatCount } from "./figures";

// A number, "–" with a hint where it is not known.
export class CountField extends Component {
    static template = "mass_mailing_lite.RateField";
    static props = { ...standardFieldProps };

    get text() {
        return formatCount(this.props.record.data[this.props.name]);
    }

    get hint() {
        return this.props.record.data[this.props.name] === false ? _t("Not known") : "";
    }
}

export const countField = {
    component: CountField,
    displayName: _t("Number of a mailing"),
    supportedTypes: ["integer"],
    isEmpty: () => false,
    listViewWidth: [60, 90],
};

registry.category("fields").add("partner_mailing_count", countField);
