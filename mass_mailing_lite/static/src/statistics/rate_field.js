import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { formatShare, NOT_TRACKED, NOTHING_DELIVERED } from "./figures";

// Return the text of a share in percent, "–" with a hint where there is none. The field `tracked` says
// whether the mailing tracks it.
export function describeRate({ data }, name, tracked) {
    const text = formatShare(data[name]);
    if (data[name] !== false) {
        return { text };
    }
    return { text, hint: tracked && !data[tracked] ? NOT_TRACKED : NOTHING_DELIVERED };
}

// The option "tracked" names the field that says whether the mailing tracks it.
export class RateField extends Component {
    static template = "mass_mailing_lite.RateField";
    static props = { ...standardFieldProps, tracked: { type: String, optional: true } };

    get rate() {
        return describeRate(this.props.record, this.props.name, this.props.tracked);
    }

    get text() {
        return this.rate.text;
    }

    get hint() {
        return this.rate.hint;
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
