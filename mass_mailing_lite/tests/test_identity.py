import json
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import MailingCase
from .test_gateway_bounces import GatewayCase
from .test_unsubscribe import UnsubscribeCase

ZERO_WIDTH, BOM, NO_BREAK = "\u200b", "\ufeff", "\u00a0"
UMLAUT, NFD, ASCII = (
    "info@bücher.example",
    "info@bu\u0308cher.example",
    "info@xn--bcher-kva.example",
)


@tagged("post_install", "-at_install")
class TestIdentity(MailingCase):
    def load(self, **values):
        mailing = self.new_mailing(**values)
        mailing.action_load_recipients()
        return mailing

    def test_a_blocklisted_address_stays_blocklisted_whatever_is_pasted_around_it(self):
        self.env["mail.blacklist"]._add("stop@example.com")
        typed = [
            f"stop@example.com{ZERO_WIDTH}",
            f"{BOM}stop@example.com",
            f"{NO_BREAK}STOP@example.com{NO_BREAK}",
            f"stop@exa{ZERO_WIDTH}mple.com",
            "\u202astop@example.com\u202c",
            "ｓｔｏｐ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            f"Stop Sign <stop@example.com{ZERO_WIDTH}>",
        ]
        for number, email in enumerate(typed):
            self._new_contact(f"Stop {number}", email, self.news)
        mailing = self.load(extra_emails=f"stop@example.com{ZERO_WIDTH}\u2060")
        found = {row.skip_reason for row in mailing.recipient_ids if "top" in row.name}
        self.assertEqual(found, {"blocklisted"})
        self.assertEqual(mailing.recipient_count, 2)
        self.assertCountersTrue(mailing)

    def test_an_odd_entry_of_the_blocklist_blocks_the_mailbox(self):
        self.env["mail.blacklist"]._add(f"anna@example.com{ZERO_WIDTH}")
        self.env["mail.blacklist"]._add(NFD)
        self._new_contact("Books", UMLAUT, self.news)
        self._new_contact("Books in ASCII", ASCII, self.news)
        self.assertEqual(
            self.states(self.load()),
            {
                "anna@example.com": "blocklisted",
                "boris@example.com": "pending",
                UMLAUT: "blocklisted",
                ASCII: "blocklisted",
            },
        )

    def test_one_mailbox_is_one_recipient_in_whichever_form_it_is_written(self):
        for name, email in (("One", UMLAUT), ("Two", NFD), ("Three", ASCII.upper())):
            self._new_contact(name, email, self.news)
        mailing = self.load(extra_emails=f"INFO@BÜCHER.example{ZERO_WIDTH}")
        rows = mailing.recipient_ids.filtered(lambda row: row.email_normalized == ASCII)
        self.assertEqual(
            rows.sorted("id").mapped(lambda row: row.skip_reason or row.state),
            ["pending", "duplicate", "duplicate", "duplicate"],
        )
        self.assertEqual(rows.sorted("id")[0].email, UMLAUT, "the field of the contact stays")

    def test_the_excluded_tag_of_a_contact_counts_in_every_spelling(self):
        self._new_contact("Anna elsewhere", f"{BOM}Anna@example.com", self.no_consent)
        self.assertEqual(self.states(self.load())["anna@example.com"], "excluded_group")
        self.assertEqual(self.audience.usable_count, 1)

    def test_what_is_no_address_is_invalid_before_anybody_validates(self):
        cases = {
            "a@☃.example": "invalid",
            f"anna@exa_ü.example{ZERO_WIDTH}": "invalid",
            "an\ufffdna@example.com": "invalid",
            f"{ZERO_WIDTH}{NO_BREAK}": "no_email",
            "anna@" + "ü" * 70 + ".example": "invalid",
            "ж" * 33 + "@example.com": "invalid",
            "anna＠": "invalid",
        }
        tag = self.env["res.partner.category"].create({"name": "Dirt"})
        contacts = [self._new_contact("Dirt", email, tag) for email in cases]
        self.audience.category_ids = tag
        mailing = self.load()
        found = {row.partner_id: row.skip_reason for row in mailing.recipient_ids}
        self.assertEqual([found[one] for one in contacts], list(cases.values()))
        self.assertFalse(mailing.recipient_count)

    def test_the_field_of_the_contact_stays_as_it_was_typed(self):
        typed = f"Eva <EVA@bücher.example{ZERO_WIDTH}>"
        eva = self._new_contact("Eva", typed, self.news)
        mailing = self.load()
        row = mailing.recipient_ids.filtered(lambda row: row.partner_id == eva)
        self.assertEqual((eva.email, row.email), (typed, typed))
        self.assertEqual(row.email_normalized, "eva@xn--bcher-kva.example")

    def test_a_contact_written_by_sql_is_read_when_it_is_loaded(self):
        contact = self._new_contact("Dora", "dora@example.com", self.news)
        self.env["mail.blacklist"]._add("other@example.com")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET email = %s, email_normalized = %s,"
            " partner_mailing_address = NULL WHERE id = %s",
            [NFD, NFD, contact.id],
        )
        self.env.cr.execute(
            "UPDATE mail_blacklist SET email = %s, partner_mailing_address = NULL"
            " WHERE email = 'other@example.com'",
            [UMLAUT],
        )
        self.env.invalidate_all()
        self.assertEqual(self.states(self.load())[NFD], "blocklisted")

    def test_a_plain_address_keeps_nothing_beside_it(self):
        self.assertFalse(self.anna.partner_mailing_address)
        self.anna.email = UMLAUT
        self.assertEqual(self.anna.partner_mailing_address, ASCII)
        self.anna.email = "anna@example.com"
        self.assertFalse(self.anna.partner_mailing_address)

    def test_copies_are_compared_and_sent_in_the_same_form(self):
        mailing = self.new_mailing(cc=NFD, bcc=f"boss@example.com{ZERO_WIDTH}", copy_policy="each")
        self.assertEqual(mailing._get_transport().get_copy_addresses(), (ASCII, "boss@example.com"))


