import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { CharField, charField } from "@web/views/fields/char/char_field";

// A From address, with a menu of those that the user may write from. Another one can be typed.
export class SenderField extends CharField {
    static template = "mass_mailing_lite.SenderField";
    static components = { ...CharField.components, Dropdown, DropdownItem };
    static props = { ...CharField.props, suggestionsField: { type: String } };

    get suggestions() {
        const value = this.props.record.data[this.props.name];
        const known = this.props.record.data[this.props.suggestionsField] || [];
        return known.filter((one) => one !== value);
    }

    choose(suggestion) {
        this.props.record.update({ [this.props.name]: suggestion });
    }
}

registry.category("fields").add("partner_mailing_sender", {
    ...charField,
    component: SenderField,
    extractProps: (fieldInfo, dynamicInfo) => ({
        ...charField.extractProps(fieldInfo, dynamicInfo),
        suggestionsField: fieldInfo.options.suggestions_field,
    }),
});
