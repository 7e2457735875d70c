from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from ..models import partner_mailing_results
from .common import SendingCase


@tagged("post_install", "-at_install")
class TestPrivacy(SendingCase):
    def setUp(self):
        super().setUp()
        self.inbox.replies["boris@example.com"] = "550 5.1.1 <boris@example.com> is unknown here"
        self.mailing = self.new_validated_mailing(extra_emails="Clara <clara@example.org>")
        self.run_scheduler()
        self.assertEqual(self.mailing.state, "done")

    def after(self, months):
        """Run the scheduled action so many months later."""
        cron = self.env.ref("mass_mailing_lite.ir_cron_remove_personal_data")
        with (
            freeze_time(fields.Datetime.now() + timedelta(days=31 * months)),
            self.enter_registry_test_mode(),
        ):
            self.assertIs(cron.method_direct_trigger(), True)
        self.env.invalidate_all()

    def all_rows(self):
        return self.env["partner.mailing.recipient"].search([("mailing_id", "=", self.mailing.id)])

    def test_nothing_is_removed_unless_the_company_says_so(self):
        self.after(120)
        self.assertIn("anna@example.com", self.all_rows().mapped("email"))

    def test_after_the_set_time_nobody_can_be_told_and_figures_stay(self):
        before = self.mailing._get_totals()
        self.mailing.sudo().message_post(
            body="Thank you, Clara", message_type="email", email_from="clara@example.org"
        )
        self.env.company.partner_mailing_keep_months = 6
        self.after(5)
        self.assertIn("anna@example.com", self.all_rows().mapped("email"))
        self.after(7)
        rows = self.all_rows()
        self.assertEqual(len(rows), 3)
        for row in rows:
            for name in ("name", "email", "email_normalized", "message_id", "failure_reason"):
                self.assertFalse(row[name], name)
            self.assertFalse(row.partner_id)
        self.assertEqual(set(rows.mapped("failure_type")), {"address_unknown", False})
        self.assertTrue(self.mailing.personal_data_removed_at)
        self.assertEqual(self.mailing._get_totals(), before)
        self.assertCountersTrue(self.mailing)
        self.assertFalse(self.mailing.extra_emails)
        self.assertNotIn("Thank you", str(self.mailing.sudo().message_ids.mapped("body")))
        for request in self.mailing.sudo().approval_ids:
            self.assertNotIn("clara", str(request.content))
        self.assertNothingLeft("partner_mailing", "partner_mailing_recipient",
                               "partner_mailing_approval", "partner_mailing_breakdown")  # fmt: skip

    def assertNothingLeft(self, *tables):
        """Assert that no address of a recipient stands in the database's own words."""
        for table in tables:
            self.env.cr.execute(
                f"SELECT count(*) FROM {table} t WHERE t::text ~ '(anna|boris|clara)@example'"
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), table)

    def test_of_who_got_the_one_copy_nothing_is_left(self):
        mailing = self.new_validated_mailing(
            copy_policy="once", cc="Clara <clara@example.org>", bcc="dora@example.org"
        )
        self.run_scheduler()
        self.assertEqual(mailing.sent_count, 3)
        self.env.company.partner_mailing_keep_months = 6
        self.after(7)
        self.assertFalse(mailing.cc or mailing.bcc)
        for request in mailing.sudo().approval_ids:
            self.assertNotRegex(str(request.content), "clara|dora")

    def test_statistics_are_those_from_before(self):
        self.env.company.partner_mailing_keep_months = 6
        self.after(7)
        self.mailing.action_open_statistics()
        domains = {line["name"] for line in self.mailing.statistics["domains"]}
        self.assertEqual(domains, {"example.com", "example.org"})

    def test_a_long_list_is_done_in_batches(self):
        self.env.company.partner_mailing_keep_months = 6
        with patch.object(partner_mailing_results, "BATCH", 2):
            self.after(7)
        self.assertFalse(any(self.all_rows().mapped("email")))
        self.assertTrue(self.mailing.personal_data_removed_at)

    def test_mailings_that_are_not_over_are_left_alone(self):
        self.env.company.partner_mailing_keep_months = 1
        waiting = self.new_validated_mailing(
            scheduled_at=fields.Datetime.now() + timedelta(days=400)
        )
        self.after(7)
        self.assertEqual(set(self.rows(waiting)), {"anna@example.com", "boris@example.com"})

    def test_each_company_has_a_time_of_its_own(self):
        other = self.env["res.company"].create({"name": "Other", "partner_mailing_keep_months": 1})
        self.assertFalse(self.env.company.partner_mailing_keep_months)
        self.after(7)
        self.assertIn("anna@example.com", self.all_rows().mapped("email"))
        self.assertTrue(other)

    def test_nothing_is_sent_again_when_it_is_not_known_to_whom(self):
        self.env.company.partner_mailing_keep_months = 1
        self.after(2)
        with self.assertRaisesRegex(UserError, "not what was validated"):
            self.mailing.action_retry_failed()
        self.assertEqual(self.mailing.state, "done")

    def test_a_cancelled_mailing_cannot_go_on_when_it_is_not_known_who_got_it(self):
        self.mailing._as_system().write({"state": "cancelled"})
        self.env.company.partner_mailing_keep_months = 1
        self.after(2)
        with self.assertRaisesRegex(UserError, "personal data of the recipients"):
            self.mailing.action_back_to_draft()

    def test_who_was_to_get_a_mailing_that_never_began_is_forgotten_too(self):
        cancelled = self.new_validated_mailing()
        cancelled.action_cancel()
        self.env.flush_all()
        self.env.company.partner_mailing_keep_months = 6
        self.after(5)
        self.assertEqual(set(self.rows(cancelled)), {"anna@example.com", "boris@example.com"})
        self.after(7)
        self.assertEqual(set(self.rows(cancelled)), {False})

    def test_a_copy_of_an_old_mailing_remembers_nobody(self):
        self.env.company.partner_mailing_keep_months = 1
        self.after(2)
        copy = self.mailing.copy()
        self.assertFalse(copy.extra_emails)
        self.assertFalse(copy.personal_data_removed_at)

    # ------------------------------------------------------------
    # The history of a contact
    # ------------------------------------------------------------

    def test_a_contact_shows_all_its_mailings_and_what_became_of_each(self):
        anna = self.anna.with_user(self.marketer)
        second = self.new_mailing()
        second.action_load_recipients()
        self.assertEqual(anna.partner_mailing_count, 2)
        action = anna.action_open_partner_mailings()
        rows = self.env[action["res_model"]].with_user(self.marketer).search(action["domain"])
        self.assertEqual(
            {(row.mailing_id, row.state) for row in rows},
            {(self.mailing, "sent"), (second, "pending")},
        )

    def test_a_contact_shows_no_mailing_that_the_user_may_not_see(self):
        secret = self.env["res.groups"].create({"name": "Secret"})
        self.mailing.sudo().view_group_ids = secret
        self.assertEqual(self.anna.with_user(self.colleague).partner_mailing_count, 0)
        self.assertEqual(self.anna.with_user(self.marketer).partner_mailing_count, 1)

    def test_a_deleted_contact_stays_in_the_history(self):
        self.anna.unlink()
        row = self.rows(self.mailing)["anna@example.com"]
        self.assertEqual((row.state, row.name), ("sent", "Anna"))
        self.assertFalse(row.partner_id)

    def test_the_history_of_merged_contacts_is_that_of_the_one_that_stays(self):
        double = self._new_contact("Anna Again", "anna.again@example.com")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.anna | double).ids, double)
        self.assertFalse(self.anna.exists())
        self.assertEqual(self.rows(self.mailing)["anna@example.com"].partner_id, double)
        self.assertEqual(double.with_user(self.marketer).partner_mailing_count, 1)

    def test_rows_of_a_mailing_that_is_over_may_be_deleted_by_the_system_alone(self):
        """As Odoo's privacy lookup does it: it deletes what it found with the system's rights."""
        row = self.rows(self.mailing)["anna@example.com"]
        before = self.mailing._get_totals()
        for user in (self.marketer, self.manager):
            with self.assertRaises(AccessError):
                row.with_user(user).unlink()
        row.sudo().unlink()
        self.assertFalse(row.exists())
        self.assertEqual(self.mailing._get_totals(), before)
        running = self.new_validated_mailing()
        with self.assertRaises(AccessError):
            self.rows(running)["anna@example.com"].sudo().unlink()
