from datetime import timedelta
from unittest.mock import patch

import psycopg2.errors

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..transport.smtp import SmtpTransport
from .common import SendingCase
from .smtp_inbox import SmtpInbox


def to(domain, count):
    return "\n".join(f"reader{number}@{domain}" for number in range(count))


@tagged("post_install", "-at_install")
class TestRateLimits(SendingCase):
    """Limits and sending hours, as the scheduler keeps them."""

    def wakes(self):
        """Return when the scheduler is to be woken, the earliest first."""
        cron = self.env.ref("mass_mailing_lite.ir_cron_send")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        return sorted(triggers.mapped("call_at"))

    def new_mailing_to(self, emails, **values):
        mailing = self.new_validated_mailing(audience_ids=False, extra_emails=emails, **values)
        self.env["ir.cron.trigger"].search([]).unlink()
        return mailing

    def assertWakesIn(self, seconds, since):
        """Assert that the scheduler is woken so long after a moment between ``since`` and now."""
        [wake, *_later] = self.wakes()
        margin = timedelta(seconds=2)  # moments are rounded
        decided = wake - timedelta(seconds=seconds)
        self.assertGreaterEqual(decided, since - margin)
        self.assertLessEqual(decided, fields.Datetime.now() + margin)

    def end_the_minute(self):
        """Let the minute be over in which messages counted."""
        self.env.cr.execute("UPDATE partner_mailing_reservation SET ended_at = ended_at - 61")

    # ------------------------------------------------------------
    # Limits
    # ------------------------------------------------------------

    def test_a_limit_holds_a_mailing_until_there_is_room(self):
        self.server.partner_mailing_limit_minute = 3
        mailing = self.new_mailing_to(to("example.com", 5))
        begun = fields.Datetime.now()
        self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 3)
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "rate_limit"))
        self.assertWakesIn(60, since=begun)
        self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 3, "no more within the minute")
        self.end_the_minute()
        self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 5)
        self.assertEqual((mailing.state, mailing.wait_reason), ("done", False))
        self.assertCountersTrue(mailing)

    def test_a_limit_is_that_of_the_server_that_odoo_finds(self):
        self.server.partner_mailing_limit_minute = 1
        self.server.from_filter = "shop@example.com"
        mailing = self.new_mailing_to(to("example.com", 2))
        self.assertFalse(mailing.mail_server_id)
        self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 1)

    def test_nobody_connects_to_a_server_that_takes_no_more(self):
        self.server.partner_mailing_limit_hour = 1
        self.new_mailing_to(to("example.com", 2))
        begun = fields.Datetime.now()
        self.run_scheduler()
        refusal = AssertionError("connected")
        with patch.object(SmtpTransport, "connect", side_effect=refusal):
            self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 1)
        self.assertWakesIn(3600, since=begun)

    def test_all_mailings_of_a_server_share_its_limit_and_others_go_on(self):
        self.server.partner_mailing_limit_minute = 3
        other_inbox = self._enter(SmtpInbox())
        other_server = self.server.copy({"name": "Other", "smtp_port": other_inbox.port})
        other_server.partner_mailing_limit_minute = 0
        held = [
            self.new_mailing_to(to("example.com", 2), mail_server_id=self.server.id)
            for _mailing in range(2)
        ]
        free = self.new_mailing_to(to("example.com", 4), mail_server_id=other_server.id)
        self.run_scheduler()
        self.assertEqual(len(self.inbox.messages), 3)
        self.assertEqual([mailing.state for mailing in held], ["done", "sending"])
        self.assertEqual((free.state, len(other_inbox.messages)), ("done", 4))

    def test_mailings_that_share_a_limit_have_their_turns(self):
        self.server.partner_mailing_limit_minute = 10
        large = self.new_mailing_to(to("example.com", 50))
        small = self.new_mailing_to(to("example.org", 8))
        self.run_scheduler()
        self.assertEqual((large.sent_count, small.sent_count), (5, 5))
        self.end_the_minute()
        self.server.partner_mailing_limit_minute = 1
        self.run_scheduler()
        self.end_the_minute()
        self.run_scheduler()
        self.assertEqual((large.sent_count, small.sent_count), (6, 6))

    def test_what_the_server_did_not_take_does_not_count(self):
        async def refuse(_server, _session, _envelope, _address, _options):
            return "451 4.3.0 Come back later"

        self.server.partner_mailing_limit_minute = 3
        mailing = self.new_mailing_to(to("example.com", 3))
        with patch.object(self.inbox, "handle_MAIL", refuse, create=True):
            self.run_scheduler()
        self.assertEqual(mailing.wait_reason, "server")
        mailing.action_pause()
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_one_domain_waits_and_the_others_are_sent(self):
        self.server.partner_mailing_limit_domain_minute = 2
        mailing = self.new_mailing_to(
            "\n".join((to("big.example", 8), to("small.example", 2), to("other.example", 1)))
        )
        begun = fields.Datetime.now()
        self.run_scheduler()
        sent = [address.partition("@")[2] for address in self.inbox.addresses]
        self.assertEqual(
            (sent.count("big.example"), sent.count("small.example"), sent.count("other.example")),
            (2, 2, 1),
        )
        self.assertEqual(mailing.wait_reason, "domain")
        self.assertWakesIn(60, since=begun)
        for _minute in range(3):
            self.end_the_minute()
            self.run_scheduler()
        self.assertEqual((mailing.state, len(self.inbox.messages)), ("done", 11))
        self.assertCountersTrue(mailing)

    def test_a_deferred_recipient_of_a_limited_domain_is_tried_again(self):
        self.server.partner_mailing_limit_domain_minute = 5
        self.inbox.replies["reader0@example.com"] = "450 4.2.0 Greylisted, come back later"
        mailing = self.new_mailing_to(to("example.com", 2))
        self.run_scheduler()
        row = self.rows(mailing)["reader0@example.com"]
        self.assertEqual((row.state, mailing.wait_reason), ("pending", False))
        self.inbox.replies.clear()
        row._as_system().next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_a_limit_for_domains_that_comes_later_finds_all_recipients(self):
        self.server.partner_mailing_limit_minute = 2
        mailing = self.new_mailing_to(to("example.com", 4) + "\n" + to("example.org", 1))
        self.run_scheduler()
        self.server.partner_mailing_limit_minute = 0
        self.server.partner_mailing_limit_domain_minute = 3
        self.end_the_minute()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_without_limits_a_claim_costs_nothing_more(self):
        self.new_mailing_to(to("example.com", 3))
        self.run_scheduler()
        self.env.cr.execute("SELECT count(*) FROM partner_mailing_rate_limit")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    # ------------------------------------------------------------
    # Sending hours
    # ------------------------------------------------------------

    def office_hours(self, **values):
        self.env.company.write(
            {
                "partner_mailing_use_hours": True,
                "partner_mailing_hour_from": 9,
                "partner_mailing_hour_to": 17,
                "partner_mailing_tz": "UTC",
                **values,
            }
        )

    def test_outside_the_sending_hours_nothing_begins(self):
        self.office_hours()
        mailing = self.new_mailing_to(to("example.com", 2))
        with freeze_time("2026-11-21 12:00:00"):  # a Saturday
            self.run_scheduler()
            self.assertEqual((mailing.state, self.inbox.messages), ("validated", []))
            self.assertEqual(self.wakes()[0], fields.Datetime.to_datetime("2026-11-23 08:59:59"))
        with freeze_time("2026-11-23 09:00:00"):
            self.run_scheduler()
        self.assertEqual((mailing.state, len(self.inbox.messages)), ("done", 2))

    def test_a_mailing_that_waited_for_the_hours_is_not_late(self):
        self.office_hours()
        with freeze_time("2026-11-20 16:00:00"):
            mailing = self.new_mailing_to(
                to("example.com", 1), scheduled_at=fields.Datetime.to_datetime("2026-11-20 18:00")
            )
        with freeze_time("2026-11-23 09:00:30"):
            self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    def test_sending_stops_at_the_end_of_the_hours_and_goes_on_the_next_day(self):
        self.office_hours()
        self.server.partner_mailing_limit_minute = 1
        mailing = self.new_mailing_to(to("example.com", 2))
        with freeze_time("2026-11-19 16:59:30"):
            self.run_scheduler()
            self.assertEqual((mailing.state, len(self.inbox.messages)), ("sending", 1))
        self.end_the_minute()
        self.env["ir.cron.trigger"].search([]).unlink()
        with freeze_time("2026-11-19 17:00:00"):
            self.run_scheduler()
            self.assertEqual((mailing.wait_reason, len(self.inbox.messages)), ("hours", 1))
            self.assertEqual(self.wakes()[0], fields.Datetime.to_datetime("2026-11-20 08:59:59"))
        with freeze_time("2026-11-20 09:00:00"):
            self.run_scheduler()
        self.assertEqual((mailing.state, len(self.inbox.messages)), ("done", 2))

    def test_hours_that_are_changed_count_at_once(self):
        self.office_hours()
        mailing = self.new_mailing_to(to("example.com", 1))
        with freeze_time("2026-11-19 20:00:00"):
            self.run_scheduler()
            self.assertFalse(self.inbox.messages)
            self.env["ir.cron.trigger"].search([]).unlink()
            self.office_hours(partner_mailing_hour_to=21)
            self.assertTrue(self.wakes(), "the sender looks again")
            self.run_scheduler()
        self.assertEqual(mailing.state, "done")

    # ------------------------------------------------------------
    # Conflicts
    # ------------------------------------------------------------

    def test_a_deadlock_is_tried_again(self):
        mailing = self.new_mailing_to(to("example.com", 2))
        recipients = self.registry["partner.mailing.recipient"]
        claim = recipients._claim
        calls = []

        def deadlock_once(*args, **kwargs):
            calls.append(args)
            if len(calls) == 1:
                raise psycopg2.errors.DeadlockDetected("deadlock detected")
            return claim(*args, **kwargs)

        with patch.object(recipients, "_claim", deadlock_once):
            self.run_scheduler()
        self.assertEqual(mailing.state, "done")
