from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestDuplicate(MailingCase):
    def excluded(self, mailing):
        """Exclude Anna by hand, and return the mailing."""
        mailing.action_load_recipients()
        self.rows(mailing)["anna@example.com"].with_user(self.marketer).action_exclude()
        return mailing

    def note(self, mailing):
        """Return the text of the newest message in the chatter."""
        return mailing.message_ids[0].body

    def test_who_was_excluded_by_hand_is_excluded_in_the_duplicate(self):
        mailing = self.excluded(self.new_mailing(extra_emails="extra@example.org"))
        self.rows(mailing)["extra@example.org"].with_user(self.marketer).action_exclude()
        duplicate = mailing.copy()
        by_hand = {"anna@example.com": "by_hand", "extra@example.org": "by_hand"}
        self.assertEqual(self.states(duplicate), by_hand)
        self.assertCountersTrue(duplicate)
        self.assertIs(duplicate.action_refresh_recipients(), True, "there is no list to compare")
        self.assertEqual(self.states(duplicate), {**by_hand, "boris@example.com": "pending"})
        self.rows(duplicate)["anna@example.com"].with_user(self.marketer).action_include()
        self.assertEqual(duplicate.recipient_count, 2)
        self.assertEqual(mailing.recipient_count, 1, "the other mailing stays as it is")

    def test_no_other_row_of_the_list_is_copied(self):
        self._new_contact("Silent", False, self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        duplicate = mailing.copy()
        self.assertFalse(self.rows(duplicate))
        self.assertFalse(duplicate.recipients_loaded_at)

    def test_a_duplicate_says_what_it_has_and_what_it_has_not(self):
        mailing = self.excluded(self.new_mailing(extra_emails="extra@example.org"))
        mailing.attachment_ids = [Command.create({"name": "Leaflet", "raw": b"PDF"})]
        mailing._add_marked(self.env["res.partner"]._search([("id", "=", self.boris.id)]).select())
        note = self.note(mailing.copy())
        for text in (
            "This mailing is a duplicate",
            "content and options",
            "files: 1",
            "audiences: Readers of the news",
            "extra addresses",
            "added from Contacts: 1",
            "excluded by hand: 1",
            "Not taken over: the list of recipients, tests, approvals, schedule and results",
        ):
            self.assertIn(text, note)
        plain = self.note(self.new_mailing(audience_ids=False).copy())
        self.assertIn("Taken over: content and options.", plain)

    def test_what_is_not_copied_is_not_said_to_be(self):
        mailing = self.excluded(self.new_mailing(extra_emails="extra@example.org"))
        note = self.note(mailing.copy({"extra_emails": False, "audience_ids": False}))
        self.assertNotIn("extra addresses", note)
        self.assertNotIn("audiences", note)

    def test_several_are_duplicated_at_once_each_with_its_own_exclusions(self):
        first, second = self.excluded(self.new_mailing()), self.new_mailing()
        copies = (first + second).copy()
        self.assertEqual([len(self.rows(copy)) for copy in copies], [1, 0])

    def test_a_duplicate_remembers_nobody_whose_data_were_removed(self):
        self.env.company.partner_mailing_keep_months = 1
        mailing = self.excluded(self.new_mailing(name="Old"))
        mailing.action_cancel()
        mailing._as_system().finished_at = "2020-01-01 00:00:00"
        self.env.flush_all()
        self.assertFalse(self.rows(mailing.copy()), "they are to be removed by now")
        mailing.sudo()._remove_personal_data(lambda count: 1)
        duplicate = mailing.copy()
        self.assertFalse(self.rows(duplicate))
        self.assertNotIn("excluded by hand", self.note(duplicate))

    def test_the_list_of_a_mailing_that_one_may_not_read_is_not_copied(self):
        secret = self.env["res.groups"].create({"name": "Secret"})
        mailing = self.excluded(self.new_mailing())
        mailing.view_group_ids = secret
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).copy()

    def test_duplicating_takes_as_many_queries_for_many_exclusions_as_for_few(self):
        def count(number):
            mailing = self.new_mailing(
                audience_ids=False,
                extra_emails="\n".join(f"x{n}@example.org" for n in range(number)),
            )
            mailing.action_load_recipients()
            mailing.action_exclude_all()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            mailing.copy()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertLessEqual(count(100), count(2))
