from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ..delivery.schedule.rate_limit import Limits
from ..sender import rate_limiter, wait
from ..sender.rate_limiter import RateLimiter
from ..sender.wait import Wait
from .common import MailingCase


@tagged("post_install", "-at_install")
class TestRateLimiter(MailingCase):
    """What a server allows, by a clock that the test sets."""

    def setUp(self):
        super().setUp()
        self.server = self.env["ir.mail_server"].create(
            {"name": "Limited", "smtp_host": "127.0.0.1"}
        )
        self.clock = 1_000_000.0  # of PostgreSQL
        self.steady = 500.0  # of the process
        self.rows = iter(range(1, 100000))
        for target, value in (
            ("CLOCK", SQL("(SELECT current_setting('test.clock')::float8)")),
            ("steady_time", lambda: self.steady),
            ("_last_readings", {}),
        ):
            self._patch(patch.object(rate_limiter, target, value))
        self.later(0)

    def _patch(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def later(self, seconds, clock_set_by=0.0):
        """Let time pass; and somebody set the clock beside."""
        self.steady += seconds
        self.clock += seconds + clock_set_by
        self.env.cr.execute("SELECT set_config('test.clock', %s, FALSE)", [str(self.clock)])

    def limiter(self, sender=1, **limits):
        limiter = RateLimiter(
            self.env, {"mail_server_id": self.server.id}, sender, Limits(**limits)
        )
        limiter.prepare()
        return limiter

    def claim(self, limiter, wanted, address="a@example.com"):
        """Claim what is allowed; return the rows."""
        count = limiter.allow(wanted)
        rows = [{"id": next(self.rows), "address": address} for _row in range(count)]
        if rows:
            limiter.reserve(rows)
            limiter.confirm([])
        return rows

    def record(self, limiter, rows, attempted=True):
        results = [{"id": row["id"], "attempted": attempted} for row in rows]
        limiter.settle(results)
        limiter.confirm(results)

    def send(self, limiter, wanted):
        """Send what is allowed, in no time; return how many those were."""
        rows = self.claim(limiter, wanted)
        self.record(limiter, rows)
        return len(rows)

    def test_a_window_slides(self):
        limiter = self.limiter(minute=10)
        self.assertEqual(self.send(limiter, 6), 6)
        self.later(50)
        self.assertEqual(self.send(limiter, 6), 4)
        self.assertEqual(self.send(limiter, 6), 0)
        self.assertAlmostEqual(limiter.wait, 10)
        self.later(9.9)
        self.assertEqual(self.send(limiter, 6), 0)
        self.later(0.2)
        self.assertEqual(self.send(limiter, 100), 6)
        self.later(49.8)
        self.assertEqual(self.send(limiter, 6), 0)
        self.later(0.2)
        self.assertEqual(self.send(limiter, 6), 4)

    def test_every_limit_holds(self):
        limiter = self.limiter(minute=10, hour=15, day=20)
        self.assertEqual(self.send(limiter, 99), 10)
        self.later(61)
        self.assertEqual(self.send(limiter, 99), 5)
        self.later(61)
        self.assertEqual(self.send(limiter, 99), 0)
        self.assertAlmostEqual(limiter.wait, 3600 - 122)
        self.later(limiter.wait + 0.1)
        self.assertEqual(self.send(limiter, 99), 5, "ten are free of the hour, five of the day")
        self.later(3600)
        self.assertEqual(self.send(limiter, 99), 0)
        self.assertGreater(limiter.wait, 70000)

    def test_messages_on_the_wire_count_until_a_minute_after_they_left(self):
        limiter = self.limiter(minute=10)
        rows = self.claim(limiter, 10)
        self.later(100)
        self.assertEqual(limiter.allow(1), 0, "they may be transmitted now")
        self.record(limiter, rows)
        self.later(59)
        self.assertEqual(limiter.allow(1), 0)
        self.later(2)
        self.assertEqual(limiter.allow(99), 10)

    def test_what_was_not_tried_is_given_back(self):
        limiter = self.limiter(minute=10)
        rows = self.claim(limiter, 10)
        self.record(limiter, rows[:4], attempted=False)
        self.assertEqual(limiter.allow(99), 4)
        self.record(limiter, rows[4:6])
        self.record(limiter, rows[6:], attempted=False)
        self.assertEqual(limiter.allow(99), 8)

    def test_a_transaction_that_is_run_anew_counts_once(self):
        limiter = self.limiter(minute=10)
        rows = self.claim(limiter, 10)
        results = [{"id": row["id"], "attempted": False} for row in rows[:3]]
        limiter.settle(results)
        limiter.settle(results)
        limiter.confirm(results)
        self.assertEqual(limiter.allow(99), 3)

    def test_a_row_that_was_put_back_may_be_claimed_in_the_same_transaction(self):
        limiter = self.limiter(minute=10)
        rows = self.claim(limiter, 10)
        results = [{"id": row["id"], "attempted": False} for row in rows]
        limiter.settle(results)
        self.assertEqual(limiter.allow(99), 10)
        limiter.reserve(rows)
        limiter.confirm(results)
        self.assertEqual(limiter.allow(99), 0)
        self.record(limiter, rows, attempted=False)
        self.assertEqual(limiter.allow(99), 10)

    def test_all_senders_of_a_server_share_its_limits(self):
        first, second = self.limiter(sender=1, minute=10), self.limiter(sender=2, minute=10)
        self.assertEqual(self.send(first, 7), 7)
        self.assertEqual(self.send(second, 7), 3)
        other = self.env["ir.mail_server"].create({"name": "Other", "smtp_host": "127.0.0.1"})
        self.server = other
        self.assertEqual(self.send(self.limiter(sender=1, minute=10), 99), 10)

    def test_what_a_dead_sender_left_open_ends_when_it_is_found(self):
        limiter = self.limiter(sender=424242, minute=10)
        self.claim(limiter, 10)
        self.later(1000)
        self.env["partner.mailing.reservation"]._end_reservations_of_dead_senders()
        self.env.cr.execute("SELECT ended_at FROM partner_mailing_reservation")
        self.assertTrue(self.env.cr.fetchone()[0])

    def test_a_clock_set_forward_frees_nothing(self):
        limiter = self.limiter(minute=10)
        self.send(limiter, 10)
        self.later(10, clock_set_by=3600)
        self.assertEqual(limiter.allow(99), 0)
        self.assertAlmostEqual(limiter.wait, 50)
        self.later(50.1)
        self.assertEqual(self.send(limiter, 99), 10)

    def test_a_clock_set_back_holds_nothing_longer(self):
        limiter = self.limiter(minute=10)
        self.send(limiter, 10)
        self.later(10, clock_set_by=-3600)
        self.assertEqual(limiter.allow(99), 0)
        self.assertAlmostEqual(limiter.wait, 50)
        self.later(50.1)
        self.assertEqual(self.send(limiter, 99), 10)

    def test_a_clock_set_while_messages_are_on_the_wire_neither_frees_nor_holds(self):
        for jump in (3600, -3600):
            with self.subTest(jump):
                self.env.cr.execute("DELETE FROM partner_mailing_reservation")
                limiter = self.limiter(minute=10)
                rows = self.claim(limiter, 10)
                self.later(1, clock_set_by=jump)
                self.record(limiter, rows)
                self.assertEqual(limiter.allow(99), 0)
                self.assertLessEqual(limiter.wait, 61)
                self.later(58)
                self.assertEqual(limiter.allow(99), 0)
                self.later(3)
                self.assertEqual(limiter.allow(99), 10)

    def test_a_clock_set_back_between_two_processes_holds_no_longer_than_its_window(self):
        limiter = self.limiter(minute=10)
        self.send(limiter, 10)
        rate_limiter._last_readings.clear()  # a new process knows nothing
        self.later(10, clock_set_by=-3600)
        limiter = self.limiter(minute=10)
        self.assertEqual(limiter.allow(99), 0)
        self.assertLessEqual(limiter.wait, 60)
        self.later(60.1)
        self.assertEqual(limiter.allow(99), 10)

    def test_two_processes_notice_the_same_jump_once(self):
        first = self.limiter(minute=10)
        looks = {}
        with patch.object(rate_limiter, "_last_readings", looks):
            second = self.limiter(sender=2, minute=10)
            self.send(second, 1)
        self.send(first, 9)
        self.later(10, clock_set_by=3600)
        self.assertEqual(first.allow(9), 0)
        self.later(51)
        self.assertEqual(self.send(first, 10), 10)
        with patch.object(rate_limiter, "_last_readings", looks):
            self.assertEqual(second.allow(1), 0)
            self.assertAlmostEqual(second.wait, 60)

    def test_a_wait_ends_by_itself(self):
        with patch.object(wait.time, "monotonic", lambda: self.steady):
            pause = Wait("rate_limit", 5)
            self.assertEqual(pause.seconds_left, 5)
            self.later(3)
            self.assertEqual(pause.seconds_left, 2)
            self.later(3)
            self.assertEqual(pause.seconds_left, 0)

    def test_old_reservations_are_put_together_and_still_count(self):
        limiter = self.limiter(hour=1000, day=1200)
        with patch.object(limiter, "_merge_from", 5):
            for _claim in range(10):
                self.assertEqual(self.send(limiter, 100), 100)
                self.later(20)
        self.assertEqual(self.send(limiter, 1), 0)
        self.env.cr.execute("SELECT count(*) FROM partner_mailing_reservation")
        self.assertLessEqual(self.env.cr.fetchone()[0], 10)
        self.later(3700)
        self.assertEqual(self.send(limiter, 999), 200)
        limiter._merge()
        self.assertGreater(limiter._merge_from, rate_limiter.MAX_RESERVATIONS, "not at each claim")
        self.later(86400)
        limiter.allow(1)
        limiter._merge()
        self.env.cr.execute("SELECT count(*) FROM partner_mailing_reservation")
        self.assertEqual(self.env.cr.fetchone()[0], 0)

    def test_one_domain_gets_its_share_and_others_go_on(self):
        mailing = self.new_mailing(
            audience_ids=False,
            extra_emails="\n".join(
                [f"x{n}@big.example" for n in range(50)] + [f"y{n}@small.example" for n in range(3)]
            ),
        )
        mailing.action_submit()
        mailing._as_system().state = "sending"
        mailing.flush_recordset()
        Recipients = self.env["partner.mailing.recipient"]
        last = 0
        while last is not None:
            last = Recipients._sort_by_domain(mailing.id, last)
        limiter = self.limiter(domain_minute=5)

        def claim(after=""):
            limiter.allow(100)
            rows = Recipients._claim_by_domain(mailing.id, 1, 100, limiter, after)
            if rows:
                limiter.reserve(rows)
                limiter.confirm([])
            return rows

        rows = claim()
        domains = [row["address"].partition("@")[2] for row in rows]
        self.assertEqual(domains, ["big.example"] * 5 + ["small.example"] * 3)
        self.assertEqual(claim(), [])
        self.record(limiter, rows)
        self.assertAlmostEqual(Recipients._seconds_until_domain(mailing.id, limiter), 60)
        self.later(60.1)
        self.assertEqual(len(claim()), 5)
        self.assertEqual(claim("big.example"), [])
