import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

// Adds a file as a person does who chooses it in the dialog of the browser.
const attach = (name, size) =>
    function () {
        const data = new DataTransfer();
        data.items.add(new File(["x".repeat(size)], name, { type: "text/plain" }));
        this.anchor.files = data.files;
        this.anchor.dispatchEvent(new Event("change", { bubbles: true }));
    };

const EDITOR = "[name=body_html] .odoo-editor-editable";

const putCaretInto = (element) => {
    element.closest(".odoo-editor-editable").focus();
    // A popover is hidden while its link is out of sight.
    element.scrollIntoView({ block: "center" });
    document.getSelection().selectAllChildren(element);
    document.getSelection().collapseToEnd();
};
const paste = (source) =>
    function () {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/html", source);
        putCaretInto(this.anchor.lastElementChild);
        this.anchor.dispatchEvent(
            new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true })
        );
    };
// Lists the commands where the caret is put, as the key / does.
const command = (target, name, text = "") => [
    {
        trigger: `${EDITOR} ${target}`,
        run: function () {
            putCaretInto(this.anchor);
            for (const letter of `${text}/`) {
                document.execCommand("insertText", false, letter);
            }
        },
    },
    { trigger: `.o-we-powerbox .o-we-command:contains(${name})`, run: "click" },
];
const applyLink = (address) => [
    { trigger: ".o-we-linkpopover .o_we_href_input_link", run: `edit ${address}` },
    { trigger: ".o-we-linkpopover .o_we_apply_link:enabled", run: "click" },
    { trigger: `${EDITOR} a[href='${address}']` },
];

// Makes two columns, a button, a notice and a picture with a link from the editor's own commands.
const makeBlocks = [
    {
        trigger: EDITOR,
        run: paste(
            "<p>Below</p><h1>Title</h1><h3>Title</h3><blockquote>Quote</blockquote><pre>Code</pre>" +
                "<ul><li>One</li></ul><ol><li>One</li></ol><hr>" +
                "<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>" +
                "<p><img src='/web/static/img/logo2.png'></p><p>Left</p><p>Notice</p>"
        ),
    },
    ...command("> *:contains(Left)", "2 columns"),
    ...command(".o_text_columns .row > :last-child > *", "Button", "Right: "),
    ...applyLink("https://www.example.com/more"),
    { trigger: `${EDITOR} .o_text_columns .row > :last-child a.btn-primary` },
    ...command("> *:contains(Notice)", "Banner Info"),
    { trigger: `${EDITOR} .o_editor_banner:contains(Notice)` },
    { trigger: `${EDITOR} img`, run: "click" },
    { trigger: ".o-we-toolbar button[name=link]", run: "click" },
    ...applyLink("https://www.example.com/picture"),
    { trigger: `${EDITOR} a[href='https://www.example.com/picture'] > img` },
];

// Inserts a personal link by the commands of the editor, and adds a file that fits into a message and
// one that does not: it becomes a link, an attachment and a link again.
registry.category("web_tour.tours").add("mass_mailing_lite_link", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action/new",
    steps: () => patient([
        {
            trigger: "[name=body_html] .odoo-editor-editable",
            run: async function (actions) {
                await actions.editor("/");
                this.anchor.dispatchEvent(
                    new InputEvent("input", { inputType: "insertText", data: "/" })
                );
            },
        },
        { trigger: ".o-we-powerbox .o-we-command:contains(View in Browser)" },
        { trigger: ".o-we-powerbox .o-we-command:contains(Unsubscribe Link)", run: "click" },
        { trigger: "[name=body_html] a[href='/partner_mailing/unsubscribe']:contains(Unsubscribe)" },
        ...makeBlocks,
        { trigger: "[name=attachment_ids] input[type=file]:not(:visible)", run: attach("small.txt", 1000) },
        { trigger: ".o_partner_mailing_files_size:contains(kB of 1.5 MB)" },
        { trigger: "[name=attachment_ids] input[type=file]:not(:visible)", run: attach("large.txt", 2000000) },
        { trigger: ".o_attachment:contains(large) .o_partner_mailing_as_link input:checked", run: "click" },
        { trigger: ".o_partner_mailing_files_size.text-danger:contains(MB of 1.5 MB)" },
        { trigger: ".o_attachment:contains(large) .o_partner_mailing_as_link input:not(:checked)", run: "click" },
        { trigger: ".o_partner_mailing_files_size:not(.text-danger)" },
        { trigger: "[name=link_days]" },
        { trigger: "[name=name] textarea, [name=name] input", run: "edit Tour link" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_saved" },
        { trigger: `${EDITOR} .o_text_columns a.btn`, content: "What was saved is edited as columns again" },
    ]),
});
