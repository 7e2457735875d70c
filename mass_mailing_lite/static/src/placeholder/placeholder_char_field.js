import { getActiveHotkey } from "@web/core/hotkeys/hotkey_service";
import { _t } from "@web/core/l10n/translation";
import { useEmojiPicker } from "@web/core/emoji_picker/emoji_picker";
import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { CharField, charField } from "@web/views/fields/char/char_field";

import { ChipEditor } from "./chip_editor";
import { PlaceholderPopover } from "./placeholder_popover";
import { describe, formatInline, loadPlaceholders, splitText, toExpression } from "./placeholders";

import { onWillStart, useEffect, useExternalListener, useRef } from "@odoo/owl";

// A text with placeholders as chips: a click on one opens its dialog. A button, and the key #, open
// the list of placeholders, another button the emoji.
//
// What is stored is Odoo's inline template, `{{ object.name ||| reader }}`. Odoo's own input holds
// it, out of sight, so that saving, validity and onchange work as in any other field; `ChipEditor`
// shows it and tells the input what was typed.
export class PlaceholderCharField extends CharField {
    static template = "mass_mailing_lite.PlaceholderCharField";
    static props = { ...CharField.props, isMultiline: { type: Boolean, optional: true } };

    setup() {
        super.setup();
        const orm = useService("orm");
        this.editorRef = useRef("editor");
        this.popover = usePopover(PlaceholderPopover, {
            position: "bottom-start",
            onClose: () => this.onPopoverClose(),
        });
        this.emojiPicker = useEmojiPicker(
            useRef("emojisButton"),
            { onSelect: (emoji) => this.insertEmoji(emoji) },
            { position: "bottom" }
        );
        this.keyPosition = null;
        onWillStart(async () => (this.placeholders = await loadPlaceholders(orm)));
        useEffect(
            (host) => host && this.mountEditor(host),
            () => [this.editorRef.el]
        );
        // After Odoo's hook has given the input its value.
        useEffect(() => this.showValue());
        useExternalListener(document, "click", (ev) => this.onLabelClick(ev));
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

    // ------------------------------------------------------------
    // The editor and the input
    // ------------------------------------------------------------

    mountEditor(host) {
        const input = this.input.el;
        this.editor = new ChipEditor(host, {
            placeholders: this.placeholders,
            isMultiline: Boolean(this.props.isMultiline),
            maxLength: this.maxLength,
            onInput: () => this.tellInput(),
            onOpen: (chip, state) => this.openChip(chip, state),
            onKey: (ev) => this.onKey(ev),
        });
        const onBlur = () => {
            input.dispatchEvent(new Event("change"));
            this.showValue();
        };
        const onInput = () => this.showValue();
        host.addEventListener("blur", onBlur);
        input.addEventListener("input", onInput);
        this.showValue();
        return () => {
            host.removeEventListener("blur", onBlur);
            input.removeEventListener("input", onInput);
            this.editor.destroy();
            this.editor = null;
        };
    }

    showValue() {
        if (this.editor && !this.editor.isComposing) {
            this.editor.value = this.input.el.value;
        }
    }

    tellInput() {
        this.input.el.value = this.editor.value;
        this.input.el.dispatchEvent(new InputEvent("input"));
    }

    onKey(ev) {
        const keys = this.props.isMultiline ? ["tab", "shift+tab"] : ["tab", "shift+tab", "enter"];
        if (keys.includes(getActiveHotkey(ev))) {
            const { key, code, shiftKey } = ev;
            this.input.el.dispatchEvent(new KeyboardEvent("keydown", { key, code, shiftKey }));
        } else if (ev.key === "#" && !ev.ctrlKey && !ev.metaKey && !ev.isComposing) {
            // The key is typed first, and replaced by the placeholder that is chosen.
            this.keyPosition = this.editor.getSelection()[0];
            this.openList();
        }
    }

    onLabelClick(ev) {
        const label = this.editor && ev.target.closest?.("label");
        if (label && label.htmlFor && label.htmlFor === this.editorRef.el.id) {
            this.editor.focus();
        }
    }

    // ------------------------------------------------------------
    // Placeholders and emoji
    // ------------------------------------------------------------

    onDynamicPlaceholderOpen() {
        this.keyPosition = null;
        this.openList();
    }

    openList() {
        this.popover.open(this.editorRef.el, {
            validate: (path, fallback) => this.insertPlaceholder(path, fallback),
        });
    }

    onPopoverClose() {
        this.keyPosition = null;
        const focused = document.activeElement;
        if (focused === document.body || focused.closest(".o_partner_mailing_placeholders")) {
            this.editor?.focus();
        }
    }

    openChip(chip, { piece, replace }) {
        this.popover.open(chip, {
            current: piece,
            validate: (path, fallback) => {
                replace(this.makePieces(toExpression(path, this.placeholders), fallback));
            },
            writeExpression: (expression) => replace(this.makePieces(expression, "")),
            remove: () => replace([]),
        });
    }

    makePieces(expression, fallback) {
        return splitText(formatInline(expression, fallback), this.placeholders, { isStored: true });
    }

    insertPlaceholder(path, fallback) {
        let [start, end] = this.editor.selection;
        if (this.keyPosition !== null) {
            const [typed] = this.editor.slice(this.editor.pieces, this.keyPosition, this.keyPosition + 1);
            if (typed === "#") {
                [start, end] = [this.keyPosition, this.keyPosition + 1];
            }
        }
        const [before] = this.editor.slice(this.editor.pieces, start - 1, start);
        const gap = typeof before === "string" && !/\s/.test(before) ? [" "] : [];
        this.editor.host.focus();
        const expression = toExpression(path, this.placeholders);
        this.editor.replace(start, end, [...gap, ...this.makePieces(expression, fallback)]);
    }

    insertEmoji(emoji) {
        const [start, end] = this.editor.selection;
        this.editor.host.focus();
        this.editor.replace(start, end, [emoji]);
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
    supportedTypes: ["text"],
    extractProps: (...args) => ({ ...charField.extractProps(...args), isMultiline: true }),
};

registry.category("fields").add("partner_mailing_char", placeholderCharField);
registry.category("fields").add("partner_mailing_text", placeholderTextField);
