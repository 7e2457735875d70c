from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

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

    def test_only_uncertain_rows_are_settled_so(self):
        sent = self.rows(self.mailing)["boris@example.com"].with_user(self.marketer)
        for method in ("action_send_again", "action_mark_sent"):
            with self.assertRaises(UserError):
                getattr(sent, method)()

    def test_only_who_manages_the_mailing_settles_them(self):
        for method in ("action_send_again", "action_mark_sent"):
            with self.assertRaises(AccessError):
                getattr(self.row.with_user(self.colleague), method)()
