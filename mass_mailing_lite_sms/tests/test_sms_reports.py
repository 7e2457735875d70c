from odoo.tests import tagged

from .common import ANNA, BORIS, SmsCase


@tagged("post_install", "-at_install")
class TestSmsReports(SmsCase):
    """What providers report later finds its recipient."""

    def send(self):
        mailing = self.new_validated_sms()
        self.run_scheduler()
        return mailing

    def trackers(self, mailing, number):
        """Return the trackers of a recipient as a provider's call reaches them, oldest first."""
        row = self.row(mailing, number)
        public = self.env.ref("base.public_user")
        return (
            self.env["sms.tracker"]
            .with_user(public)
            .sudo()
            .search([("partner_mailing_recipient_id", "=", row.id)], order="id")
        )

    def test_a_delivery_changes_nothing(self):
        mailing = self.send()
        self.trackers(mailing, ANNA)._action_update_from_sms_state("sent")
        self.assertEqual(self.row(mailing, ANNA).state, "sent")
        self.assertCountersTrue(mailing)

    def test_a_delivery_settles_what_was_uncertain(self):
        self.gateway.answers[ANNA] = "server_error"
        mailing = self.send()
        self.assertEqual(self.row(mailing, ANNA).state, "uncertain")
        self.trackers(mailing, ANNA)._action_update_from_sms_state("sent")
        row = self.row(mailing, ANNA)
        self.assertEqual((row.state, row.failure_type), ("sent", False))
        self.assertTrue(row.sent_at)
        self.assertCountersTrue(mailing)

    def test_a_delivery_that_comes_before_the_answer_counts(self):
        def deliver(numbers):
            [number] = numbers
            self.trackers(mailing, number)._action_update_from_sms_state("sent")
            self.gateway.answers[number] = "server_error"

        mailing = self.new_validated_sms()
        self.gateway.error = deliver
        self.run_scheduler()
        self.assertEqual(sorted(self.results(mailing).values()), ["pending", "sent"])
        self.assertCountersTrue(mailing)
        self.gateway.error = None
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))
        self.assertEqual(len(self.gateway.sent), 1, "no number gets it twice")
        self.assertCountersTrue(mailing)

    def test_a_landline_bounces_for_good(self):
        mailing = self.send()
        self.trackers(mailing, ANNA)._action_update_from_provider_error("not_allowed")
        row = self.row(mailing, ANNA)
        self.assertEqual(
            (row.state, row.bounce_type, row.failure_type),
            ("bounced", "permanent", "sms_not_allowed"),
        )
        self.assertEqual((mailing.sent_count, mailing.bounced_count), (1, 1))
        self.assertCountersTrue(mailing)

    def test_a_phone_that_was_off_bounces_for_now(self):
        mailing = self.send()
        self.trackers(mailing, BORIS)._action_update_from_provider_error("expired")
        row = self.row(mailing, BORIS)
        self.assertEqual((row.state, row.bounce_type), ("bounced", "transient"))

    def test_an_unknown_failure_has_the_providers_words(self):
        mailing = self.send()
        self.trackers(mailing, ANNA).with_context(
            sms_known_failure_reason="Carrier on strike"
        )._action_update_from_provider_error("strange")
        row = self.row(mailing, ANNA)
        self.assertEqual((row.state, row.failure_type), ("bounced", "unknown"))
        self.assertIn("Carrier on strike", row.reason)

    def test_a_late_report_about_an_earlier_try_does_not_count(self):
        self.gateway.answers[ANNA] = "wrong_number_format"
        mailing = self.send()
        self.gateway.answers.clear()
        mailing.action_retry_failed()
        self.run_scheduler()
        first, second = self.trackers(mailing, ANNA)
        first._action_update_from_provider_error("expired")
        self.assertEqual(self.row(mailing, ANNA).state, "sent")
        second._action_update_from_provider_error("expired")
        self.assertEqual(self.row(mailing, ANNA).state, "bounced")

    def test_a_report_about_a_deleted_list_changes_nothing(self):
        mailing = self.send()
        trackers = self.trackers(mailing, ANNA)
        self.env.cr.execute(
            "DELETE FROM partner_mailing_recipient WHERE mailing_id = %s", [mailing.id]
        )
        self.env.invalidate_all()
        trackers._action_update_from_sms_state("sent")
        trackers._action_update_from_provider_error("expired")

    def test_reports_about_other_sms_are_not_ours(self):
        mailing = self.send()
        other = self.env["sms.tracker"].create({"sms_uuid": "0" * 32})
        other._action_update_from_sms_state("sent")
        other._action_update_from_provider_error("expired")
        self.assertEqual(set(self.results(mailing).values()), {"sent"})

    def test_numbers_are_removed_with_the_rest(self):
        mailing = self.new_sms(extra_numbers="Zoe <+34 611 222 333>")
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        uuids = self.trackers(mailing, ANNA).mapped("sms_uuid")
        self.assertTrue(self.env["sms.sms"].search([("uuid", "in", uuids)]))
        other = self.env["sms.sms"].create({"number": ANNA, "body": "Of another app"})
        mailing._blank_sources()
        self.assertFalse(mailing.extra_numbers)
        self.assertFalse(mailing.approval_ids.content["extra_numbers"])
        self.assertFalse(self.trackers(mailing, ANNA))
        self.assertFalse(self.env["sms.sms"].search([("uuid", "in", uuids)]))
        self.assertTrue(other.exists())
