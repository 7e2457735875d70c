from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import file_open

from .common import SendingCase

SAMPLE_ID = "<4711.0f8fad5b-d9cb-469f-a165-70867728950e@odoo.example.com>"
SAMPLE_ADDRESS = "anna@example.com"


class GatewayCase(SendingCase):
    """With a bounce address, and messages that come in through Odoo's gateway."""

    def setUp(self):
        super().setUp()
        self.domain = self.env["mail.alias.domain"].create(
            {"name": "example.com", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        self.env.company.alias_domain_id = self.domain

    def new_sent_mailing(self, **values):
        mailing = self.new_validated_mailing(**values)
        self.run_scheduler()
        return mailing

    def receive(self, source, **replaced):
        """Let the gateway process a message, as a mail server hands it over."""
        for old, new in replaced.items():
            source = source.replace(old, new)
        return self.env["mail.thread"].message_process(False, source)

    def receive_sample(self, name, row, address=None):
        """Let a sample come in as if it were about ``row``."""
        with file_open(f"mass_mailing_lite/tests/bounces/{name}.eml") as file:
            source = file.read()
        source = source.replace(SAMPLE_ID, row.message_id)
        source = source.replace(SAMPLE_ADDRESS, address or row.email_normalized)
        result = self.receive(source)
        self.env.invalidate_all()
        return result

    def is_blocklisted(self, address):
        return bool(self.env["mail.blacklist"].sudo().search([("email", "=", address)]))

    def answer(self, row, **headers):
        """Return a person's answer to the message of ``row``."""
        headers = {
            "From": f"{row.name} <{row.email_normalized}>",
            "To": "catchall@example.com",
            "Subject": "Re: News",
            "Message-Id": "<answer@mail.example.org>",
            "In-Reply-To": row.message_id,
            **headers,
        }
        lines = [f"{name}: {value}" for name, value in headers.items() if value]
        return "\n".join([*lines, "", "Yes, please send me the catalogue."])


@tagged("post_install", "-at_install")
class TestGatewayBounces(GatewayCase):
    def setUp(self):
        super().setUp()
        self.mailing = self.new_sent_mailing()
        self.row = self.rows(self.mailing)["anna@example.com"]
        self.other = self.rows(self.mailing)["boris@example.com"]

    def assertBounced(self, failure_type, words):
        self.assertEqual(
            (self.row.state, self.row.failure_type), ("bounced", failure_type), self.row.reason
        )
        self.assertIn(words, self.row.reason)
        self.assertTrue(self.row.bounced_at)
        self.assertEqual((self.mailing.sent_count, self.mailing.bounced_count), (1, 1))
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(self.other.state, "sent")
        self.assertCountersTrue(self.mailing)

    def test_an_unknown_address_has_bounced_and_is_blocklisted_at_once(self):
        self.receive_sample("postfix_unknown", self.row)
        self.assertBounced("address_unknown", "User unknown in virtual mailbox table")
        self.assertEqual(self.row.bounce_type, "permanent")
        self.assertTrue(self.is_blocklisted("anna@example.com"))
        entry = self.env["mail.blacklist"].search([("email", "=", "anna@example.com")])
        self.assertIn("Summer news", entry.message_ids[0].body)
        self.assertIn("User unknown", entry.message_ids[0].body)

    def test_every_systems_failure_reaches_its_recipient(self):
        for name, failure_type in (
            ("exchange_online", "address_unknown"),
            ("exchange_full", "mailbox_full"),
            ("gmail_unknown", "address_unknown"),
            ("sendmail_moved", "mailbox_unavailable"),
            ("qmail_unknown", "address_unknown"),
            ("free_text", "address_unknown"),
            ("encoded_status", "address_unknown"),
            ("zimbra_quota", "mailbox_full"),
            ("postfix_expired", "network"),
            ("qmail_queue", "network"),
            ("policy_refused", "policy"),
        ):
            with self.subTest(name):
                row = self.rows(self.new_sent_mailing(name=name))["anna@example.com"]
                self.receive_sample(name, row)
                self.assertEqual((row.state, row.failure_type), ("bounced", failure_type))
                self.assertCountersTrue(row.mailing_id)
                self.env["mail.blacklist"].search([]).unlink()

    def test_the_company_may_wait_for_five_failures(self):
        self.env.company.partner_mailing_blocklist_bounced = False
        self.receive_sample("postfix_unknown", self.row)
        self.assertBounced("address_unknown", "User unknown")
        self.assertFalse(self.is_blocklisted("anna@example.com"))

    def test_five_temporary_failures_in_three_months_blocklist(self):
        mailings = self.mailing
        for number in range(4):
            mailings |= self.new_sent_mailing(name=f"News {number}")
        rows = mailings.recipient_ids.filtered(lambda row: row.email == "anna@example.com")
        for row in rows[:4]:
            self.receive_sample("zimbra_quota", row)
            self.assertEqual((row.state, row.bounce_type), ("bounced", "transient"))
        self.assertFalse(self.is_blocklisted("anna@example.com"))
        self.receive_sample("zimbra_quota", rows[4])
        self.assertTrue(self.is_blocklisted("anna@example.com"))
        self.assertFalse(self.is_blocklisted("boris@example.com"))

    def test_failures_of_long_ago_do_not_count(self):
        mailings = self.mailing
        for number in range(4):
            mailings |= self.new_sent_mailing(name=f"News {number}")
        rows = mailings.recipient_ids.filtered(lambda row: row.email == "anna@example.com")
        for row in rows[:4]:
            self.receive_sample("zimbra_quota", row)
        self.set(rows[0], bounced_at=fields.Datetime.now() - timedelta(days=93))
        self.receive_sample("zimbra_quota", rows[4])
        self.assertFalse(self.is_blocklisted("anna@example.com"))

    def test_what_a_provider_holds_against_the_sender_blocklists_nobody(self):
        self.receive_sample("policy_refused", self.row)
        self.assertBounced("policy", "on a list of the provider")
        self.assertFalse(self.is_blocklisted("anna@example.com"))

    def test_delays_receipts_and_automatic_answers_change_nothing(self):
        before = self.env["mail.message"].search_count([])
        for name in (
            "postfix_delay",
            "delivered",
            "read_receipt",
            "vacation",
            "vacation_exchange",
            "vacation_old",
            "complaint_withdrawn",
        ):
            with self.subTest(name):
                self.receive_sample(name, self.row)
                self.assertEqual(self.row.state, "sent")
                self.assertFalse(self.row.replied_at)
                self.assertFalse(self.is_blocklisted("anna@example.com"))
                if name != "read_receipt":  # it does not name the message where Odoo looks
                    self.assertEqual(self.anna.message_bounce, 0)
        self.assertEqual(self.env["mail.message"].search_count([]), before)
        self.assertCountersTrue(self.mailing)

    def test_a_complaint_unsubscribes_its_recipient(self):
        for name in ("yahoo_complaint", "aol_complaint"):
            with self.subTest(name):
                self.receive_sample(name, self.row)
                self.assertTrue(self.is_blocklisted("anna@example.com"))
                self.assertEqual(self.row.state, "sent", "it did arrive")
                self.env["mail.blacklist"].search([]).unlink()
        self.assertFalse(self.is_blocklisted("boris@example.com"))

    def test_running_mailings_leave_out_who_complained(self):
        running = self.new_validated_mailing(name="The next one")
        self.receive_sample("yahoo_complaint", self.row)
        self.run_scheduler()
        self.assertEqual(self.states(running)["anna@example.com"], "blocklisted")
        self.assertEqual(self.states(running)["boris@example.com"], "sent")

    def test_the_same_report_twice_has_one_effect(self):
        self.receive_sample("postfix_unknown", self.row)
        first = self.row.bounced_at
        entry = self.env["mail.blacklist"].search([("email", "=", "anna@example.com")])
        entry.message_ids.unlink()
        self.receive_sample("postfix_unknown", self.row)
        self.assertBounced("address_unknown", "User unknown")
        self.assertEqual(self.row.bounced_at, first)
        self.assertFalse(entry.message_ids)

    def test_who_was_taken_off_the_blocklist_since_stays_off(self):
        self.receive_sample("postfix_unknown", self.row)
        self.set(self.row, bounced_at=fields.Datetime.now() - timedelta(hours=1))
        self.env["mail.blacklist"]._remove("anna@example.com")
        self.receive_sample("postfix_unknown", self.row)
        self.assertFalse(self.is_blocklisted("anna@example.com"))

    def test_a_permanent_report_outdoes_a_temporary_one_and_not_the_other_way_round(self):
        self.receive_sample("zimbra_quota", self.row)
        self.assertEqual(self.row.bounce_type, "transient")
        self.receive_sample("postfix_unknown", self.row)
        self.assertBounced("address_unknown", "User unknown")
        self.receive_sample("zimbra_quota", self.row)
        self.assertBounced("address_unknown", "User unknown")

    def test_odoo_counts_the_bounce_at_the_contact(self):
        self.receive_sample("qmail_unknown", self.row)
        self.assertEqual(self.anna.message_bounce, 1, "also where Odoo cannot read the report")
        self.receive(self.answer(self.row))
        self.env.invalidate_all()
        self.assertEqual(self.anna.message_bounce, 0, "who writes is alive")

    # ------------------------------------------------------------
    # Whose report it is
    # ------------------------------------------------------------

    def test_a_report_about_somebody_else_touches_only_whom_the_message_was_for(self):
        self.receive_sample("postfix_unknown", self.row, address="boris@example.com")
        self.assertEqual((self.row.state, self.row.bounce_type), ("bounced", "unconfirmed"))
        self.assertIn("boris@example.com", self.row.reason)
        self.assertEqual(self.other.state, "sent")
        for address in ("anna@example.com", "boris@example.com"):
            self.assertFalse(self.is_blocklisted(address))
        self.assertEqual(self.boris.message_bounce, 0)
        self.assertCountersTrue(self.mailing)

    def test_a_guessed_message_id_changes_nothing(self):
        for forged in (
            f"<{self.row.id}.00000000-0000-0000-0000-000000000000@odoo.example.com>",
            self.row.message_id.replace(f"<{self.row.id}.", f"<{self.other.id}."),
            f"<{2**40}.x@example.com>",
            self.row.message_id.replace("<", "<٣"),
        ):
            source = self._sample("postfix_unknown").replace(SAMPLE_ID, forged)
            source = source.replace("bounce@example.com", "shop@example.com")
            self.receive(source)
        self.env.invalidate_all()
        self.assertEqual(set(self.states(self.mailing).values()), {"sent"})
        self.assertFalse(self.env["mail.blacklist"].search([]))

    def test_a_copy_that_comes_back_says_nothing_about_the_recipient(self):
        mailing = self.new_sent_mailing(cc="archive@example.com", copy_policy="each")
        row = self.rows(mailing)["anna@example.com"]
        self.receive_sample("postfix_unknown", row, address="archive@example.com")
        self.assertEqual(row.state, "sent")
        self.assertCountersTrue(mailing)

    def test_a_report_without_the_message_id_is_matched_by_address_and_never_blocklists(self):
        self.receive(self._sample("amazon_ses"))
        self.env.invalidate_all()
        self.assertEqual((self.row.state, self.row.bounce_type), ("bounced", "unconfirmed"))
        self.assertIn("user does not exist", self.row.reason)
        self.assertFalse(self.is_blocklisted("anna@example.com"))
        self.assertCountersTrue(self.mailing)

    def test_such_a_report_counts_only_at_the_bounce_address_and_for_a_week(self):
        self.receive(self._sample("amazon_ses").replace("bounce@example.com", "a@example.org"))
        self.env.invalidate_all()
        self.assertEqual(self.row.state, "sent")
        self.set(self.row, sent_at=fields.Datetime.now() - timedelta(days=9))
        self.receive(self._sample("amazon_ses"))
        self.env.invalidate_all()
        self.assertEqual(self.row.state, "sent")

    def test_without_an_email_domain_reports_are_known_by_their_form(self):
        self.env.company.alias_domain_id = False
        self.domain.unlink()
        for name in ("free_text", "gmail_unknown"):
            row = self.rows(self.new_sent_mailing(name=name))["anna@example.com"]
            self.receive_sample(name, row)
            self.assertEqual(row.state, "bounced")
            self.env["mail.blacklist"].search([]).unlink()
        row = self.rows(self.new_sent_mailing())["anna@example.com"]
        self.receive_sample("yahoo_complaint", row)
        self.assertTrue(self.is_blocklisted("anna@example.com"))

    def test_a_bounce_of_other_mail_goes_to_odoo_as_ever(self):
        message = self.boris.message_post(body="Hello", partner_ids=self.boris.ids)
        [notification] = message.notification_ids
        source = self._sample("postfix_unknown").replace(SAMPLE_ID, message.message_id)
        self.receive(source.replace(SAMPLE_ADDRESS, "boris@example.com"))
        self.env.invalidate_all()
        self.assertEqual(notification.notification_status, "bounce")
        self.assertEqual(self.boris.message_bounce, 1)
        self.assertEqual(self.other.state, "sent")

    def test_a_recipient_whose_fate_was_open_has_bounced(self):
        for state in ("uncertain", "sending", "pending"):
            row = self.rows(self.new_sent_mailing(name=state))["anna@example.com"]
            self.set(row, state=state)
            row.mailing_id._recount()
            self.receive_sample("zimbra_quota", row)
            self.assertEqual(row.state, "bounced")
            self.assertCountersTrue(row.mailing_id)

    def test_who_was_left_out_or_refused_stays_so(self):
        for state in ("failed", "skipped"):
            self.set(self.row, state=state)
            self.mailing._recount()
            self.receive_sample("postfix_unknown", self.row)
            self.assertEqual(self.row.state, state)
            self.assertCountersTrue(self.mailing)

    def test_users_see_the_reason_and_find_bounced_ones(self):
        self.receive_sample("postfix_unknown", self.row)
        rows = self.env["partner.mailing.recipient"].with_user(self.marketer)
        found = rows.search([("mailing_id", "=", self.mailing.id), ("state", "=", "bounced")])
        self.assertEqual(
            found.reason,
            "Address unknown: 550 5.1.1 <anna@example.com>: Recipient address rejected:"
            " User unknown in virtual mailbox table",
        )

    def test_a_lookup_reads_by_primary_key(self):
        rows = self.env["partner.mailing.recipient"]
        ids = [self.row.message_id, self.other.message_id, "<a.b@example.com>"]
        self.env.invalidate_all()
        with self.assertQueryCount(2):
            self.assertEqual(rows._find_by_message_ids(ids), self.row)
        with self.assertQueryCount(0):
            self.assertFalse(rows._find_by_message_ids(["<x@example.com>", "<.@example.com>"]))

    def set(self, row, **values):
        row._as_system().write(values)
        row.flush_recordset()

    def _sample(self, name):
        with file_open(f"mass_mailing_lite/tests/bounces/{name}.eml") as file:
            return file.read()
