from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP


@tagged("post_install", "-at_install")
class TestTourRecipients(HttpCase):
    def test_mark_contacts_and_review_the_list(self):
        new_test_user(
            self.env,
            "tour_marker",
            f"base.group_user,{GROUP % 'user'}",
            email="tour_marker@example.com",
        )
        self.env["res.partner"].create(
            [
                {"name": "Tourist Anna", "email": "tourist.anna@example.com"},
                {"name": "Tourist Boris", "email": "tourist.boris@example.com"},
                {"name": "Tourist Broken", "email": "broken"},
            ]
        )
        self.start_tour("/odoo", "mass_mailing_lite_mark", login="tour_marker")
        mailing = self.env["partner.mailing"].search([("name", "=", "Marked on tour")])
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (2, 1))
        self.start_tour("/odoo", "mass_mailing_lite_review", login="tour_marker")
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (3, 1))
