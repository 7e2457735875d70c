import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

// Prepares a mailing: from the empty list to "Submit".
registry.category("web_tour.tours").add("mass_mailing_lite_prepare", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action",
    steps: () => patient([
        { trigger: ".o_list_button_add", content: "Create a mailing", run: "click" },
        { trigger: "[name=name] textarea, [name=name] input", run: "edit Tour news" },
        { trigger: "[name=subject] input, [name=subject] textarea", run: "edit Hello {{ object.name }}" },
        { trigger: "button.o_partner_mailing_senders", content: "Choose a sender", run: "click" },
        { trigger: ".o-dropdown-item:contains(shop@example.org)", run: "click" },
        { trigger: "[name=email_from] input:value(shop@example.org)" },
        { trigger: "[name=body_html] .odoo-editor-editable", run: "editor It is summer." },
        { trigger: "a[name=recipients]", content: "Open the recipients", run: "click" },
        { trigger: "[data-side=in] .o_partner_mailing_add", run: "click" },
        { trigger: ".o-dropdown-item[data-kind=audience]", run: "click" },
        { trigger: ".modal .o_data_row td:contains(Readers of the tour)", run: "click" },
        { trigger: "[data-side=in] [data-kind=audience]:contains(Readers of the tour)" },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(tour@example.com)" },
        { trigger: "[name=skipped_window_ids] td:contains(Invalid)" },
        { trigger: "header .o_arrow_button_current:contains(Draft), .o_statusbar_status:contains(Draft)" },
        { trigger: ".o_form_statusbar .btn-secondary[name=action_open_submission]", run: "click" },
        { trigger: ".modal [name=validators]:contains(Tour Validator)" },
        { trigger: ".modal [name=comment] textarea", run: "edit Please before noon" },
        { trigger: ".modal-footer button[name=action_submit]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(To Validate)" },
        { trigger: ".alert:contains(Waiting for the decision of):contains(Tour Validator)" },
    ]),
});

// Validates it: by the clock, and from the validator's own first screen.
registry.category("web_tour.tours").add("mass_mailing_lite_validate", {
    url: "/odoo/mailings",
    steps: () => patient([
        { trigger: ".o_data_row td:contains(Own draft)" },
        { trigger: ".o-mail-ActivityMenu-counter, .o_menu_systray .fa-clock-o", run: "click" },
        { trigger: ".o-mail-ActivityGroup:contains(Mailing)", run: "click" },
        { trigger: ".o_facet_values:contains(My Activities)" },
        { trigger: ".o_data_row td:contains(Tour news)" },
        { trigger: "body:not(:has(.o_data_row td:contains(Own draft)))" },
        { trigger: ".o_menu_sections [data-menu-xmlid='mass_mailing_lite.menu_to_validate']", run: "click" },
        { trigger: ".o_facet_values:contains(Waiting for My Decision)" },
        { trigger: "button.o_switch_view.o_calendar", run: "click" },
        { trigger: ".o_calendar_new" },
        { trigger: "button.o_switch_view.o_list", run: "click" },
        { trigger: ".o_data_row td:contains(Tour news)", run: "click" },
        { trigger: ".o_partner_mailing_review td:contains(Please before noon)" },
        { trigger: "button[name=action_open_validation]", run: "click" },
        { trigger: ".modal-footer button[name=action_validate]", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Validated)" },
    ]),
});

// Opens the sent mailing and its recipients, as a viewer: nothing to create or to change.
registry.category("web_tour.tours").add("mass_mailing_lite_result", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action",
    steps: () => patient([
        { trigger: ".o_data_row td:contains(Tour news)" },
        { trigger: "body:not(:has(.o_list_button_add))" },
        { trigger: ".o_data_row td:contains(Tour news)", run: "click" },
        { trigger: ".o_arrow_button_current:contains(Done)" },
        { trigger: ".o_form_view:not(:has(.o_form_button_create, button[name=action_retry_failed]))" },
        { trigger: ".o-mail-Chatter-sendMessage:disabled" },
        { trigger: "button[name=action_open_recipients] [name=sent_count]:contains(1)", run: "click" },
        { trigger: ".o_data_row:contains(tour@example.com) .badge:contains(Sent)" },
    ]),
});
