from datetime import timedelta

from odoo import Command, fields
from odoo.addons.mass_mailing_lite.sender.rate_limiter import RateLimiter
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import SmsCase

LIMITS = ("minute", "hour", "day")


@tagged("post_install", "-at_install")
class TestSmsRateLimit(SmsCase):
    """SMS leave as fast as a company's provider takes them, and no faster."""

    def limit(self, company=None, **limits):
        (company or self.env.company).write(
            {f"partner_mailing_sms_limit_{name}": value for name, value in limits.items()}
        )

    def end_reservations(self, seconds=61):
        """Let the SMS that were sent lie further back by some seconds."""
        self.env.cr.execute(
            "UPDATE partner_mailing_reservation SET ended_at = ended_at - %s", [seconds]
        )

    def wake_ups(self):
        """Return when the scheduled action is to run, the earliest first."""
        cron = self.env.ref("mass_mailing_lite.ir_cron_send")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        return sorted(triggers.mapped("call_at"))

    def assertIsIn(self, moment, seconds, since):
        """Assert that a moment is so long after one between ``since`` and now."""
        margin = timedelta(seconds=2)  # moments are rounded
        decided = moment - timedelta(seconds=seconds)
        self.assertGreaterEqual(decided, since - margin)
        self.assertLessEqual(decided, fields.Datetime.now() + margin)

    def new_company(self):
        """Return another company, in which the marketer and the validator work, too."""
        company = self.env["res.company"].create(
            {"name": "There", "country_id": self.env.ref("base.es").id}
        )
        (self.marketer | self.validator).company_ids = [Command.link(company.id)]
        self.audience.company_id = False
        return company

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def test_a_limit_is_used_fully_and_the_rest_waits(self):
        self.limit(minute=5)
        self.new_crowd(10)
        mailing = self.new_validated_sms()
        self.env["ir.cron.trigger"].search([]).unlink()
        begun = fields.Datetime.now()
        self.run_scheduler()
        self.assertEqual(len(self.gateway.sent), 5)
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "rate_limit"))
        self.assertIsIn(mailing.wait_until, 60, since=begun)
        self.assertIsIn(self.wake_ups()[0], 60, since=begun)
        self.run_scheduler()
        self.assertEqual(len(self.gateway.sent), 5, "no more within the minute")
        for number in (10, 12):
            self.end_reservations()
            self.run_scheduler()
            self.assertEqual(len(self.gateway.sent), number)
        self.assertEqual((mailing.state, mailing.wait_reason), ("done", False))
        self.assertEqual(len(set(self.gateway.numbers)), 12)
        self.assertCountersTrue(mailing)

    def test_each_limit_holds(self):
        self.limit(minute=4, hour=6, day=7)
        self.new_crowd(10)
        mailing = self.new_validated_sms()
        begun = fields.Datetime.now()
        for seconds, sent, wait in ((0, 4, 60), (61, 6, 3600 - 61), (3600, 7, 86400 - 3661)):
            self.end_reservations(seconds)
            self.env["ir.cron.trigger"].search([]).unlink()
            self.run_scheduler()
            self.assertEqual(len(self.gateway.sent), sent)
            self.assertIsIn(self.wake_ups()[0], wait, since=begun)
        self.assertEqual(mailing.state, "sending")

    def test_all_mailings_of_a_company_share_its_limits(self):
        self.limit(minute=3)
        mailings = [self.new_validated_sms() for _mailing in range(2)]
        self.run_scheduler()
        self.assertEqual(sum(mailing.sent_count for mailing in mailings), 3)

    def test_all_senders_of_a_company_share_its_limits_and_companies_do_not(self):
        self.limit(minute=10)
        there = self.new_company()
        self.limit(there, minute=10)
        here = self.new_sms()
        others = self.new_sms(company_id=there.id)
        mailing_server = self.new_mailing(mail_server_id=self.server.id)
        self.server.partner_mailing_limit_minute = 10

        def claim(mailing, sender, count):
            transport = mailing._get_transport()
            limiter = RateLimiter(
                self.env, transport.get_limit_key(), sender, transport.get_limits()
            )
            limiter.prepare()
            rows = [{"id": number, "address": ""} for number in range(limiter.allow(count))]
            if rows:
                limiter.reserve(rows)
            return len(rows)

        self.assertEqual((claim(here, 1, 7), claim(here, 2, 7), claim(here, 3, 7)), (7, 3, 0))
        self.assertEqual((claim(others, 1, 99), claim(mailing_server, 1, 99)), (10, 10))

    def test_two_companies_do_not_wait_for_each_other(self):
        there = self.new_company()
        self.limit(minute=1)
        self.limit(there, minute=2)
        self.new_crowd(3)
        here = self.new_validated_sms()
        others = self.new_validated_sms(company_id=there.id)
        self.run_scheduler()
        self.assertEqual((here.sent_count, others.sent_count), (1, 2))

    def test_e_mails_and_sms_do_not_share_a_limit(self):
        self.limit(minute=1)
        self.server.partner_mailing_limit_minute = 2
        self.new_crowd(3)
        self.new_validated_mailing(audience_ids=False, extra_emails="a@example.com,b@example.com")
        by_sms = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual((len(self.inbox.messages), len(self.gateway.sent)), (2, 1))
        self.assertEqual(by_sms.wait_reason, "rate_limit")

    def test_a_batch_is_no_larger_than_the_limit_leaves_room_for(self):
        self.limit(minute=6)
        self.new_crowd(20)
        self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual(self.gateway.batches, [1, 2, 3])

    def test_what_the_provider_did_not_take_does_not_count(self):
        self.limit(minute=2)
        for contact in self.anna | self.boris:
            self.gateway.answers[contact.phone_sanitized] = "insufficient_credit"
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.assertEqual((mailing.wait_reason, mailing.sent_count), ("server", 0))
        self.gateway.answers.clear()
        mailing.action_pause()
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))

    def test_resuming_does_not_get_past_the_limit(self):
        self.limit(minute=1)
        mailing = self.new_validated_sms()
        self.run_scheduler()
        mailing.action_pause()
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual(len(self.gateway.sent), 1)
        self.end_reservations()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_a_limit_that_is_raised_counts_at_once(self):
        self.limit(minute=1)
        mailing = self.new_validated_sms()
        self.run_scheduler()
        self.env["ir.cron.trigger"].search([]).unlink()
        begun = fields.Datetime.now()
        self.limit(minute=2)
        self.assertIsIn(self.wake_ups()[0], 0, since=begun)
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    # ------------------------------------------------------------
    # What people see
    # ------------------------------------------------------------

    def test_the_expected_end_counts_the_limits(self):
        self.limit(minute=10)
        self.new_crowd(98)
        mailing = self.new_sms()
        mailing.action_load_recipients()
        self.assertFalse(self.server.partner_mailing_limit_minute)
        begun = fields.Datetime.now()
        self.assertIsIn(mailing.expected_end, 9 * 60, since=begun)

    def test_the_validator_reads_what_the_provider_takes(self):
        self.limit(minute=10, day=5000)
        mailing = self.new_sms()
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        self.assertIn("The SMS provider takes no more than 10 a minute, 5,000 a day", page)

    def test_the_rate_of_one_company_says_nothing_about_that_of_another(self):
        self.new_validated_sms()
        self.run_scheduler()
        self.assertTrue(self.new_sms()._get_earlier_rate())
        there = self.new_company()
        self.assertFalse(self.new_sms(company_id=there.id)._get_earlier_rate())

    # ------------------------------------------------------------
    # Settings
    # ------------------------------------------------------------

    def settings(self, user, **limits):
        values = {f"partner_mailing_sms_limit_{name}": value for name, value in limits.items()}
        self.env["res.config.settings"].with_user(user).create(values).execute()

    def test_an_administrator_sets_them_on_the_page_of_settings(self):
        self.settings(self.env.ref("base.user_admin"), minute=1, hour=2, day=3)
        company = self.env.company
        found = [company[f"partner_mailing_sms_limit_{name}"] for name in LIMITS]
        self.assertEqual(found, [1, 2, 3])

    def test_no_other_user_sets_them(self):
        for user in (self.marketer, self.validator, self.manager, self.outsider):
            with self.subTest(user.login):
                with self.assertRaises(AccessError):
                    self.env.company.with_user(user).partner_mailing_sms_limit_day = 1
                with self.assertRaises(AccessError):
                    self.settings(user, day=1)

    def test_a_negative_limit_is_refused_in_words(self):
        for name in LIMITS:
            with self.subTest(name), self.assertRaises(ValidationError) as refused:
                self.settings(self.env.ref("base.user_admin"), **{name: -1})
            self.assertIn(f'company "{self.env.company.name}" is -1', str(refused.exception))
