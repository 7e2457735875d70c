import html5lib

from odoo.tests import tagged

from .common import SendingCase
from .mail_clients import get_checker

PLAIN = ("newsletter", "announcement", "event", "prices", "letter")
DESIGNED = ("columns", "launch", "date", "offer", "welcome")


@tagged("post_install", "-at_install")
class TestMailClients(SendingCase):
    """What mail programs make of the messages that the shipped templates become."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")

    def receive(self, name, **values):
        """Return the HTML of the message that a template becomes, as it came over the wire."""
        mailing = self.new_mailing(has_unsubscribe=True, **values)
        mailing._load_template(self.env.ref(f"mass_mailing_lite.mail_template_{name}"))
        test = self.env["partner.mailing.test"].with_user(self.marketer)
        with self.real_connections():
            test.create({"mailing_id": mailing.id, "emails": f"{name}@example.com"}).action_send()
        message = self.inbox.message_to(f"{name}@example.com")
        return message.get_body(("html",)).get_content()

    def test_each_template_uses_what_the_big_mail_programs_support(self):
        checker = get_checker()
        used = set()
        for name in (*PLAIN, *DESIGNED):
            with self.subTest(name):
                page = self.receive(name)
                self.assertFalse(checker.find_faults(page))
                used |= set(checker.find_lacking(page))
        # What only the editor's blocks and files to download need; see test_tour_link.py.
        used |= {"css-box-sizing", "css-table-layout", "css-white-space"}
        used |= {"css-word-break", "html-target"}
        self.assertFalse(set(checker.FALLBACKS) - used, "no longer needed")

    def test_a_design_is_one_table_of_600_pixels_with_buttons_that_are_cells(self):
        for name in DESIGNED:
            with self.subTest(name):
                page = html5lib.parse(self.receive(name), namespaceHTMLElements=False)
                [design] = page.findall(".//table[@class='o_pm_dark o_pm_card']")
                self.assertEqual(design.get("width"), "600")
                self.assertIn("max-width: 600px", design.get("style"))
                links = page.findall(".//a")
                cells = [cell for cell in page.iter("td") if cell.find("a") is not None]
                buttons = [one for one in links if "inline-block" in one.get("style", "")]
                self.assertEqual(len(buttons), len(cells))
                for cell in cells:
                    self.assertIn("mso-padding-alt", cell.get("style"))

    def test_outlook_gets_a_table_of_the_width_that_others_have_at_most(self):
        page = self.receive("letter")
        self.assertRegex(page, r'<!--\[if mso\]><table [^>]*width="680"')
        self.assertNotIn("prefers-color-scheme", page)
        self.assertNotIn("o_pm_col", page)

    def test_a_design_is_dark_on_a_dark_screen_unless_a_light_layout_is_around_it(self):
        page = self.receive("launch")
        self.assertIn('<meta name="color-scheme" content="light dark">', page)
        self.assertIn("@media (prefers-color-scheme: dark)", page)
        layout = self.env.ref("mass_mailing_lite.layout_letterhead")
        page = self.receive("offer", layout_id=layout.id)
        self.assertNotIn("color-scheme", page)
        self.assertIn("max-width: 480px", page)

    def test_the_data_of_the_company_are_in_it(self):
        self.env.company.write({"phone": "+43 316 555 010", "email": "office@example.com"})
        page = self.receive("welcome")
        for text in (self.env.company.name, "+43 316 555 010", "office@example.com"):
            self.assertIn(text, page)
