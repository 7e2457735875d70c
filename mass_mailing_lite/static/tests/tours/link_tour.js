import { registry } from "@web/core/registry";

// Adds a file as a person does who chooses it in the dialog of the browser.
const attach = (name, size) =>
    function () {
        const data = new DataTransfer();
        data.items.add(new File(["x".repeat(size)], name, { type: "text/plain" }));
        this.anchor.files = data.files;
        this.anchor.dispatchEvent(new Event("change", { bubbles: true }));
    };

// Inserts a personal link by the commands of the editor, and adds a file that fits into a message and
// one that does not: it becomes a link, an attachment and a link again.
registry.category("web_tour.tours").add("mass_mailing_lite_link", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action/new",
    steps: () => [
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
    ],
});
