import { useAutofocus, useService } from "@web/core/utils/hooks";
import { user } from "@web/core/user";
import { DynamicPlaceholderPopover } from "@web/views/fields/dynamic_placeholder_popover";

import { Component, onWillStart, useState } from "@odoo/owl";

// The list of the placeholders that all users may insert, then the fallback for an empty field.
// Template editors can also open Odoo's own list of all fields.
export class PlaceholderPopover extends Component {
    static template = "mass_mailing_lite.PlaceholderPopover";
    static components = { DynamicPlaceholderPopover };
    static props = {
        validate: Function,
        close: Function,
        resModel: { type: String, optional: true },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ search: "", chosen: null, fallback: "", showsAllFields: false });
        useAutofocus({ refName: "autofocus" });
        useAutofocus({ refName: "fallback" });
        onWillStart(async () => {
            [this.placeholders, this.isTemplateEditor] = await Promise.all([
                this.orm.call("partner.mailing", "get_placeholders", []),
                user.hasGroup("mail.group_mail_template_editor"),
            ]);
        });
    }

    get found() {
        const search = this.state.search.trim().toLowerCase();
        return this.placeholders.filter((placeholder) =>
            placeholder.label.toLowerCase().includes(search)
        );
    }

    choose(placeholder) {
        this.state.chosen = placeholder;
    }

    insert() {
        // These characters would end the placeholder, so a fallback cannot have them.
        const fallback = this.state.fallback.replace(/\}\}|\|\|\|/g, "").trim();
        this.props.validate(this.state.chosen.path, fallback);
        this.props.close();
    }

    onSearchKeydown(ev) {
        if (ev.key === "Enter" && this.found.length) {
            ev.preventDefault();
            this.choose(this.found[0]);
        }
    }

    onFallbackKeydown(ev) {
        if (ev.key === "Enter") {
            ev.preventDefault();
            ev.stopPropagation();
            this.insert();
        }
    }
}
