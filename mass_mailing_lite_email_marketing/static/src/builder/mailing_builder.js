import { MassMailingBuilder } from "@mass_mailing/builder/mass_mailing_builder";
import "@mass_mailing/builder/plugins/snippet_visibility_option_plugin";
import { PlaceholderChipPlugin } from "@mass_mailing_lite/placeholder/chip_plugin";
import { PersonalLinkPlugin } from "@mass_mailing_lite/placeholder/link_plugin";
import { PlaceholderPlugin } from "@mass_mailing_lite/placeholder/placeholder_html_field";
import { BaseOptionComponent } from "@html_builder/core/utils";
import { DynamicPlaceholderPlugin } from "@html_editor/others/dynamic_placeholder_plugin";
import { withSequence } from "@html_editor/utils/resource";
import { registry } from "@web/core/registry";

const SnippetVisibilityPlugin = registry
    .category("mass_mailing-plugins")
    .get("mass_mailing.SnippetVisibility");

// Below the conditions: which of them need another person.
class VisibilityNotice extends BaseOptionComponent {
    static template = "mass_mailing_lite_email_marketing.VisibilityNotice";
    static selector = "section";
}

// The server takes conditions that compare fields of the contact from all authors, others from template
// editors alone.
class MailingVisibilityPlugin extends SnippetVisibilityPlugin {
    resources = {
        ...this.resources,
        builder_options: [
            ...this.resources.builder_options,
            ...(this.config.partnerMailingPlaceholders.isTemplateEditor
                ? []
                : [withSequence(Infinity, VisibilityNotice)]),
        ],
    };

    getModel() {
        return this.config.record.data.render_model;
    }
}

const REPLACED = new Map([
    [DynamicPlaceholderPlugin, PlaceholderPlugin],
    [SnippetVisibilityPlugin, MailingVisibilityPlugin],
]);

// Odoo's builder with the placeholders and personal links of mailings.
export class MailingBuilder extends MassMailingBuilder {
    get builderProps() {
        const props = super.builderProps;
        return {
            ...props,
            Plugins: [
                ...props.Plugins.map((plugin) => REPLACED.get(plugin) || plugin),
                PersonalLinkPlugin,
                PlaceholderChipPlugin,
            ],
        };
    }
}

registry
    .category("lazy_components")
    .add("mass_mailing_lite_email_marketing.MailingBuilder", MailingBuilder);
