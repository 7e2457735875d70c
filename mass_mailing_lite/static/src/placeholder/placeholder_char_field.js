import { getActiveHotkey } from "@web/core/hotkeys/hotkey_service";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { CharField, charField } from "@web/views/fields/char/char_field";

import { ChipInput } from "./chip_input";
import { describe, loadPlaceholders, splitText } from "./placeholders";
import { PlaceholderTranslationButton } from "./translation_dialog";

import { onWillStart, status, useEffect } from "@odoo/owl";

// A text with placeholders as chips.
//
// What is stored is Odoo's inline template, `{{ object.name ||| reader }}`. Odoo's own input holds
// it, out of sight, so that saving, validity and onchange work as in any other field; the editor
// shows it and tells the input what was typed.
export class PlaceholderCharField extends CharField {
    static template = "mass_mailing_lite.PlaceholderCharField";
    static components = { ...CharField.components, ChipInput, PlaceholderTranslationButton };
    static props = { ...CharField.props, isMultiline: { type: Boolean, optional: true } };

    setup() {
        super.setup();
        const orm = useService("orm");
        this.editor = null;
        this.commits = 0; // changes that the record has not taken over yet
        onWillStart(async () => (this.placeholders = await loadPlaceholders(orm)));
        useEffect(
            (input) => {
                const onInput = () => this.showValue();
                input?.addEventListener("input", onInput);
                return () => input?.removeEventListener("input", onInput);
            },
            () => [this.input.el]
        );
        // After Odoo's hook has given the input its value.
        useEffect(() => this.showValue());
    }

    get pieces() {
        const text = this.props.record.data[this.props.name] || "";
        return splitText(text, this.placeholders, { isStored: true }).map((piece) =>
            typeof piece === "string" ? { text: piece } : describe(piece, this.placeholders)
        );
    }

    get label() {
        const { fields, activeFields } = this.props.record;
        return activeFields[this.props.name]?.string || fields[this.props.name].string;
    }

    get editorClass() {
        return [
            this.isTranslatable ? "o_field_translate" : "",
            this.props.isMultiline ? "o_is_multiline" : "",
        ].join(" ");
    }

    setEditor(editor) {
        this.editor = editor;
        this.showValue();
    }

    showValue() {
        if (this.editor && this.input.el && !this.editor.isComposing && !this.commits) {
            const { resId } = this.props.record;
            if (this.resId && resId && resId !== this.resId) {
                this.editor.forget();
            }
            this.resId = resId;
            this.editor.value = this.input.el.value;
        }
    }

    onEditorInput(value) {
        this.input.el.value = value;
        this.input.el.dispatchEvent(new InputEvent("input"));
    }

    // Until the record has taken a change over, the answer to an earlier one may give the input an
    // older text: it is not shown, or a chip that was clicked would vanish below its popover.
    async onEditorBlur() {
        this.commits++;
        this.input.el.dispatchEvent(new Event("change"));
        await this.props.record.model.mutex.getUnlockedDef();
        this.commits--;
        // The record may have a newer text than the input, which gets it when the field is drawn.
        const text = this.props.record.data[this.props.name] || "";
        if (status(this) !== "destroyed" && this.input.el?.value === text) {
            this.showValue();
        }
    }

    // Keys by which Odoo's input takes over what was typed.
    onEditorKey(ev) {
        const keys = this.props.isMultiline ? ["tab", "shift+tab"] : ["tab", "shift+tab", "enter"];
        if (keys.includes(getActiveHotkey(ev))) {
            const { key, code, shiftKey } = ev;
            this.input.el.dispatchEvent(new KeyboardEvent("keydown", { key, code, shiftKey }));
        }
    }
}

export const placeholderCharField = {
    ...charField,
    component: PlaceholderCharField,
    displayName: _t("Text with placeholders"),
};

// The same for a text of several lines.
export const placeholderTextField = {
    ...placeholderCharField,
    supportedTypes: ["text", "char"],
    extractProps: (...args) => ({ ...charField.extractProps(...args), isMultiline: true }),
};

registry.category("fields").add("partner_mailing_char", placeholderCharField);
registry.category("fields").add("partner_mailing_text", placeholderTextField);
