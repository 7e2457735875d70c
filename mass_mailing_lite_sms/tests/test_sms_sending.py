from unittest.mock import patch

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from odoo.addons.sms.tools.sms_api import SmsApiBase
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..hooks import uninstall_hook
from ..models.partner_mailing import turn_into_email
from ..transport import outcome as outcomes
from .common import ANNA, BORIS, SmsCase


def time_out(_numbers):
    """Fail as Odoo's gateway client does when no answer comes in time."""
    try:
        raise requests.exceptions.ReadTimeout("no answer in 15 s")
    except requests.exceptions.ReadTimeout:
        # pylint: disable-next=translation-required
        raise AccessError("The request to the service timed out.")  # noqa: B904


def refuse_connection(_numbers):
    """Fail as it does when the connection is refused."""
    reason = NewConnectionError(None, "Connection refused")
    try:
        raise requests.exceptions.ConnectionError(MaxRetryError(None, "/", reason))
    except requests.exceptions.ConnectionError:
        # pylint: disable-next=translation-required
        raise AccessError("An error occurred while reaching the service.")  # noqa: B904


@tagged("post_install", "-at_install")
class TestSmsSending(SmsCase):
    """Each number gets its text once, and the provider's answer becomes the result."""

    def test_each_number_gets_its_text(self):
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(
            sorted(self.gateway.sent),
            [(BORIS, "Boris, our shop is open again."), (ANNA, "Anna, our shop is open again.")],
        )
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))
        self.assertEqual(self.inbox.messages, [])
        self.assertCountersTrue(mailing)

    def test_claim_looks_each_number_up_in_the_blocklist(self):
        # A join would sort all that are left of a long list, see _claimable_sql.
        mailing = self.new_validated_sms()
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        rows, plan = self.claim_and_explain(mailing, 16)
        self.assertEqual(len(rows), 2)
        self.assertIn("phone_blacklist", plan)
        self.assertNotIn("Anti Join", plan)

    def test_nothing_is_left_for_odoos_own_queue(self):
        self.new_validated_sms()
        states = []
        contact = self.gateway.contact

        def look(*args, **kwargs):
            states.extend(self.env["sms.sms"].sudo().search([]).mapped("state"))
            return contact(*args, **kwargs)

        self.gateway.contact = look
        self.run_scheduler()
        self.assertEqual(set(states) - {"pending"}, {"process"})
        left = self.env["sms.sms"].search([("to_delete", "=", False)])
        self.assertFalse(left)

    def test_batches_grow_and_all_arrive_once(self):
        self.new_crowd(40)
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(mailing.sent_count, 42)
        self.assertEqual(len(set(self.gateway.numbers)), 42)
        self.assertEqual(len(self.gateway.sent), 42)
        self.assertEqual(self.gateway.batches[:4], [1, 2, 4, 8])

    def test_a_batch_is_no_larger_than_odoo_sets(self):
        self.env["ir.config_parameter"].set_param("sms.session.batch.size", "3")
        self.new_crowd(10)
        self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(max(self.gateway.batches), 3)

    def test_each_refusal_is_the_numbers_own(self):
        self.env.company.partner_mailing_failure_share = 0
        readers = self.new_crowd(5)
        states = {
            "wrong_number_format": "sms_number",
            "country_not_supported": "sms_country",
            "registration_needed": "sms_registration",
            "incompatible_content": "sms_content",
            "duplicate_message": "sms_duplicate",
        }
        for reader, state in zip(readers, states, strict=True):
            self.gateway.answers[reader.phone_sanitized] = state
        mailing = self.new_validated_sms()
        self.run_scheduler()
        for reader, kind in zip(readers, states.values(), strict=True):
            row = self.row(mailing, reader.phone_sanitized)
            self.assertEqual((row.state, row.failure_type), ("failed", kind))
            self.assertNotIn("sms_", row.reason.partition(":")[0])
        self.assertEqual((mailing.sent_count, mailing.failed_count), (2, 5))
        self.assertCountersTrue(mailing)

    def test_only_failed_ones_are_sent_again(self):
        self.gateway.answers[ANNA] = "wrong_number_format"
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.gateway.answers.clear()
        self.gateway.sent.clear()
        mailing.action_retry_failed()
        self.run_scheduler()
        self.assertEqual(self.gateway.numbers, [ANNA])
        self.assertEqual(mailing.sent_count, 2)

    def test_without_credit_the_mailing_waits_and_marks_no_recipient_as_failed(self):
        readers = self.new_crowd(10)
        for contact in readers + self.anna + self.boris:
            self.gateway.answers[contact.phone_sanitized] = "insufficient_credit"
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "server"))
        self.assertIn("insufficient_credit", mailing.fault_text)
        self.assertIn("SMS provider", mailing.fault_text)
        self.assertEqual(set(self.results(mailing).values()), {"pending"})
        self.assertEqual(len(self.gateway.batches), 1)
        self.assertCountersTrue(mailing)

    def test_credit_that_is_bought_in_the_middle_lets_the_rest_go_on(self):
        self.gateway.answers[ANNA] = "insufficient_credit"
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(self.results(mailing), {ANNA: "pending", BORIS: "sent"})
        self.gateway.answers.clear()
        mailing._clear_wait()
        self.run_scheduler()
        self.assertEqual(self.gateway.numbers, [BORIS, ANNA])
        self.assertEqual(mailing.state, "done")

    def test_a_time_out_makes_uncertain_only_what_was_handed_over(self):
        self.new_crowd(20)
        self.gateway.error = time_out
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(len(self.gateway.batches), 1)
        self.assertEqual((mailing.uncertain_count, mailing.pending_count), (1, 21))
        self.assertEqual((mailing.state, mailing.wait_reason), ("paused", False))
        self.assertIn("timed out", mailing.pause_reason)
        [row] = self.env["partner.mailing.recipient"].search(
            [("mailing_id", "=", mailing.id), ("state", "=", "uncertain")]
        )
        self.assertIn("timed out", row.reason)
        # What is uncertain is sent neither by the sender nor by Odoo's own queue.
        self.gateway.error = None
        mailing.action_resume()
        self.run_scheduler()
        self.env["sms.sms"]._process_queue()
        self.assertNotIn(row.phone_sanitized, self.gateway.numbers)
        self.assertEqual(len(self.gateway.sent), 21)
        self.assertEqual(mailing.state, "done")
        self.assertCountersTrue(mailing)

    def test_all_wait_while_the_connection_is_refused(self):
        self.gateway.error = refuse_connection
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(set(self.results(mailing).values()), {"pending"})
        self.assertEqual(mailing.wait_reason, "server")
        self.assertEqual(set(mailing.recipient_ids.mapped("attempts")), {0})

    def test_an_error_of_the_server_leaves_it_open(self):
        self.gateway.answers[ANNA] = "server_error"
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(self.results(mailing), {ANNA: "uncertain", BORIS: "sent"})

    def test_what_the_provider_answered_counts_though_an_addon_fails_on_it(self):
        tracker = self.registry["sms.tracker"]

        def fail(*_args, **_kwargs):
            raise ValueError("another addon")

        mailing = self.new_validated_sms()
        with patch.object(tracker, "_action_update_from_sms_state", fail):
            self.run_scheduler()
        self.assertEqual(self.results(mailing), {ANNA: "sent", BORIS: "sent"})
        self.assertEqual(len(self.gateway.sent), 2)

    def test_a_pause_between_batches_keeps_the_rest(self):
        self.new_crowd(20)
        mailing = self.new_validated_sms()

        def pause(_numbers):
            if len(self.gateway.batches) == 3:
                mailing.action_pause()
                mailing.env.flush_all()

        self.gateway.error = pause
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertEqual((mailing.sent_count, mailing.pending_count), (7, 15))
        self.gateway.error = None
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 22))
        self.assertEqual(len(self.gateway.sent), 22)

    def test_the_blocklist_is_asked_once_more_at_sending(self):
        mailing = self.new_validated_sms()
        self.env["phone.blacklist"].create({"number": ANNA})
        self.run_scheduler()
        self.assertEqual(self.results(mailing), {ANNA: "blocklisted", BORIS: "sent"})

    def test_e_mails_and_sms_leave_side_by_side(self):
        by_mail, by_sms = self.new_validated_mailing(), self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual((by_mail.state, by_sms.state), ("done", "done"))
        self.assertEqual((len(self.inbox.messages), len(self.gateway.sent)), (2, 2))

    def test_an_extra_number_has_a_name_and_no_more(self):
        mailing = self.new_validated_sms(
            audience_ids=False,
            extra_numbers="Zoe <+34 611 222 333>",
            sms_body="{{ object.name }} {{ object.email ||| none }}",
        )
        self.run_scheduler()
        self.assertEqual(self.gateway.sent, [("+34611222333", "Zoe none")])
        self.assertEqual(mailing.state, "done")

    def test_a_part_sent_mailing_keeps_its_channel(self):
        mailing = self.new_validated_sms()
        self.gateway.answers[ANNA] = "insufficient_credit"
        self.run_scheduler()
        self.assertEqual(mailing.sent_count, 1)
        mailing.action_pause()
        mailing.action_back_to_draft()
        with self.assertRaisesRegex(UserError, "sent in part"):
            mailing.channel = "email"

    def test_an_error_means_not_sent_only_where_nothing_was_sent(self):
        kinds = {}
        for fail in (time_out, refuse_connection):
            try:
                fail([])
            except AccessError as error:
                kinds[fail.__name__] = outcomes.from_error(error).kind
        kinds["setting"] = outcomes.from_error(UserError("Invalid SID")).kind
        kinds["unknown"] = outcomes.from_error(KeyError("state")).kind
        response = requests.Response()
        response.status_code = 401
        kinds["401"] = outcomes.from_error(requests.HTTPError(response=response)).kind
        self.assertEqual(
            kinds,
            {
                "time_out": "uncertain",
                "refuse_connection": "not_sent",
                "setting": "not_sent",
                "unknown": "uncertain",
                "401": "not_sent",
            },
        )

    def test_a_provider_of_another_addon_is_used(self):
        asked = []

        class OtherApi(SmsApiBase):
            def _send_sms_batch(self, messages, delivery_reports_url=False):
                numbers = [entry for message in messages for entry in message["numbers"]]
                asked.extend((self.company.id, entry["number"]) for entry in numbers)
                return [{"uuid": entry["uuid"], "state": "sent"} for entry in numbers]

        def split(records):
            yield OtherApi(records.env), records

        mailing = self.new_validated_sms()
        with patch.object(self.registry["sms.sms"], "_split_by_api", split):
            self.run_scheduler()
        self.assertEqual(sorted(asked), [(self.env.company.id, BORIS), (self.env.company.id, ANNA)])
        self.assertEqual((mailing.sent_count, self.gateway.sent), (2, []))

    def test_answers_of_odoos_twilio_are_understood(self):
        kinds = {
            state: outcomes.from_answer({"state": state, "failure_reason": "words"}).kind.value
            for state in (
                "sent",
                "server_error",
                "wrong_number_format",
                "twilio_acc_unverified",
                "twilio_from_missing",
                "unknown",
            )
        }
        self.assertEqual(
            kinds,
            {
                "sent": "sent",
                "server_error": "uncertain",
                "wrong_number_format": "refused",
                "twilio_acc_unverified": "refused",
                "twilio_from_missing": "not_sent",
                "unknown": "refused",
            },
        )

    def test_uninstalling_cancels_what_would_become_e_mail(self):
        by_sms, by_mail = self.new_validated_sms(), self.new_validated_mailing()
        uninstall_hook(self.env)
        self.assertEqual((by_sms.state, by_mail.state), ("cancelled", "validated"))
        self.assertEqual(set(self.results(by_sms).values()), {"cancelled"})
        self.assertEqual(self.row(by_sms, ANNA).email, self.anna.phone)
        turn_into_email(by_sms)
        self.assertEqual(by_sms.channel, "email")

    def test_uninstalling_leaves_nothing_of_the_limits(self):
        self.env.company.partner_mailing_sms_limit_minute = 1
        self.server.partner_mailing_limit_minute = 1
        self.new_validated_sms()
        self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(len(self.env["partner.mailing.rate.limit"].search([])), 2)
        uninstall_hook(self.env)
        left = self.env["partner.mailing.rate.limit"].search([])
        self.assertEqual(left.mail_server_id, self.server)
        self.assertEqual(self.env["partner.mailing.reservation"].search([]).rate_limit_id, left)
