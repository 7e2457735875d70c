from unittest.mock import patch

from odoo import Command
from odoo.addons.mass_mailing_lite.tests.common import GROUP
from odoo.addons.mass_mailing_lite.tests.smtp_inbox import SmtpInbox
from odoo.tests import HttpCase, new_test_user, tagged

from .common import HELLO, Designed


@tagged("post_install", "-at_install")
class TestTourBuilder(Designed, HttpCase):
    def test_a_designed_mailing_arrives_as_it_was_built(self):
        for login, group in (("tour_user", "user"), ("tour_validator", "validator")):
            new_test_user(
                self.env,
                login,
                f"base.group_user,base.group_partner_manager,{GROUP % group}",
                email=f"{login}@example.com",
            )
        tag = self.env["res.partner.category"].create({"name": "Tour"})
        self.env["res.partner"].create(
            [
                {
                    "name": "Anna & Ben",
                    "email": "tour@example.com",
                    "city": "Nowhere",
                    "category_id": [Command.link(tag.id)],
                },
            ]
        )
        self.env["partner.mailing.audience"].create(
            {"name": "Readers of the tour", "category_ids": [Command.link(tag.id)]}
        )
        self.start_tour("/odoo", "mass_mailing_lite_builder", login="tour_user", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "Designed news")])
        self.assertEqual((mailing.state, mailing.editor), ("to_validate", "builder"))
        for stored in (str(mailing.body_arch), str(mailing.body_html)):
            self.assertIn('<t t-out="object.name">reader</t>', stored)
            self.assertIn('<t t-out="object.city"', stored)
            self.assertNotIn("data-partner-mailing-", stored)
        validator = self.env["res.users"].search([("login", "=", "tour_validator")])
        mailing.with_user(validator).action_validate()
        inbox = SmtpInbox()
        with inbox:
            self.env["ir.mail_server"].search([]).active = False
            self.env["ir.mail_server"].create(
                {"name": "S", "smtp_host": "127.0.0.1", "smtp_port": inbox.port}
            )
            with patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False):
                self.env.ref("mass_mailing_lite.ir_cron_send").method_direct_trigger()
        message = inbox.message_to("tour@example.com")
        body = message.get_body(("html",)).get_content()
        self.assertIn("Anna &amp; Ben", body)
        self.assertIn("Nowhere", body)
        self.assertIn("o_default_theme", body)
        self.assertNotIn("t-out", body)
        self.assertIn("Anna & Ben", message.get_body(("plain",)).get_content())

    def test_a_design_is_shown_until_its_builder_is_opened(self):
        author = new_test_user(
            self.env, "tour_user", f"base.group_user,{GROUP % 'user'}", email="user@example.com"
        )
        mailing = self.env["partner.mailing"].with_user(author)
        mailing = mailing.create(
            {"name": "Designed", "subject": "News", "editor": "builder", **self.build(HELLO)}
        )
        stored = mailing.body_arch, mailing.body_html
        url = f"/odoo/action-mass_mailing_lite.partner_mailing_action/{mailing.id}"
        self.start_tour(url, "mass_mailing_lite_open_builder", login="tour_user", timeout=180)
        self.assertEqual(mailing.subject, "Another subject")
        self.assertEqual((mailing.body_arch, mailing.body_html), stored)
