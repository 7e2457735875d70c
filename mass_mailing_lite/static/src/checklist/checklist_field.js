import { isMacOS } from "@web/core/browser/feature_detection";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { callButton, goTo } from "./go_to";

import { Component, onMounted, onWillUnmount, useRef, useState } from "@odoo/owl";

const TABS = ".o_notebook_headers a[name]";
const SUBMIT = "action_open_submission";
// With Alt, or Control on a Mac: Odoo's forms leave these letters free, side by side on keyboards.
const KEYS = { back: "i", next: "o" };

// The steps of a mailing (see partner_mailing_checklist.py). A click on a step opens the tab, field
// or dialog where it is done. Back and Next go from step to step, whatever their status is.
export class ChecklistField extends Component {
    static template = "mass_mailing_lite.ChecklistField";
    static props = { ...standardFieldProps };

    setup() {
        this.root = useRef("root");
        this.keys = KEYS;
        this.state = useState({ here: null });
        let form = null;
        const onClick = (ev) => this.onFormClick(ev);
        onMounted(() => {
            form = this.root.el.closest(".o_form_view");
            form?.addEventListener("click", onClick);
            const tab = form?.querySelector(`${TABS}.active`)?.getAttribute("name");
            this.state.here = this.findStepOf(tab)?.key || null;
        });
        onWillUnmount(() => form?.removeEventListener("click", onClick));
    }

    // The step of the tab that a user opens is the one from which Back and Next go on.
    onFormClick(ev) {
        const tab = ev.target.closest(TABS)?.getAttribute("name");
        const step = tab && this.findStepOf(tab);
        if (step) {
            this.state.here = step.key;
        }
    }

    findStepOf(tab) {
        return this.steps.find((step) => tab && step.page === tab);
    }

    // The step `distance` places from here, of those that lead anywhere.
    findStep(distance) {
        const open = this.steps.filter((step) => this.isLink(step));
        const here = open.findIndex((step) => step.key === this.state.here);
        return open[here < 0 ? Math.max(distance - 1, 0) : here + distance];
    }

    get back() {
        return this.findStep(-1);
    }

    get forward() {
        return this.findStep(1);
    }

    describe(words, step, key) {
        const keys = `${isMacOS() ? "Ctrl" : "Alt"}+${key.toUpperCase()}`;
        return step ? `${words}: ${step.label} (${keys})` : words;
    }

    get backHint() {
        return this.describe(_t("Back"), this.back, KEYS.back);
    }

    get nextHint() {
        return this.describe(_t("Next"), this.forward, KEYS.next);
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

    // Submitting is one press more: Next only leads to its button.
    async move(step) {
        if (step?.action === SUBMIT) {
            this.state.here = step.key;
            const form = this.root.el.closest(".o_form_view");
            const buttons = form.querySelectorAll(`button[name="${SUBMIT}"]`);
            [...buttons].find((button) => button.offsetParent)?.focus();
        } else if (step) {
            await this.go(step);
        }
    }

    async go(step) {
        this.state.here = step.key;
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
