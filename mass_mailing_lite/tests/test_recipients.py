from unittest.mock import patch

import psycopg2
from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from .common import MailingCase


@tagged("post_install", "-at_install")
class TestRecipients(MailingCase):
    def test_tags_in_minus_tags_out_make_the_list(self):
        self._new_contact("Clara", "clara@example.com", self.news, self.no_consent)
        self._new_contact("Dimitri", "dimitri@example.com")
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(
            self.states(mailing),
            {
                "anna@example.com": "pending",
                "boris@example.com": "pending",
                "clara@example.com": "excluded_group",
            },
        )
        self.assertEqual(mailing.recipient_count, 2)
        self.assertEqual(mailing.skipped_count, 1)

    def test_who_loads_without_having_chosen_is_told_what_to_choose(self):
        mailing = self.new_mailing(audience_ids=[Command.clear()])
        said = []
        with patch.object(type(self.env.user), "_bus_send", lambda *args: said.append(args[2])):
            mailing.action_load_recipients()
            mailing.extra_emails = "eva@example.com"
            mailing.action_load_recipients()
        self.assertIn("choose an audience", said[0]["message"])
        self.assertEqual(said[1]["message"], "The list is up to date. Recipients: 1, excluded: 0.")

    def test_a_list_is_sorted_once_and_by_address_first(self):
        query = self.new_mailing()._query_recipients()
        self.env.cr.execute(SQL("EXPLAIN %s", query.insert(query.eligible())))
        plan = [line.strip() for [line] in self.env.cr.fetchall()]
        # The other sort is of the few extra addresses.
        [keys] = [line for line in plan if line.startswith("Sort Key") and "rank" in line]
        self.assertRegex(keys, r'^Sort Key: \(*checked\.address\)*(::text)?\)* COLLATE "C"')

    def test_nobody_is_left_out_without_a_reason(self):
        cases = {
            "": "no_email",
            "   ": "no_email",
            "nonsense": "invalid",
            "two@@example.com": "invalid",
            "victim@example.net\nBcc: everyone@example.com": "invalid",
            "a" * 65 + "@example.com": "invalid",
            ".dot@example.com": "invalid",
            "nowhere@": "invalid",
            "Twice@Example.com": "pending",
            "twice@example.com": "duplicate",
            "eva@bücher.example": "pending",
            '"Novák, Anna" <novak@example.com>': "pending",
        }
        tag = self.env["res.partner.category"].create({"name": "Dirt"})
        for number, email in enumerate(cases):
            self._new_contact(f"Contact {number}", email, tag)
        self.audience.category_ids = tag
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        rows = self.all_rows(mailing).sorted(lambda row: row.partner_id.id)
        found = [row.skip_reason or row.state for row in rows]
        self.assertEqual(dict(zip(cases, found, strict=True)), cases)
        self.assertCountersTrue(mailing)

    def test_a_message_goes_to_the_person_before_the_company_and_to_the_older_contact(self):
        company = self._new_contact("The Firm", "office@example.com", self.news, is_company=True)
        younger = self._new_contact("Young", "shared@example.com", self.news)
        person = self._new_contact("Person", "office@example.com", self.news)
        older = younger
        newest = self._new_contact("Newest", "shared@example.com", self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        by_contact = {
            row.partner_id: row.skip_reason or row.state for row in self.all_rows(mailing)
        }
        self.assertEqual(by_contact[person], "pending")
        self.assertEqual(by_contact[company], "duplicate")
        self.assertEqual(by_contact[older], "pending")
        self.assertEqual(by_contact[newest], "duplicate")

    def all_rows(self, mailing):
        return self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])

    def test_who_shares_an_address_with_an_excluded_contact_is_not_written_to(self):
        self._new_contact("Anna at home", "ANNA@example.com", self.no_consent)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["anna@example.com"], "excluded_group")

    def test_blocklisted_addresses_are_left_out(self):
        self.env["mail.blacklist"]._add("anna@example.com")
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["anna@example.com"], "blocklisted")

    def test_extra_addresses_become_the_contacts_they_belong_to(self):
        dora = self._new_contact("Dora", "dora@example.com")
        mailing = self.new_mailing(
            audience_ids=False,
            extra_emails='Dora Extra <DORA@example.com>; "Doe, Jane" <jane@example.org>\nrubbish, jane@example.org',
        )
        mailing.action_load_recipients()
        rows = self.all_rows(mailing).sorted(lambda row: (row.skip_reason or "", row.email))
        self.assertEqual(
            [(row.name, row.email_normalized, row.skip_reason or row.state) for row in rows],
            [
                ("Doe, Jane", "jane@example.org", "pending"),
                ("Dora Extra", "dora@example.com", "pending"),
                ("", "jane@example.org", "duplicate"),
                ("", False, "invalid"),
            ],
        )
        self.assertEqual(rows[1].partner_id, dora)
        self.assertEqual(rows[3].email, "rubbish")

    def test_one_copy_of_the_mailing_goes_to_copy_addresses(self):
        mailing = self.new_mailing(
            cc="boss@example.com, anna@example.com", bcc="archive@example.com"
        )
        mailing.action_load_recipients()
        self.assertEqual(
            sorted((row.email, row.skip_reason or row.state) for row in self.all_rows(mailing)),
            [
                ("anna@example.com", "duplicate"),
                ("anna@example.com", "pending"),
                ("archive@example.com", "pending"),
                ("boris@example.com", "pending"),
                ("boss@example.com", "pending"),
            ],
        )

    def test_archived_contacts_and_contacts_of_other_companies_stay_out(self):
        other = self.env["res.company"].create({"name": "Other"})
        self._new_contact("Gone", "gone@example.com", self.news, active=False)
        self._new_contact("Theirs", "theirs@example.com", self.news, company_id=other.id)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(set(self.states(mailing)), {"anna@example.com", "boris@example.com"})

    def test_who_was_left_out_by_hand_stays_out_through_a_refresh(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        row = self.rows(mailing)["anna@example.com"].with_user(self.marketer)
        row.action_exclude()
        self._new_contact("Anna's twin", "anna@example.com", self.news)
        mailing.action_load_recipients()
        states = [(r.name, r.skip_reason or r.state) for r in self.all_rows(mailing)]
        self.assertIn(("Anna", "by_hand"), states)
        self.assertIn(("Anna's twin", "duplicate"), states)
        self.assertCountersTrue(mailing)
        row.action_include()
        self.assertEqual(row.state, "pending")
        self.assertCountersTrue(mailing)

    def test_only_who_was_left_out_by_hand_can_be_taken_back(self):
        self._new_contact("Broken", "broken", self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        with self.assertRaisesRegex(UserError, "Broken cannot be included again: Invalid"):
            self.rows(mailing)["broken"].with_user(self.marketer).action_include()

    def test_one_address_is_once_in_a_mailing_whoever_writes_the_row(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        with self.assertRaises(psycopg2.errors.UniqueViolation), mute_logger("odoo.sql_db"):
            self.rows(mailing)["anna@example.com"]._as_system().copy()

    def test_a_filter_that_names_a_lost_field_says_so_and_breaks_nothing_else(self):
        self.env.cr.execute(
            "UPDATE partner_mailing_audience SET domain = %s WHERE id = %s",
            ["[('x_gone', '=', 1)]", self.audience.id],
        )
        self.audience.invalidate_recordset()
        self.assertFalse(self.audience.is_available)
        self.assertEqual(self.audience.partner_count, 0)
        mailing = self.new_mailing()
        with self.assertRaisesRegex(UserError, "Readers of the news"):
            mailing.action_load_recipients()

    def test_a_filter_that_does_not_parse_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Readers of the news"):
            self.audience.domain = "[('name', '='"

    def test_contacts_chosen_by_hand_are_added_to_the_filter(self):
        dora = self._new_contact("Dora", "dora@example.com")
        self.audience.partner_ids = dora
        self.assertEqual(self.audience.partner_count, 3)
        self.audience.category_ids = False
        self.assertEqual(self.audience.partner_count, 1, "by hand alone is not everybody")

    def test_loading_needs_the_right_to_change_the_mailing(self):
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_load_recipients()

    def test_loading_takes_as_many_queries_for_many_as_for_few(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.env.flush_all()
        few = self._count_queries(mailing)
        self.env["res.partner"].create(
            [
                {
                    "name": f"N {n}",
                    "email": f"n{n}@example.com",
                    "category_id": [Command.link(self.news.id)],
                }
                for n in range(200)
            ]
        )
        self.env.flush_all()
        many = self._count_queries(mailing)
        self.assertEqual(mailing.recipient_count, 202)
        self.assertLessEqual(many, few)

    def test_further_addresses_are_counted_with_the_list_and_not_by_the_form(self):
        self._new_contact("Two", "two@example.com, second@example.com", self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual((mailing.further_count, mailing.further_included_count), (1, 0))
        mailing.action_include_further_addresses()
        self.assertEqual((mailing.further_count, mailing.further_included_count), (0, 1))
        self.rows(mailing)["second@example.com"].with_user(self.marketer).action_exclude()
        self.assertEqual((mailing.further_count, mailing.further_included_count), (0, 0))

    def _count_queries(self, mailing):
        before = self.env.cr.sql_log_count
        mailing.action_load_recipients()
        return self.env.cr.sql_log_count - before

    def test_the_form_reads_a_window_on_the_list_and_not_the_list(self):
        mailing = self.new_mailing(extra_emails="\n".join(f"x{n}@example.org" for n in range(100)))
        mailing.action_load_recipients()
        self.assertEqual(len(mailing.recipient_window_ids), 20)
        self.assertGreater(mailing.recipient_count, 20, "the form says that more are there")
        view = self.env["partner.mailing"].get_view(view_type="form")["arch"]
        self.assertNotIn('name="recipient_ids"', view)
        arch = etree.fromstring(view)
        for name in ("state", "reason"):
            [column] = arch.xpath(
                f"//field[@name='recipient_window_ids']/list/field[@name='{name}']"
            )
            self.assertEqual(column.get("column_invisible"), "not parent.started_at")

    def test_the_page_of_all_shows_what_was_sent_once_sending_has_begun(self):
        mailing = self.new_mailing()
        key = "partner_mailing_not_started"
        self.assertTrue(mailing.action_open_recipients()["context"][key])
        mailing._as_system().started_at = "2020-01-01 00:00:00"
        self.assertFalse(mailing.action_open_recipients()["context"][key])
        arch = etree.fromstring(
            self.env["partner.mailing.recipient"].get_view(view_type="list")["arch"]
        )
        for name in ("state", "reason", "sent_at", "attempts", "bounced_at"):
            [column] = arch.xpath(f"//list/field[@name='{name}']")
            self.assertEqual(column.get("column_invisible"), f"context.get('{key}')")
