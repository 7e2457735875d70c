import { Plugin } from "@html_editor/plugin";
import { isHtmlContentSupported } from "@html_editor/core/selection_plugin";
import { withSequence } from "@html_editor/utils/resource";
import { _t } from "@web/core/l10n/translation";

// Commands that insert personal links; each recipient's token is added when the message is built.
export class PersonalLinkPlugin extends Plugin {
    static id = "partnerMailingLinks";
    static dependencies = ["history", "dom"];
    resources = {
        user_commands: [
            {
                id: "insertUnsubscribeLink",
                title: _t("Unsubscribe Link"),
                description: _t("In place of the one in the footer"),
                icon: "fa-sign-out",
                run: () => this.insert("/partner_mailing/unsubscribe", _t("Unsubscribe")),
                isAvailable: isHtmlContentSupported,
            },
            {
                id: "insertViewLink",
                title: _t("View in Browser"),
                description: _t("A link to the message as its recipient gets it"),
                icon: "fa-globe",
                run: () => this.insert("/partner_mailing/view", _t("View in browser")),
                isAvailable: isHtmlContentSupported,
            },
        ],
        powerbox_items: [
            withSequence(70, { categoryId: "marketing_tools", commandId: "insertUnsubscribeLink" }),
            withSequence(71, { categoryId: "marketing_tools", commandId: "insertViewLink" }),
        ],
    };

    insert(address, text) {
        const link = this.document.createElement("a");
        link.setAttribute("href", address);
        link.textContent = text;
        this.dependencies.dom.insert(link);
        this.dependencies.history.addStep();
    }
}
