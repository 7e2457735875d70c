import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

// Shows mail as mail programs do: a document of its own, which runs no script and has no access to
// the page around it.
export class HtmlFrameField extends Component {
    static template = "mass_mailing_lite.HtmlFrameField";
    static props = {
        ...standardFieldProps,
        miniature: { type: Boolean, optional: true },
        widths: { type: Boolean, optional: true },
    };

    setup() {
        this.state = useState({ width: "desktop" });
        this.widths = [
            { id: "desktop", label: _t("Desktop"), icon: "fa-desktop" },
            { id: "phone", label: _t("Phone"), icon: "fa-mobile" },
        ];
    }

    get document() {
        const value = String(this.props.record.data[this.props.name] || "");
        // A link opens in a new tab, not inside the frame.
        return value.replace("<head>", '<head><base target="_blank">');
    }

    get sandbox() {
        return this.props.miniature ? "" : "allow-popups allow-popups-to-escape-sandbox";
    }
}

export const htmlFrameField = {
    component: HtmlFrameField,
    displayName: _t("HTML in a frame"),
    supportedTypes: ["html", "text"],
    extractProps: ({ options }) => ({
        miniature: Boolean(options.miniature),
        widths: Boolean(options.widths),
    }),
};

registry.category("fields").add("partner_mailing_html_frame", htmlFrameField);
