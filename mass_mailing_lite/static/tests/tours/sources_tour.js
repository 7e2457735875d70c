import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const add = (side, kind) => [
    { trigger: `[data-side=${side}] .o_partner_mailing_add`, run: "click" },
    { trigger: `.o-dropdown-item[data-kind=${kind}]`, run: "click" },
];

// Writes to customers in Spain, but not to the tag VIP and not to those who got an earlier mailing,
// all on the mailing itself: sees the numbers before anything is loaded, loads, and submits.
registry.category("web_tour.tours").add("mass_mailing_lite_sources", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action/new",
    steps: () => patient([
        { trigger: "[name=name] textarea, [name=name] input", run: "edit To customers in Spain" },
        { trigger: "[name=subject] input, [name=subject] textarea", run: "edit Hello" },
        { trigger: "[name=body_html] .odoo-editor-editable", run: "editor It is summer." },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        { trigger: "[data-side=in]:contains(Nobody is chosen yet)" },
        ...add("in", "domain"),
        { trigger: ".modal .o_tree_editor a:contains(New Rule), .modal .o_tree_editor button:contains(New Rule)", run: "click" },
        { trigger: ".modal .o_model_field_selector", run: "click" },
        { trigger: ".o_model_field_selector_popover input", run: "edit Country" },
        {
            trigger: ".o_model_field_selector_popover_item[data-name=country_id] button",
            run: "click",
        },
        { trigger: ".modal .o_tree_editor_condition .o-autocomplete input", run: "edit Spain" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Spain)", run: "click" },
        { trigger: ".modal .modal-footer .btn-primary", run: "click" },
        { trigger: "[data-side=in] [data-kind=domain]:contains(Spain) .o_partner_mailing_number:contains(3)" },
        ...add("out", "tag"),
        { trigger: ".modal button[name=all]", run: "click" },
        { trigger: ".modal button[name=none]", run: "click" },
        { trigger: ".modal [role=status]:contains(Ticked: 0)" },
        { trigger: ".modal .o_partner_mailing_tags label:contains(Tour VIP) input", run: "click" },
        { trigger: ".modal button[name=confirm]", run: "click" },
        { trigger: "[data-side=out] [data-kind=tag]:contains(Tour VIP) .o_partner_mailing_number:contains(1)" },
        ...add("out", "mailing"),
        { trigger: ".modal .o_data_row td:contains(Mailing A)", run: "click" },
        { trigger: "[data-side=out] [data-kind=mailing] .o_partner_mailing_number:contains(1)" },
        {
            trigger: "[data-kind=mailing] select[name=outcome]",
            content: "Clicks were not tracked: the entry says so",
            run: "select clicked",
        },
        { trigger: "[data-kind=mailing] [role=alert]:contains(did not track clicks)" },
        { trigger: "[data-kind=mailing] select[name=link]" },
        { trigger: "[data-kind=mailing] select[name=outcome]", run: "select sent" },
        { trigger: "[data-kind=mailing]:not(:has([role=alert]))" },
        ...add("out", "address"),
        { trigger: ".modal textarea", run: "edit nobody@example.org" },
        { trigger: ".modal button[name=confirm]", run: "click" },
        { trigger: "[data-side=out] [data-kind=address] button[name=remove]", run: "click" },
        { trigger: "[data-side=out]:not(:has([data-kind=address]))" },
        { trigger: ".o_partner_mailing_total:contains(about 1.)" },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(clara@example.com)" },
        { trigger: "[name=skipped_window_ids] tr:contains(vera@example.com)" },
        { trigger: "[name=skipped_window_ids] tr:contains(anna@example.com)" },
        { trigger: "[name=recipients_heading]:contains(Recipients: 1)" },
        { trigger: ".o_form_statusbar .btn-secondary[name=action_open_submission]", run: "click" },
        { trigger: ".modal-footer button[name=action_submit]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(To Validate)" },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        { trigger: "[data-side=out] [data-kind=mailing]:contains(Mailing A):not(:has(select))" },
    ]),
});
