import { ColumnPlugin } from "@html_editor/main/column_plugin";
import { FilePlugin } from "@html_editor/main/media/file_plugin";
import { DynamicPlaceholderPlugin } from "@html_editor/others/dynamic_placeholder_plugin";
import { HtmlMailField, htmlMailField } from "@mail/views/web/fields/html_mail_field/html_mail_field";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

import { finishBlocks } from "../editor/mail_blocks";
import { MailBlocksPlugin } from "../editor/mail_blocks_plugin";
import { PlaceholderChipPlugin, removeStyles, showChips } from "./chip_plugin";
import { PersonalLinkPlugin } from "./link_plugin";
import { PlaceholderPopover } from "./placeholder_popover";
import { loadPlaceholders, toExpression } from "./placeholders";

import { markup, onWillStart } from "@odoo/owl";

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

    // Odoo's takes each path for one of the record.
    async onValidate(path, fallback, type) {
        const expression = toExpression(path, this.config.partnerMailingPlaceholders);
        if (expression !== path) {
            return super.onValidate(path, fallback, type);
        }
        const element = this.document.createElement("t");
        element.setAttribute("t-out", expression);
        element.textContent = fallback;
        this.dependencies.dom.insert(element);
        this.dependencies.history.addStep();
    }
}

// Odoo's editor for mail, with placeholders as chips and personal links.
export class PlaceholderHtmlField extends HtmlMailField {
    setup() {
        super.setup();
        const orm = useService("orm");
        onWillStart(async () => (this.placeholders = await loadPlaceholders(orm)));
    }

    getConfig() {
        const config = super.getConfig();
        // The box of a file is drawn by style sheets of the web client; mail programs show none.
        config.Plugins = config.Plugins.filter((plugin) => plugin !== FilePlugin).map((plugin) =>
            plugin === DynamicPlaceholderPlugin ? PlaceholderPlugin : plugin
        );
        config.Plugins.push(PersonalLinkPlugin, PlaceholderChipPlugin);
        // Odoo's editor for mail has no columns, because they would be sent as flex boxes.
        config.Plugins.push(ColumnPlugin, MailBlocksPlugin);
        // A link may lead to a file that is uploaded; a button has the colours that its author chooses.
        Object.assign(config, { allowFile: true, allowCustomStyle: true });
        // Mail programs neither play a video nor turn a picture.
        Object.assign(config, { allowVideo: false, allowImageTransform: false });
        config.partnerMailingPlaceholders = this.placeholders;
        // A pasted picture becomes a file with a URL, because mail programs show no data: URLs.
        config.dropImageAsAttachment = true;
        return config;
    }

    // Who may not edit a body sees the same chips, as text.
    getReadonlyConfig() {
        const config = super.getReadonlyConfig();
        const source = String(config.value);
        if (!source.includes(" t-")) {
            return config;
        }
        const page = showChips(source, this.placeholders);
        const value = this.sandboxedPreview ? page.documentElement.outerHTML : page.body.innerHTML;
        return { ...config, value: markup(value) };
    }

    async getEditorContent() {
        const content = await super.getEditorContent();
        finishBlocks(content);
        removeStyles(content);
        return content;
    }
}

export const placeholderHtmlField = {
    ...htmlMailField,
    component: PlaceholderHtmlField,
};

registry.category("fields").add("partner_mailing_html", placeholderHtmlField);
