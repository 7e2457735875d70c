import { rpcBus } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

import { patient } from "@mass_mailing_lite/../tests/tours/patient";

const reads = [];
const remember = ({ detail }) => {
    const { model, method, kwargs } = detail.data.params;
    if (model === "partner.mailing" && method === "web_read") {
        reads.push(Object.keys(kwargs.specification));
    }
};
const LATE = ["recipient_window_ids", "skipped_window_ids", "source_ids", "manage_group_ids"];

// Looks at the pages of a form, each of which reads what it shows when it opens; changes the title before
// a page is open, and saves.
registry.category("web_tour.tours").add("mass_mailing_lite_pages", {
    url: "/odoo/action-mass_mailing_lite.partner_mailing_action?view_type=list",
    steps: () => patient([
        {
            trigger: ".o_data_row td:contains(Marked on tour)",
            async run({ click }) {
                rpcBus.addEventListener("RPC:REQUEST", remember);
                await click();
            },
        },
        {
            trigger: ".o_partner_mailing_form [name=name] input:value(Marked on tour)",
            run() {
                const early = LATE.filter((name) => reads.flat().includes(name));
                if (reads.length !== 1 || early.length) {
                    throw new Error(`${reads.length} requests read the form, with: ${early}`);
                }
            },
        },
        { trigger: "a[name=options]", run: "click" },
        { trigger: "[name=manage_group_ids] .o_tag:contains(Editors of the tour)" },
        { trigger: "a[name=content]", run: "click" },
        { trigger: "a[name=content].active" },
        { trigger: "[name=name] input", run: "edit Changed on tour && click [name=subject]" },
        { trigger: ".o_form_status_indicator_buttons:not(.invisible)" },
        { trigger: "a[name=recipients]", run: "click" },
        {
            trigger: "[name=recipient_window_ids] td:contains(tourist.anna)",
            run() {
                rpcBus.removeEventListener("RPC:REQUEST", remember);
                const asked = reads.slice(1).map((names) => names.includes("recipient_window_ids"));
                if (asked.join() !== "false,true") {
                    throw new Error(`Not once, before the change, were the rows read: ${asked}`);
                }
            },
        },
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: "body:not(:has(.o_form_status_indicator_buttons:not(.invisible)))" },
        { trigger: "[name=recipient_window_ids] td:contains(tourist.anna)" },
        { trigger: "a[name=options]", run: "click" },
        { trigger: "[name=manage_group_ids] .o_tag:contains(Editors of the tour)" },
    ]),
});
