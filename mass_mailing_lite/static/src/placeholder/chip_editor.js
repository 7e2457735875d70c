import { _t } from "@web/core/l10n/translation";

import { packElement } from "./chip_plugin";
import { describe, htmlToInline, splitText } from "./placeholders";

const CHIP = "o_partner_mailing_chip";
// Browsers show no caret beside an element that cannot be edited, unless text is there.
const FILLER = "\ufeff";
const MAX_STEPS = 200;

const isChip = (node) => node.nodeType === Node.ELEMENT_NODE && node.classList.contains(CHIP);

export function makeChip(piece, placeholders) {
    const chip = document.createElement("span");
    const { label, hint, isKnown } = describe(piece, placeholders);
    chip.className = CHIP;
    chip.classList.toggle("o_is_expression", !isKnown);
    chip.contentEditable = "false";
    chip.setAttribute("role", "img");
    chip.setAttribute("aria-label", _t("Placeholder %(label)s. %(hint)s", { label, hint }));
    chip.title = hint;
    chip.textContent = label;
    chip.piece = piece;
    return chip;
}

// Edits a text in which placeholders are chips, in an element with `contenteditable`.
//
// A position counts characters, and one for each chip. What is typed is left to the browser, so that
// input methods, spelling and dictation work as usual; what has to do with chips is done here.
export class ChipEditor {
    constructor(host, { placeholders, isMultiline, maxLength, onInput, onOpen, onKey }) {
        Object.assign(this, { host, placeholders, isMultiline, maxLength, onInput, onOpen, onKey });
        this.steps = [];
        this.step = -1;
        this.isComposing = false;
        this.selection = [0, 0];
        this.listeners = {
            beforeinput: (ev) => this.onBeforeInput(ev),
            input: (ev) => this.onNativeInput(ev),
            compositionstart: () => (this.isComposing = true),
            compositionend: () => {
                this.isComposing = false;
                this.update();
            },
            keydown: (ev) => this.onKeydown(ev),
            copy: (ev) => this.onCopy(ev),
            cut: (ev) => this.onCut(ev),
            paste: (ev) => this.onPaste(ev),
            dragstart: (ev) => ev.preventDefault(),
            drop: (ev) => this.onDrop(ev),
            click: (ev) => this.onClick(ev),
            blur: () => this.keepSelection(),
        };
        for (const [name, listener] of Object.entries(this.listeners)) {
            host.addEventListener(name, listener);
        }
    }

    destroy() {
        for (const [name, listener] of Object.entries(this.listeners)) {
            this.host.removeEventListener(name, listener);
        }
    }

    // ------------------------------------------------------------
    // The text
    // ------------------------------------------------------------

    get value() {
        return this.serialize(this.pieces);
    }

    // Shows a text that is stored, or was changed elsewhere; the steps to undo begin anew.
    set value(text) {
        if (text === this.value && this.step >= 0) {
            return;
        }
        this.show(splitText(text, this.placeholders, { isStored: true }));
        this.steps = [];
        this.step = -1;
        this.selection = [this.length, this.length];
        if (document.activeElement === this.host) {
            this.select(...this.selection);
        }
        // To ask the document for it would have the whole form laid out while it is being made.
        this.remember(this.selection);
    }

    // Begins anew with another record, whose text may be the same.
    forget() {
        this.steps = [];
        this.step = -1;
    }

    get pieces() {
        const pieces = [];
        const add = (text) => {
            if (typeof pieces.at(-1) === "string") {
                pieces[pieces.length - 1] += text;
            } else if (text) {
                pieces.push(text);
            }
        };
        const read = (node) => {
            if (isChip(node)) {
                pieces.push(node.piece);
            } else if (node.nodeType === Node.TEXT_NODE) {
                add(node.data.replaceAll(FILLER, ""));
            } else if (node.nodeName === "BR") {
                add(this.isMultiline && node.nextSibling ? "\n" : "");
            } else {
                node.childNodes.forEach(read);
            }
        };
        this.host.childNodes.forEach(read);
        return pieces;
    }

    get length() {
        return this.measure(this.pieces);
    }

    measure(pieces) {
        return pieces.reduce((sum, one) => sum + (typeof one === "string" ? one.length : 1), 0);
    }

    serialize(pieces) {
        return pieces.map((piece) => (typeof piece === "string" ? piece : piece.raw)).join("");
    }

