from unittest.mock import patch

from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP
from .smtp_inbox import SmtpInbox


@tagged("post_install", "-at_install")
class TestTourContent(HttpCase):
    def test_template_placeholder_preview_and_test(self):
        # Expressions that are no placeholder are for template editors: this user is none.
        editors = self.env.ref("mail.group_mail_template_editor")
        self.env.ref("base.group_user").implied_ids -= editors
        new_test_user(
            self.env,
            "tour_user",
            f"base.group_user,{GROUP % 'user'}",
            name="Tour User",
            email="tour_user@example.com",
        )
        self.env.company.partner_mailing_test_recipients = "tester@example.com"
        self.env["ir.mail_server"].search([]).active = False
        with (
            SmtpInbox() as inbox,
            patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False),
        ):
            self.env["ir.mail_server"].create(
                {"name": "Loopback", "smtp_host": "127.0.0.1", "smtp_port": inbox.port}
            )
            self.start_tour("/odoo", "mass_mailing_lite_content", login="tour_user", timeout=180)
        message = inbox.message_to("tester@example.com")
        self.assertEqual(message["Subject"], "[Test] News for you colleague😀")
        self.assertIn("Tour User", message.get_body(("html",)).get_content())
        mailing = self.env["partner.mailing"].search([("name", "=", "Tour letter")])
        self.assertEqual(mailing.subject, "New prices from 1 July")
        self.assertEqual(mailing.test_state, "changed")
        self.assertTrue(self.env["mail.template"].search([("name", "=", "Our price letter")]))
