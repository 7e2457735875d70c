import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// Which mailing this one follows, and which ones follow it; each name opens the other.
export class FollowUpsField extends Component {
    static template = "mass_mailing_lite.FollowUpsField";
    static props = { ...standardFieldProps };

    setup() {
        this.action = useService("action");
    }

    get lines() {
        const { original = [], follow_ups = [] } = this.props.record.data[this.props.name] || {};
        return [
            { key: "original", title: _t("Follow-up to:"), mailings: original },
            { key: "follow_ups", title: _t("Followed up by:"), mailings: follow_ups },
        ].filter((line) => line.mailings.length);
    }

    // The form is saved when it is left, as always; the breadcrumb leads back.
    open(mailing) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "partner.mailing",
            res_id: mailing.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("partner_mailing_follow_ups", {
    component: FollowUpsField,
    displayName: _t("Follow-ups of a mailing"),
    supportedTypes: ["json"],
});