    // The pieces between two positions.
    slice(pieces, start, end) {
        const found = [];
        let position = 0;
        for (const piece of pieces) {
            const size = typeof piece === "string" ? piece.length : 1;
            const from = Math.max(start - position, 0);
            const to = Math.min(end - position, size);
            if (from < to) {
                found.push(typeof piece === "string" ? piece.slice(from, to) : piece);
            }
            position += size;
        }
        return found;
    }

    // The nodes that show pieces, with fillers where a caret needs them.
    show(pieces) {
        const nodes = [];
        let text = "";
        for (const piece of pieces) {
            if (typeof piece === "string") {
                text += piece;
            } else {
                nodes.push(document.createTextNode(text || FILLER), this.makeNode(piece));
                text = "";
            }
        }
        // A line break at the end shows no line of its own.
        if (text || nodes.length) {
            nodes.push(document.createTextNode(text.endsWith("\n") || !text ? text + FILLER : text));
        }
        this.host.replaceChildren(...nodes);
        this.host.classList.toggle("o_is_empty", !nodes.length);
    }

    makeNode(piece) {
        return makeChip(piece, this.placeholders);
    }

    // Whether the nodes are as `show` makes them.
    isInOrder() {
        let wantsText = true;
        for (const node of this.host.childNodes) {
            const isText = node.nodeType === Node.TEXT_NODE;
            if (isText !== wantsText || !(isText || isChip(node))) {
                return false;
            }
            if (isText && (!node.data || (node.data.includes(FILLER) && !this.isFiller(node)))) {
                return false;
            }
            wantsText = !wantsText;
        }
        const last = this.host.lastChild;
        return !last || (last.nodeType === Node.TEXT_NODE && (last !== this.host.firstChild || last.data !== FILLER));
    }

    isFiller(node) {
        return node.data === FILLER || (node === this.host.lastChild && node.data.endsWith(`\n${FILLER}`));
    }

    // ------------------------------------------------------------
    // Positions
    // ------------------------------------------------------------

