import { setSelection } from "@html_editor/../tests/tours/helpers/editor";
import { animationFrame, waitFor } from "@odoo/hoot-dom";
import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const DESIGN = "[name=body_arch] :iframe";
const HEADING = `${DESIGN} .s_mail_text_highlight h3`;

// Puts the caret behind the words of an element, and opens the list of commands there.
const openCommands = function () {
    const { ownerDocument: page } = this.anchor;
    const texts = page.createTreeWalker(this.anchor, NodeFilter.SHOW_TEXT);
    while (texts.nextNode() && !/\w/.test(texts.currentNode.data)) {}
    const { currentNode: text } = texts;
    setSelection({ anchorNode: text, anchorOffset: text.data.trimEnd().length });
    page.execCommand("insertText", false, "/");
};

const middle = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { clientX: x + width / 2, clientY: y + height / 2 };
};
const point = async (target, name, position) => {
    target.dispatchEvent(
        new PointerEvent(name, { bubbles: true, cancelable: true, buttons: 1, ...position })
    );
    await animationFrame();
};

// Drags a block to a place between others, which are shown while something is dragged.
const dragTo = (number) =>
    async function () {
        const start = middle(this.anchor);
        await point(this.anchor, "pointerdown", start);
        await point(this.anchor, "pointermove", { ...start, clientX: start.clientX - 30 });
        await waitFor(`${DESIGN} .oe_drop_zone`, { timeout: 30000 });
        const frame = document.querySelector("[name=body_arch] iframe").contentDocument;
        const place = [...frame.querySelectorAll(".oe_drop_zone")].at(number);
        await point(place, "pointermove", middle(place));
        await point(place, "pointerup", middle(place));
    };

// Designs a mailing: from the empty list to "Submit".
registry.category("web_tour.tours").add("mass_mailing_lite_builder", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action",
    steps: () => patient([
        { trigger: ".o_list_button_add", content: "Create a mailing", run: "click" },
        { trigger: "[name=name] textarea, [name=name] input", run: "edit Designed news" },
        { trigger: "button[data-editor=builder]", content: "Design it with blocks", run: "click" },
        {
            trigger: "[name=body_arch] .o_mailing_template_preview_wrapper [data-name=default]",
            content: "Choose a theme",
            run: "click",
        },
        { trigger: `${DESIGN} .o_default_theme .o_mail_wrapper_td` },
        {
            trigger: ".o_form_view:has([name=findings] .o_partner_mailing_findings) .o_snippet[name=Button].o_draggable",
            content: "Blocks are dragged to what is in the window",
            run() {
                document.querySelector("[name=body_arch]").scrollIntoView();
            },
        },
        {
            trigger: ".o_snippet[name='Text Highlight'].o_draggable .o_snippet_thumbnail",
            content: "Drag the first block",
            run: dragTo(1),
        },
        { trigger: HEADING },
        {
            trigger: ".o_block_tab:not(.o_we_ongoing_insertion) .o_snippet[name=Button].o_draggable .o_snippet_thumbnail",
            content: "Drag the second block",
            run: dragTo(2),
        },
        { trigger: `${DESIGN} .btn:contains(Button)` },
        { trigger: HEADING, content: "Put the reader's name into the heading", run: openCommands },
        { trigger: ".o-we-powerbox .o-we-command:contains(Placeholder)", run: "click" },
        { trigger: ".o_partner_mailing_placeholders [data-path=name]", run: "click" },
        { trigger: "#o_partner_mailing_fallback", run: "edit reader" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: `${HEADING} t[t-out='object.name'][data-partner-mailing-label=Name]` },
        { trigger: `${DESIGN} .btn:contains(Button)`, content: "And into the button", run: openCommands },
        { trigger: ".o-we-powerbox .o-we-command:contains(Placeholder)", run: "click" },
        { trigger: ".o_partner_mailing_placeholders [data-path=city]", run: "click" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: `${DESIGN} .btn t[t-out='object.city'][data-partner-mailing-label=City]` },
        { trigger: "[name=body_arch] button[data-action=mobile]", content: "See it on a phone", run: "click" },
        { trigger: "[name=body_arch] .o_is_mobile iframe" },
        { trigger: "[name=body_arch] button[data-action=mobile].active", run: "click" },
        { trigger: "[name=body_arch]:not(:has(.o_is_mobile))" },
        { trigger: "[name=subject] input, [name=subject] textarea", run: "edit Designed for you" },
        { trigger: "a[name=recipients]", content: "Open the recipients", run: "click" },
        { trigger: "[data-side=in] .o_partner_mailing_add", run: "click" },
        { trigger: ".o-dropdown-item[data-kind=audience]", run: "click" },
        { trigger: ".modal .o_data_row td:contains(Readers of the tour)", run: "click" },
        { trigger: "[data-side=in] [data-kind=audience]:contains(Readers of the tour)" },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(tour@example.com)" },
        { trigger: "a[name=content]", content: "What was designed is still there", run: "click" },
        { trigger: "[name=body_arch]:not(:has(.o-snippets-menu)) :iframe .o_partner_mailing_chip:contains(Name)" },
        {
            trigger: ".o_partner_mailing_open_design",
            content: "The builder opens where the pointer moves over it",
            run: "hover",
        },
        { trigger: `${HEADING} t[t-out='object.name'][data-partner-mailing-label=Name]` },
        {
            trigger: ".o_form_view:has(.o-snippets-menu .o_snippet):not(:has(.o_partner_mailing_open_design)):has(.o_form_status_indicator_buttons.invisible)",
            content: "To look at it changes nothing",
        },
        { trigger: "button[name=action_preview]", run: "click" },
        { trigger: ".modal button[name=phone]", run: "click" },
        { trigger: ".modal .o_partner_mailing_frame[data-width=phone]" },
        { trigger: ".modal-footer .btn-primary", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_form_statusbar .btn-secondary[name=action_open_submission]", run: "click" },
        { trigger: ".modal-footer button[name=action_submit]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(To Validate)" },
        {
            trigger: "a[name=content]",
            content: "It is shown, and cannot be changed any more",
            run: "click",
        },
        { trigger: "[name=body_arch]:not(:has(.o-snippets-menu)) :iframe .o_readonly .o_partner_mailing_chip:contains(Name)" },
    ]),
});

// Opens the builder of a mailing that was designed before, and saves another field beside it.
registry.category("web_tour.tours").add("mass_mailing_lite_open_builder", {
    steps: () => patient([
        {
            trigger: "[name=body_arch] .o_partner_mailing_shown_design :iframe .o_partner_mailing_chip:contains(Name)",
            content: "The design is shown without its builder",
            run() {
                if (odoo.loader.modules.has("@mass_mailing/builder/mass_mailing_builder")) {
                    throw new Error("The builder was loaded.");
                }
            },
        },
        {
            trigger: ".o_partner_mailing_open_design",
            content: "Open it as the key Enter does",
            run() {
                this.anchor.click();
            },
        },
        {
            trigger: ".o_form_view:has(.o-snippets-menu .o_snippet):not(:has(.o_partner_mailing_shown_design)):has(.o_form_status_indicator_buttons.invisible)",
            content: "The builder takes its place, and changes nothing",
        },
        { trigger: `${DESIGN} t[t-out='object.name'][data-partner-mailing-label=Name]` },
        { trigger: "[name=subject] input, [name=subject] textarea", run: "edit Another subject" },
        { trigger: ".o_form_button_save:visible", run: "click" },
        {
            trigger: ".o_form_view:has(.o-snippets-menu .o_snippet):has(.o_form_status_indicator_buttons.invisible)",
            content: "It stays open",
        },
    ]),
});
