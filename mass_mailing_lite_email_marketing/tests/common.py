from odoo.addons.mass_mailing_lite.tests.common import MailingCase, SendingCase

DESIGN = (
    '<div data-name="Mailing" class="o_layout o_default_theme"><section class="s_text_block"'
    ' data-name="Text" data-snippet="s_text_block"><p class="lead">{text}</p></section></div>'
)
BODY = (
    '<div class="o_layout" style="margin: 0"><!--[if mso]><table><tr><td><![endif]-->'
    '<table><tbody><tr><td style="color: red">{text}</td></tr></tbody></table>'
    "<!--[if mso]></td></tr></table><![endif]--></div>"
)
HELLO = 'Hello <t t-out="object.name"/>, spring is here'


class Designed:
    """What the builder of the web client writes: a design, and the body made of it."""

    def build(self, text):
        """Return the values that the builder writes for a text."""
        return {"body_arch": DESIGN.format(text=text), "body_html": BODY.format(text=text)}

    def build_block(self, domain, text="Only for some"):
        """Return the values of a body with a block for some, as the builder of Odoo writes them.

        :param domain: JSON, as it stands in the attribute
        """
        attribute = domain.replace("&", "&amp;").replace('"', "&quot;")
        block = (
            f'<section data-name="Text" data-filter-domain="{attribute}"><p>{text}</p></section>'
        )
        return {
            "body_arch": f'<div class="o_layout"><p>For all</p>{block}</div>',
            "body_html": f"<div><p>For all</p><!--[if mso]><p>Outlook</p><![endif]-->{block}</div>",
        }

    def new_design(self, text=HELLO, **values):
        return self.new_mailing(**{**self.build(text), "editor": "builder", **values})

    def stored(self, record, name):
        """Return {language code: text} as it is stored."""
        record.flush_recordset()
        return record._fields[name]._get_stored_translations(record.sudo()) or {}


class DesignCase(Designed, MailingCase):
    """Mailings that are built of blocks."""


class SendingDesignCase(Designed, SendingCase):
    """The same, with a real SMTP server."""