    getPosition(node, offset) {
        let position = 0;
        const range = document.createRange();
        range.setStart(this.host, 0);
        range.setEnd(node, offset);
        const chip = (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest?.(`.${CHIP}`);
        if (chip && this.host.contains(chip)) {
            range.setEndAfter(chip);
        }
        const count = (one) => {
            if (isChip(one)) {
                position += 1;
            } else if (one.nodeType === Node.TEXT_NODE) {
                position += one.data.replaceAll(FILLER, "").length;
            } else if (one.nodeName === "BR") {
                position += this.isMultiline && one.nextSibling ? 1 : 0;
            } else {
                one.childNodes.forEach(count);
            }
        };
        range.cloneContents().childNodes.forEach(count);
        return position;
    }

    // The selection as [start, end]; the last one when the caret is elsewhere.
    getSelection() {
        const selection = document.getSelection();
        if (!selection.rangeCount || !this.host.contains(selection.anchorNode)) {
            return this.selection;
        }
        const range = selection.getRangeAt(0);
        return [
            this.getPosition(range.startContainer, range.startOffset),
            this.getPosition(range.endContainer, range.endOffset),
        ];
    }

    keepSelection() {
        this.selection = this.getSelection();
    }

    getPoint(position) {
        let rest = position;
        for (const node of this.host.childNodes) {
            if (isChip(node)) {
                rest -= 1;
                continue;
            }
            const size = node.data.replaceAll(FILLER, "").length;
            if (rest <= size) {
                return [node, rest];
            }
            rest -= size;
        }
        const last = this.host.lastChild;
        return last ? [last, last.data?.replace(FILLER, "").length || 0] : [this.host, 0];
    }

    select(start, end = start) {
        this.selection = [start, end];
        document
            .getSelection()
            .setBaseAndExtent(...this.getPoint(start), ...this.getPoint(end));
    }

    focus() {
        const selection = [...this.selection];
        this.host.focus();
        this.select(...selection);
    }

    // ------------------------------------------------------------
    // Changes
    // ------------------------------------------------------------

    // Puts pieces in the place of those between two positions.
    replace(start, end, inserted) {
        const pieces = this.pieces;
        const rest = this.slice(pieces, end, Infinity);
        const before = [...this.slice(pieces, 0, start), ...inserted];
        const all = [...before, ...rest];
        if (this.isTooLong(all)) {
            return false;
        }
        this.show(all);
        this.select(this.measure(before));
        this.remember();
        this.onInput();
        return true;
    }

    isTooLong(pieces) {
        return this.maxLength > 0 && this.serialize(pieces).length > this.maxLength;
    }

    insertText(text) {
        const clean = this.isMultiline
            ? text.replace(/\r\n?/g, "\n")
            : text.replace(/\s*[\r\n]+\s*/g, " ");
        let pieces = splitText(clean.replaceAll(FILLER, ""), this.placeholders);
        const [start, end] = this.getSelection();
        if (this.maxLength > 0) {
            const free =
                this.maxLength -
                this.value.length +
                this.serialize(this.slice(this.pieces, start, end)).length;
            if (this.serialize(pieces).length > free) {
                pieces = [clean.slice(0, Math.max(free, 0))];
            }
        }
        this.replace(start, end, pieces);
    }

    // Brings what the browser did into order: chips for what was typed, nothing but text beside.
    update() {
        if (this.isComposing) {
            return;
        }
        const pieces = this.pieces;
        if (this.isTooLong(pieces)) {
            const { pieces: last, selection } = this.steps[this.step];
            this.show(last);
            this.select(...selection);
            return;
        }
        const [start] = this.getSelection();
        const before = this.slice(pieces, 0, start);
        const made = this.split(pieces);
        if (made.length !== pieces.length || !this.isInOrder()) {
            const rest = this.slice(pieces, start, Infinity);
            const madeBefore = this.split(before);
            const isCut = this.measure(madeBefore) + this.measure(this.split(rest)) !== this.measure(made);
            this.show(made);
            if (this.host.contains(document.activeElement)) {
                this.select(isCut ? this.measure(made) - this.measure(rest) : this.measure(madeBefore));
            }
        }
        this.host.classList.toggle("o_is_empty", !made.length);
        this.remember();
        this.onInput();
    }

    split(pieces) {
        return pieces.flatMap((piece) =>
            typeof piece === "string" ? splitText(piece, this.placeholders) : [piece]
        );
    }

    // ------------------------------------------------------------
    // Undo
    // ------------------------------------------------------------

    remember(selection = this.getSelection()) {
        const pieces = this.pieces;
        const text = this.serialize(pieces);
        const last = this.steps[this.step];
        if (last?.text === text) {
            last.selection = selection;
            return;
        }
        this.steps.splice(this.step + 1);
        // Letters that are typed one after another are one step.
        const isTyping =
            last && this.step > 0 && Math.abs(text.length - last.text.length) === 1 &&
            last.isTyping && !/\s$/.test(last.text);
        if (isTyping) {
            this.steps.pop();
        }
        this.steps.push({
            pieces,
            text,
            selection,
            isTyping: Boolean(last) && Math.abs(text.length - last.text.length) === 1,
        });
        if (this.steps.length > MAX_STEPS) {
            this.steps.shift();
        }
        this.step = this.steps.length - 1;
    }

    go(distance) {
        const step = this.steps[this.step + distance];
        if (!step) {
            return;
        }
        this.step += distance;
        this.show(step.pieces);
        this.select(...step.selection);
        this.onInput();
    }

    // ------------------------------------------------------------
    // Events
    // ------------------------------------------------------------

    onBeforeInput(ev) {
        const kind = ev.inputType;
        const [start, end] = this.getSelection();
        if (kind === "historyUndo" || kind === "historyRedo") {
            ev.preventDefault();
            this.go(kind === "historyUndo" ? -1 : 1);
        } else if (kind.startsWith("format")) {
            ev.preventDefault();
        } else if (kind === "insertParagraph" || kind === "insertLineBreak") {
            ev.preventDefault();
            if (this.isMultiline) {
                this.replace(start, end, ["\n"]);
            }
        } else if (this.isComposing || !ev.cancelable) {
            return;
        } else if (kind.startsWith("delete")) {
            this.onBeforeDelete(ev, start, end);
        } else if (start !== end && ev.data && this.hasChip(start, end)) {
            ev.preventDefault();
            this.replace(start, end, splitText(ev.data, this.placeholders));
        }
    }

    onBeforeDelete(ev, start, end) {
        if (start !== end) {
            ev.preventDefault();
            this.replace(start, end, []);
            return;
        }
        const isForward = ev.inputType.endsWith("Forward");
        const from = isForward ? start : start - 1;
        if (from < 0 || from >= this.length) {
            ev.preventDefault();
        } else if (this.hasChip(from, from + 1)) {
            ev.preventDefault();
            this.replace(from, from + 1, []);
        }
    }

    hasChip(start, end) {
        return this.slice(this.pieces, start, end).some((piece) => typeof piece !== "string");
    }

    onNativeInput(ev) {
        // Keyboards of phones delete what cannot be prevented: here, the filler beside a chip.
        const [start, end] = this.getSelection();
        const isUnchanged = this.value === this.steps[this.step]?.text;
        if (ev.inputType === "deleteContentBackward" && isUnchanged && start === end && start > 0) {
            if (this.hasChip(start - 1, start)) {
                this.replace(start - 1, start, []);
                return;
            }
        }
        this.update();
    }

    onKeydown(ev) {
        const isCommand = ev.ctrlKey || ev.metaKey;
        const key = ev.key.toLowerCase();
        if (isCommand && !ev.altKey && (key === "z" || key === "y")) {
            ev.preventDefault();
            ev.stopPropagation();
            this.go(key === "y" || ev.shiftKey ? 1 : -1);
        } else if (["arrowleft", "arrowright"].includes(key) && !isCommand && !ev.altKey) {
            this.onArrow(ev, key);
        } else if (key === "enter" && !ev.isComposing) {
            const [start, end] = this.getSelection();
            if (end === start + 1 && this.hasChip(start, end)) {
                ev.preventDefault();
                ev.stopPropagation();
                this.open(this.getChipAt(start));
            } else if (!this.isMultiline) {
                ev.preventDefault();
            }
        }
        this.onKey(ev);
    }

    // One press leads over a chip, although there is a filler beside it.
    onArrow(ev, key) {
        const selection = document.getSelection();
        if (!selection.isCollapsed && !ev.shiftKey) {
            return;
        }
        const isRightToLeft = getComputedStyle(this.host).direction === "rtl";
        const isForward = (key === "arrowright") !== isRightToLeft;
        const focus = this.getPosition(selection.focusNode, selection.focusOffset);
        const from = isForward ? focus : focus - 1;
        if (from < 0 || !this.hasChip(from, from + 1)) {
            return;
        }
        ev.preventDefault();
        const to = isForward ? focus + 1 : focus - 1;
        if (ev.shiftKey) {
            selection.extend(...this.getPoint(to));
        } else {
            this.select(to);
        }
    }

    getChipAt(position) {
        let rest = position;
        for (const node of this.host.childNodes) {
            if (isChip(node)) {
                if (rest === 0) {
                    return node;
                }
                rest -= 1;
            } else {
                rest -= node.data.replaceAll(FILLER, "").length;
            }
        }
        return null;
    }

    onClick(ev) {
        const chip = ev.target.closest(`.${CHIP}`);
        if (chip) {
            this.open(chip);
        }
    }

    open(chip) {
        const position = this.getPosition(this.host, [...this.host.childNodes].indexOf(chip));
        this.select(position, position + 1);
        this.onOpen(chip, {
            piece: chip.piece,
            replace: (pieces) => this.replace(position, position + 1, pieces),
        });
    }

    fillClipboard(data) {
        const pieces = this.slice(this.pieces, ...this.getSelection());
        const box = document.createElement("div");
        for (const piece of pieces) {
            box.append(typeof piece === "string" ? piece : packElement(piece));
        }
        data.setData("text/plain", this.serialize(pieces));
        data.setData("text/html", box.innerHTML);
        data.setData("application/vnd.odoo.odoo-editor", box.innerHTML);
        return pieces.length > 0;
    }

    onCopy(ev) {
        ev.preventDefault();
        this.fillClipboard(ev.clipboardData);
    }

    onCut(ev) {
        ev.preventDefault();
        if (this.fillClipboard(ev.clipboardData)) {
            this.replace(...this.getSelection(), []);
        }
    }

    readTransfer(data) {
        const source = data.getData("application/vnd.odoo.odoo-editor") || data.getData("text/html");
        const text = data.getData("text/plain");
        // Elements that were copied in the body, or typed as text.
        const element = /<\w+\s+t-(?:out|esc|field)\s*=/;
        if (element.test(source)) {
            return htmlToInline(source);
        }
        return element.test(text) ? htmlToInline(text) : text;
    }

    onPaste(ev) {
        ev.preventDefault();
        ev.stopPropagation();
        this.insertText(this.readTransfer(ev.clipboardData));
    }

    onDrop(ev) {
        ev.preventDefault();
        const range = document.caretRangeFromPoint?.(ev.clientX, ev.clientY);
        if (range && this.host.contains(range.startContainer)) {
            this.select(this.getPosition(range.startContainer, range.startOffset));
        }
        this.insertText(this.readTransfer(ev.dataTransfer));
    }
}
