from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from .common import MailingCase

PAST = "has passed"


@tagged("post_install", "-at_install")
class TestSchedule(MailingCase):
    def setUp(self):
        super().setUp()
        self.now = fields.Datetime.now()
        self.later = self.now + timedelta(hours=1)
        for user in (self.marketer, self.validator):
            user.tz = "Europe/Madrid"

    def waiting(self, **values):
        """Return a mailing for in an hour that waits for a decision."""
        mailing = self.new_mailing(scheduled_at=self.later, **values)
        mailing.action_submit()
        return mailing

    def missed(self):
        """Enter the time two hours from now: Send On of a waiting mailing has passed."""
        time = freeze_time(self.now + timedelta(hours=2))
        time.start()
        self.addCleanup(time.stop)

    def test_a_time_that_has_passed_is_not_submitted(self):
        past = fields.Datetime.to_datetime("2020-03-01 11:00:00")
        written = self.new_mailing()
        written.scheduled_at = past
        [imported] = (
            self.env["partner.mailing"]
            .with_user(self.marketer)
            .load(
                ["name", "subject", "body_html", "email_from", "extra_emails", "scheduled_at"],
                [["News", "News", "<p>News</p>", "a@example.com", "b@example.com", str(past)]],
            )["ids"]
        )
        imported = self.env["partner.mailing"].with_user(self.marketer).browse(imported)
        by_context = self.new_mailing()
        by_context = by_context.with_context(default_scheduled_at=str(past)).create(
            by_context.copy_data()
        )
        for mailing in (self.new_mailing(scheduled_at=past), written, imported, by_context):
            for method in (mailing.action_submit, mailing.action_open_submission):
                with self.assertRaisesRegex(UserError, PAST) as caught:
                    method()
                for word in ("Send On", mailing.name, "2020", ":00", "Europe/Madrid", "empty"):
                    self.assertIn(word, str(caught.exception))
            self.assertEqual(mailing.state, "draft")
            self.assertIn(PAST, mailing.schedule_notice)
        written.scheduled_at = False
        written.action_submit()
        self.assertFalse(written.schedule_notice)

    def test_a_time_that_passes_while_it_waits_needs_a_choice(self):
        mailing = self.waiting().with_user(self.validator)
        self.missed()
        mailing.invalidate_recordset()
        self.assertIn("validator decides", mailing.review_html)
        self.assertIn(PAST, mailing.schedule_notice)
        with self.assertRaisesRegex(UserError, "now, or at a new time"):
            mailing.action_validate()
        with self.assertRaisesRegex(UserError, PAST):
            mailing.action_validate("note", str(self.later))
        for nonsense in ("tomorrow", "2030-13-01 08:00:00", 7, ["x"], {"a": 1}, True):
            with self.subTest(nonsense), self.assertRaisesRegex(UserError, "Send On"):
                mailing.action_validate(None, nonsense)
        self.assertEqual(mailing.state, "to_validate")

    def test_a_validator_sends_it_now(self):
        mailing = self.waiting().with_user(self.validator)
        self.missed()
        mailing.action_validate("Good.", False)
        request = mailing.approval_ids
        self.assertEqual((mailing.state, mailing.scheduled_at), ("validated", False))
        self.assertEqual(request.scheduled_at, self.later)
        self.assertEqual(request.rescheduled_at, request.decided_at)
        self.assertTrue(mailing._matches_validation())
        self.assertIn("sent at once.", mailing.message_ids[0].body)
        self.assertIn("Good.", mailing.message_ids[0].body)

    def test_a_validator_chooses_a_new_time(self):
        mailing = self.waiting().with_user(self.validator)
        self.missed()
        tomorrow = self.now + timedelta(days=1)
        dialog = self.dialog(mailing)
        self.assertTrue(dialog.is_past)
        dialog.when = "later"
        dialog.scheduled_at = tomorrow
        dialog.save().action_validate()
        self.assertEqual((mailing.state, mailing.scheduled_at), ("validated", tomorrow))
        self.assertEqual(mailing.approval_ids.rescheduled_at, tomorrow)
        self.assertTrue(mailing._matches_validation())
        self.assertIn("Europe/Madrid", mailing.message_ids[0].body)

    def dialog(self, mailing):
        action = mailing.action_open_validation()
        model = self.env[action["res_model"]].with_user(self.validator)
        return Form(model.with_context(**action["context"]))

    def test_the_dialog_does_not_choose(self):
        mailing = self.waiting().with_user(self.validator)
        self.assertFalse(self.dialog(mailing).is_past)
        self.missed()
        dialog = self.dialog(mailing)
        with self.assertRaises(AssertionError):
            dialog.save()
        dialog.when = "now"
        dialog.save().action_validate()
        self.assertFalse(mailing.scheduled_at)

    def test_a_time_to_come_is_not_the_validators_to_change(self):
        mailing = self.waiting().with_user(self.validator)
        for choice in (False, str(self.later + timedelta(hours=1))):
            with self.assertRaisesRegex(UserError, "has not passed"):
                mailing.action_validate(None, choice)
        mailing.action_validate(None, str(self.later))
        self.assertFalse(mailing.approval_ids.rescheduled_at)

    def test_what_was_changed_is_not_hidden_by_a_new_time(self):
        mailing = self.waiting()
        self.env.cr.execute(
            "UPDATE partner_mailing SET email_from = 'evil@example.com' WHERE id = %s", [mailing.id]
        )
        self.env.invalidate_all()
        self.missed()
        with self.assertRaisesRegex(UserError, "not what was submitted"):
            mailing.with_user(self.validator).action_validate(None, False)

    def test_who_may_not_decide_chooses_no_time(self):
        mailing = self.waiting()
        self.missed()
        with self.assertRaises(AccessError):
            mailing.action_validate(None, False)
        self.assertEqual(mailing.scheduled_at, self.later)

    def test_both_of_two_validators_see_the_new_time(self):
        self.env.company.partner_mailing_two_validators_from = 1
        mailing = self.waiting()
        self.missed()
        tomorrow = self.now + timedelta(days=1)
        mailing.with_user(self.validator).action_validate("First.", str(tomorrow))
        self.assertEqual((mailing.state, mailing.scheduled_at), ("to_validate", tomorrow))
        second = mailing.with_user(self.manager)
        self.assertIn("First.", second.review_html)
        second.action_validate("Second.")
        request = mailing.approval_ids
        self.assertEqual((request.first_note, request.reason), ("First.", "Second."))
        self.assertTrue(mailing.sudo()._matches_validation())

    def test_a_paused_mailing_says_that_its_time_has_passed(self):
        mailing = self.new_validated_mailing(scheduled_at=self.later)
        mailing.action_pause()
        self.assertFalse(mailing.schedule_notice)
        self.missed()
        mailing.invalidate_recordset()
        self.assertIn("sent at once", mailing.schedule_notice)

    def test_times_have_a_year_and_a_time_zone(self):
        mailing = self.new_mailing()
        moment = fields.Datetime.to_datetime("2031-07-01 10:00:00")
        self.assertEqual(mailing._name_moment(moment), "Jul 1, 2031, 12:00\u202fPM (Europe/Madrid)")
        self.marketer.tz = False
        self.assertIn("10:00\u202fAM (UTC)", mailing._name_moment(moment))
        self.assertFalse(mailing.time_zone)

    # ------------------------------------------------------------
    # Calendar
    # ------------------------------------------------------------

    def test_the_calendar_shows_what_is_planned_and_what_was_sent(self):
        planned = self.new_validated_mailing(scheduled_at=self.later)
        sent, later = (
            self.new_validated_mailing(),
            self.new_validated_mailing(scheduled_at=self.later),
        )
        draft = self.new_mailing()
        begun = self.now + timedelta(days=2)
        for mailing in (sent, later):
            mailing._as_system().write({"state": "done", "started_at": begun})
        shown = [mailing.calendar_at for mailing in (planned, sent, later, draft)]
        self.assertEqual(shown, [self.later, begun, begun, False])
        self.assertEqual(
            self.env["partner.mailing"].search([("calendar_at", ">", self.later)]), later | sent
        )
        self.assertNotEqual(sent.state_color, planned.state_color)

    def test_a_draft_is_planned_by_dragging(self):
        draft = self.new_mailing(scheduled_at=self.later)
        draft.write({"calendar_at": str(self.later + timedelta(days=1))})
        self.assertEqual(draft.scheduled_at, self.later + timedelta(days=1))
        with self.assertRaisesRegex(UserError, PAST):
            draft.write({"calendar_at": str(self.now - timedelta(days=1))})

    def test_what_is_no_draft_is_not_dragged(self):
        waiting, done = self.waiting(), self.new_validated_mailing(scheduled_at=self.later)
        done._as_system().write({"state": "done", "started_at": self.now})
        for mailing in (waiting, self.new_validated_mailing(scheduled_at=self.later), done):
            with (
                self.subTest(mailing.state),
                self.assertRaisesRegex(UserError, "cannot be changed"),
            ):
                mailing.write({"calendar_at": str(self.later + timedelta(days=1))})
        with self.assertRaises(AccessError):
            self.new_mailing().with_user(self.colleague).write({"calendar_at": str(self.later)})

    def test_new_in_the_calendar_plans_it_unless_the_day_has_passed(self):
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        for clicked, expected in (
            (self.later, self.later),
            (self.now - timedelta(days=1), False),
            ("nonsense", False),
        ):
            with self.subTest(clicked):
                context = {"default_calendar_at": str(clicked), "default_allday": True}
                form = Form(Mailing.with_context(**context))
                self.assertEqual(form.scheduled_at, expected)
                values = {"name": "By RPC", "audience_ids": [Command.link(self.audience.id)]}
                self.assertEqual(
                    Mailing.with_context(**context).create(values).scheduled_at, expected
                )
