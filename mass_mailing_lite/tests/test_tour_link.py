from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP


@tagged("post_install", "-at_install")
class TestTourLink(HttpCase):
    def test_a_personal_link_comes_from_the_editor_and_a_large_file_becomes_one(self):
        new_test_user(self.env, "tour_user", f"base.group_user,{GROUP % 'user'}")
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "Small", "smtp_host": "127.0.0.1", "max_email_size": 1.5}
        )
        self.start_tour("/odoo", "mass_mailing_lite_link", login="tour_user")
        mailing = self.env["partner.mailing"].search([("name", "=", "Tour link")])
        self.assertTrue(mailing._has_link_in_body("unsubscribe"))
        links = {file.name: file.partner_mailing_as_link for file in mailing.attachment_ids}
        self.assertEqual(links, {"small.txt": False, "large.txt": True})
