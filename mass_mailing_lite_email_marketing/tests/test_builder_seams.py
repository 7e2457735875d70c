import re

from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

OURS = "mass_mailing_lite_email_marketing/static/src/%s"

# What ours takes for granted in the web client: our file, Odoo's file, what stands there, in words.
PARTS = (
    (
        "fields/builder_field.js",
        "mass_mailing/static/src/fields/html_field/mass_mailing_html_field.js",
        {
            "export class MassMailingHtmlField extends HtmlField": "the class MassMailingHtmlField",
            "export const massMailingHtmlField": "the field massMailingHtmlField",
            "MassMailingIframe,": "the component MassMailingIframe of the field",
            "ThemeSelector,": "the component ThemeSelector of the field",
            'inlineField: options["inline_field"]': "the option inline_field",
            "getMassMailingIframeProps() {": "the method getMassMailingIframeProps",
            "toggleCodeView: () => this.toggleCodeView()": "the prop toggleCodeView of the frame",
            "getReadonlyConfig() {": "the method getReadonlyConfig",
            "getBuilderConfig() {": "the method getBuilderConfig",
            "getSimpleEditorConfig() {": "the method getSimpleEditorConfig",
            "...DYNAMIC_PLACEHOLDER_PLUGINS,": "the placeholders of the editor for plain themes",
            "this.preprocessFilterDomains(processingEl);": "the call of preprocessFilterDomains",
            "const inlineValue = processingEl.innerHTML;": "how the inline body is read",
            "this.props.record.data.mailing_model_id.id": "the field mailing_model_id",
        },
    ),
    (
        "fields/builder_field.js",
        "html_editor/static/src/fields/html_field.js",
        {
            "async getEditorContent() {": "the method getEditorContent",
            'id: "codeview"': "the command codeview",
        },
    ),
    (
        "fields/builder_field.js",
        "mass_mailing/static/src/iframe/mass_mailing_iframe.js",
        {
            "this.throttledResize = useThrottleForAnimation": "how the frame gets its size",
            "new ResizeObserver(this.throttledResize)": "that the frame follows the body's size",
            "this.bundleControls = await this.loadIframeAssets();": "what the builder waits for",
            "getBuilderProps() {": "the method getBuilderProps",
            "extraClass: { type: String": "the class of a frame that shows the body",
            "readonly: { type: Boolean": "the frame that only shows the body",
        },
    ),
    (
        "fields/builder_field.js",
        "html_editor/static/src/editor.js",
        {"this.config.onEditorReady?.();": "the call of onEditorReady"},
    ),
    (
        "fields/builder_field.xml",
        "mass_mailing/static/src/fields/html_field/mass_mailing_html_field.xml",
        {
            't-name="mass_mailing.HtmlField"': "the template of the field",
            '<MassMailingIframe t-key="state.key"': "the frame in the template of the field",
        },
    ),
    (
        "fields/builder_field.xml",
        "mass_mailing/static/src/iframe/mass_mailing_iframe.xml",
        {
            't-name="mass_mailing.MassMailingIframe"': "the template of the frame",
            "Component=\"'mass_mailing.MassMailingBuilder'\"": "the lazy component of the builder",
            "bundle=\"'mass_mailing.assets_builder'\"": "the bundle of the builder",
        },
    ),
    (
        "fields/theme_selector.js",
        "mass_mailing/static/src/themes/theme_selector/theme_selector.js",
        {
            "export class ThemeSelector extends Component": "the class ThemeSelector",
            'this.orm.call("mailing.mailing", "action_fetch_favorites"': "how favourites are fetched",
            "get favoriteDomain() {": "the getter favoriteDomain",
        },
    ),
    (
        "builder/mailing_builder.js",
        "mass_mailing/static/src/builder/mass_mailing_builder.js",
        {
            "export class MassMailingBuilder extends Component": "the class MassMailingBuilder",
            "get builderProps() {": "the getter builderProps",
            "builderProps.Plugins = [": "the list of plugins",
            "config.dynamicPlaceholder": "the setting dynamicPlaceholder",
        },
    ),
    (
        "builder/mailing_builder.js",
        "mass_mailing/static/src/builder/plugins/snippet_visibility_option_plugin.js",
        {
            'static id = "mass_mailing.SnippetVisibility"': "the plugin of conditional blocks",
            "builder_options: [": "its options",
            "getModel() {": "its model",
        },
    ),
    (
        "inside/inside.scss",
        "mass_mailing/static/src/iframe/mass_mailing_iframe.xml",
        {'class="o_mass_mailing_value"': "the element around the design"},
    ),
)


@tagged("post_install", "-at_install")
class TestBuilderSeams(TransactionCase):
    """Odoo's builder is as ours expects it; a failure says what changed and which file needs it."""

    def test_odoo_builder_has_the_parts_that_ours_extends(self):
        for ours, theirs, parts in PARTS:
            source = self.read_source(theirs)
            for text, what in parts.items():
                with self.subTest(part=what or text):
                    self.assertIn(
                        re.sub(r"\s+", " ", text),
                        source,
                        f"Odoo changed {what or text} in {theirs}. The addon depends on it: see"
                        f" {OURS % ours}.",
                    )

    def test_the_builder_is_loaded_by_the_bundles_that_ours_join(self):
        manifest = self.read_source("mass_mailing/__manifest__.py")
        for bundle in ("mass_mailing.assets_builder", "mass_mailing.assets_inside_builder_iframe"):
            self.assertIn(
                f"'{bundle}'",
                manifest,
                f"Odoo's Email Marketing has no bundle {bundle} any more. The addon adds to it: see"
                " mass_mailing_lite_email_marketing/__manifest__.py.",
            )

    def test_no_style_of_the_form_looks_into_what_the_builder_changes(self):
        """`:has()` on a container is matched again at each change below it."""
        self.assertNotIn(":has(", self.read_source(OURS % "fields/builder_field.scss"))

    def read_source(self, path):
        with file_open(path) as file:
            return re.sub(r"\s+", " ", file.read())
