import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import {
    Many2ManyTagsField,
    many2ManyTagsField,
} from "@web/views/fields/many2many_tags/many2many_tags_field";

// The audiences of a mailing as tags. A click opens the audience; the breadcrumb leads back.
export class AudienceTagsField extends Many2ManyTagsField {
    setup() {
        super.setup();
        this.action = useService("action");
    }

    getTagProps(record) {
        return { ...super.getTagProps(record), onClick: () => this.openAudience(record.resId) };
    }

    // The form of the mailing is saved when it is left, as always.
    openAudience(resId) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: this.relation,
            res_id: resId,
            views: [[false, "form"]],
        });
    }
}

export const audienceTagsField = { ...many2ManyTagsField, component: AudienceTagsField };

registry.category("fields").add("partner_mailing_audience_tags", audienceTagsField);
