import { isHtmlContentSupported } from "@html_editor/core/selection_plugin";
import { Plugin } from "@html_editor/plugin";
import { closestElement } from "@html_editor/utils/dom_traversal";

import { PlaceholderPopover } from "./placeholder_popover";
import { describe, splitText, toExpression } from "./placeholders";

const DIRECTIVES = ["t-out", "t-esc", "t-field"];
export const SELECTOR = DIRECTIVES.map((name) => `[${name}]`).join(", ");
const PACKED = "data-partner-mailing-packed";
const SHOWN = ["data-partner-mailing-label", "data-partner-mailing-kind", "data-tooltip"];

export function readElement(element) {
    const name = DIRECTIVES.find((one) => element.hasAttribute(one));
    return {
        directive: name,
        expression: element.getAttribute(name).trim(),
        fallback: element.textContent.trim(),
    };
}

// A placeholder as it is in the clipboard.
export function packElement({ expression, fallback }) {
    const element = document.createElement("span");
    element.setAttribute("t-out", expression);
    element.setAttribute(PACKED, "1");
    element.textContent = fallback;
    return element;
}

// The document of a body in which placeholders are chips, as text, for who may not edit it: their
// styles of their own reach into a frame.
export function showChips(source, placeholders) {
    const page = new DOMParser().parseFromString(source, "text/html");
    for (const element of page.querySelectorAll(SELECTOR)) {
        const { label, hint } = describe(readElement(element), placeholders);
        const chip = page.createElement("span");
        chip.className = "o_partner_mailing_chip";
        chip.style.cssText =
            "padding: 0 0.4em; border-radius: 0.7em; color: #714b67; background-color: #eee9ed";
        chip.title = hint;
        chip.textContent = label;
        element.replaceWith(chip);
    }
    return page;
}

// Odoo writes a style into every element. A placeholder with a style needs QWeb, which only template
// editors may save, so its other attributes are removed.
export function removeStyles(content) {
    for (const placeholder of content.querySelectorAll("t[t-out]")) {
        for (const { name } of [...placeholder.attributes]) {
            if (!name.startsWith("t-")) {
                placeholder.removeAttribute(name);
            }
        }
    }
}

// Shows the placeholders of a body as chips. What is stored stays `<t t-out="object.name">reader</t>`:
// the attributes that style it are known to the editor alone.
export class PlaceholderChipPlugin extends Plugin {
    static id = "partnerMailingChips";
    static dependencies = ["overlay", "history", "dom", "selection"];
    resources = {
        normalize_handlers: (root) => this.mark(root),
        clean_for_save_handlers: ({ root }) => this.clear(root),
        clipboard_content_processors: (content) => this.pack(content),
        before_insert_processors: (container) => this.unpack(container),
        paste_text_overrides: (selection, text) => this.onPasteText(selection, text),
        input_handlers: (ev) => this.onInput(ev),
        system_attributes: SHOWN,
    };

    setup() {
        this.placeholders = this.config.partnerMailingPlaceholders;
        this.popover = this.dependencies.overlay.createOverlay(PlaceholderPopover, {
            hasAutofocus: true,
            className: "popover",
        });
        this.addDomListener(this.editable, "click", this.onClick);
    }

    // Placeholders are protected: the editor's own listeners do not hear of clicks on them.
    isValidTargetForDomListener(ev) {
        if (ev.type === "click" && ev.target && closestElement(ev.target, SELECTOR)) {
            return true;
        }
        return super.isValidTargetForDomListener(ev);
    }

    mark(root) {
        const elements = [...root.querySelectorAll(SELECTOR)];
        if (root.matches?.(SELECTOR)) {
            elements.push(root);
        }
        for (const element of elements) {
            const { label, hint, isKnown } = describe(readElement(element), this.placeholders);
            this.set(element, SHOWN[0], label);
            this.set(element, SHOWN[1], isKnown ? "field" : "expression");
            this.set(element, SHOWN[2], hint);
        }
    }

