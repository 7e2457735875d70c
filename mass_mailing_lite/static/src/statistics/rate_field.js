import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { formatShare, NOT_TRACKED, NOTHING_DELIVERED } from "./figures";

// A share in percent, "–" with a hint where there is none. The option "tracked" names the field that
// says whether the mailing tracks it.
export class RateField extends Component {
    static template = "mass_mailing_lite.RateField";
    static props = { ...standardFieldProps, tracked: { type: String, optional: true } };

    get text() {
        return formatShare(this.props.record.data[this.props.name]);
    }

    get hint() {
        const { data } = this.props.record;
        if (data[this.props.name] !== false) {
            return "";
        }
        return this.props.tracked && !data[this.props.tracked] ? NOT_TRACKED : NOTHING_DELIVERED;
    }
}

export const rateField = {
    component: RateField,
    displayName: _t("Rate of a mailing"),
    supportedTypes: ["float"],
    isEmpty: () => false,
    listViewWidth: [60, 90],
    extractProps: ({ options }) => ({ tracked: options.tracked }),
    fieldDependencies: ({ options }) =>
        options.tracked ? [{ name: options.tracked, type: "boolean" }] : [],
};

registry.category("fields").add("partner_mailing_rate", rateField);
