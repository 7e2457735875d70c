import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

// A phone that shows a text, and where each SMS of it ends. The value, JSON, has `sender`, and
// `parts`: a list of `text` and `units`, the places that it takes.
export class PhoneField extends Component {
    static template = "mass_mailing_lite_sms.PhoneField";
    static props = { ...standardFieldProps };

    setup() {
        this.state = useState({
            isDark: window.matchMedia("(prefers-color-scheme: dark)").matches,
        });
    }

    get phone() {
        return this.props.record.data[this.props.name];
    }

    get initial() {
        return [...this.phone.sender][0].toUpperCase();
    }
}

registry.category("fields").add("partner_mailing_phone", {
    component: PhoneField,
    supportedTypes: ["json"],
});