    set(element, name, value) {
        if (element.getAttribute(name) !== value) {
            element.setAttribute(name, value);
        }
    }

    clear(root) {
        for (const element of root.querySelectorAll(SELECTOR)) {
            for (const name of SHOWN) {
                element.removeAttribute(name);
            }
        }
    }

    // ------------------------------------------------------------
    // Clipboard
    // ------------------------------------------------------------

    // The sanitizer of what is pasted keeps the attribute, and drops the element `t`.
    pack(content) {
        this.clear(content);
        for (const element of content.querySelectorAll("t[t-out]")) {
            element.replaceWith(packElement(readElement(element)));
        }
    }

    unpack(container) {
        for (const element of container.querySelectorAll(`[${PACKED}]`)) {
            element.replaceWith(this.makeElement(readElement(element)));
        }
        return container;
    }

    // ------------------------------------------------------------
    // The dialog of a chip
    // ------------------------------------------------------------

    onClick(ev) {
        const element = closestElement(ev.target, SELECTOR);
        if (!element || !this.editable.contains(element) || ev.detail > 1) {
            return;
        }
        const close = () => {
            this.popover.close();
            this.dependencies.selection.focusEditable();
        };
        if (this.popover.isOpen) {
            this.popover.close();
        }
        this.popover.open({
            target: element,
            props: {
                close,
                current: readElement(element),
                validate: (path, fallback) =>
                    this.change(element, toExpression(path, this.placeholders), fallback),
                writeExpression: (expression) => this.change(element, expression, element.textContent),
                remove: () => this.remove(element),
            },
        });
    }

    // Another element in its place: the history does not see what changes inside a protected one.
    change(element, expression, fallback) {
        const { directive } = readElement(element);
        const changed = element.cloneNode();
        changed.setAttribute(directive, expression);
        changed.textContent = fallback || "";
        element.replaceWith(changed);
        this.dependencies.history.addStep();
    }

    remove(element) {
        element.remove();
        this.dependencies.history.addStep();
    }

    // ------------------------------------------------------------
    // Inline placeholders that are typed or pasted
    // ------------------------------------------------------------

    makeElement({ expression, fallback }) {
        const element = this.document.createElement("t");
        element.setAttribute("t-out", expression);
        element.textContent = fallback;
        return element;
    }

    isKnown(piece) {
        return typeof piece !== "string" && this.placeholders.byExpression.has(piece.expression);
    }

    onPasteText(selection, text) {
        const lines = text.split(/\r?\n/);
        if (lines.length > 1 || !isHtmlContentSupported(selection)) {
            return false;
        }
        const pieces = splitText(text, this.placeholders);
        if (!pieces.some((piece) => this.isKnown(piece))) {
            return false;
        }
        const fragment = this.document.createDocumentFragment();
        for (const piece of pieces) {
            fragment.append(
                this.isKnown(piece) ? this.makeElement(piece) : piece.raw || String(piece)
            );
        }
        this.dependencies.dom.insert(fragment);
        return true;
    }

    onInput(ev) {
        if (ev.data !== "}" || ev.isComposing) {
            return;
        }
        const selection = this.dependencies.selection.getEditableSelection();
        const node = selection.anchorNode;
        if (
            node?.nodeType !== Node.TEXT_NODE ||
            !selection.isCollapsed ||
            !isHtmlContentSupported(selection)
        ) {
            return;
        }
        const before = node.data.slice(0, selection.anchorOffset);
        const pieces = splitText(before, this.placeholders);
        const last = pieces.at(-1);
        if (!this.isKnown(last)) {
            return;
        }
        const start = before.lastIndexOf("{{");
        const { anchorOffset } = selection;
        this.dependencies.selection.setSelection({
            anchorNode: node,
            anchorOffset: start,
            focusNode: node,
            focusOffset: anchorOffset,
        });
        this.dependencies.dom.insert(this.makeElement(last));
        this.dependencies.history.addStep();
    }
}
