import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

// Marks contacts in the Contacts list and adds them to a new mailing.
registry.category("web_tour.tours").add("mass_mailing_lite_mark", {
    url: "/odoo/action-contacts.action_contacts?view_type=list",
    steps: () => patient([
        { trigger: ".o_searchview_input", run: "edit Tourist" },
        { trigger: ".o_searchview_input", run: "press Enter" },
        // The user's own contact is gone from the list when the search is done.
        {
            trigger:
                ".o_list_table:has(.o_data_row:contains(Tourist Anna)):not(:has(.o_data_row:contains(tour_marker)))",
        },
        { trigger: "thead .o_list_record_selector input", run: "click" },
        { trigger: ".o_cp_action_menus button:contains(Actions)", run: "click" },
        { trigger: ".o-dropdown-item:contains(Add to Mailing)", run: "click" },
        { trigger: ".modal:has([name=name] input):not(:has(.o_field_invalid))" },
        { trigger: ".modal [name=name] input", run: "edit Marked on tour" },
        { trigger: ".modal button[name=action_add]", run: "click" },
        { trigger: ".modal [name=result]:contains(2 of 3 contacts added)" },
        { trigger: ".modal .o_data_row:contains(Invalid e-mail address)" },
        { trigger: ".modal button[name=action_open_mailing]", run: "click" },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(tourist.anna@example.com)" },
        { trigger: "[name=recipient_window_ids]:not(:has(th[data-name=state]))" },
        { trigger: "[name=recipients_heading]:contains(Recipients: 2):not(:contains(of 2))" },
        {
            trigger:
                "[name=marked_window_ids] tr:contains(Tourist Broken) button[name=action_partner_mailing_unmark]",
            content: "One contact is taken off",
            run: "click",
        },
        { trigger: "[name=marked_window_ids]:not(:has(td:contains(Tourist Broken)))" },
        { trigger: "[name=marked_heading]:contains(Added from Contacts: 2)" },
    ]),
});

// Changes the list: excludes one and all, includes them again, refreshes with a preview.
registry.category("web_tour.tours").add("mass_mailing_lite_review", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action?view_type=list",
    steps: () => patient([
        { trigger: ".o_data_row td:contains(Marked on tour)", run: "click" },
        { trigger: "a[name=recipients]", run: "click" },
        {
            trigger: "[name=recipient_window_ids] tr:contains(tourist.anna) button[name=action_exclude]",
            run: "click",
        },
        {
            trigger: "[name=skipped_window_ids] tr:contains(tourist.anna) button[name=action_include]",
            run: "click",
        },
        { trigger: "[name=recipient_window_ids] td:contains(tourist.anna)" },
        { trigger: "button[name=action_exclude_all]", run: "click" },
        { trigger: ".modal-footer .btn-primary", run: "click" },
        { trigger: "[name=skipped_window_ids] tr:contains(tourist.boris):contains(by hand)" },
        { trigger: "button[name=action_include_all]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(tourist.boris)" },
        { trigger: "[name=extra_emails] textarea", run: "edit extra@example.org" },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: ".modal [name=in_ids] td:contains(extra@example.org)" },
        { trigger: ".modal button[name=action_apply]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(extra@example.org)" },
        { trigger: "[name=list_status]:contains(Updated by)" },
        { trigger: "[name=extra_emails] textarea", run: "edit another@example.org" },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: ".modal [name=out_ids] td:contains(extra@example.org)" },
        { trigger: ".modal button[name=action_keep]", run: "click" },
        { trigger: "[name=list_status]:contains(Kept as it is)" },
    ]),
});

// Makes an audience and a mailing to it, looks at the audience in the mailing; goes through the steps by Back and Next, by mouse and by keyboard; opens a contact of the audience's
// tag and begins a mailing to it alone.
registry.category("web_tour.tours").add("mass_mailing_lite_audience", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_audience_action",
    steps: () => patient([
        { trigger: ".o_list_button_add", run: "click" },
        { trigger: "[name=summary]:contains(All contacts:)" },
        { trigger: "[name=category_ids] input", run: "edit Tour tag" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Tour tag)", run: "click" },
        { trigger: "[name=summary]:contains(Contacts with “Tour tag”: 1, of whom 1 has)" },
        { trigger: "[name=name] input:value(Tour tag)" },
        { trigger: "button[name=action_new_mailing]", run: "click" },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        { trigger: "[data-kind=audience] button:contains(Tour tag)", run: "click" },
        { trigger: ".modal [name=summary]:contains(Tour tag)" },
        { trigger: ".modal .o_form_button_cancel", run: "click" },
        { trigger: "[data-step=recipients].o_here" },
        { trigger: "button.o_partner_mailing_back:enabled[title*='(Alt+I)']", run: "click" },
        { trigger: "a[name=content].active" },
        { trigger: "[data-step=write].o_here", run: "press alt+o" },
        { trigger: "a[name=recipients].active" },
        { trigger: "button.o_partner_mailing_next[title^='Next: Preview']", run: "click" },
        { trigger: ".modal .o_partner_mailing_preview" },
        { trigger: ".modal button[special=cancel]", run: "click" },
        { trigger: "body:not(:has(.modal)) button.o_partner_mailing_next[title^='Next: Test']", run: "click" },
        { trigger: ".modal button[special=cancel]", run: "click" },
        { trigger: "body:not(:has(.modal)) button.o_partner_mailing_next[title^='Next: Submit']", run: "click" },
        { trigger: "button.o_partner_mailing_next:disabled" },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        { trigger: "[data-side=in] .o_partner_mailing_add", run: "click" },
        { trigger: ".o-dropdown-item[data-kind=tag]", run: "click" },
        { trigger: ".modal .o_partner_mailing_tags label:contains(Tour tag) input", run: "click" },
        { trigger: ".modal button[name=confirm]", run: "click" },
        { trigger: "[data-kind=tag] button:contains(Tour tag)", run: "click" },
        { trigger: ".o_data_row td:contains(Tagged)", run: "click" },
        { trigger: "button[name=action_partner_mailing_send]", run: "click" },
        { trigger: ".o_partner_mailing_form [name=name] input:value(Mailing to Tagged)" },
        { trigger: "[data-step=recipients]:contains(1 recipient)" },
    ]),
});
