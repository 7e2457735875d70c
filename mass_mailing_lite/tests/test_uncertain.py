from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..delivery.outcome import DEFERRED, SENT, Outcome
from ..sender.worker import get_result
from .common import SendingCase


@tagged("post_install", "-at_install")
class TestUncertain(SendingCase):
    def setUp(self):
        super().setUp()
        self.mailing = self.new_validated_mailing()
        self.env.cr.execute("SELECT nextval('partner_mailing_recipient_claim_seq')::integer")
        [number] = self.env.cr.fetchone()
        self.row = self.rows(self.mailing)["anna@example.com"].with_user(self.marketer)
        self.row._as_system().write({"state": "sending", "claim": number})
        self.run_scheduler()
        self.assertEqual((self.row.state, self.mailing.state), ("uncertain", "done"))

    def test_a_person_sends_it_again(self):
        self.row.action_send_again()
        self.assertEqual(self.mailing.state, "sending")
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertEqual((self.row.state, self.mailing.state), ("sent", "done"))
        self.assertCountersTrue(self.mailing)

    def test_a_person_marks_it_as_sent(self):
        self.row.action_mark_sent()
        self.assertEqual(self.row.state, "sent")
        self.assertCountersTrue(self.mailing)
        self.run_scheduler()
        self.assertEqual(self.inbox.addresses, ["boris@example.com"])

    def test_of_who_is_marked_as_sent_openings_and_bounces_count(self):
        self.mailing._as_system().write({"track_opens": True, "finished_at": "2026-01-01 08:00:00"})
        self.row.action_mark_sent()
        self.assertEqual(str(self.row.sent_at), "2026-01-01 08:00:00")
        self.env.flush_all()
        recipients = self.env["partner.mailing.recipient"].sudo()
        recipients._record_opening(self.row.id, by_machine=False)
        self.assertTrue(self.row.opened_at)
        self.assertFalse(self.row.machine_opened_at)

    def test_only_uncertain_rows_are_settled_so(self):
        sent = self.rows(self.mailing)["boris@example.com"].with_user(self.marketer)
        for method in ("action_send_again", "action_mark_sent"):
            with self.assertRaises(UserError):
                getattr(sent, method)()

    def test_only_who_manages_the_mailing_settles_them(self):
        for method in ("action_send_again", "action_mark_sent"):
            with self.assertRaises(AccessError):
                getattr(self.row.with_user(self.colleague), method)()


@tagged("post_install", "-at_install")
class TestCancelledOnTheWay(SendingCase):
    """Messages on the wire when somebody cancels: whatever becomes of them, nobody waits for ever."""

    def setUp(self):
        super().setUp()
        self.mailing = self.new_validated_mailing()
        self.mailing._as_system().write({"state": "sending", "started_at": "2026-01-01 08:00:00"})
        self.recipients = self.env["partner.mailing.recipient"].sudo()
        self.sender = self.recipients._new_sender()
        self.env.flush_all()
        self.rows_on_the_way = self.recipients._claim(self.mailing.id, self.sender, 2)
        self.recipients._invalidate_rows()
        self.mailing.action_cancel()

    def assertNobodyWaits(self, *expected):
        self.recipients._end_sender(self.sender)
        self.run_scheduler()
        self.assertEqual(sorted(self.states(self.mailing).values()), sorted(expected))
        self.assertEqual((self.mailing.state, self.mailing.pending_count), ("cancelled", 0))
        self.assertCountersTrue(self.mailing)
        self.assertFalse(self.inbox.messages)

    def test_who_is_to_be_tried_again_is_left_out(self):
        one, other = self.rows_on_the_way
        later = Outcome(DEFERRED, "rcpt", 450, "4.2.0", "Greylisted")
        taken = Outcome(SENT, "end_of_data", 250)
        results = [get_result(one, later), get_result(other, taken)]
        self.recipients._record(self.mailing.id, self.sender, results)
        self.assertNobodyWaits("cancelled", "sent")

    def test_whose_sender_died_is_left_out_where_messages_are_sent_again(self):
        self.env.company.partner_mailing_resend_uncertain = True
        self.assertNobodyWaits("cancelled", "cancelled")
