from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from .common import SendingCase


@tagged("post_install", "-at_install")
class TestServerFaults(SendingCase):
    """A mail server that cannot be used, and recipients of whom too many fail."""

    def refuse_sender(self, reply="451 4.7.1 Come back later"):
        async def refuse(_server, _session, _envelope, _address, _options):
            return reply

        self.inbox.handle_MAIL = refuse

    def test_a_server_that_fails_is_tried_again_after_growing_delays(self):
        mailing = self.new_validated_mailing()
        self.server.smtp_port = 1  # nothing listens there
        now = fields.Datetime.now()
        for number, minutes in enumerate((1, 5, 15, 30), start=1):
            with freeze_time(now):
                self.run_scheduler()
                self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "server"))
                self.assertEqual(mailing.wait_until, now + timedelta(minutes=minutes))
                self.assertIn("connection refused", mailing.fault_text)
                self.assertIn(f"The next try, {number + 1} of 5", mailing.fault_text)
                self.run_scheduler()
                self.assertEqual(
                    mailing.sudo().counter_id.fault_count, number, "not before its time"
                )
            now += timedelta(minutes=minutes)
        self.assertFalse(mailing.sudo().activity_ids)
        with freeze_time(now):
            self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("5 tries in a row", mailing.pause_reason)
        self.assertIn("connection refused", mailing.pause_reason)
        self.assertEqual(mailing.sudo().activity_ids.user_id, self.marketer)
        self.assertEqual(set(self.states(mailing).values()), {"pending"})
        self.assertEqual(self.rows(mailing)["anna@example.com"].attempts, 0)
        self.assertCountersTrue(mailing)

    def test_a_fault_is_told_in_the_language_of_the_responsible(self):
        self.env["res.lang"]._activate_lang("ru_RU")
        self.marketer.lang = "ru_RU"
        self.env.company.partner_mailing_server_tries = 2
        self.server.smtp_port = 1
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        for lang, words in (("ru_RU", "в соединении отказано"), ("en_US", "connection refused")):
            self.assertIn(words, mailing.with_context(lang=lang).fault_text)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=1)):
            self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("в соединении отказано", mailing.pause_reason)
        changes = mailing.sudo().message_ids.tracking_value_ids
        self.assertIn("Отправка", changes.mapped("new_value_char"))

    def test_after_a_success_faults_are_counted_anew(self):
        mailing = self.new_validated_mailing()
        self.refuse_sender()
        self.run_scheduler()
        self.assertIn("Come back later", mailing.fault_text)
        del self.inbox.handle_MAIL
        with freeze_time(fields.Datetime.now() + timedelta(minutes=1)):
            self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sudo().counter_id.fault_count), ("done", 0))
        self.assertFalse(mailing.fault_text)

    def test_a_mailing_that_gets_on_between_faults_is_not_paused(self):
        self.shorten_retry_pauses()
        for name in ("Clara", "Dmitri"):
            self._new_contact(name, f"{name.lower()}@example.com", self.news)
        self.env.company.partner_mailing_server_tries = 2
        mailing = self.new_validated_mailing()
        most = 0

        async def refuse_after(_server, _session, envelope, address, _options):
            if len(self.inbox.messages) >= most:
                return "451 4.7.1 Come back later"
            envelope.mail_from = address
            return "250 2.1.0 OK"

        self.inbox.handle_MAIL = refuse_after
        now = fields.Datetime.now()
        for most in (1, 2, 3):
            with freeze_time(now):
                self.run_scheduler()
            self.assertEqual((mailing.state, mailing.sent_count), ("sending", most))
            self.assertEqual(mailing.sudo().counter_id.fault_count, 1, "the first in a row")
            now += timedelta(minutes=1)
        most = 4
        with freeze_time(now):
            self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 4))
        self.assertCountersTrue(mailing)

    def test_who_resumes_a_mailing_does_not_wait_for_the_next_try(self):
        mailing = self.new_validated_mailing()
        self.server.smtp_port = 1
        self.run_scheduler()
        self.server.smtp_port = self.inbox.port
        mailing.action_pause()
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_a_company_may_pause_at_the_first_fault(self):
        self.env.company.partner_mailing_server_tries = 1
        mailing = self.new_validated_mailing()
        self.refuse_sender("550 5.7.1 Sender address rejected")
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("Sender address rejected", mailing.pause_reason)

    def test_a_wrong_password_pauses_the_mailing_at_once(self):
        self.server.write({"smtp_user": "shop", "smtp_pass": "wrong"})
        self.inbox.refuse_logins("535 5.7.8 Authentication credentials invalid")
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("refused the login", mailing.pause_reason)
        self.assertIn("credentials invalid", mailing.pause_reason)
        self.assertEqual(set(self.states(mailing).values()), {"pending"})
        self.assertEqual(mailing.sudo().activity_ids.user_id, self.marketer)

    def test_a_login_that_is_refused_for_now_is_tried_again(self):
        self.server.write({"smtp_user": "shop", "smtp_pass": "right"})
        self.inbox.refuse_logins("454 4.7.0 Temporary authentication failure")
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "server"))

    def test_another_mailing_goes_on_meanwhile(self):
        down = self.server.copy({"name": "Down", "smtp_port": 1})
        waiting = self.new_validated_mailing(mail_server_id=down.id)
        mailing = self.new_validated_mailing(mail_server_id=self.server.id)
        self.run_scheduler()
        self.assertEqual((waiting.state, mailing.state), ("sending", "done"))

    # ------------------------------------------------------------
    # Circuit breaker
    # ------------------------------------------------------------

    def new_mailing_with_failures(self, count, every):
        for number in range(0, count, every):
            self.inbox.replies[f"reader{number}@example.com"] = "550 5.1.1 No such user here"
        return self.new_validated_mailing(
            audience_ids=False,
            extra_emails="\n".join(f"reader{number}@example.com" for number in range(count)),
        )

    def test_a_mailing_in_which_too_many_fail_is_paused(self):
        self.env.company.partner_mailing_failure_window = 20
        mailing = self.new_mailing_with_failures(200, every=3)
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn("Of the last 20 recipients", mailing.pause_reason)
        self.assertIn('"Address unknown"', mailing.pause_reason)
        self.assertEqual(mailing.sudo().activity_ids.user_id, self.marketer)
        self.assertGreater(mailing.pending_count, 0)
        self.assertNotIn("sending", self.states(mailing).values())
        self.assertCountersTrue(mailing)
        settled = mailing.recipient_count - mailing.pending_count
        mailing.action_resume()
        self.run_scheduler()
        later = mailing.recipient_count - mailing.pending_count
        self.assertGreaterEqual(later, settled + 20, "counted anew from where it was resumed")
        self.assertEqual(len(set(self.inbox.addresses)), len(self.inbox.addresses))

    def test_a_few_failures_pause_nothing(self):
        self.env.company.partner_mailing_failure_window = 20
        mailing = self.new_mailing_with_failures(60, every=10)
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 6))

    def test_failures_are_counted_over_several_runs(self):
        self.env.company.partner_mailing_failure_window = 20
        self.server.partner_mailing_limit_minute = 15
        mailing = self.new_mailing_with_failures(60, every=2)
        self.run_scheduler()
        self.assertEqual(
            (mailing.state, mailing.sent_count + mailing.failed_count), ("sending", 15)
        )
        self.env.cr.execute("UPDATE partner_mailing_reservation SET ended_at = ended_at - 61")
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")

    def test_a_company_may_do_without(self):
        self.env.company.partner_mailing_failure_window = 20
        self.env.company.partner_mailing_failure_share = 0
        mailing = self.new_mailing_with_failures(60, every=2)
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 30))
