from odoo import Command, fields
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
        self.start_tour("/odoo", "mass_mailing_lite_mark", login="tour_marker", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "Marked on tour")])
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (2, 1))
        self.assertEqual(mailing.marked_count, 2, "one was taken off")
        self.start_tour("/odoo", "mass_mailing_lite_review", login="tour_marker", timeout=180)
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (3, 0))
        editors = self.env["res.groups"].create({"name": "Editors of the tour"})
        mailing.manage_group_ids = editors
        self.start_tour("/odoo", "mass_mailing_lite_pages", login="tour_marker", timeout=180)
        self.assertEqual((mailing.name, mailing.manage_group_ids), ("Changed on tour", editors))
        self.assertEqual((mailing.recipient_count, mailing.marked_count), (3, 2))

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
        self.start_tour("/odoo", "mass_mailing_lite_audience", login="tour_author", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "Mailing to Tour tag")])
        self.assertEqual(mailing.audience_ids.category_ids, tag)

    def test_write_to_a_filter_but_not_to_a_tag_and_an_earlier_mailing(self):
        for login, group in (("tour_author", "user"), ("tour_validator", "validator")):
            new_test_user(
                self.env,
                login,
                f"base.group_user,{GROUP % group}",
                email=f"{login}@example.com",
            )
        tag = self.env["res.partner.category"].create({"name": "Tour VIP"})
        self.env["res.partner"].search([("country_id.code", "=", "ES")]).country_id = False
        spain = self.env.ref("base.es").id
        anna, _vera, clara = self.env["res.partner"].create(
            [
                {"name": "Anna", "email": "anna@example.com", "country_id": spain},
                {
                    "name": "Vera",
                    "email": "vera@example.com",
                    "country_id": spain,
                    "category_id": tag.ids,
                },
                {"name": "Clara", "email": "clara@example.com", "country_id": spain},
            ]
        )
        earlier = self.env["partner.mailing"].create(
            {
                "name": "Mailing A",
                "source_ids": [
                    Command.create({"side": "in", "kind": "contact", "partner_id": anna.id})
                ],
            }
        )
        earlier.action_load_recipients()
        now = fields.Datetime.now()
        earlier.recipient_ids._as_system().write({"state": "sent", "sent_at": now})
        earlier._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        self.start_tour("/odoo", "mass_mailing_lite_sources", login="tour_author", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "To customers in Spain")])
        self.assertEqual(mailing.state, "to_validate")
        written = mailing.recipient_ids.filtered(lambda one: one.state == "pending")
        self.assertEqual(written.partner_id, clara)
