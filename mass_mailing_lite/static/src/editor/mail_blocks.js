// The editor's blocks as mail programs show them. Odoo lays columns and banners out as flex boxes, which
// mail does not have; as tables they look the same in all programs. In the editor they are Odoo's own,
// so that its commands work on them: a table becomes a block again when it comes into the editor.
import { createMso } from "@mail/views/web/fields/html_mail_field/convert_inline";

const TABLE = { role: "presentation", width: "100%", cellpadding: "0", cellspacing: "0", border: "0" };
const GRID = 12;
// What Bootstrap says for the web client alone: mail programs drop it, and the look is the same without.
const USELESS = new Set([
    "appearance",
    "caption-side",
    "clear",
    "cursor",
    "outline",
    "overflow-wrap",
    "position",
    "tab-size",
    "text-underline-offset",
    "transition",
    "user-select",
    "will-change",
    "word-wrap",
]);
// Elements that have no border and no padding unless a style says so.
const BARE = new Set(
    ["P", "DIV", "H1", "H2", "H3", "H4", "H5", "H6", "LI", "SPAN", "FONT", "B", "I", "U", "EM"].concat([
        "STRONG",
        "TBODY",
        "TR",
    ])
);
const NOTHING = /^(?:0|0px|none)$/;

function makeElement(tag, attributes = {}, children = []) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
}

function makeTable(attributes, cells) {
    const row = makeElement("tr", {}, cells);
    return makeElement("table", { ...TABLE, ...attributes }, [makeElement("tbody", {}, [row])]);
}

function getOwnCells(table) {
    return table.rows.length === 1 ? [...table.rows[0].cells] : [];
}

// ------------------------------------------------------------
// Into the mail
// ------------------------------------------------------------

export function packBlocks(root) {
    for (const block of root.querySelectorAll(".o_text_columns")) {
        packColumns(block);
    }
    for (const block of root.querySelectorAll(".o_editor_banner")) {
        packBanner(block);
    }
}

function packColumns(block) {
    const columns = [...block.querySelectorAll(":scope > .row > [class*='col-']")];
    if (!columns.length) {
        return;
    }
    const cells = columns.map((column) => {
        const size = Number(column.className.match(/(?:^|\s)col(?:-[a-z]+)?-(\d+)/)?.[1]);
        const width = `${Math.round((size || GRID / columns.length) * (10000 / GRID)) / 100}%`;
        const attributes = {
            class: "o_pm_col",
            width,
            valign: "top",
            style: `width: ${width}; padding: 0 8px; vertical-align: top;`,
        };
        return makeElement("td", attributes, [...column.childNodes]);
    });
    const style = "width: 100%; margin: 0 0 16px; border-collapse: collapse;";
    block.replaceWith(makeTable({ class: "o_pm_columns", style }, cells));
}

function packBanner(block) {
    const icon = block.querySelector(":scope > .o_editor_banner_icon");
    const content = block.querySelector(":scope > .o_editor_banner_content");
    if (!content) {
        return;
    }
    const cells = [];
    if (icon) {
        const attributes = {
            class: "o_pm_banner_icon",
            width: "24",
            valign: "top",
            style: "width: 24px; padding: 14px 0 14px 16px; vertical-align: top;",
        };
        cells.push(makeElement("td", attributes, [...icon.childNodes]));
    }
    const attributes = {
        class: "o_pm_banner_content",
        valign: "top",
        style: "padding: 14px 16px 0; vertical-align: top;",
    };
    cells.push(makeElement("td", attributes, [...content.childNodes]));
    const kept = [...block.classList].filter((name) => /^(alert|alert-.+|font-monospace)$/.test(name));
    const style = "width: 100%; margin: 0 0 16px; padding: 0; border-collapse: separate;";
    block.replaceWith(makeTable({ class: ["o_pm_banner", ...kept].join(" "), style }, cells));
}

// ------------------------------------------------------------
// Back into the editor
// ------------------------------------------------------------

export function unpackBlocks(root) {
    for (const table of root.querySelectorAll("table.o_pm_columns")) {
        unpackColumns(table);
    }
    for (const table of root.querySelectorAll("table.o_pm_banner")) {
        unpackBanner(table);
    }
}

function unpackColumns(table) {
    const cells = getOwnCells(table);
    if (!cells.length || !cells.every((cell) => cell.classList.contains("o_pm_col"))) {
        return;
    }
    const columns = cells.map((cell) => {
        const share = parseFloat(cell.getAttribute("width")) / 100 || 1 / cells.length;
        const size = Math.max(1, Math.floor(share * GRID + 0.1));
        return makeElement("div", { class: `col-${size} o-contenteditable-true` }, [
            ...cell.childNodes,
        ]);
    });
    const row = makeElement("div", { class: "row" }, columns);
    const attributes = { class: "container o_text_columns o-contenteditable-false" };
    table.replaceWith(makeElement("div", attributes, [row]));
}

