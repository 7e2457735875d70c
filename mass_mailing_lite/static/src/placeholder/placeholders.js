import { _t } from "@web/core/l10n/translation";
import { user } from "@web/core/user";

// The placeholders that all users may use, as the server lists them, by their expression
// (`object.name`), and whether the user may write others. Asked for once: neither changes while the
// page is open.
let loading = null;

export function loadPlaceholders(orm) {
    loading ??= Promise.all([
        orm.call("partner.mailing", "get_placeholders", []),
        user.hasGroup("mail.group_mail_template_editor"),
    ]).then(
        ([list, isTemplateEditor]) => ({
            list,
            byExpression: new Map(list.map((one) => [one.expression, one])),
            isTemplateEditor,
        }),
        (error) => {
            loading = null;
            throw error;
        }
    );
    return loading;
}

// As in Odoo's inline templates: the shortest match without a line break.
const INLINE = /\{\{(.+?)(?:\|{3}\s*(.*?))?\}\}/g;
const OR = /\s+or\s+["'“”„‘’](.*)["'“”‘’]$/;

// What a placeholder of a text says: its expression, and the text for an empty value.
function readInline(expression, fallback) {
    // Signs that editors put between others, and that no expression has.
    let path = expression.replace(/[\u00ad\u200b-\u200f\u2060\ufeff]/g, "");
    path = path.replace(/\u00a0/g, " ").trim();
    const either = path.match(OR);
    if (either && fallback === undefined) {
        path = path.slice(0, either.index).trim();
        fallback = either[1];
    }
    fallback = (fallback || "").trim();
    if (fallback.length > 1 && fallback.startsWith('"') && fallback.endsWith('"')) {
        fallback = fallback.slice(1, -1);
    }
    return { expression: path, fallback };
}

// The expression of a path that a list of fields gives: `name` is `object.name`.
export function toExpression(path, placeholders) {
    const ofContact = `object.${path}`;
    return !placeholders.byExpression.has(ofContact) && placeholders.byExpression.has(path)
        ? path
        : ofContact;
}

// These characters would end the placeholder, so a fallback cannot have them.
export function cleanFallback(fallback) {
    return fallback.replace(/[{}]{2,}|\|{3,}|[\r\n]+/g, "").trim();
}

// Without one template literal inside another: Odoo's minifier removes blanks from the inner one.
export function formatInline(expression, fallback) {
    const otherwise = fallback ? " ||| " + fallback : "";
    return "{{ " + expression + otherwise + " }}";
}

// Cuts a text into strings and chips: {raw, expression, fallback}. A text that is stored has a chip
// for each placeholder, whatever is in it; one that is typed has chips for the known ones, and for
// all where the user may write expressions.
export function splitText(text, placeholders, { isStored = false } = {}) {
    const pieces = [];
    let position = 0;
    for (const match of text.matchAll(INLINE)) {
        const chip = readInline(match[1], match[2]);
        const isKnown = placeholders.byExpression.has(chip.expression);
        if (!chip.expression || !(isKnown || isStored || placeholders.isTemplateEditor)) {
            continue;
        }
        pieces.push(text.slice(position, match.index));
        chip.raw =
            isStored || !isKnown ? match[0] : formatInline(chip.expression, cleanFallback(chip.fallback));
        pieces.push(chip);
        position = match.index + match[0].length;
    }
    pieces.push(text.slice(position));
    return pieces.filter((piece) => piece !== "");
}

// The name of a chip, and what its tooltip says.
export function describe(chip, placeholders) {
    const known = placeholders.byExpression.get(chip.expression);
    if (known) {
        return {
            label: known.label,
            hint: chip.fallback
                ? _t('When empty: "%s"', chip.fallback)
                : _t("When empty: nothing"),
            isKnown: true,
        };
    }
    return {
        label: _t("Expression"),
        hint: placeholders.isTemplateEditor
            ? chip.raw || chip.expression
            : _t("Only template editors can change it."),
        isKnown: false,
    };
}

// The text of an HTML source, with inline placeholders in place of elements.
export function htmlToInline(source) {
    const page = new DOMParser().parseFromString(source, "text/html");
    for (const element of page.querySelectorAll("style, script")) {
        element.remove();
    }
    for (const element of page.querySelectorAll("[t-out], [t-esc], [t-field]")) {
        const expression =
            element.getAttribute("t-out") ||
            element.getAttribute("t-esc") ||
            element.getAttribute("t-field");
        element.replaceWith(formatInline(expression, cleanFallback(element.textContent)));
    }
    return page.body.textContent;
}
