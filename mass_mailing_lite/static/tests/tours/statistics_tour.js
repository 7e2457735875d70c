import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

registry.category("web_tour.tours").add("mass_mailing_lite_statistics", {
    steps: () => patient([
        { trigger: ".o_partner_mailing_tiles [data-key=delivered]:contains('33')" },
        // Nothing was tracked: no rate, and not one of 0 %.
        { trigger: ".o_partner_mailing_tiles [data-key=opened] .o_value:contains(/^–$/)" },
        { trigger: ".o_partner_mailing_figures td[title='Not tracked']:contains(/^–$/)" },
        { trigger: ".o_partner_mailing_chart canvas" },
        { trigger: "button:contains('12 Months')", run: "click" },
        { trigger: "button.active:contains('12 Months')" },
        { trigger: "button.btn-link:contains('Tour figures')", run: "click" },
        { trigger: ".o_partner_mailing_funnel [name=delivered]:contains('33')" },
        { trigger: ".o_partner_mailing_funnel [name=opened][title='Not tracked']:contains('–')" },
        { trigger: ".o_partner_mailing_losses [name=bounced]:contains('1')" },
        { trigger: ".o_partner_mailing_figures td:contains('example.org')" },
        { trigger: ".o_partner_mailing_funnel [name=delivered]", run: "click" },
        { trigger: ".o_list_view td:contains('anna@example.com')" },
        { trigger: ".o_list_view:not(:has(td:contains('clara@example.org')))" },
        { trigger: "[data-menu-xmlid='mass_mailing_lite.menu_mailings']", run: "click" },
        {
            trigger: ".o_data_row:contains('Tour figures') [name=opened_rate] [title='Not tracked']:contains(/^–$/)",
        },
        { trigger: ".o_data_row:contains('Tour figures') .o_favorite a", run: "click" },
        { trigger: ".o_data_row:contains('Tour figures') .o_favorite .fa-star" },
        { trigger: ".o_data_row:contains('Tour figures') [name=state] .text-bg-success:contains(/^Done$/)" },
        // The field of a hidden column is read when the column is shown.
        { trigger: ".o_optional_columns_dropdown button", run: "click" },
        { trigger: ".o-dropdown--menu .dropdown-item:contains(/^Failed$/)", run: "click" },
        { trigger: ".o_data_row:contains('Tour figures') [name=failed_count]:contains(/^1$/)" },
    ]),
});

registry.category("web_tour.tours").add("mass_mailing_lite_limits", {
    steps: () => patient([
        { trigger: ".o_notebook a[name=connection].active" },
        { trigger: ".o_notebook a[name=partner_mailing]", run: "click" },
        {
            trigger: "[name=partner_mailing_limit_day] input[placeholder=Unlimited]",
            run({ anchor }) {
                if (anchor.value) {
                    throw new Error("Without a limit, the field is empty and says Unlimited.");
                }
            },
        },
        { trigger: "[name=partner_mailing_limit_day] input", run: "edit 4000" },
        { trigger: "[name=partner_mailing_limit_hour] input", run: "clear" },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_saved" },
    ]),
});
