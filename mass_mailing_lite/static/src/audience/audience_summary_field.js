import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// The sentence that says whom an audience has. The server knows no words for a filter; the client
// does, and puts them in place of "matching the filter".
export class AudienceSummaryField extends Component {
    static template = "mass_mailing_lite.AudienceSummaryField";
    static props = { ...standardFieldProps, domainField: { type: String } };

    setup() {
        this.treeProcessor = useService("tree_processor");
        this.state = useState({ filter: "" });
        useRecordObserver(async (record) => {
            this.state.filter = await this.describe(record.data[this.props.domainField] || "[]");
        });
    }

    get sentence() {
        const sentence = this.props.record.data[this.props.name] || "";
        if (!this.state.filter) {
            return sentence;
        }
        const words = _t("matching “%s”", this.state.filter);
        return sentence.replace(_t("matching the filter"), () => words);
    }

    async describe(domain) {
        if (domain === "[]") {
            return "";
        }
        try {
            const tree = await this.treeProcessor.treeFromDomain("res.partner", domain, true);
            return await this.treeProcessor.getDomainTreeDescription("res.partner", tree);
        } catch {
            return ""; // A filter that cannot be read is reported by its own field.
        }
    }
}

export const audienceSummaryField = {
    component: AudienceSummaryField,
    supportedTypes: ["char"],
    fieldDependencies: ({ options }) => [{ name: options.domain_field, type: "char" }],
    extractProps: ({ options }) => ({ domainField: options.domain_field }),
};

registry.category("fields").add("partner_mailing_audience_summary", audienceSummaryField);
