import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const SUBJECT = "[name=subject] .o_partner_mailing_chip_editor";

// Types as a person does, one letter after another, with the events of a browser.
const type = (text) =>
    function () {
        this.anchor.focus();
        document.getSelection().selectAllChildren(this.anchor);
        document.getSelection().collapseToEnd();
        for (const letter of text) {
            document.execCommand(letter === "\b" ? "delete" : "insertText", false, letter);
        }
    };
const press = (key, options) =>
    function () {
        this.anchor.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...options })
        );
    };

// Copies and pastes through a clipboard of our own: a page may not read the one of the system.
let clipboard = null;
const copy = function () {
    clipboard = new DataTransfer();
    document.getSelection().selectAllChildren(this.anchor);
    send(this.anchor, "copy");
};
const paste = function () {
    document.getSelection().selectAllChildren(this.anchor.lastElementChild);
    document.getSelection().collapseToEnd();
    send(this.anchor, "paste");
};
const send = (target, name) =>
    target.dispatchEvent(
        new ClipboardEvent(name, { clipboardData: clipboard, bubbles: true, cancelable: true })
    );

// From the list of templates to a draft with a placeholder in subject and body, shown in the preview
// and sent as a test.
registry.category("web_tour.tours").add("mass_mailing_lite_content", {
    url: "/odoo/action-mass_mailing_lite.mail_template_action",
    steps: () => patient([
        {
            trigger: ".o_kanban_record:contains(Plain Letter) .o_partner_mailing_frame iframe",
            content: "Each template is shown as a picture of itself",
        },
        {
            trigger: ".o_kanban_record:contains(Plain Letter) button[name=action_start_partner_mailing]",
            run: "click",
        },
        { trigger: "[name=name] textarea, [name=name] input", run: "edit Tour letter" },
        { trigger: SUBJECT, run: type("\b".repeat(99) + "News for you") },
        { trigger: "[name=subject] button.fa-magic", content: "List the fields", run: "click" },
        { trigger: ".o_partner_mailing_placeholders input", run: "edit posi" },
        { trigger: ".o_partner_mailing_placeholders [data-path=function]", run: "click" },
        { trigger: "#o_partner_mailing_fallback", run: "edit colleague" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        {
            trigger: `${SUBJECT} .o_partner_mailing_chip:contains(Job Position)[title*=colleague]`,
            content: "A placeholder is a chip with the name of its field, its fallback on hover",
        },
        {
            trigger: SUBJECT,
            content: "One that is typed becomes a chip, one that does not exist stays a text",
            run: type(' {{ object.nowhere }} {{object.city or "Rome"}}'),
        },
        { trigger: `${SUBJECT}:contains({{ object.nowhere }}) .o_partner_mailing_chip:contains(City)` },
        { trigger: SUBJECT, content: "One key deletes the whole chip", run: type("\b") },
        { trigger: `${SUBJECT}:not(:contains(City))`, run: press("z", { ctrlKey: true }) },
        { trigger: `${SUBJECT} .o_partner_mailing_chip:contains(City)`, run: "click" },
        { trigger: "#o_partner_mailing_fallback:value(Rome)" },
        { trigger: ".o_partner_mailing_placeholders button[name=remove]", run: "click" },
        { trigger: `${SUBJECT}:not(:contains(City))`, run: type("\b".repeat(" {{ object.nowhere }} ".length)) },
        { trigger: "[name=subject] button[title='Insert an Emoji']", run: "click" },
        { trigger: ".o-EmojiPicker .o-Emoji[data-codepoints='😀']", run: "click" },
        { trigger: `${SUBJECT}:contains(😀)` },
        {
            trigger: "[name=body_html] .odoo-editor-editable",
            content: "The key / lists commands",
            run: async function (actions) {
                await actions.editor("/");
                this.anchor.dispatchEvent(
                    new InputEvent("input", { inputType: "insertText", data: "/" })
                );
            },
        },
        { trigger: ".o-we-powerbox .o-we-command:contains(Placeholder)", run: "click" },
        { trigger: ".o_partner_mailing_placeholders [data-path=name]", run: "click" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: "[name=body_html] t[t-out='object.name'][data-partner-mailing-label=Name]" },
        { trigger: SUBJECT, content: "The clipboard keeps a placeholder", run: copy },
        { trigger: "[name=body_html] .odoo-editor-editable", run: paste },
        { trigger: "[name=body_html] t[t-out='object.function']:contains(colleague)" },
        { trigger: "button[name=action_preview]", run: "click" },
        { trigger: ".modal [name=subject]:contains(News for you colleague😀)" },
        { trigger: ".modal .o_partner_mailing_inbox_line:contains(News for you colleague😀)" },
        { trigger: ".modal .o_partner_mailing_frame iframe[sandbox]" },
        { trigger: ".modal button[name=phone]", run: "click" },
        { trigger: ".modal .o_partner_mailing_frame[data-width=phone]" },
        { trigger: ".modal a[name=text]", run: "click" },
        { trigger: ".modal [name=body_text]:contains(Tour User)" },
        { trigger: ".modal-footer .btn-primary", run: "click" },
        {
            trigger: "body:not(:has(.modal)) [name=body_html] t[t-out='object.name'][data-partner-mailing-label=Name]",
            content: "A click on a chip opens its dialog",
            run: "click",
        },
        { trigger: "#o_partner_mailing_fallback", run: "edit reader" },
        { trigger: ".o_partner_mailing_placeholders button[name=insert]", run: "click" },
        { trigger: "body:not(:has(.modal)) [name=body_html] t[t-out='object.name'][data-tooltip*=reader]:contains(reader)" },
        { trigger: "body:not(:has(.modal)) button[name=action_send_test]", run: "click" },
        { trigger: ".modal [name=emails] input", run: "edit tester@example.com" },
        { trigger: ".modal button[name=action_send]", run: "click" },
        { trigger: ".o_notification:contains(Test sent to tester@example.com)" },
        { trigger: "body:not(:has(.modal)) button[name=action_load_template]", run: "click" },
        {
            trigger: ".modal .o_partner_mailing_gallery button[data-template='Price Change']:has(iframe)",
            content: "Templates are shown as pictures of themselves here, too",
            run: "click",
        },
        { trigger: ".modal .alert:contains(Subject, Body)", content: "It asks before it replaces" },
        { trigger: ".modal .modal-footer button:contains(Replace)", run: "click" },
        { trigger: "body:not(:has(.modal)) [name=body_html] h1:contains(New prices)" },
        { trigger: ".o_cp_action_menus button", run: "click" },
        { trigger: ".o-dropdown-item:contains(Save as Template)", run: "click" },
        { trigger: ".modal [name=name] input", run: "edit Our price letter" },
        { trigger: ".modal button[name=action_save]", run: "click" },
        { trigger: ".o_mail_template_form_view [name=name] input:value(Our price letter)" },
    ]),
});
