import base64
import hashlib
import hmac

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import ANNA, BORIS
from .test_sms_leaving import SmsLinkCase

PATH = "/partner_mailing/sms/twilio"


@tagged("post_install", "-at_install")
class TestSmsAnswers(SmsLinkCase):
    """What recipients send back."""

    def setUp(self):
        super().setUp()
        self.sids = iter(f"SM{number}" for number in range(1000))

    def receive(self, text, number=ANNA, reference=None):
        answer = (
            self.env["partner.mailing.recipient"]
            .sudo()
            ._receive_answer(number, text, reference or next(self.sids))
        )
        self.env.flush_all()
        self.env.invalidate_all()
        return answer

    def test_stop_puts_the_number_on_the_blocklist_and_is_counted(self):
        mailing = self.send_sms()
        waiting = self.new_validated_sms(name="Next")
        answer = self.receive("Stop!")
        self.assertEqual((answer.kind, answer.mailing_id), ("stop", mailing))
        self.assertTrue(self.blocklisted())
        self.assertEqual(self.results(waiting), {ANNA: "unsubscribed", BORIS: "pending"})
        self.assertEqual(self.totals(mailing), (0, 1))
        self.assertEqual(mailing.replied_count, 0)
        entry = self.env["phone.blacklist"].search([("number", "=", ANNA)])
        self.assertIn("by an answer to the mailing", " ".join(entry.message_ids.mapped("body")))

    def test_start_takes_off_what_stop_or_a_link_put_on(self):
        mailing = self.send_sms()
        for leave in (
            lambda: self.receive("STOP"),
            lambda: self.post(self.paths()[1], do="leave_all"),
        ):
            leave()
            self.assertTrue(self.blocklisted())
            self.assertEqual(self.receive("Start").kind, "start")
            self.assertFalse(self.blocklisted())
            self.assertEqual(self.totals(mailing), (0, 0))
        self.assertEqual(len(self.acts().filtered("undone_at")), 2)

    def test_start_does_not_take_off_what_a_user_put_on(self):
        self.send_sms()
        self.env["phone.blacklist"].create({"number": ANNA})
        self.receive("STOP")
        self.assertEqual(self.receive("START").kind, "reply")
        self.assertTrue(self.blocklisted())

    def test_start_does_not_undo_a_later_decision_of_a_user(self):
        self.send_sms()
        self.receive("STOP")
        self.env.cr.execute(
            "UPDATE phone_blacklist SET write_date = write_date + interval '1 hour' WHERE number = %s",
            [ANNA],
        )
        self.env.invalidate_all()
        self.receive("START")
        self.assertTrue(self.blocklisted())

    def test_a_number_that_no_mailing_went_to_is_blocklisted_and_comes_back(self):
        answer = self.receive("STOP", "+34 611 222 333")
        self.assertEqual((answer.number, answer.mailing_id.id), ("+34611222333", False))
        self.assertTrue(self.blocklisted("+34611222333"))
        self.receive("START", "+34611222333")
        self.assertFalse(self.blocklisted("+34611222333"))

    def test_all_else_is_a_reply_to_the_last_mailing(self):
        self.send_sms(name="First")
        mailing = self.send_sms(name="Second")
        answer = self.receive("When do you open? <b>Anna</b>")
        self.assertEqual((answer.kind, answer.mailing_id), ("reply", mailing))
        self.assertEqual(mailing.replied_count, 1)
        self.assertTrue(self.row(mailing, ANNA).replied_at)
        message = self.anna.message_ids[0]
        self.assertIn("When do you open?", message.body)
        self.assertNotIn("<b>", message.body)
        self.assertEqual(message.author_id, self.anna)
        self.assertIn(self.marketer.partner_id, message.notified_partner_ids)
        self.assertFalse(self.blocklisted())
        self.receive("And on Sunday?")
        self.assertEqual(mailing.replied_count, 1, "each recipient counts once")
        mailing.action_open_statistics()
        self.assertEqual(mailing.statistics["replied"], 1)
        action = mailing.with_user(self.marketer).action_open_answers()
        found = self.env[action["res_model"]].with_user(self.marketer).search(action["domain"])
        self.assertEqual(len(found), 2)

    def test_a_reply_from_a_number_of_no_contact_is_kept_with_the_mailing(self):
        mailing = self.send_sms(extra_numbers="+34 611 222 333")
        self.receive("Wrong number", "+34611222333")
        message = mailing.message_ids[0]
        self.assertIn("Wrong number", message.body)
        self.assertIn("611222333", message.email_from)
        mailing.sudo()._blank_sources()
        self.assertFalse(message.exists())
        self.assertFalse(self.env["partner.mailing.answer"].search([]))

    def test_answers_to_no_mailing_are_kept_as_long_as_the_company_says(self):
        old, fresh = self.receive("Hello", "InfoSMS"), self.receive("Hello", "InfoSMS")
        self.env.cr.execute(
            "UPDATE partner_mailing_answer SET create_date = create_date - interval '7 months'"
            " WHERE id = %s",
            [old.id],
        )
        self.env.invalidate_all()
        cron = self.env.ref("mass_mailing_lite.ir_cron_remove_personal_data")
        for months, left in ((0, old | fresh), (6, fresh)):
            self.env.company.partner_mailing_keep_months = months
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
            self.assertEqual(self.env["partner.mailing.answer"].search([]), left)

    def test_stop_with_more_words_is_read_by_a_person_too(self):
        mailing = self.send_sms()
        self.receive("End of May suits me")
        self.assertTrue(self.blocklisted())
        self.assertEqual(mailing.replied_count, 1)
        self.assertIn("End of May", self.anna.message_ids[0].body)

    def test_nothing_is_lost(self):
        stranger = self.receive("Hello", "+34 611 999 888")
        self.assertEqual((stranger.text, stranger.mailing_id.id), ("Hello", False))
        known = self.receive("Hello", BORIS)
        self.assertEqual(known.partner_id, self.boris)
        self.assertIn("Hello", self.boris.message_ids[0].body)
        odd = self.receive("Your code", "InfoSMS")
        self.assertEqual(odd.number, "InfoSMS")
        self.assertEqual(self.receive("STOP", "InfoSMS").kind, "stop")
        for text, number, reference in (
            (None, None, None),
            ("\0\ud800" * 5000, "+" * 5000, "\0" * 5000),
            ("x" * 100_000, "\0", "r" * 5000),
        ):
            self.assertTrue(self.receive(text, number, reference))

    def test_a_repeated_answer_changes_nothing(self):
        mailing = self.send_sms()
        self.assertTrue(self.receive("Hello", reference="SM1a"))
        notes = len(self.anna.message_ids)
        self.assertFalse(self.receive("Hello", reference="SM1a"))
        self.assertFalse(self.receive("STOP", reference="SM1a"))
        self.assertEqual(len(self.anna.message_ids), notes)
        self.assertFalse(self.blocklisted())
        self.assertEqual(mailing.replied_count, 1)

    def test_the_answer_belongs_to_the_company_it_came_to(self):
        self.send_sms()
        there = self.env["res.company"].create({"name": "There"})
        answer = (
            self.env["partner.mailing.recipient"]
            .sudo()
            ._receive_answer(ANNA, "Hello", "SM2a", there)
        )
        self.assertFalse(answer.mailing_id)
        self.assertEqual(answer.company_id, there)

    def test_only_the_system_writes_answers(self):
        answer = self.receive("Hello")
        for user in (self.marketer, self.validator, self.manager, self.outsider):
            theirs = answer.with_user(user)
            for way in (
                lambda: theirs.write({"text": "Forged"}),  # noqa: B023
                lambda: theirs.unlink(),  # noqa: B023, PLW0108
                lambda: theirs.create({"number": "1", "reference": "1", "kind": "stop"}),  # noqa: B023
            ):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    way()
        with self.assertRaises(AccessError):
            answer.with_user(self.marketer).read(["text"])
        self.assertTrue(answer.with_user(self.validator).read(["text"]))

    def test_an_answer_to_a_hidden_mailing_is_hidden(self):
        readers = self.env["res.groups"].create({"name": "Readers"})
        mailing = self.send_sms(view_group_ids=[Command.set(readers.ids)])
        answer = self.receive("Hello")
        self.assertFalse(answer.with_user(self.colleague)._filtered_access("read"))
        self.assertTrue(answer.with_user(self.marketer)._filtered_access("read"))
        self.assertIn("Hello", mailing.message_ids[0].body)
        self.assertNotIn("Hello", " ".join(self.anna.message_ids.mapped("body")))

    def test_without_an_account_at_twilio_every_request_is_refused(self):
        fields = {"AccountSid": "AC1", "From": ANNA, "Body": "STOP", "MessageSid": "SM9"}
        url = self.env.company.get_base_url() + PATH
        signed = url + "".join(name + fields[name] for name in sorted(fields))
        forged = base64.b64encode(hmac.digest(b"", signed.encode(), hashlib.sha1)).decode()
        for form, headers in (
            (fields, {}),
            (fields, {"X-Twilio-Signature": forged}),
            ({**fields, "AccountSid": "\0"}, {"X-Twilio-Signature": "\xff"}),
            ({}, {}),
            ({"self": "x", "AccountSid": "' OR 1=1"}, {}),
        ):
            self.assertEqual(
                self.url_open(PATH, data=form, headers=headers, method="POST").status_code, 403
            )
        self.assertEqual(self.url_open(PATH, data={"Body": "x" * 70_000}).status_code, 413)
        self.assertIn(self.url_open(PATH).status_code, (404, 405))
        self.assertFalse(self.env["partner.mailing.answer"].search([]))
        self.assertFalse(self.env["res.config.settings"].create({}).partner_mailing_sms_answer_url)
