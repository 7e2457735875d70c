import { DynamicPlaceholderPlugin } from "@html_editor/others/dynamic_placeholder_plugin";
import { HtmlMailField, htmlMailField } from "@mail/views/web/fields/html_mail_field/html_mail_field";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";

import { PersonalLinkPlugin } from "./link_plugin";
import { PlaceholderPopover } from "./placeholder_popover";

// Odoo's command for placeholders, with the list of those that all users may insert.
export class PlaceholderPlugin extends DynamicPlaceholderPlugin {
    resources = {
        ...this.resources,
        user_commands: this.resources.user_commands.map((command) => ({
            ...command,
            title: _t("Placeholder"),
            description: _t("Insert a field of the recipient"),
        })),
    };

    setup() {
        super.setup();
        this.overlay = this.dependencies.overlay.createOverlay(PlaceholderPopover, {
            hasAutofocus: true,
            className: "popover",
        });
    }
}

// Odoo's editor for mail, with placeholders and personal links.
export class PlaceholderHtmlField extends HtmlMailField {
    getConfig() {
        const config = super.getConfig();
        config.Plugins = config.Plugins.map((plugin) =>
            plugin === DynamicPlaceholderPlugin ? PlaceholderPlugin : plugin
        );
        config.Plugins.push(PersonalLinkPlugin);
        // A pasted picture becomes a file with a URL, because mail programs show no data: URLs.
        config.dropImageAsAttachment = true;
        return config;
    }

    // Odoo writes a style into every element. A placeholder with a style needs QWeb, which only
    // template editors may save, so its other attributes are removed.
    async getEditorContent() {
        const content = await super.getEditorContent();
        for (const placeholder of content.querySelectorAll("t[t-out]")) {
            for (const { name } of [...placeholder.attributes]) {
                if (!name.startsWith("t-")) {
                    placeholder.removeAttribute(name);
                }
            }
        }
        return content;
    }
}

export const placeholderHtmlField = {
    ...htmlMailField,
    component: PlaceholderHtmlField,
};

registry.category("fields").add("partner_mailing_html", placeholderHtmlField);
