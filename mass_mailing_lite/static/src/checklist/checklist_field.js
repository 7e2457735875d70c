import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useRef } from "@odoo/owl";

const FOCUSABLE = "input, textarea, .odoo-editor-editable";

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
            const { record } = this.props;
            await this.env.onClickViewButton({
                clickParams: { type: "object", name: step.action },
                getResParams: () => ({
                    resModel: record.resModel,
                    resId: record.resId,
                    resIds: record.resIds,
                    context: record.context,
                    evalContext: record.evalContext,
                }),
            });
            return;
        }
        const form = this.root.el.closest(".o_form_view");
        const tab = step.page && form.querySelector(`.o_notebook_headers a[name="${step.page}"]`);
        if (tab) {
            tab.click();
            // The content of the tab is rendered in the next frame.
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            tab.scrollIntoView({ block: this.env.isSmall ? "start" : "nearest" });
            tab.focus({ preventScroll: true });
        }
        const field = step.focus && form.querySelector(`.o_field_widget[name="${step.focus}"]`);
        const input = field && (field.matches(FOCUSABLE) ? field : field.querySelector(FOCUSABLE));
        input?.scrollIntoView({ block: this.env.isSmall ? "center" : "nearest" });
        input?.focus({ preventScroll: true });
    }
}

export const checklistField = {
    component: ChecklistField,
    displayName: _t("Steps of a mailing"),
    supportedTypes: ["json"],
};

registry.category("fields").add("partner_mailing_checklist", checklistField);
