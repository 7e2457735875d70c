from unittest.mock import patch

import html5lib

from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP
from .mail_clients import get_checker
from .smtp_inbox import SmtpInbox


@tagged("post_install", "-at_install")
class TestTourLink(HttpCase):
    def test_a_personal_link_comes_from_the_editor_and_a_large_file_becomes_one(self):
        user = new_test_user(
            self.env, "tour_user", f"base.group_user,{GROUP % 'user'}", email="tour@example.com"
        )
        self.env.company.partner_mailing_test_recipients = "tester@example.com"
        self.env["ir.mail_server"].search([]).active = False
        server = self.env["ir.mail_server"].create(
            {"name": "Small", "smtp_host": "127.0.0.1", "max_email_size": 1.5}
        )
        self.start_tour("/odoo", "mass_mailing_lite_link", login="tour_user", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "Tour link")])
        self.assertTrue(mailing._has_link_in_body("unsubscribe"))
        links = {file.name: file.partner_mailing_as_link for file in mailing.attachment_ids}
        self.assertEqual(links, {"small.txt": False, "large.txt": True})
        mailing.subject = "News"
        with (
            SmtpInbox() as inbox,
            patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False),
        ):
            server.smtp_port = inbox.port
            test = self.env["partner.mailing.test"].with_user(user)
            test.create({"mailing_id": mailing.id, "emails": "tester@example.com"}).action_send()
        self.check_blocks(inbox.message_to("tester@example.com").get_body(("html",)).get_content())

    def check_blocks(self, source):
        """Assert that the editor's blocks arrive as mail programs show them."""
        page = html5lib.parse(source, namespaceHTMLElements=False)
        [columns] = page.findall(".//table[@class='o_pm_columns']")
        left, right = columns.findall("./tbody/tr/td")
        self.assertIn("Left", "".join(left.itertext()))
        self.assertEqual({left.get("width"), right.get("width")}, {"50%"})
        [button] = right.findall(".//a")
        self.assertEqual(button.get("href"), "https://www.example.com/more")
        self.assertRegex(button.get("style"), "background-color: #.*display: inline-block")
        self.assertRegex(
            source,
            r"<!--\[if mso\]><table [^>]*><tr><td [^>]*padding: [^>]*bgcolor=[^>]*><!\[endif\]-->\s*<a ",
        )
        [picture] = page.findall(".//a[@href='https://www.example.com/picture']")
        self.assertIsNotNone(picture.find("img"))
        [notice] = page.findall(".//td[@class='o_pm_banner_content']")
        self.assertIn("Notice", "".join(notice.itertext()))
        self.assertNotRegex(source, "flex|grid|contenteditable")
        self.assertFalse(get_checker().find_faults(source))
