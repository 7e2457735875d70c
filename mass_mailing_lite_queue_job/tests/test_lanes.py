import time
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.mass_mailing_lite.models import partner_mailing_sending
from odoo.exceptions import AccessError, ValidationError
from odoo.service.model import get_public_method
from odoo.tests import tagged

from ..models import ir_mail_server
from ..models.sending_lane import LANE_LOCK, MAX_LANES, get_lanes_held
from .common import JobCase


@tagged("post_install", "-at_install")
class TestLanes(JobCase):
    """Jobs of a mail server: what they send, and how many there are."""

    def queue(self, **values):
        """Return a validated mailing through the server, for which jobs wait."""
        mailing = self.new_validated_mailing(**{"mail_server_id": self.server.id, **values})
        with self.runner():
            self.run_scheduler()
        return mailing

    def test_a_job_sends_and_the_mailing_is_done(self):
        mailing = self.queue()
        self.assertEqual(self.run_job(self.jobs()), "2 messages.")
        self.assertEqual(mailing.state, "done")
        self.assertEqual(set(self.states(mailing).values()), {"sent"})
        self.assertFalse(self.jobs(), "nothing is left to do")
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertCountersTrue(mailing)

    def test_a_job_sends_through_its_own_server_only(self):
        other = self.server.copy({"name": "Another"})
        mine = self.queue()
        others = self.queue(mail_server_id=other.id)
        self.run_job(self.jobs(other))
        self.assertEqual((mine.state, others.state), ("sending", "done"))

    def test_a_mailing_without_a_server_is_sent_by_the_one_that_odoo_chooses(self):
        mailing = self.queue(mail_server_id=False)
        self.assertEqual(mailing._get_transport().get_mail_server(), self.server)
        self.run_job(self.jobs())
        self.assertEqual(mailing.state, "done")

    def test_a_mailing_through_the_configured_server_has_a_lane_too(self):
        self.server.active = False
        self.queue(mail_server_id=False)
        job = self.jobs(self.env["ir.mail_server"])
        self.assertEqual(len(job), 1)
        self.assertEqual(job.channel, "root.mailing.server_0")
        self.assertIn("the configured mail server", job.name)

    def test_a_job_whose_time_is_over_queues_the_next(self):
        emails = "\n".join(f"reader{number}@example.com" for number in range(40))

        taken = []

        async def take_your_time(_server, _session, _envelope):
            time.sleep(0.02)
            taken.append(1)
            return "250 OK"

        self.inbox.handle_DATA = take_your_time
        mailing = self.queue(extra_emails=emails)
        first = self.jobs()
        # The time is over when something was sent, however long that took.
        clock = SimpleNamespace(monotonic=lambda: ir_mail_server.JOB_SECONDS if taken else 0.0)
        with (
            patch.object(ir_mail_server, "time", clock),
            patch.object(partner_mailing_sending, "SLICE_SECONDS", 0.02),
        ):
            self.run_job(first)
        self.assertEqual(mailing.state, "sending")
        self.assertGreater(mailing.sent_count, 0)
        [second] = self.jobs()
        self.assertNotEqual(second, first)
        self.assertEqual(second.identity_key, first.identity_key)
        self.run_job(second)
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 42))

    def test_a_paused_mailing_ends_its_jobs(self):
        mailing = self.queue()
        mailing.with_user(self.validator).action_pause()
        self.assertEqual(self.run_job(self.jobs()), "0 messages.")
        self.assertFalse(self.jobs())
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def test_a_lane_that_another_job_holds_is_left_to_it(self):
        mailing = self.queue()
        key = self.server.id * MAX_LANES
        with self.other_session("SELECT pg_advisory_lock(%s, %s)", LANE_LOCK, key):
            self.assertEqual(get_lanes_held(self.env, self.server.id), {0})
            self.assertEqual(self.run_job(self.jobs()), "Another job has this lane.")
        self.assertFalse(get_lanes_held(self.env, self.server.id))
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def test_a_job_of_a_lane_that_was_taken_away_sends_nothing(self):
        self.server.partner_mailing_lanes = 2
        mailing = self.queue()
        [_first, second] = self.jobs()
        self.server.partner_mailing_lanes = 1
        self.assertEqual(self.run_job(second), "This lane is no longer used.")
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def test_a_limit_holds_for_all_lanes_together(self):
        self.server.write({"partner_mailing_lanes": 2, "partner_mailing_limit_minute": 3})
        emails = "\n".join(f"reader{number}@example.com" for number in range(4))
        mailing = self.queue(extra_emails=emails)
        self.assertEqual(len(self.jobs()), 2)
        for job in self.jobs():
            self.run_job(job)
        self.assertEqual((mailing.sent_count, mailing.pending_count), (3, 3))
        self.assertEqual(mailing.wait_reason, "rate_limit")
        self.assertFalse(self.jobs(), "no job waits for the minute to pass")
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("mass_mailing_lite.ir_cron_send").id)],
            order="call_at desc",
            limit=1,
        )
        self.assertLess(abs((trigger.call_at - mailing.wait_until).total_seconds()), 3)

    def test_what_was_changed_behind_the_approval_is_not_sent_by_a_job_either(self):
        mailing = self.new_validated_mailing(mail_server_id=self.server.id)
        self.env.cr.execute(
            "UPDATE partner_mailing SET email_from = 'forged@example.com' WHERE id = %s",
            [mailing.id],
        )
        self.env.invalidate_all()
        self.server._queue_lanes()
        self.run_job(self.jobs())
        self.assertEqual(mailing.state, "paused")
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def test_the_number_of_lanes_has_bounds_that_are_named(self):
        for number in (0, -1, MAX_LANES + 1):
            with self.assertRaisesRegex(ValidationError, f'"Loopback" is {number}; .* 1 to 50'):
                self.server.partner_mailing_lanes = number

    def test_only_administrators_set_lanes_and_no_call_from_outside_starts_one(self):
        for user in (self.marketer, self.validator, self.manager):
            with self.assertRaises(AccessError):
                self.server.with_user(user).partner_mailing_lanes = 5
        for name in ("_send_in_lane", "_queue_lanes"):
            with self.assertRaises(AccessError):
                get_public_method(self.server.with_user(self.manager), name)

    # ------------------------------------------------------------
    # Attacks
    # ------------------------------------------------------------

    def test_a_job_is_made_and_changed_by_nobody_from_outside(self):
        self.queue()
        job = self.jobs()
        forged = {"method_name": "_send_in_lane", "model_name": "ir.mail_server", "uuid": "x"}
        jobs_manager = self._new_user("jobs", "user")
        jobs_manager.group_ids |= self.env.ref("queue_job.group_queue_job_manager")
        for user in (self.marketer, self.validator, self.manager, self.outsider):
            theirs = job.with_user(user)
            for way in (
                lambda: theirs.read(["name"]),  # noqa: B023
                lambda: theirs.requeue(),  # noqa: B023, PLW0108
                lambda: theirs.button_cancelled(),  # noqa: B023, PLW0108
                lambda: theirs.create(forged),  # noqa: B023
                lambda: theirs.write({"state": "done"}),  # noqa: B023
            ):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    way()
        for values in (
            {"args": (99,)},
            {"kwargs": {"x": 1}},
            {"records": self.env["ir.mail_server"]},
            {"method_name": "unlink"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                job.with_user(jobs_manager).write(values)
        with self.assertRaises(AccessError):
            job.with_user(jobs_manager).create(forged)

    def test_a_job_that_is_queued_again_sends_nothing_twice(self):
        mailing = self.queue()
        job = self.jobs()
        self.run_job(job)
        manager = self._new_user("jobs", "user")
        manager.group_ids |= self.env.ref("queue_job.group_queue_job_manager")
        job.with_user(manager).requeue()
        self.run_job(job)
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertEqual(mailing.state, "done")

    def test_a_job_sends_only_what_is_validated(self):
        """Queued again by any user on any channel, a job sends only what is validated."""
        self.queue()
        job = self.jobs()
        manager = self._new_user("jobs", "user")
        manager.group_ids |= self.env.ref("queue_job.group_queue_job_manager")
        job.with_user(manager).write({"channel": "root"})
        draft = self.new_mailing(mail_server_id=self.server.id, extra_emails="x@example.org")
        draft.action_load_recipients()
        submitted = self.new_mailing(mail_server_id=self.server.id, extra_emails="y@example.org")
        submitted.action_submit()
        self.run_job(job)
        self.assertEqual((draft.state, submitted.state), ("draft", "to_validate"))
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])

    def test_a_lane_that_does_not_exist_sends_nothing(self):
        self.queue()
        for number in (-1, 1, MAX_LANES, 10**6):
            with self.subTest(number):
                words = self.server._send_in_lane(number)
                self.assertEqual(words, "This lane is no longer used.")
        self.assertFalse(self.inbox.addresses)
        with self.assertRaises(AccessError):
            get_public_method(self.server, "_send_in_lane")
