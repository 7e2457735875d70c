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

    def hint(self, mailing):
        """Return the status and the hint of the step Recipients in the checklist."""
        [step] = [step for step in mailing.checklist if step["key"] == "recipients"]
        return step["status"], step["hint"]

    def test_a_changed_choice_that_changes_nobody_is_up_to_date_after_the_look(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.hint(mailing), ("done", "2 recipients"))
        other = self.audience.copy({"excluded_category_ids": False})
        changes = {
            "another audience": {"audience_ids": [Command.link(other.id)]},
            "an address of a recipient": {"extra_emails": "anna@example.com"},
            "copies": {"cc": "boss@example.com", "copy_policy": "each"},
        }
        for name, values in changes.items():
            with self.subTest(name):
                mailing.write(values)
                self.assertEqual(self.hint(mailing), ("attention", "Changed: update the list"))
                wizard = self.look(mailing)
                self.assertFalse(wizard.in_count or wizard.out_count or wizard.address_count)
                self.assertEqual(wizard.recipient_count, 2)
                self.assertEqual(self.hint(mailing), ("done", "2 recipients"))
                self.assertIn("Updated by marketer", mailing.list_status)

    def test_without_another_recipient_names_and_exclusions_are_updated_still(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.anna.name = "Anna Maria"
        self._new_contact("Silent", False, self.news)
        wizard = self.look(mailing)
        self.assertFalse(wizard.in_count or wizard.out_count or wizard.address_count)
        self.assertEqual(wizard.skipped_count, 1)
        self.assertEqual(self.rows(mailing)["anna@example.com"].name, "Anna Maria")

    def test_a_list_that_is_kept_is_no_longer_out_of_date_and_says_who_kept_it(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.extra_emails = "extra@example.org"
        self.look(mailing).action_keep()
        self.assertEqual(self.hint(mailing), ("done", "2 recipients"))
        self.assertIn("Kept as it is by marketer", mailing.list_status)
        self.assertIn("would add 1, remove 0", mailing.message_ids[0].body)
        self.assertNotIn("extra@example.org", self.states(mailing))
        mailing.action_submit()
        self.assertNotIn("extra@example.org", self.states(mailing), "submitting does not load it")

    def test_a_list_that_was_kept_is_out_of_date_again_after_the_next_change_alone(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.extra_emails = "extra@example.org"
        self.look(mailing).action_keep()
        mailing.name = "Another title"
        self.assertEqual(self.hint(mailing)[0], "done")
        mailing.extra_emails = "extra@example.org, more@example.org"
        self.assertEqual(self.hint(mailing)[0], "attention")
        self.assertEqual(self.look(mailing).in_count, 2)

    def test_what_was_not_shown_is_not_decided(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.extra_emails = "extra@example.org"
        wizard = self.look(mailing)
        mailing.extra_emails = "extra@example.org, more@example.org"
        with self.assertRaisesRegex(UserError, "than you were shown"):
            wizard.action_keep()
        self.assertEqual(self.hint(mailing)[0], "attention")

    def test_keeping_needs_a_draft(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.extra_emails = "extra@example.org"
        wizard = self.look(mailing)
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, "is no draft"):
            wizard.action_keep()

    def test_nobody_forges_a_decision_about_the_list(self):
        mailing = self.new_mailing()
        for values in ({"recipients_decision": "kept"}, {"recipients_decided_by_id": 1}):
            with self.assertRaisesRegex(AccessError, "kept by the system"):
                mailing.write(values)

    def test_another_selection_of_an_audience_makes_the_lists_of_drafts_out_of_date(self):
        mailing, submitted = self.new_mailing(), self.new_mailing()
        mailing.action_load_recipients()
        submitted.action_submit()
        self.audience.name = "Another name"
        self.assertEqual(self.hint(mailing)[0], "done")
        self.audience.domain = "[('name', '=', 'Anna')]"
        self.assertEqual(self.hint(mailing)[0], "attention")
        self.assertTrue(submitted.recipients_loaded_at)
        self.assertEqual(self.look(mailing).out_ids.mapped("email"), ["boris@example.com"])

    def test_a_contact_archived_before_the_list_was_kept_gets_no_message(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing._as_system().recipients_loaded_at = "2020-01-01 00:00:00"
        self.anna.active = False
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET write_date = '2021-01-01' WHERE id = %s", [self.anna.id]
        )
        self.env.cr.execute(
            "UPDATE partner_mailing SET create_date = '2020-01-01' WHERE id = %s", [mailing.id]
        )
        self.env.invalidate_all()
        self.look(mailing).action_keep()
        archived = self.env["partner.mailing.recipient"]._archived_sql(mailing)
        self.assertIn((self.anna.id,), self.env.execute_query(archived))

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
