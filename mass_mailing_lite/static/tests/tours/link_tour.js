import { registry } from "@web/core/registry";

// Inserts a personal link by the commands of the editor.
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
        { trigger: "[name=name] textarea, [name=name] input", run: "edit Tour link" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_saved" },
    ],
});
