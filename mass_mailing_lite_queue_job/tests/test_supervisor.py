from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..hooks import uninstall_hook
from ..models.sending_lane import LANE_LOCK, MAX_LANES
from .common import JobCase


@tagged("post_install", "-at_install")
class TestSupervisor(JobCase):
    """The scheduled action beside jobs: it queues them, and sends the mailings of stuck jobs."""

    def setUp(self):
        super().setUp()
        self.mailing = self.new_validated_mailing(mail_server_id=self.server.id)

    def test_without_a_runner_the_scheduled_action_sends(self):
        self.run_scheduler()
        self.assertEqual(self.mailing.state, "done")
        self.assertFalse(self.jobs())

    def test_with_a_runner_it_queues_a_job_a_lane_and_sends_nothing(self):
        self.server.partner_mailing_lanes = 3
        with self.runner():
            self.run_scheduler()
            self.assertEqual(self.mailing.state, "sending")
            self.assertEqual(len(self.jobs()), 3)
            self.assertEqual(set(self.jobs().mapped("channel")), {self.channel()})
            self.run_scheduler()
            self.assertEqual(len(self.jobs()), 3, "no more than lanes, however often it looks")
        self.assertEqual(self.mailing.sent_count, 0)

    def test_the_first_mailing_can_be_sent_while_the_list_of_the_next_is_compared(self):
        self.new_validated_mailing(mail_server_id=self.server.id)
        model, queued = type(self.mailing), []
        compare = model._matches_validation

        def matches_validation(mailing):
            queued.append(len(self.jobs().with_env(mailing.env)))
            return compare(mailing)

        with self.runner(), patch.object(model, "_matches_validation", matches_validation):
            self.run_scheduler()
        self.assertEqual(queued, [0, 1])

    def channel(self):
        return f"root.mailing.server_{self.server.id}"

    def test_jobs_that_are_done_are_deleted_after_a_day(self):
        with self.runner():
            self.run_scheduler()
        channel = self.env["queue.job.channel"].search([("complete_name", "=", self.channel())])
        self.assertEqual(channel.removal_interval, 1)

    def test_it_starts_nothing_before_its_time(self):
        later = fields.Datetime.now() + timedelta(hours=1)
        mailing = self.new_validated_mailing(mail_server_id=self.server.id, scheduled_at=later)
        self.mailing.with_user(self.validator).action_cancel()
        with self.runner():
            self.run_scheduler()
        self.assertEqual(mailing.state, "validated")
        self.assertFalse(self.jobs())

    def test_a_lane_whose_job_died_gets_a_new_one(self):
        with self.runner():
            self.run_scheduler()
            # As a kill leaves it: the queue still has the job in the state "started".
            dead = self.jobs()
            dead.state = "started"
            self.run_scheduler()
            [new] = self.jobs()
            self.assertNotEqual(new, dead)

    def test_a_lane_that_sends_gets_no_second_job(self):
        key = self.server.id * MAX_LANES
        with (
            self.runner(),
            self.other_session("SELECT pg_advisory_lock(%s, %s)", LANE_LOCK, key),
        ):
            self.run_scheduler()
        self.assertFalse(self.jobs())

    def test_it_looks_again_while_jobs_send(self):
        cron = self.env.ref("mass_mailing_lite.ir_cron_send")
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        with self.runner():
            self.run_scheduler()
        moments = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at")
        self.assertTrue(moments)
        self.assertLessEqual(min(moments), fields.Datetime.now() + timedelta(seconds=30))

    def test_mailings_of_stuck_jobs_are_sent_by_the_scheduled_action(self):
        with self.runner():
            self.run_scheduler()
            self.env.cr.execute(
                "UPDATE queue_job SET date_created = date_created - interval '61 seconds'"
                " WHERE id = %s",
                [self.jobs().id],
            )
            self.env.invalidate_all()
            self.run_scheduler()
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(self.run_job(self.jobs()), "0 messages.", "late, it finds nothing to do")

    def test_what_a_dead_sender_left_open_is_settled_and_the_mailing_closed(self):
        self.run_scheduler()
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET state = 'sending', claim = 2147483647"
            " WHERE mailing_id = %s",
            [self.mailing.id],
        )
        self.env.cr.execute(
            "UPDATE partner_mailing SET state = 'sending', finished_at = NULL WHERE id = %s",
            [self.mailing.id],
        )
        self.env.invalidate_all()
        with self.runner():
            self.run_scheduler()
        self.assertEqual(self.mailing.state, "done")
        self.assertEqual(set(self.states(self.mailing).values()), {"uncertain"})
        self.assertFalse(self.jobs())

    def test_uninstalling_leaves_no_job_and_no_channel_of_a_mail_server(self):
        with self.runner():
            self.run_scheduler()
        job = self.jobs()
        uninstall_hook(self.env)
        self.assertEqual(job.state, "cancelled")
        channels = self.env["queue.job.channel"].search([("complete_name", "=", self.channel())])
        self.assertFalse(channels)