function unpackBanner(table) {
    const cells = getOwnCells(table);
    const content = cells.find((cell) => cell.classList.contains("o_pm_banner_content"));
    if (!content) {
        return;
    }
    const icon = cells.find((cell) => cell.classList.contains("o_pm_banner_icon"));
    const kept = [...table.classList].filter((name) => name !== "o_pm_banner");
    const children = [
        makeElement("div", { class: "o_editor_banner_content o-contenteditable-true w-100 px-3" }, [
            ...content.childNodes,
        ]),
    ];
    if (icon) {
        children.unshift(
            makeElement("i", { class: "o_editor_banner_icon mb-3 fst-normal" }, [...icon.childNodes])
        );
    }
    const look = `user-select-none o-contenteditable-false ${icon ? "lh-1 " : ""}d-flex align-items-center`;
    const attributes = {
        class: `o_editor_banner ${look} ${kept.join(" ")} pb-0 pt-3`,
        "data-oe-role": "status",
    };
    table.replaceWith(makeElement("div", attributes, children));
}

// ------------------------------------------------------------
// After Odoo wrote the styles into the elements
// ------------------------------------------------------------

export function finishBlocks(root) {
    for (const button of root.querySelectorAll("a.btn:not(.btn-link)")) {
        finishButton(button);
    }
    for (const element of root.querySelectorAll("[style]")) {
        let style = tidyStyle(element);
        if (element.nodeName === "TD" && !style.includes("mso-padding-alt")) {
            style += getOutlookPadding(element);
        }
        if (style) {
            element.setAttribute("style", style);
        } else {
            element.removeAttribute("style");
        }
    }
}

// A cell that is a button, as in templates: Outlook knows the padding of the cell, others that of its link.
// A browser drops the property for it when it changes another one of the cell.
function getOutlookPadding(cell) {
    const link = cell.childElementCount === 1 && cell.firstElementChild;
    const isButton = link && link.nodeName === "A" && link.style.display === "inline-block";
    const isColored = cell.style.backgroundColor || parseFloat(cell.style.borderTopWidth);
    return isButton && isColored && link.style.padding
        ? ` mso-padding-alt: ${link.style.padding};`
        : "";
}

// The style of an element without what says nothing in a mail. As a text: a browser drops what only
// Outlook knows (mso-padding-alt) as soon as one property is changed.
function tidyStyle(element) {
    let pairs = splitStyle(element.getAttribute("style"));
    const get = (name) => pairs.find(([one]) => one === name)?.[1];
    pairs = pairs.filter(
        ([name, value]) =>
            !USELESS.has(name) &&
            !name.startsWith("border-image") &&
            // A variable that Odoo found no value for, and the background of cells of a table.
            !value.includes("var(") &&
            !(name === "box-shadow" && value.includes("9999px"))
    );
    if (BARE.has(element.nodeName)) {
        if (get("border-style") === "none") {
            pairs = pairs.filter(([name]) => !name.startsWith("border-") || name === "border-radius");
        }
        const dull = ["border-radius", "padding"].concat(get("width") ? [] : ["box-sizing"]);
        pairs = pairs.filter(
            ([name, value]) =>
                !dull.includes(name) || !(name === "box-sizing" || NOTHING.test(value))
        );
    }
    return pairs.map(([name, value]) => `${name}: ${toHexColors(value)};`).join(" ");
}

// The declarations of a style; a semicolon in quotes or brackets ends none.
function splitStyle(style) {
    const declarations = style.match(/(?:"[^"]*"|'[^']*'|\([^)]*\)|[^;"'(])+/g) || [];
    return declarations
        .map((one) => [one.slice(0, one.indexOf(":")).trim(), one.slice(one.indexOf(":") + 1).trim()])
        .filter(([name, value]) => name && value);
}

function toHexColors(value) {
    return value.replace(/rgb\((\d+), ?(\d+), ?(\d+)\)/g, (_match, ...parts) => {
        const digits = parts.slice(0, 3).map((part) => Number(part).toString(16).padStart(2, "0"));
        return `#${digits.join("")}`;
    });
}

const isMso = (node) => node?.nodeType === Node.COMMENT_NODE && node.data.startsWith("[if mso]");

// Outlook for Windows knows no padding of a link. Odoo puts a table around it for Outlook alone, without
// the padding, and none around a button with a placeholder or a bold word; here the cell has it.
function finishButton(button) {
    for (const side of ["previousSibling", "nextSibling"]) {
        if (isMso(button[side])) {
            button[side].remove();
        }
    }
    const { style } = button;
    const kept = ["padding", "border-radius", "background-color", "border-width", "border-style"]
        .concat(["border-color"])
        .map((name) => [name, toHexColors(style.getPropertyValue(name))])
        .filter(([, value]) => value)
        .map(([name, value]) => `${name}: ${value};`);
    const cell = makeElement("td", { align: "center", style: kept.join(" ") });
    if (style.backgroundColor) {
        cell.setAttribute("bgcolor", toHexColors(style.backgroundColor));
    }
    const table = makeElement("table", {
        ...TABLE,
        style: "border-collapse: separate;",
    });
    table.removeAttribute("width");
    if (button.parentElement.style.textAlign === "center") {
        table.setAttribute("align", "center");
    }
    const open = (element) => element.outerHTML.replace(/<\/\w+>$/, "");
    button.before(createMso(`${open(table)}<tr>${open(cell)}`));
    button.after(createMso("</td></tr></table>"));
}
