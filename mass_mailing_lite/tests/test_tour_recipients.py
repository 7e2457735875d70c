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

    def test_make_an_audience_and_a_mailing_to_it(self):
        new_test_user(
            self.env,
            "tour_author",
            f"base.group_user,{GROUP % 'user'}",
            email="tour_author@example.com",
        )
        tag = self.env["res.partner.category"].create({"name": "Tour tag"})
        self.env["res.partner"].create(
            {"name": "Tagged", "email": "tagged@example.com", "category_id": tag.ids}
        )
        self.start_tour("/odoo", "mass_mailing_lite_audience", login="tour_author")
        mailing = self.env["partner.mailing"].search([("name", "=", "Mailing to Tour tag")])
        self.assertEqual(mailing.audience_ids.category_ids, tag)
