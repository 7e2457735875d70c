import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const REVIEW = ".o_partner_mailing_review";

// The validator sees what was found, and who reads a fallback, and refuses.
registry.category("web_tour.tours").add("mass_mailing_lite_preflight", {
    steps: () => patient([
        { trigger: `${REVIEW} [data-finding=dead_link].alert-warning:contains(404)` },
        { trigger: `${REVIEW} [data-finding=spf].alert-warning:contains(v=spf1)` },
        { trigger: `${REVIEW} [data-finding=placeholder_fallback].alert-info:contains(your town)` },
        { trigger: `${REVIEW} [data-finding=placeholder_fallback] button`, run: "click" },
        { trigger: ".o_data_row td:contains(boris@example.com)" },
        { trigger: ".o_control_panel .breadcrumb a:contains(Summer news)", run: "click" },
        { trigger: "button[name=action_refuse]", run: "click" },
        { trigger: ".modal [name=reason] textarea", run: "edit The link is dead" },
        { trigger: ".modal-footer button[name=action_refuse]", run: "click" },
        { trigger: ".o_partner_mailing_form .alert-danger:contains(The link is dead)" },
    ]),
});

// The author sees the same list; when all is mended, it turns green.
registry.category("web_tour.tours").add("mass_mailing_lite_preflight_author", {
    steps: () => patient([
        { trigger: "[name=findings] [data-finding=dead_link].alert-warning" },
        { trigger: "[name=findings] [data-finding=spf].alert-warning" },
        { trigger: "[name=findings] [data-finding=placeholder_fallback] button:contains(See Them)" },
    ]),
});

registry.category("web_tour.tours").add("mass_mailing_lite_preflight_mended", {
    steps: () => patient([
        { trigger: "[name=findings] .alert-success:contains(nothing that needs attention)" },
        { trigger: "[name=findings]:not(:has([data-finding=placeholder_fallback]))" },
    ]),
});
