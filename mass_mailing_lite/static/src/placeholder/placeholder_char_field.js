import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { CharField, charField } from "@web/views/fields/char/char_field";

import { PlaceholderPopover } from "./placeholder_popover";

import { useExternalListener } from "@odoo/owl";

// A char field with a button, and the key #, that open the list of placeholders.
export class PlaceholderCharField extends CharField {
    setup() {
        super.setup();
        this.popover = usePopover(PlaceholderPopover, {
            position: "bottom-end",
            onClose: () => (this.keyPosition = null),
        });
        this.keyPosition = null;
        useExternalListener(document, "keydown", (ev) => this.onKeydown(ev));
    }

    // Odoo's template of the field shows the button if this is true.
    get hasDynamicPlaceholder() {
        return !this.props.readonly;
    }

    onKeydown(ev) {
        if (ev.target === this.input.el && ev.key === "#") {
            this.keyPosition = this.input.el.selectionStart;
            this.onDynamicPlaceholderOpen();
        }
    }

    onDynamicPlaceholderOpen() {
        this.popover.open(this.input.el, {
            validate: (path, fallback) => this.insertPlaceholder(path, fallback),
        });
    }

    insertPlaceholder(path, fallback) {
        const input = this.input.el;
        const typedKey = this.keyPosition !== null && input.value[this.keyPosition] === "#";
        const start = typedKey ? this.keyPosition : this.selectionStart;
        const end = typedKey ? start + 1 : start;
        const gap = start && !/\s/.test(input.value[start - 1]) ? " " : "";
        const placeholder = `{{ object.${path}${fallback ? ` ||| ${fallback}` : ""} }}`;
        input.focus();
        input.setRangeText(gap + placeholder, start, end, "end");
        input.dispatchEvent(new InputEvent("input"));
        this.selectionStart = input.selectionStart;
    }
}

export const placeholderCharField = {
    ...charField,
    component: PlaceholderCharField,
};

registry.category("fields").add("partner_mailing_char", placeholderCharField);
