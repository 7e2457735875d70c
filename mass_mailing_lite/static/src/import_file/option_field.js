import { registry } from "@web/core/registry";
import { SelectionField, selectionField } from "@web/views/fields/selection/selection_field";

// A char field that is chosen from options which the record itself has: a file's columns, sheets.
export class OptionField extends SelectionField {
    static props = {
        ...SelectionField.props,
        optionsField: { type: String },
        optionsKey: { type: String },
    };

    get options() {
        return this.props.record.data[this.props.optionsField]?.[this.props.optionsKey] || [];
    }

    get string() {
        const option = this.options.find(([value]) => value === this.value);
        return option ? option[1] : "";
    }

    onChange(value) {
        this.props.record.update({ [this.props.name]: value ?? false });
    }
}

export const optionField = {
    ...selectionField,
    component: OptionField,
    supportedTypes: ["char"],
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...selectionField.extractProps(fieldInfo, dynamicInfo),
        optionsField: fieldInfo.options.options_field,
        optionsKey: fieldInfo.options.key,
    }),
};

registry.category("fields").add("partner_mailing_option", optionField);