@tagged("post_install", "-at_install")
class TestFurtherAddresses(MailingCase):
    def setUp(self):
        super().setUp()
        self.anna.email = "anna@example.com; Anna at home <home@example.org>, anna@"
        self.mailing = self.new_mailing()
        self.mailing.action_load_recipients()

    def by_address(self):
        rows = self.mailing.recipient_ids
        return {row.email_normalized or row.email: row.skip_reason or row.state for row in rows}

    def test_they_are_listed_with_a_reason_of_their_own(self):
        self.assertEqual(
            self.by_address(),
            {
                "anna@example.com": "pending",
                "home@example.org": "further_address",
                "anna@": "invalid",
                "boris@example.com": "pending",
            },
        )
        row = self.mailing.recipient_ids.filtered(lambda row: row.is_further)[:1]
        self.assertEqual((row.partner_id, row.reason[:15]), (self.anna, "Further address"))
        self.assertEqual((self.mailing.recipient_count, self.mailing.further_count), (2, 1))
        self.assertCountersTrue(self.mailing)

    def test_a_button_takes_them_in_and_another_one_out(self):
        self.mailing.action_include_further_addresses()
        self.assertEqual(self.by_address()["home@example.org"], "pending")
        self.assertEqual((self.mailing.recipient_count, self.mailing.further_count), (3, 0))
        self.assertEqual(self.mailing.further_included_count, 1)
        self.mailing.action_load_recipients()
        self.assertEqual(self.by_address()["home@example.org"], "pending", "after a refresh, too")
        self.mailing.action_exclude_further_addresses()
        self.assertEqual(self.by_address()["home@example.org"], "further_address")
        self.assertCountersTrue(self.mailing)

    def test_separators_that_people_type(self):
        for typed in (
            "one@example.com, two@example.com",
            "one@example.com;two@example.com",
            "one@example.com two@example.com",
            "one@example.com/two@example.com",
            "one@example.com | two@example.com",
            "one@example.com and two@example.com",
            "one@example.com und two@example.com",
            "one@example.com & two@example.com",
            "One <one@example.com>, <two@example.com>",
            '"Doe, One" <one@example.com>; Two <two@example.com>',
            "one@example.com (office), two@example.com (home)",
            "One one@example.com and Two two@example.com",
            "one@example.com，two@example.com",
            "one@example.com\ntwo@example.com",
        ):
            with self.subTest(typed):
                self.anna.email = typed
                self.mailing.action_load_recipients()
                found = self.by_address()
                del found["boris@example.com"]
                self.assertEqual(
                    found,
                    {"one@example.com": "pending", "two@example.com": "further_address"},
                )

    def test_they_are_checked_like_all_others(self):
        self.env["mail.blacklist"]._add("blocked@example.org")
        self._new_contact("Out", "out@example.org", self.no_consent)
        self.anna.email = (
            f"anna@example.com, boris@example.com, blocked@example.org{ZERO_WIDTH},"
            " out@example.org, ANNA@example.com, new@example.org"
        )
        self.mailing.action_include_further_addresses()
        rows = self.mailing.recipient_ids.filtered("is_further")
        self.assertEqual(
            {row.email_normalized: row.skip_reason or row.state for row in rows},
            {
                "boris@example.com": "duplicate",
                "blocked@example.org": "blocklisted",
                "out@example.org": "excluded_group",
                "new@example.org": "pending",
            },
        )

    def test_the_excluded_tag_of_a_contact_counts_for_all_its_addresses(self):
        self._new_contact("Out", "out@example.org, boris@example.com", self.no_consent)
        self.mailing.action_load_recipients()
        self.assertEqual(self.by_address()["boris@example.com"], "excluded_group")

    def test_excluding_one_address_by_hand_keeps_the_other(self):
        self.mailing.action_include_further_addresses()
        self.mailing.recipient_ids.filtered(
            lambda row: row.email_normalized == "home@example.org"
        ).action_exclude()
        self.mailing.action_load_recipients()
        found = self.by_address()
        self.assertEqual(found["home@example.org"], "by_hand")
        self.assertEqual(found["anna@example.com"], "pending")
        self.assertEqual(len(self.mailing.recipient_ids), 4)
        self.assertCountersTrue(self.mailing)

    def test_a_refresh_says_which_of_them_would_come_in(self):
        self.mailing.with_further_addresses = True
        totals, changes = self.mailing._get_refresh_changes()
        self.assertEqual((totals["in"], totals.get("out", 0), totals.get("address", 0)), (1, 0, 0))
        [change] = changes
        self.assertEqual(change["email"], "Anna at home <home@example.org>")

    def test_the_review_counts_them(self):
        self.mailing.action_submit()
        self.assertIn("Further address of the contact", self.mailing.review_html)
        self.mailing.action_back_to_draft()
        self.mailing.action_include_further_addresses()
        self.mailing.action_submit()
        self.assertNotIn("Further address of the contact", self.mailing.review_html)
        self.assertIn("further addresses of contacts", self.mailing.review_html)
        self.assertEqual(self.mailing.approval_ids[0].summary["further"], 1)

    def test_nobody_takes_them_in_after_submission(self):
        self.mailing.action_submit()
        with self.assertRaises(UserError):
            self.mailing.action_include_further_addresses()
        with self.assertRaises(UserError):
            self.mailing.with_further_addresses = True

    def test_marking_a_contact_counts_the_contact_once(self):
        mailing = self.new_mailing(audience_ids=False)
        result = mailing._mark_contacts([("id", "in", self.anna.ids)], 1)
        self.assertEqual({key: count for key, count in result.items() if count}, {"added": 1})
        self.assertEqual(len(mailing.recipient_ids), 3)
        result = mailing._mark_contacts([("id", "in", self.anna.ids)], 1)
        self.assertEqual({key: count for key, count in result.items() if count}, {"present": 1})
        self.assertEqual(len(mailing.recipient_ids), 3)


