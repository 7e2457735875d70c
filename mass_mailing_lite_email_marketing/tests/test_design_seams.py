from odoo.addons.mass_mailing_lite.models.partner_mailing_message import PERSONAL_LINK
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from ..content.conditions import ATTRIBUTE, CALL
from ..tools import stock_links

STOCK = "mass_mailing/%s"


@tagged("post_install", "-at_install")
class TestDesignSeams(TransactionCase):
    """What Email Marketing's builder writes is as the addon expects it.

    A failure after an update of Odoo says what has changed, and which file of ours to look at.
    """

    def read_stock(self, path):
        with file_open(STOCK % path) as file:
            return file.read()

    def test_conditions_are_written_as_the_addon_reads_them(self):
        widget = self.read_stock("static/src/fields/html_field/mass_mailing_html_field.js")
        self.assertIn(f"[{ATTRIBUTE}]", widget, "conditions: see content/conditions.py")
        self.assertIn(f"object.{CALL}(", widget, "conditions: see content/conditions.py")

    def test_its_blocks_have_the_links_that_the_addon_knows(self):
        found = set()
        for path in ("views/themes_templates.xml", "views/snippets_themes.xml"):
            found |= {part.partition('"')[0] for part in self.read_stock(path).split('href="/')[1:]}
        self.assertLessEqual(
            found, {"unsubscribe_from_list", "view"}, "another link: see tools/stock_links.py"
        )
        for path in found:
            link = stock_links.lead_here(f'<a href="/{path}">', "")
            self.assertTrue(PERSONAL_LINK.search(link.replace('"/', '"https://example.com/')))

    def test_the_frame_of_blocks_has_the_classes_of_stocks(self):
        frame = self.read_stock("static/src/themes/theme_wrapper.xml")
        for name in ("o_layout", "o_mail_wrapper", "o_mail_wrapper_td", "oe_structure"):
            self.assertIn(name, frame, "the frame of a design: see content/designs.py")

    def test_favorites_are_asked_for_as_the_addon_answers(self):
        selector = self.read_stock("static/src/themes/theme_selector/theme_selector.js")
        self.assertIn("action_fetch_favorites", selector, "see models/mailing_mailing.py")
