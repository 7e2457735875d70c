import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { callButton, goTo } from "./go_to";

import { Component, useRef } from "@odoo/owl";

// The steps of a mailing (see partner_mailing_checklist.py). A click on a step opens the tab, field
// or dialog where it is done.
export class ChecklistField extends Component {
    static template = "mass_mailing_lite.ChecklistField";
    static props = { ...standardFieldProps };

    setup() {
        this.root = useRef("root");
    }

    get steps() {
        return this.props.record.data[this.props.name] || [];
    }

    get next() {
        return this.steps.find((step) => step.is_next);
    }

    isLink(step) {
        return Boolean(step.action || step.page || step.focus);
    }

    // Text for screen readers in place of the icon.
    statusText(step) {
        if (step.status === "done") {
            return _t("done");
        }
        return step.status === "attention" ? _t("to be looked at again") : _t("not done yet");
    }

    async go(step) {
        if (step.action) {
            await callButton(this, step.action);
        } else {
            await goTo(this, step);
        }
    }
}

export const checklistField = {
    component: ChecklistField,
    displayName: _t("Steps of a mailing"),
    supportedTypes: ["json"],
};

registry.category("fields").add("partner_mailing_checklist", checklistField);