@tagged("post_install", "-at_install")
class TestSuppressedSince(GatewayCase):
    def reasons(self, mailing):
        self.assertCountersTrue(mailing)
        return self.states(mailing)

    def test_who_was_archived_since_is_not_written_to(self):
        mailing = self.new_validated_mailing()
        self.anna.active = False
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.reasons(mailing)["anna@example.com"], "archived")
        self.assertEqual(mailing.state, "done")

    def test_who_was_deleted_since_is_left_out_for_that_reason(self):
        mailing = self.new_validated_mailing()
        self.anna.unlink()
        self.run_scheduler()
        self.assertEqual(self.reasons(mailing)["anna@example.com"], "deleted")
        self.assertEqual(mailing.recipient_ids[0].reason, "Contact deleted since")

    def test_who_got_an_excluded_tag_since_is_not_written_to(self):
        mailing = self.new_validated_mailing()
        self._new_contact("Anna elsewhere", f"Anna@example.com{ZERO_WIDTH}", self.no_consent)
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.reasons(mailing)["anna@example.com"], "excluded_group")

    def test_a_tag_that_the_audience_excludes_since_counts_too(self):
        mailing = self.new_validated_mailing()
        tag = self.env["res.partner.category"].create({"name": "Complained"})
        self.boris.category_id += tag
        self.audience.excluded_category_ids += tag
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com"])
        self.assertEqual(self.reasons(mailing)["boris@example.com"], "excluded_group")

    def test_an_odd_entry_of_the_blocklist_is_found_at_sending(self):
        mailing = self.new_validated_mailing()
        self.env["mail.blacklist"].create({"email": f"anna@example.com{ZERO_WIDTH}"})
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])
        self.assertEqual(self.reasons(mailing)["anna@example.com"], "blocklisted")

    def test_a_claim_takes_no_row_that_came_onto_the_blocklist_in_between(self):
        mailing = self.new_validated_mailing()
        mailing._as_system().write({"state": "sending"})
        self.env["mail.blacklist"].create({"email": f"anna@example.com{ZERO_WIDTH}"})
        self.env.flush_all()
        recipients = self.env["partner.mailing.recipient"].sudo()
        claimed = recipients._claim(mailing.id, recipients._new_sender(), 10)
        self.assertEqual([row["address"] for row in claimed], ["boris@example.com"])

    def test_nobody_is_added_after_validation(self):
        self.boris.active = False
        mailing = self.new_validated_mailing()
        self.boris.active = True
        self._new_contact("New", "new@example.com", self.news)
        self.anna.email = "anna@example.com, second@example.com"
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com"])
        self.assertEqual(mailing.state, "done")

    def test_an_archived_contact_that_was_one_before_the_list_was_loaded_is_not_looked_at(self):
        """Only a day's worth of them is: the index has them by their last change."""
        mailing = self.new_validated_mailing()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET active = FALSE, write_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=3), self.boris.id],
        )
        found = self.env["partner.mailing.recipient"]._archived_sql(mailing)
        self.assertNotIn((self.boris.id,), self.env.execute_query(found))

    def test_a_message_goes_to_the_canonical_address(self):
        self.anna.email = f"Anna <ANNA@bücher.example{ZERO_WIDTH}>"
        self.new_validated_mailing()
        self.run_scheduler()
        self.assertIn("anna@xn--bcher-kva.example", self.inbox.addresses)

    def test_a_bounce_that_names_another_spelling_is_of_the_recipient(self):
        self.anna.email = UMLAUT
        mailing = self.new_sent_mailing()
        row = self.rows(mailing)[UMLAUT]
        self.receive_sample("postfix_unknown", row, "INFO@bücher.example")
        self.assertEqual((row.state, row.bounce_type), ("bounced", "permanent"))

    def test_a_bounce_blocklists_no_mailbox_twice(self):
        entry = self.env["mail.blacklist"].create({"email": UMLAUT})
        self.anna.email = ASCII
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        row = self.rows(mailing)[ASCII]
        row._blocklist("It came back.")
        self.assertEqual(self.env["mail.blacklist"]._partner_mailing_find(ASCII), entry)

    def test_an_answer_from_another_spelling_is_of_the_recipient(self):
        self.anna.email = UMLAUT
        self._new_contact("Twin", ASCII)
        mailing = self.new_sent_mailing(reply_to="catchall@example.com")
        row = self.rows(mailing)[UMLAUT]
        self.receive(self.answer(row, From=f"Anna <{UMLAUT}>"))
        self.env.invalidate_all()
        self.assertTrue(row.replied_at)
        [message] = self.anna.sudo().message_ids.filtered(
            lambda message: message.message_type == "email"
        )
        self.assertEqual(message.author_id, self.anna)


