import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, onMounted, onWillUnmount, useRef, xml } from "@odoo/owl";

// Gives the form of a designed mailing a class, whichever page is open. Styles with `:has()` for the same
// would be matched again at each change that the builder makes to the page: 3 to 15 ms when it opens.
export class DesignedWidget extends Component {
    static template = xml`<span t-ref="root"/>`;
    static props = { ...standardWidgetProps };

    setup() {
        const root = useRef("root");
        let form = null;
        onMounted(() => {
            form = root.el.closest(".o_form_view");
            form?.classList.add("o_partner_mailing_designed");
        });
        onWillUnmount(() => form?.classList.remove("o_partner_mailing_designed"));
    }
}

registry.category("view_widgets").add("partner_mailing_designed", { component: DesignedWidget });
