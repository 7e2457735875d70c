// Not the input out of sight, which holds the text of an editor with placeholders.
const HIDDEN = ".o_partner_mailing_chip_value";
const FOCUSABLE = [
    `input:not(${HIDDEN})`,
    `textarea:not(${HIDDEN})`,
    ".o_partner_mailing_chip_editor",
    ".odoo-editor-editable",
    ".o_partner_mailing_add",
].join(", ");
const MAX_FRAMES = 300;

/**
 * Call a method of the record of a field, as a button of its form does: the form is saved before,
 * and shows the record anew after it.
 * `args` are further arguments of the method.
 */
export async function callButton(field, name, args) {
    const { record } = field.props;
    await field.env.onClickViewButton({
        clickParams: { type: "object", name, ...(args && { args: JSON.stringify(args) }) },
        getResParams: () => ({
            resModel: record.resModel,
            resId: record.resId,
            resIds: record.resIds,
            context: record.context,
            evalContext: record.evalContext,
        }),
    });
}

/**
 * Open the tab `page` of the form that a field is in, and set the focus to the field `focus`.
 * Where another field is edited in its place, that one has the class `o_in_place_of_FOCUS`.
 */
export async function goTo(field, { page, focus }) {
    const form = field.root.el.closest(".o_form_view");
    const tab = page && form.querySelector(`.o_notebook_headers a[name="${page}"]`);
    if (tab) {
        tab.click();
        // The content of the tab is rendered in the next frame, or when its fields have been read.
        for (let frames = 0; frames < MAX_FRAMES; frames++) {
            await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
            if (!tab.isConnected || tab.classList.contains("active")) {
                break;
            }
        }
        tab.scrollIntoView({ block: field.env.isSmall ? "start" : "nearest" });
        tab.focus({ preventScroll: true });
    }
    const widget =
        focus &&
        form.querySelector(`.o_field_widget[name="${focus}"], .o_field_widget.o_in_place_of_${focus}`);
    const input = widget && (widget.matches(FOCUSABLE) ? widget : widget.querySelector(FOCUSABLE));
    (input || widget)?.scrollIntoView({ block: field.env.isSmall ? "center" : "nearest" });
    input?.focus({ preventScroll: true });
}
