import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

const BUTTONS = {
    plain: { icon: "fa-align-left", text: _t("Write a Text") },
    builder: { icon: "fa-th-large", text: _t("Design with Blocks") },
};

const isEmpty = (source) => {
    const { body } = new DOMParser().parseFromString(String(source || ""), "text/html");
    return !body.textContent.trim() && !body.querySelector("img, [t-out]");
};

// How the body is written: as a text, or of blocks. The server makes a text the first block of a design,
// and drops a design when its text is changed without it.
export class EditorChoiceField extends Component {
    static template = "mass_mailing_lite_email_marketing.EditorChoiceField";
    static props = {
        ...standardFieldProps,
        designField: { type: String },
        bodyField: { type: String },
    };

    setup() {
        this.dialog = useService("dialog");
        this.left = null; // the body when its design was left for a text
    }

    get label() {
        return this.props.record.fields[this.props.name].string;
    }

    get editors() {
        return this.props.record.fields[this.props.name].selection.map(([id, label]) => ({
            id,
            label,
            ...BUTTONS[id],
            isChosen: id === this.props.record.data[this.props.name],
        }));
    }

    async choose(editor) {
        const { record, name, designField, bodyField } = this.props;
        if (editor === record.data[name]) {
            return;
        }
        // What was typed just now belongs to the record before its editor goes.
        const proms = [];
        record.model.bus.trigger("NEED_LOCAL_CHANGES", { proms });
        await Promise.all(proms);
        const body = String(record.data[bodyField] || "");
        if (editor === "builder") {
            const isUnchanged =
                this.left?.record === record.id ? this.left.body === body : !record.dirty;
            // A text that was changed since has no design any more, and gets one.
            const design = isEmpty(body) || isUnchanged ? {} : { [designField]: "" };
            return record.update({ ...design, [name]: editor });
        }
        if (isEmpty(record.data[designField])) {
            return record.update({ [name]: editor });
        }
        this.dialog.add(ConfirmationDialog, {
            title: _t("Go on with a text?"),
            body: _t(
                "Blocks cannot be moved in the editor for texts. The design is removed as soon as a change of the text is saved; the words stay."
            ),
            confirmLabel: _t("Go On with a Text"),
            confirm: () => {
                this.left = { record: record.id, body };
                return record.update({ [name]: editor });
            },
            cancel: () => {},
        });
    }
}

export const editorChoiceField = {
    component: EditorChoiceField,
    displayName: _t("Choice of the body's editor"),
    supportedTypes: ["selection"],
    extractProps: ({ options }) => ({
        designField: options.design_field,
        bodyField: options.body_field,
    }),
};

registry.category("fields").add("partner_mailing_editor_choice", editorChoiceField);
