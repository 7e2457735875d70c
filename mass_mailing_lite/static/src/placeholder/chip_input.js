import { useEmojiPicker } from "@web/core/emoji_picker/emoji_picker";
import { usePopover } from "@web/core/popover/popover_hook";

import { ChipEditor } from "./chip_editor";
import { PlaceholderPopover } from "./placeholder_popover";
import { formatInline, splitText, toExpression } from "./placeholders";

import { Component, useEffect, useExternalListener, useRef } from "@odoo/owl";

// The editor of a text with placeholders as chips, and its buttons: a click on a chip opens its
// dialog; a button, and the key #, open the list of placeholders, another button the emoji. In a text
// of several lines the key / opens it too, as in the body of an e-mail: at the beginning of a word.
export class ChipInput extends Component {
    static template = "mass_mailing_lite.ChipInput";
    static props = {
        placeholders: Object,
        label: String,
        // Takes the `ChipEditor`, once it is there, and null.
        onReady: Function,
        onInput: Function,
        onBlur: { type: Function, optional: true },
        onKey: { type: Function, optional: true },
        id: { type: String, optional: true },
        placeholder: { type: String, optional: true },
        class: { type: String, optional: true },
        isMultiline: { type: Boolean, optional: true },
        maxLength: { type: Number, optional: true },
        slots: { type: Object, optional: true },
    };

    setup() {
        this.editorRef = useRef("editor");
        this.popover = usePopover(PlaceholderPopover, {
            position: "bottom-start",
            onClose: () => this.onPopoverClose(),
        });
        useEmojiPicker(
            useRef("emojisButton"),
            { onSelect: (emoji) => this.insertEmoji(emoji) },
            { position: "bottom" }
        );
        this.keyPosition = null;
        useEffect(
            (host) => host && this.mountEditor(host),
            () => [this.editorRef.el]
        );
        useExternalListener(document, "click", (ev) => this.onLabelClick(ev));
    }

    mountEditor(host) {
        this.editor = new ChipEditor(host, {
            placeholders: this.props.placeholders,
            isMultiline: Boolean(this.props.isMultiline),
            maxLength: this.props.maxLength,
            onInput: () => this.props.onInput(this.editor.value),
            onOpen: (chip, state) => this.openChip(chip, state),
            onKey: (ev) => this.onKey(ev),
        });
        this.props.onReady(this.editor);
        return () => {
            this.editor.destroy();
            this.editor = null;
            this.props.onReady(null);
        };
    }

    onKey(ev) {
        if (this.opensList(ev)) {
            // The key is typed first, and replaced by the placeholder that is chosen.
            this.key = ev.key;
            this.keyPosition = this.editor.getSelection()[0];
            this.openList();
        } else {
            this.props.onKey?.(ev);
        }
    }

    opensList(ev) {
        if (ev.ctrlKey || ev.metaKey || ev.isComposing) {
            return false;
        }
        if (ev.key === "/" && this.props.isMultiline) {
            const [position] = this.editor.getSelection();
            const [before] = this.editor.slice(this.editor.pieces, position - 1, position);
            return !position || (typeof before === "string" && /\s/.test(before));
        }
        return ev.key === "#";
    }

    onLabelClick(ev) {
        const label = this.editor && ev.target.closest?.("label");
        if (label && label.htmlFor && label.htmlFor === this.props.id) {
            this.editor.focus();
        }
    }

    // ------------------------------------------------------------
    // Placeholders and emoji
    // ------------------------------------------------------------

    onListClick() {
        this.keyPosition = null;
        this.openList();
    }

    openList() {
        this.popover.open(this.editorRef.el, {
            isText: Boolean(this.props.isMultiline),
            validate: (path, fallback) => this.insertPlaceholder(path, fallback),
            // A blank behind the key: it was meant as it stands, as in "24 / 7".
            goOn: this.keyPosition === null ? undefined : () => this.typeBehindKey(" "),
        });
    }

    typeBehindKey(text) {
        const position = this.keyPosition + 1;
        this.editor.host.focus();
        this.editor.replace(position, position, [text]);
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
            isText: Boolean(this.props.isMultiline),
            validate: (path, fallback) => {
                replace(this.makePieces(toExpression(path, this.props.placeholders), fallback));
            },
            writeExpression: (expression) => replace(this.makePieces(expression, piece.fallback)),
            remove: () => replace([]),
        });
    }

    makePieces(expression, fallback) {
        const text = formatInline(expression, fallback);
        return splitText(text, this.props.placeholders, { isStored: true });
    }

    insertPlaceholder(path, fallback) {
        let [start, end] = this.editor.selection;
        const { pieces } = this.editor;
        if (this.keyPosition !== null) {
            const [typed] = this.editor.slice(pieces, this.keyPosition, this.keyPosition + 1);
            if (typed === this.key) {
                [start, end] = [this.keyPosition, this.keyPosition + 1];
            }
        }
        const [before] = this.editor.slice(pieces, start - 1, start);
        const gap = typeof before === "string" && !/\s/.test(before) ? [" "] : [];
        const expression = toExpression(path, this.props.placeholders);
        this.editor.host.focus();
        this.editor.replace(start, end, [...gap, ...this.makePieces(expression, fallback)]);
    }

    insertEmoji(emoji) {
        const [start, end] = this.editor.selection;
        this.editor.host.focus();
        this.editor.replace(start, end, [emoji]);
    }
}
