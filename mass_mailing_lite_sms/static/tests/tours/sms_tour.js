import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const TEXT = "[name=sms_body] .o_partner_mailing_chip_editor";

// Types as a person does: each letter with its key, at the end of the text.
const type = (text) =>
    function () {
        this.anchor.focus();
        document.getSelection().selectAllChildren(this.anchor);
        document.getSelection().collapseToEnd();
        for (const letter of text) {
            const options = { key: letter, bubbles: true, cancelable: true };
            this.anchor.dispatchEvent(new KeyboardEvent("keydown", options));
            document.execCommand(letter === "\b" ? "delete" : "insertText", false, letter);
        }
    };
const press = (key) =>
    function () {
        const options = { key, bubbles: true, cancelable: true };
        this.anchor.dispatchEvent(new KeyboardEvent("keydown", options));
    };

// From the list of templates to a text of two SMS with a placeholder, seen on a phone.
registry.category("web_tour.tours").add("mass_mailing_lite_sms_writing", {
    url: "/odoo/mailing-sms-templates",
    steps: () => patient([
        {
            trigger: ".o_kanban_record:contains(News in One Sentence) .o_partner_mailing_frame iframe",
            content: "Each template is shown as a text on a phone",
        },
        {
            trigger: ".o_kanban_record:contains(News in One Sentence) button[name=action_start_partner_mailing]",
            run: "click",
        },
        { trigger: `${TEXT} .o_partner_mailing_chip:contains(Our Company: Name)` },
        { trigger: TEXT, content: "A slash within a word is a slash", run: type(" 24/7 ") },
        { trigger: `${TEXT}:contains(24/7)`, content: "One before a word lists the fields", run: type("/") },
        { trigger: ".o_partner_mailing_placeholders input", content: "A blank: it was meant", run: press(" ") },
        { trigger: `body:not(:has(.o_partner_mailing_placeholders)) ${TEXT}:contains(24/7 / )`, run: type("x /") },
        { trigger: ".o_partner_mailing_placeholders [data-path=function]", run: "click" },
        { trigger: "#o_partner_mailing_fallback", run: "edit colleague" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: "body:not(:has(.o_partner_mailing_placeholders))" },
        {
            trigger: `${TEXT} .o_partner_mailing_chip:contains(Job Position)[title*=colleague]`,
            content: "The fallback is changed by a click",
            run: "click",
        },
        { trigger: "#o_partner_mailing_fallback:value(colleague)", run: "edit friend" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: "body:not(:has(.o_partner_mailing_placeholders))" },
        {
            trigger: `${TEXT} .o_partner_mailing_chip[title*=friend]`,
            run() {
                const editor = document.querySelector(TEXT);
                type(` ${"long ".repeat(30)}`).call({ anchor: editor });
            },
        },
        { trigger: "button[name=action_preview]", run: "click" },
        {
            trigger: ".o_partner_mailing_phone_bubble:contains(24/7 / x friend) .o_partner_mailing_phone_end:contains(1/2)",
            content: "The phone shows where the first SMS ends",
        },
        { trigger: ".o_partner_mailing_phone button[name=dark]", run: "click" },
        { trigger: ".o_partner_mailing_phone.o_dark" },
        { trigger: ".modal footer button:contains(Close)", run: "click" },
        { trigger: "body:not(:has(.modal))" },
    ]),
});
