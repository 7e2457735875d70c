import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import {
    Many2ManyTagsField,
    many2ManyTagsField,
} from "@web/views/fields/many2many_tags/many2many_tags_field";

// Tags of which a click opens what they stand for; the breadcrumb leads back.
class LinkedTagsField extends Many2ManyTagsField {
    setup() {
        super.setup();
        this.action = useService("action");
    }

    getTagProps(record) {
        if (this.env.inDialog) {
            return super.getTagProps(record); // a click leaves no dialog
        }
        return {
            ...super.getTagProps(record),
            canEdit: true, // the pointer of a link
            onClick: (ev) => {
                ev.stopPropagation(); // a list would open its row
                // The form is saved when it is left, as always.
                return this.action.doAction(this.getTarget(record));
            },
        };
    }
}

// The audiences of a mailing. A click opens the audience.
export class AudienceTagsField extends LinkedTagsField {
    getTarget(record) {
        return {
            type: "ir.actions.act_window",
            res_model: this.relation,
            res_id: record.resId,
            views: [[false, "form"]],
        };
    }
}

// The tags of contacts. A click opens the contacts with the tag.
export class ContactTagsField extends LinkedTagsField {
    getTarget(record) {
        return {
            type: "ir.actions.act_window",
            name: _t("Contacts with “%s”", record.data.display_name),
            res_model: "res.partner",
            domain: [["category_id", "child_of", record.resId]],
            views: [
                [false, "list"],
                [false, "kanban"],
                [false, "form"],
            ],
        };
    }
}

export const audienceTagsField = { ...many2ManyTagsField, component: AudienceTagsField };
export const contactTagsField = { ...many2ManyTagsField, component: ContactTagsField };

registry.category("fields").add("partner_mailing_audience_tags", audienceTagsField);
registry.category("fields").add("partner_mailing_contact_tags", contactTagsField);
