from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from . import pages
from .common import SendingCase
from .test_progress import Heard
from .test_rate_limits import to


@tagged("post_install", "-at_install")
class TestExpected(Heard, SendingCase):
    """When a mailing will have left, as people see it."""

    def loaded(self, count, **values):
        mailing = self.new_mailing(
            audience_ids=False, extra_emails=to("example.com", count), **values
        )
        mailing.action_load_recipients()
        return mailing

    def assertEnds(self, mailing, moment):
        mailing.invalidate_recordset()
        self.assertLessEqual(abs(mailing.expected_end - moment), timedelta(seconds=2))

    def assertEndsIn(self, mailing, minutes):
        """Assert that a mailing which begins now ends so many minutes later."""
        mailing.invalidate_recordset()
        before = fields.Datetime.now()
        self.assertBegan(mailing.expected_end - timedelta(minutes=minutes), before)

    def assertBegan(self, moment, since):
        margin = timedelta(seconds=2)  # moments are rounded
        self.assertGreaterEqual(moment, since - margin)
        self.assertLessEqual(moment, fields.Datetime.now() + margin)

    def test_nobody_invents_an_end(self):
        mailing = self.loaded(10)
        self.assertFalse(mailing.expected_end)
        self.assertFalse(mailing.expected_text)

    def test_a_draft_shows_the_end_that_the_limits_allow(self):
        self.server.partner_mailing_limit_minute = 10
        mailing = self.loaded(100)
        self.assertEndsIn(mailing, 9)
        self.assertIn("if sending starts now", mailing.expected_text)
        mailing.scheduled_at = fields.Datetime.now() + timedelta(days=2)
        self.assertEnds(mailing, mailing.scheduled_at + timedelta(minutes=9))
        self.assertIn("if it begins on time", mailing.expected_text)

    def test_the_end_is_in_the_time_zone_of_who_reads_it(self):
        self.server.partner_mailing_limit_hour = 1
        mailing = self.loaded(3)
        with freeze_time("2026-11-18 10:00:00"):
            mailing.invalidate_recordset()
            for zone, hour in (("Europe/Madrid", "1:00"), ("America/Lima", "7:00")):
                self.marketer.tz = zone
                seen = mailing.with_context(tz=zone).expected_text
                self.assertIn(hour, seen)

    def test_the_sending_hours_push_the_end_to_another_day(self):
        self.server.partner_mailing_limit_hour = 10
        self.env.company.write(
            {
                "partner_mailing_use_hours": True,
                "partner_mailing_hour_from": 9,
                "partner_mailing_hour_to": 11,
                "partner_mailing_tz": "UTC",
            }
        )
        mailing = self.loaded(45)
        with freeze_time("2026-11-20 09:00:00"):  # a Friday: twenty then, and twenty on Monday
            self.assertEnds(mailing, fields.Datetime.to_datetime("2026-11-24 09:00:00"))

    def test_without_limits_the_pace_of_earlier_mailings_tells(self):
        earlier = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(earlier.state, "done")
        self.assertGreater(earlier.sudo().counter_id.busy_seconds, 0)
        earlier.sudo().counter_id._write_sending_status(
            earlier.sudo().counter_id.id, recent_results=None
        )
        self.env.cr.execute(
            "UPDATE partner_mailing_counter SET busy_seconds = 2 WHERE id = %s",
            [earlier.sudo().counter_id.id],
        )
        self.env.invalidate_all()
        mailing = self.loaded(600)
        self.assertEndsIn(mailing, 10)
        self.assertIn("60 a minute", mailing._get_rate_in_words())

    def test_the_domain_with_the_most_recipients_is_reckoned_with(self):
        self.server.partner_mailing_limit_domain_minute = 10
        mailing = self.new_mailing(
            audience_ids=False,
            extra_emails=to("big.example", 55) + "\n" + to("small.example", 5),
        )
        mailing.action_load_recipients()
        self.assertEndsIn(mailing, 5)
        mailing.action_submit()
        self.assertEndsIn(mailing, 5)

    def test_an_author_reads_how_fast_the_mailing_leaves_and_when_it_ends(self):
        self.server.partner_mailing_limit_hour = 3600
        self.server.partner_mailing_limit_minute = 10
        self.marketer.tz = "Europe/Madrid"
        mailing = self.new_mailing(audience_ids=False, extra_emails=to("example.com", 255))
        self.assertFalse(mailing.pace_text, "no list yet")
        with freeze_time("2026-11-18 10:00:00"):
            mailing.action_load_recipients()
            self.assertEqual(
                mailing.pace_text.replace("\u202f", " "),
                'At most 10 a minute, 3,600 an hour through "Loopback": about 25 minutes. Expected to'
                " end today, 11:25 AM (Europe/Madrid), if sending starts now.",
            )
            self.env.company.write(
                {
                    "partner_mailing_use_hours": True,
                    "partner_mailing_hour_from": 8,
                    "partner_mailing_hour_to": 10,
                    "partner_mailing_tz": "UTC",
                }
            )
            mailing.invalidate_recordset()
            self.assertIn("tomorrow, 9:25", mailing.pace_text)
            self.assertIn("about 25 minutes", mailing.pace_text)
            self.assertIn("from 8:00 to 10:00 (UTC)", mailing.pace_text)
            mailing.scheduled_at = "2026-12-24 08:00:00"
            self.assertIn("Dec 24, 2026", mailing.pace_text)
            self.assertIn("if it begins on time", mailing.pace_text)
        mailing.action_cancel()
        self.assertFalse(mailing.pace_text)

    def test_an_author_reads_when_nothing_is_known(self):
        self.assertIn("known after the first mailing", self.loaded(10).pace_text)

    def test_the_pace_costs_no_query_beside_the_expected_end(self):
        self.server.partner_mailing_limit_hour = 60
        env = self.env(user=self.marketer)
        mailing = self.loaded(5).with_env(env)

        def cost(*names):
            return pages.cost(env, lambda: mailing.web_read({name: {} for name in names}))[0]

        self.assertEqual(cost("expected_text", "pace_text"), cost("expected_text"))

    def test_the_validator_sees_the_end_and_what_decides_it(self):
        self.server.partner_mailing_limit_minute = 10
        self.server.partner_mailing_limit_day = 5000
        mailing = self.loaded(30)
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        self.assertIn("takes no more than 10 a minute, 5,000 a day", page)
        self.assertIn("if sending starts now", page)

    def test_screens_hear_the_end_and_what_holds_the_mailing(self):
        self.server.partner_mailing_limit_minute = 3
        mailing = self.new_validated_mailing(audience_ids=False, extra_emails=to("example.com", 10))
        begun = fields.Datetime.now()
        self.run_scheduler()
        last = [one for one in self.heard() if one["id"] == mailing.id][-1]
        self.assertEqual((last["wait_reason"], last["rate"]), ("rate_limit", 0.05))
        until = fields.Datetime.to_datetime(last["wait_until"])
        self.assertBegan(until - timedelta(seconds=60), begun)
        end = fields.Datetime.to_datetime(last["expected_end"])
        self.assertBegan(end - timedelta(minutes=3), begun)

    def test_a_list_of_mailings_asks_for_no_end(self):
        self.assertNotIn(
            "expected_end",
            self.env["partner.mailing"].get_view(
                self.env.ref("mass_mailing_lite.partner_mailing_view_list").id, "list"
            )["arch"],
        )
