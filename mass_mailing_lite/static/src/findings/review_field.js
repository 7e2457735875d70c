import { htmlField } from "@html_editor/fields/html_field";

import { registry } from "@web/core/registry";

import { callButton } from "../checklist/go_to";

import { Component } from "@odoo/owl";

// The only methods that a button in the page calls: each opens a list. The page also shows what an
// author wrote, which may look like a button.
const OPENS = ["action_open_domains", "action_open_empty_values", "action_open_unclear_names"];

// The page from which a validator decides, with the buttons of its findings.
export class ReviewField extends Component {
    static template = "mass_mailing_lite.ReviewField";
    static props = { "*": true };

    get component() {
        return htmlField.component;
    }

    async onClick(ev) {
        const button = ev.target.closest?.("[data-partner-mailing-opens]");
        const name = button?.dataset.partnerMailingOpens;
        if (OPENS.includes(name)) {
            ev.preventDefault();
            const argument = button.dataset.partnerMailingArgument;
            await callButton(this, name, argument ? [argument] : undefined);
        }
    }
}

registry.category("fields").add("partner_mailing_review", {
    ...htmlField,
    component: ReviewField,
});
