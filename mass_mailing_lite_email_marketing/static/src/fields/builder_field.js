import { MassMailingHtmlField, massMailingHtmlField } from "@mass_mailing/fields/html_field/mass_mailing_html_field";
import { MassMailingIframe } from "@mass_mailing/iframe/mass_mailing_iframe";
import {
    PlaceholderChipPlugin,
    removeStyles,
    showChips,
} from "@mass_mailing_lite/placeholder/chip_plugin";
import { PersonalLinkPlugin } from "@mass_mailing_lite/placeholder/link_plugin";
import { PlaceholderPlugin } from "@mass_mailing_lite/placeholder/placeholder_html_field";
import { loadPlaceholders } from "@mass_mailing_lite/placeholder/placeholders";
import { DynamicPlaceholderPlugin } from "@html_editor/others/dynamic_placeholder_plugin";
import { loadBundle } from "@web/core/assets";
import { delay } from "@web/core/utils/concurrency";
import { registry } from "@web/core/registry";
import { useChildRef, useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";

import { MailingThemeSelector } from "./theme_selector";

import { markup, onWillStart, onWillUpdateProps, useExternalListener } from "@odoo/owl";

const TAB = ".o_notebook_headers .nav-link";

const BUILDER = "mass_mailing.assets_builder";

// A body that is there is shown as it is sent, until the pointer moves over it: to look at a mailing
// loads no builder. The builder takes its place when it stands ready.
const SHOWN = "shown";
const LOADING = "loading"; // its assets
const OPENING = "opening"; // behind what is shown
const OPEN = "open";

// Odoo's frame around the builder, with our placeholders in it.
export class BuilderIframe extends MassMailingIframe {
    static template = "mass_mailing_lite_email_marketing.BuilderIframe";

    setup() {
        super.setup();
        const resize = this.throttledResize;
        this.hasEditor = this.props.readonly || !this.props.withBuilder;
        this.throttledResize = () => this.hasEditor && resize();
    }

    // The builder keeps the browser busy for a while. The chatter asks for its messages before, a
    // millisecond after the form was drawn, so that the server answers meanwhile.
    async loadIframeAssets() {
        const controls = await super.loadIframeAssets();
        await delay(1);
        return controls;
    }

    // Each change of the frame's size makes the browser compute the styles of the whole page: it gets
    // its size when the body is in it, and before the blocks are shown beside it.
    getBuilderProps() {
        const props = super.getBuilderProps();
        const onEditorReady = () => {
            props.config.onEditorReady?.();
            this.hasEditor = true;
            this.throttledResize();
        };
        return { ...props, config: { ...props.config, onEditorReady } };
    }
}

// The builder of Email Marketing, with the placeholders of mailings as chips and their personal links.
//
// What the mailing keeps is Odoo's: the blocks in this field, and the same with its styles inline in
// the one that is sent.
export class BuilderField extends MassMailingHtmlField {
    static template = "mass_mailing_lite_email_marketing.BuilderField";
    static components = {
        ...MassMailingHtmlField.components,
        MassMailingIframe: BuilderIframe,
        ThemeSelector: MailingThemeSelector,
    };

    setup() {
        super.setup();
        const orm = useService("orm");
        onWillStart(async () => (this.placeholders = await loadPlaceholders(orm)));
        this.state.builder = this.getFirstState(this.props);
        this.state.shownKey = 0; // of the frame that shows the body; another one for another body
        this.shownRef = useChildRef();
        this.openedByKey = false;
        useRecordObserver((record) => {
            const body = String(record.data[this.props.inlineField] || "");
            if (body !== this.shownBody) {
                this.shownBody = body;
                this.state.shownKey++;
            }
            if (!this.canShow(record)) {
                this.state.builder = OPEN;
            }
        });
        onWillUpdateProps((next) => {
            if (next.record.id !== this.props.record.id || next.readonly !== this.props.readonly) {
                this.state.builder = this.getFirstState(next);
                this.state.showCodeView &&= !this.isShown;
            }
        });
        if (!this.props.readonly && !this.isShown) {
            // Odoo asks for it when the frame stands ready.
            loadBundle(BUILDER);
        }
        this.committing = null;
        this.passingTab = null;
        useExternalListener(document, "click", (ev) => this.onClickAnywhere(ev), { capture: true });
    }

    // Without a design there are themes to choose from; without a body the builder makes it of the
    // design.
    canShow(record) {
        const { name, inlineField } = this.props;
        return Boolean(String(record.data[name] || "") && String(record.data[inlineField] || ""));
    }

    getFirstState({ record, readonly }) {
        const isOpen = readonly || record.isNew || record.dirty || !this.canShow(record);
        return isOpen ? OPEN : SHOWN;
    }

    get isShown() {
        return this.state.builder !== OPEN;
    }

    get isOpening() {
        return [LOADING, OPENING].includes(this.state.builder);
    }

    get hasBuilder() {
        return [OPENING, OPEN].includes(this.state.builder);
    }

    // A finger moves over the design to scroll it. Where the assets do not come, it can be tried again.
    async openBuilder(ev) {
        const isScrolling = ev.pointerType === "touch" && ev.type !== "click";
        if (this.state.builder !== SHOWN || isScrolling) {
            return;
        }
        this.openedByKey = ev.type === "click" && !ev.detail;
        this.state.builder = LOADING;
        let next = SHOWN;
        try {
            await loadBundle(BUILDER);
            next = OPENING;
        } finally {
            if (this.state.builder === LOADING) {
                this.state.builder = next;
            }
        }
    }

    onBuilderReady() {
        if (this.state.builder === OPENING) {
            this.state.builder = OPEN;
            if (this.openedByKey) {
                this.editor.shared.selection.focusEditable();
            }
        }
    }

    commitChanges(options) {
        const committing = super.commitChanges(options).finally(() => {
            if (this.committing === committing) {
                this.committing = null;
            }
        });
        this.committing = committing;
        return committing;
    }

    // Another page of the form takes the frame away, which the styles are computed in: what was changed
    // is kept before.
    async onClickAnywhere(ev) {
        const tab = ev.target.closest?.(TAB);
        if (!tab || tab === this.passingTab || !(this.isDirty || this.committing)) {
            return;
        }
        ev.preventDefault();
        ev.stopImmediatePropagation();
        await this.commitChanges();
        this.passingTab = tab;
        tab.click();
        this.passingTab = null;
    }

    // Odoo shows the source to developers alone; here it is for all, as in the plain editor.
    getMassMailingIframeProps() {
        return {
            ...super.getMassMailingIframeProps(),
            toggleCodeView: () => this.toggleCodeView(),
        };
    }

    getShownProps() {
        return {
            config: this.getReadonlyConfig(),
            iframeRef: this.shownRef,
            readonly: true,
            extraClass: "o_partner_mailing_shown_design",
        };
    }

    // Who may not edit, or does not yet, reads what is sent: the body, not the design that it was made
    // of, which another program may have written.
    getReadonlyConfig() {
        const config = super.getReadonlyConfig();
        const source = String(this.props.record.data[this.props.inlineField] || config.value || "");
        const shown = source.includes(" t-")
            ? showChips(source, this.placeholders).body.innerHTML
            : source;
        return { ...config, value: markup(shown) };
    }

    // The plugins of the builder itself are chosen where it is loaded (mailing_builder.js).
    getBuilderConfig() {
        const config = super.getBuilderConfig();
        return {
            ...config,
            ...this.tellWhenReady(config),
            partnerMailingPlaceholders: this.placeholders,
        };
    }

    tellWhenReady({ onEditorReady }) {
        return {
            onEditorReady: () => {
                onEditorReady();
                this.onBuilderReady();
            },
        };
    }

    getSimpleEditorConfig() {
        const config = super.getSimpleEditorConfig();
        const codeView = [config.resources.user_commands]
            .flat()
            .find((command) => command?.id === "codeview");
        if (codeView) {
            codeView.isAvailable = () => true;
        }
        return {
            ...config,
            ...this.tellWhenReady(config),
            partnerMailingPlaceholders: this.placeholders,
            Plugins: [
                ...config.Plugins.map((plugin) =>
                    plugin === DynamicPlaceholderPlugin ? PlaceholderPlugin : plugin
                ),
                PersonalLinkPlugin,
                PlaceholderChipPlugin,
            ],
        };
    }

    async getEditorContent() {
        const content = await super.getEditorContent();
        removeStyles(content);
        return content;
    }

    // Odoo gives its element here before it writes the styles into it, and then reads its source.
    preprocessFilterDomains(element) {
        super.preprocessFilterDomains(element);
        const { get } = Object.getOwnPropertyDescriptor(Element.prototype, "innerHTML");
        Object.defineProperty(element, "innerHTML", {
            get() {
                removeStyles(element);
                return get.call(element);
            },
        });
    }
}

export const builderField = {
    ...massMailingHtmlField,
    component: BuilderField,
};

registry.category("fields").add("partner_mailing_builder", builderField);
