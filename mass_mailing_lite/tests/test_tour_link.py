from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP


@tagged("post_install", "-at_install")
class TestTourLink(HttpCase):
    def test_a_link_of_the_recipients_own_comes_from_the_editors_commands(self):
        new_test_user(self.env, "tour_user", f"base.group_user,{GROUP % 'user'}")
        self.start_tour("/odoo", "mass_mailing_lite_link", login="tour_user")
        mailing = self.env["partner.mailing"].search([("name", "=", "Tour link")])
        self.assertTrue(mailing._has_link_in_body("unsubscribe"))