@tagged("post_install", "-at_install")
class TestUnsubscribedIdentity(UnsubscribeCase):
    def test_unsubscribing_takes_the_tag_off_every_spelling_of_the_mailbox(self):
        odd = self._new_contact("Anna again", f"anna@example.com{ZERO_WIDTH}", self.news)
        mailing = self.new_running_mailing()
        self.post(self.token(mailing), do="leave", group=self.news.id)
        self.assertNotIn(self.news, self.anna.category_id)
        self.assertNotIn(self.news, odd.category_id)

    def test_who_unsubscribed_stays_so_in_every_spelling(self):
        mailing = self.new_running_mailing()
        self.one_click(self.token(mailing))
        odd = self._new_contact("Anna again", f"{BOM}ANNA@example.com")
        other = self.new_validated_mailing(
            audience_ids=[Command.clear()],
            extra_emails=odd.email,
            unsubscribe_category_ids=[Command.set(self.news.ids)],
        )
        self.env["partner.mailing.recipient"]._skip_suppressed(other)
        self.assertEqual(other.recipient_ids.skip_reason, "unsubscribed")

    def test_undoing_takes_the_entry_off_the_blocklist_in_every_spelling(self):
        mailing = self.new_running_mailing()
        odd = self.env["mail.blacklist"].create({"email": f"anna@example.com{ZERO_WIDTH}"})
        subscriptions = self.env["partner.mailing.unsubscription"].sudo()
        row = self.rows(mailing)["anna@example.com"]
        self.assertTrue(subscriptions._get_subscription(row.id).blocklisted)
        odd.active = False
        subscriptions._unsubscribe(row.id, everything=True)
        self.assertTrue(odd.active, "the entry that is there is used")
        subscriptions._undo_unsubscription(row.id)
        self.assertFalse(odd.active)


@tagged("post_install", "-at_install")
class TestWhatPeopleRead(MailingCase):
    def test_no_reason_has_an_escape_or_the_words_of_a_library(self):
        mailing = self.new_mailing()
        transport = mailing._get_transport()
        row = {
            "id": 1,
            "partner_id": self.anna.id,
            "name": "Anna",
            "address": "anna@exa_ü.example\u202c",
            "lang": "en_US",
            "message_id": "<1@example.com>",
        }
        compiled = transport.compile("en_US", transport.get_offline_session())
        [(_row, envelope, reason)] = transport.fill(compiled, [row])
        self.assertIsNone(envelope)
        self.assertNotIn("\\u", reason)
        self.assertNotIn("Codepoint", reason)
        self.assertIn("is no address", reason)

    def test_what_is_kept_of_further_addresses_is_plain(self):
        self.anna.email = "anna@example.com, zoë@bücher.example"
        self.assertEqual(
            json.dumps(self.anna.partner_mailing_further, ensure_ascii=False),
            '[{"typed": "zoë@bücher.example", "address": "zoë@xn--bcher-kva.example"}]',
        )
