from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestRefresh(MailingCase):
    def look(self, mailing):
        """Press the button, as the marketer, and return the dialog."""
        action = mailing.action_refresh_recipients()
        return self.env[action["res_model"]].with_user(self.marketer).browse(action["res_id"])

    def test_without_a_list_it_is_loaded_at_once(self):
        mailing = self.new_mailing()
        self.assertIs(mailing.action_refresh_recipients(), True)
        self.assertEqual(mailing.recipient_count, 2)

    def test_it_shows_who_comes_in_goes_out_and_changes_address_and_then_does_it(self):
        clara = self._new_contact("Clara", "clara@example.com", self.news)
        mailing = self.new_mailing(extra_emails="extra@example.org")
        mailing.action_load_recipients()
        before = self.states(mailing)
        self.anna.category_id = [Command.unlink(self.news.id)]
        self.boris.email = "boris@new.example"
        self.env["mail.blacklist"]._add("clara@example.com")
        self._new_contact("Dora", "dora@example.com", self.news)
        mailing.extra_emails = "other@example.org"
        wizard = self.look(mailing)
        self.assertEqual(self.states(mailing), before, "a look changes nothing")
        self.assertEqual(
            set(wizard.in_ids.mapped("email")), {"dora@example.com", "other@example.org"}
        )
        self.assertEqual(
            {line.email: line.reason for line in wizard.out_ids},
            {
                "anna@example.com": "gone",
                clara.email: "blocklisted",
                "extra@example.org": "gone",
            },
        )
        self.assertEqual(
            [(line.old_email, line.email) for line in wizard.address_ids],
            [("boris@example.com", "boris@new.example")],
        )
        self.assertEqual((wizard.in_count, wizard.out_count, wizard.address_count), (2, 3, 1))
        self.assertEqual(wizard.recipient_count, 3)
        wizard.action_apply()
        self.assertEqual(mailing.recipient_count, 3)
        self.assertEqual(self.states(mailing)["boris@new.example"], "pending")
        self.assertCountersTrue(mailing)
        again = self.look(mailing)
        self.assertEqual((again.in_count, again.out_count, again.address_count), (0, 0, 0))

    def test_who_was_left_out_by_hand_is_no_change(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.rows(mailing)["anna@example.com"].with_user(self.marketer).action_exclude()
        wizard = self.look(mailing)
        self.assertFalse(wizard.in_count or wizard.out_count or wizard.address_count)
        self.assertEqual(wizard.recipient_count, 1)

    def test_of_many_changes_the_first_are_shown_and_all_are_counted(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.env["res.partner"].create(
            [
                {
                    "name": f"N{n}",
                    "email": f"n{n}@example.com",
                    "category_id": [Command.link(self.news.id)],
                }
                for n in range(100)
            ]
        )
        wizard = self.look(mailing)
        self.assertEqual(wizard.in_count, 100)
        self.assertEqual(len(wizard.in_ids), 40)

    def test_a_look_needs_the_right_to_change_a_draft(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_refresh_recipients()
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, "is no draft"):
            mailing.action_refresh_recipients()
