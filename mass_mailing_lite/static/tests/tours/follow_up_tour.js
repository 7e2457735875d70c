import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

// Follows up on a mailing with those who did not open it: number, draft, list, submission.
registry.category("web_tour.tours").add("mass_mailing_lite_follow_up", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action?view_type=list",
    steps: () => patient([
        { trigger: ".o_data_row td:contains(Tour catalogue)", run: "click" },
        { trigger: "button[name=action_follow_up]", run: "click" },
        { trigger: ".modal [name=not_opened]:contains(/People:\\s*1/)" },
        { trigger: ".modal [name=not_clicked]:contains(Clicks were not tracked)" },
        { trigger: ".modal [name=not_clicked]:not(:has(button))" },
        { trigger: ".modal [name=not_opened] button[name=action_not_opened]", run: "click" },
        { trigger: "[name=name] input:value(Follow-up to Tour catalogue)" },
        { trigger: "[name=follow_ups] [data-key=original] button:contains(Tour catalogue)" },
        { trigger: ".o_partner_mailing_form a[name=recipients]", run: "click" },
        {
            trigger:
                "[data-side=in] [data-kind=mailing]:contains(Tour catalogue) .o_partner_mailing_number:contains(1)",
        },
        { trigger: "button[name=action_refresh_recipients]", run: "click" },
        { trigger: "[name=recipient_window_ids] td:contains(tour.boris@example.com)" },
        { trigger: "[name=recipients_heading]:contains(Recipients: 1)" },
        { trigger: ".o_form_statusbar button[name=action_open_submission]:visible", run: "click" },
        { trigger: ".modal-footer button[name=action_submit]", run: "click" },
        { trigger: "body:not(:has(.modal)) .o_statusbar_status .o_arrow_button_current:contains(To Validate)" },
        { trigger: "[name=follow_ups] button:contains(Tour catalogue)", run: "click" },
        { trigger: "[name=follow_ups] [data-key=follow_ups] button:contains(Follow-up to Tour catalogue)" },
    ]),
});
