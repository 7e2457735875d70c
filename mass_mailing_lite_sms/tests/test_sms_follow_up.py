"""Mailings of one channel to recipients of another, and follow-ups of linked mailings."""

from odoo import fields
from odoo.addons.mass_mailing_lite.tests.test_follow_up import FollowUpCase
from odoo.tests import tagged


@tagged("post_install", "-at_install")
class TestChannels(FollowUpCase):
    def setUp(self):
        super().setUp()
        for person, number in ((self.anna, "+34600000001"), (self.boris, "+34600000002")):
            person.write({"phone": number, "phone_sanitized": number})

    def test_who_got_an_e_mail_is_excluded_from_an_sms(self):
        earlier = self.new_earlier()
        xenia = self._new_contact("Xenia", "xenia@example.org", phone="+34600000003")
        xenia.phone_sanitized = "+34600000003"
        draft = self.new_draft(
            self.entry("contact", partner_id=self.anna.id),
            self.entry("contact", partner_id=xenia.id),
            self.of(earlier, "opened", "out"),
            channel="sms",
        )
        draft.action_load_recipients()
        states = {row.partner_id: row.skip_reason for row in self.all_rows(draft)}
        self.assertEqual(states, {self.anna: "excluded_mailing", xenia: False})
        self.assertEqual(draft.source_ids[-1].count, 1)
        draft.source_ids[-1].outcome = "not_opened"
        draft.action_load_recipients()
        states = {row.partner_id: row.skip_reason for row in self.all_rows(draft)}
        self.assertEqual(states, {self.anna: False, xenia: "excluded_mailing"})

    def test_an_sms_goes_to_those_who_did_not_open_an_e_mail(self):
        earlier = self.new_earlier()
        draft = self.new_draft(self.of(earlier, "not_opened"), channel="sms")
        draft.action_load_recipients()
        rows = self.all_rows(draft)
        self.assertEqual((rows.partner_id, set(rows.mapped("state"))), (self.boris, {"pending"}))
        new = self.new_draft(self.of(earlier, "newcomer"), channel="sms")
        new.action_load_recipients()
        self.assertFalse(self.all_rows(new))

    def all_rows(self, mailing):
        return self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])

    def test_a_companion_by_sms_is_not_sent_a_second_time(self):
        silent = self._new_contact("Silent", False, self.news, phone="+34600000009")
        silent.phone_sanitized = "+34600000009"
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        mailing.action_add_companion()
        companion = mailing.sudo().companion_ids.with_env(mailing.env)
        companion.sms_body = "Hello"
        now = fields.Datetime.now()
        for one in mailing + companion:
            one._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        draft = mailing._follow_up("not_reached")
        self.assertFalse(draft.sudo().companion_ids)
        other = companion._follow_up("not_reached")
        self.assertFalse(other.sudo().companion_of_id)
