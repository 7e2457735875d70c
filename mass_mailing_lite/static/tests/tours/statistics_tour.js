import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("mass_mailing_lite_statistics", {
    steps: () => [
        { trigger: ".o_partner_mailing_tiles [data-key=delivered]:contains('33')" },
        { trigger: ".o_partner_mailing_chart canvas" },
        { trigger: "button:contains('12 Months')", run: "click" },
        { trigger: "button.active:contains('12 Months')" },
        { trigger: "button.btn-link:contains('Tour figures')", run: "click" },
        { trigger: ".o_partner_mailing_funnel [name=delivered]:contains('33')" },
        { trigger: ".o_partner_mailing_losses [name=bounced]:contains('1')" },
        { trigger: ".o_partner_mailing_figures td:contains('example.org')" },
        { trigger: ".o_partner_mailing_funnel [name=delivered]", run: "click" },
        { trigger: ".o_list_view td:contains('anna@example.com')" },
        { trigger: ".o_list_view:not(:has(td:contains('clara@example.org')))" },
    ],
});
