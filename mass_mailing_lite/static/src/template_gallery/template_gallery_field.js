import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onWillStart, useState } from "@odoo/owl";

const FIELDS = ["name", "partner_mailing_subject", "partner_mailing_miniature"];

// Templates as cards with a miniature, as in the menu Templates; a click chooses one.
export class TemplateGalleryField extends Component {
    static template = "mass_mailing_lite.TemplateGalleryField";
    static props = {
        ...standardFieldProps,
        domain: { type: Array },
    };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ search: "" });
        onWillStart(async () => {
            const { record, name } = this.props;
            const { relation } = record.fields[name];
            this.templates = await this.orm.searchRead(relation, this.props.domain, FIELDS, {
                context: this.props.record.context,
            });
        });
    }

    get shown() {
        const wanted = this.state.search.trim().toLowerCase();
        return this.templates.filter((template) =>
            `${template.name} ${template.partner_mailing_subject || ""}`
                .toLowerCase()
                .includes(wanted)
        );
    }

    get chosen() {
        return this.props.record.data[this.props.name]?.id;
    }

    async choose(template) {
        await this.props.record.update({
            [this.props.name]: { id: template.id, display_name: template.name },
        });
    }
}

export const templateGalleryField = {
    component: TemplateGalleryField,
    displayName: _t("Gallery of templates"),
    supportedTypes: ["many2one"],
    extractProps: () => ({ domain: [["model", "=", "res.partner"]] }),
};

registry.category("fields").add("partner_mailing_template_gallery", templateGalleryField);
