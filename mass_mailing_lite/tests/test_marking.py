from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestMarking(MailingCase):
    def mark(self, contacts, user=None, **values):
        """Select contacts in the list as ``user`` does, add them, and return the dialog."""
        Partner = self.env["res.partner"].with_user(user or self.marketer)
        action = Partner.with_context(active_ids=contacts.ids).action_partner_mailing_mark()
        wizard = self.env[action["res_model"]].with_user(user or self.marketer)
        wizard = wizard.browse(action["res_id"])
        wizard.write({"target": "new", "name": "Marked", **values})
        wizard.action_add()
        return wizard

    def mark_into(self, mailing, contacts, **options):
        return self.mark(contacts, target="draft", mailing_id=mailing.id, **options)

    def outcome(self, wizard):
        return {line.outcome: line.count for line in wizard.line_ids}

    def test_marked_contacts_start_a_new_mailing(self):
        wizard = self.mark(self.anna + self.boris)
        mailing = wizard.mailing_id
        self.assertEqual(mailing.name, "Marked")
        self.assertEqual(mailing.user_id, self.marketer)
        self.assertEqual(wizard.added_count, 2)
        self.assertEqual(
            self.states(mailing), {"anna@example.com": "pending", "boris@example.com": "pending"}
        )
        self.assertTrue(mailing.recipients_loaded_at, "nothing but marks leads to the list")
        self.assertEqual(wizard.action_open_mailing()["res_id"], mailing.id)
        self.assertCountersTrue(mailing)

    def test_one_contact_is_written_to_and_submitted_in_two_presses(self):
        contact = self.anna.with_user(self.marketer)
        action = contact.action_partner_mailing_send()
        mailing = self.env[action["res_model"]].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual(mailing.name, "Mailing to Anna")
        self.assertEqual(self.states(mailing), {"anna@example.com": "pending"})
        self.assertTrue(mailing.recipients_loaded_at)
        at_once = mailing.with_context(**action["context"])
        with self.assertRaisesRegex(UserError, "Still missing: Subject"):
            at_once.action_open_submission()
        mailing.write({"subject": "Your order", "body_html": "<p>It is ready.</p>"})
        self.assertEqual(mailing.action_open_submission()["res_model"], "partner.mailing.submit")
        self.assertIs(at_once.action_open_submission(), True)
        self.assertEqual(mailing.state, "to_validate", "a second person decides, as always")
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(mailing.state, "validated")

    def test_a_longer_list_is_not_submitted_without_the_question(self):
        action = self.anna.with_user(self.marketer).action_partner_mailing_send()
        mailing = self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
        mailing.write({"subject": "x", "body_html": "<p>x</p>", "audience_ids": self.audience.ids})
        mailing.action_load_recipients()
        again = mailing.with_context(**action["context"]).action_open_submission()
        self.assertEqual(again["res_model"], "partner.mailing.submit")

    def test_the_same_from_the_list_of_contacts_for_one_and_for_several(self):
        Partner = self.env["res.partner"].with_user(self.marketer)
        for contacts, name in (
            (self.anna, "Mailing to Anna"),
            (self.anna + self.boris, "Mailing to 2 contacts"),
        ):
            selected = Partner.with_context(active_ids=contacts.ids, active_model="res.partner")
            action = selected.action_partner_mailing_send()
            mailing = self.env["partner.mailing"].browse(action["res_id"])
            self.assertEqual(mailing.name, name)
            self.assertEqual(mailing.recipient_ids.partner_id, contacts)
        with self.assertRaisesRegex(UserError, "Select the contacts"):
            Partner.with_context(active_ids=["x"]).action_partner_mailing_send()

    def test_an_empty_draft_to_the_contact_is_opened_again(self):
        contact = self.anna.with_user(self.marketer)
        first = contact.action_partner_mailing_send()["res_id"]
        self.assertEqual(contact.action_partner_mailing_send()["res_id"], first)
        self.env["partner.mailing"].browse(first).subject = "Begun"
        second = contact.action_partner_mailing_send()["res_id"]
        self.assertNotEqual(second, first)
        other = self.anna.with_user(self.colleague).action_partner_mailing_send()["res_id"]
        self.assertNotEqual(other, second, "each author has drafts of their own")

    def test_a_contact_that_cannot_be_written_to_is_named_with_the_reason(self):
        self.env["mail.blacklist"]._add("blocked@example.com")
        before = self.env["partner.mailing"].search_count([])
        for name, address, reason in (
            ("Silent", False, "no e-mail address"),
            ("Broken", "broken", "Invalid e-mail address"),
            ("Blocked", "blocked@example.com", "blocklist"),
        ):
            contact = self._new_contact(name, address).with_user(self.marketer)
            with (
                self.assertRaisesRegex(UserError, f'"{name}".*(?i:{reason})'),
                self.env.cr.savepoint(),
            ):
                contact.action_partner_mailing_send()
        self.assertEqual(self.env["partner.mailing"].search_count([]), before)
        with self.assertRaises(AccessError):
            self.anna.with_user(self.outsider).action_partner_mailing_send()

    def test_it_says_who_came_in_who_was_there_and_who_cannot_be_written_to(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        other = self.env["res.company"].create({"name": "Other"})
        self.env["mail.blacklist"]._add("blocked@example.com")
        contacts = self.anna
        for name, email, values in (
            ("New", "new@example.com", {}),
            ("Silent", "", {}),
            ("Broken", "broken", {}),
            ("Blocked", "blocked@example.com", {}),
            ("Twin of Boris", "boris@example.com", {}),
            ("Gone", "gone@example.com", {"active": False}),
            ("Theirs", "theirs@example.com", {"company_id": other.id}),
        ):
            contacts += self._new_contact(name, email, **values)
        wizard = self.mark_into(mailing, contacts)
        self.assertEqual(wizard.added_count, 1)
        self.assertEqual(
            self.outcome(wizard),
            {
                "present": 1,
                "no_email": 1,
                "invalid": 1,
                "blocklisted": 1,
                "duplicate": 1,
                "unusable": 2,
            },
        )
        self.assertCountersTrue(mailing)

    def test_marked_contacts_stay_through_a_refresh_and_a_copy(self):
        mailing = self.new_mailing()
        dora = self._new_contact("Dora", "dora@example.com")
        self.mark_into(mailing, dora)
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["dora@example.com"], "pending")
        duplicate = mailing.copy()
        self.assertEqual(duplicate.marked_count, 1)
        duplicate.action_load_recipients()
        self.assertIn("dora@example.com", self.states(duplicate))

    def test_marking_leaves_a_list_that_is_out_of_date_so(self):
        mailing = self.new_mailing()
        self.mark_into(mailing, self._new_contact("Dora", "dora@example.com"))
        self.assertEqual(set(self.states(mailing)), {"dora@example.com"})
        self.assertFalse(mailing.recipients_loaded_at, "the audience was not loaded yet")

    def test_marking_leaves_an_earlier_decision_about_the_list(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        loaded_at = mailing.recipients_loaded_at
        mailing._as_system().recipients_loaded_at = "2020-01-01 00:00:00"
        self.mark_into(mailing, self._new_contact("Dora", "dora@example.com"))
        self.assertLess(mailing.recipients_loaded_at, loaded_at)

    def test_the_dialog_begins_without_a_fault_and_says_in_words_what_was_done(self):
        arch = etree.fromstring(self.env["partner.mailing.mark"].get_view(view_type="form")["arch"])
        self.assertFalse(arch.xpath("//field[@required]"), "a required field is red when empty")
        mailing = self.new_mailing()
        dora = self._new_contact("Dora", "dora@example.com")
        self.assertFalse(self.env["partner.mailing.mark"].new({"partner_count": 1}).result)
        self.assertEqual(self.mark_into(mailing, dora).result, "1 contact added.")
        self.assertEqual(self.mark_into(mailing, dora).result, "No contact was added.")
        self.assertEqual(self.mark(self.anna + self.boris).result, "2 contacts added.")
        silent = self._new_contact("Silent", False)
        self.assertEqual(self.mark(self.anna + silent).result, "1 of 2 contacts added.")

    def test_all_contacts_that_match_the_filter_are_marked_beyond_the_limit_of_ids(self):
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 3)
        tag = self.env["res.partner.category"].create({"name": "Many"})
        contacts = self.env["res.partner"].create(
            [
                {
                    "name": f"M{n}",
                    "email": f"m{n}@example.com",
                    "category_id": [Command.link(tag.id)],
                }
                for n in range(10)
            ]
        )
        Partner = self.env["res.partner"].with_user(self.marketer)
        action = Partner.with_context(
            active_ids=contacts[:3].ids, active_domain=[("category_id", "in", tag.ids)]
        ).action_partner_mailing_mark()
        wizard = self.env[action["res_model"]].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual(wizard.partner_count, 10)
        wizard.name = "Many"
        wizard.action_add()
        self.assertEqual(wizard.added_count, 10)

    def test_marking_takes_as_many_queries_for_many_as_for_few(self):
        def count(number):
            contacts = self.env["res.partner"].create(
                [{"name": f"Q{n}", "email": f"q{number}.{n}@example.com"} for n in range(number)]
            )
            mailing = self.new_mailing()
            self.env.flush_all()
            domain = [("id", "in", contacts.ids)]
            before = self.env.cr.sql_log_count
            mailing._mark_contacts(domain, number)
            return self.env.cr.sql_log_count - before

        count(1)
        self.assertLessEqual(count(200), count(2))

    def test_marks_can_be_removed(self):
        mailing = self.mark(self.anna).mailing_id
        opened = (
            self.env["res.partner"]
            .with_user(self.marketer)
            .search(mailing.action_open_marked()["domain"])
        )
        self.assertEqual(opened, self.anna)
        mailing.action_unmark_all()
        self.assertEqual(mailing.marked_count, 0)
        self.assertFalse(mailing.recipients_loaded_at)

    def test_single_marked_contacts_are_taken_off(self):
        wizard = self.mark(self.anna + self.boris)
        mailing = wizard.mailing_id
        self.assertEqual(wizard.marked_ids, self.anna + self.boris, "the dialog shows them")
        self.assertEqual(mailing.marked_window_ids, self.anna + self.boris)
        context = mailing.action_open_marked()["context"]
        self.anna.with_user(self.marketer).with_context(**context).action_partner_mailing_unmark()
        self.assertEqual(mailing.marked_partner_ids, self.boris)
        self.assertEqual((mailing.marked_count, mailing.marked_window_ids), (1, self.boris))
        wizard.invalidate_recordset()
        self.assertEqual(wizard.marked_ids, self.boris)
        self.assertFalse(mailing.recipients_loaded_at)
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing), {"boris@example.com": "pending"})

    def test_many_marked_contacts_are_taken_off_in_one_statement_and_few_are_shown(self):
        partners = self.env["res.partner"]
        contacts = partners.create(
            [{"name": f"Many {n}", "email": f"many{n}@example.com"} for n in range(30)]
        )
        mailing = self.mark(contacts + self.anna).mailing_id
        self.assertEqual(len(mailing.marked_window_ids), 20)
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 10)
        # As the list does it: the first ids, and the filter for all that are selected.
        domain = [("partner_mailing_marked_ids", "in", mailing.ids), ("name", "like", "Many")]
        selected = contacts[:10].with_user(self.marketer)
        selected.with_context(
            partner_mailing_unmark_id=mailing.id, active_ids=selected.ids, active_domain=domain
        ).action_partner_mailing_unmark()
        self.assertEqual(mailing.marked_partner_ids, self.anna)

    def test_marks_are_taken_off_own_drafts_alone(self):
        mine = self.mark(self.anna).mailing_id
        submitted = self.mark(self.anna).mailing_id
        submitted.write({"subject": "x", "body_html": "<p>x</p>"})
        submitted.action_submit()
        for mailing, user, error in (
            (mine, self.colleague, AccessError),
            (mine, self.outsider, AccessError),
            (submitted, self.marketer, UserError),
            (mine.browse("x"), self.marketer, UserError),
        ):
            context = {"partner_mailing_unmark_id": mailing.id}
            contact = self.anna.with_user(user).with_context(**context)
            with self.assertRaises(error), self.env.cr.savepoint():
                contact.action_partner_mailing_unmark()
        self.assertEqual((mine.marked_count, submitted.marked_count), (1, 1))
        self.assertNotIn("context", {k: v for k, v in submitted.action_open_marked().items() if v})

    def test_contacts_are_added_to_own_drafts_alone(self):
        theirs = self.new_mailing(user=self.colleague)
        submitted = self.new_mailing()
        submitted.action_submit()
        wizard = self.mark(self.anna)
        self.assertNotIn(theirs, wizard.draft_ids)
        self.assertNotIn(submitted, wizard.draft_ids)
        with self.assertRaises(AccessError):
            self.mark_into(theirs, self.anna)
        with self.assertRaisesRegex(UserError, "is no draft"):
            self.mark_into(submitted, self.anna)

    def test_who_prepares_no_mailings_adds_nobody(self):
        with self.assertRaises(AccessError):
            self.mark(self.anna, user=self.outsider)
        action = self.env.ref("mass_mailing_lite.res_partner_action_mark")
        with self.assertRaises(AccessError):
            action.with_user(self.outsider).with_context(
                active_model="res.partner", active_ids=self.anna.ids
            ).run()

    def test_nothing_selected_and_no_title_are_said_so(self):
        with self.assertRaisesRegex(UserError, "No contact is selected"):
            self.mark(self.env["res.partner"])
        with self.assertRaisesRegex(UserError, "title"):
            self.mark(self.anna, name=" ")
        with self.assertRaisesRegex(UserError, "Choose a draft"):
            self.mark(self.anna, target="draft")
