import math
from collections import Counter
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.base.models.ir_mail_server import IrMail_Server
from odoo.tests import freeze_time, tagged

from .common import SendingCase
from .scripted_server import CLOSE, GREETING, SESSION, LimitingServer, Say

COUNT = 20  # recipients


@tagged("post_install", "-at_install")
class TestServerLimits(SendingCase):
    """Limits that a mail server has of its own are no trouble: the mailing comes to its end."""

    def serve(self, **limits):
        limiting = LimitingServer(**limits)
        self.addCleanup(limiting.stop)
        self.server.smtp_port = limiting.port
        return limiting

    def new_long_mailing(self, count=COUNT, name="reader", **values):
        return self.new_validated_mailing(
            audience_ids=False,
            extra_emails="\n".join(f"{name}{number}@example.com" for number in range(count)),
            **values,
        )

    def hand_over_one_by_one(self):
        def send_email(server, message, *args, **kwargs):
            return IrMail_Server.send_email(server, message, *args, **kwargs)

        self._enter(patch.object(self.registry["ir.mail_server"], "send_email", send_email))

    def assertNobodyTwice(self, limiting):
        arrived = Counter(
            to for _sender, recipients, _content in limiting.ledger for to in recipients
        )
        self.assertFalse([to for to, times in arrived.items() if times > 1])

    def assertNoTrouble(self, mailing):
        self.assertEqual(mailing.sudo().counter_id.fault_count, 0)
        self.assertFalse(mailing.fault_text)
        self.assertNotEqual(mailing.wait_reason, "server")
        self.assertFalse(mailing.sudo().activity_ids)
        self.assertCountersTrue(mailing)

    def check_done(self, used, **limits):
        """Send through a server with limits, to the end in one run; it is not asked too often."""
        limiting = self.serve(**limits)
        self.server.partner_mailing_connections = used
        mailing = self.new_long_mailing()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", COUNT))
        self.assertEqual(len(limiting.ledger), COUNT)
        self.assertNobodyTwice(limiting)
        self.assertNoTrouble(mailing)
        needed = math.ceil(COUNT / limits.get("messages", COUNT))
        self.assertLessEqual(limiting.attempts, 2 * needed + 2 * used, "no hammering")

    MATRIX = (
        (4, {"connections": 1, "messages": 3, "end": SESSION[4]}),
        (4, {"connections": 1, "messages": 3, "end": SESSION[3]}),
        (2, {"connections": 1, "messages": 1, "end": SESSION[0]}),
        (8, {"connections": 3, "messages": 2, "refuse": GREETING[2], "end": SESSION[2]}),
        (8, {"connections": 1, "messages": 7, "refuse": GREETING[4], "end": SESSION[8]}),
        (4, {"connections": 2, "messages": 3, "refuse": GREETING[7], "end": SESSION[11]}),
        (4, {"connections": 1, "messages": 3, "refuse": GREETING[9], "end": SESSION[14]}),
        (1, {"connections": 1, "messages": 3, "end": SESSION[17]}),
        (3, {"connections": 8, "messages": 1, "end": SESSION[18]}),
        (4, {"connections": 1, "messages": 4, "end": SESSION[20]}),
        (4, {"connections": 1, "messages": 4, "end": SESSION[21], "pipelining": False}),
        (8, {"connections": 1, "messages": 100, "refuse": GREETING[1]}),
    )

    def test_a_mailing_through_a_server_with_limits_is_done(self):
        for number, (used, limits) in enumerate(self.MATRIX):
            with self.subTest(number, used=used, **limits):
                self.check_done(used, **limits)

    def test_a_mailing_handed_over_one_by_one_is_done_too(self):
        self.hand_over_one_by_one()
        for number, (used, limits) in enumerate(self.MATRIX):
            with self.subTest(number, used=used, **limits):
                self.check_done(used, **limits)

    def send_in_windows(self, limiting, mailing):
        """Run the scheduler once a minute until the mailing waits no more; return how often."""
        self.shorten_retry_pauses()
        now = fields.Datetime.now()
        for minutes in range(30):
            with freeze_time(now + timedelta(minutes=minutes, seconds=minutes)):
                before = len(limiting.ledger)
                self.run_scheduler()
                if mailing.state != "sending":
                    return minutes + 1
                self.assertGreater(len(limiting.ledger), before)
                self.assertEqual(mailing.wait_reason, "rate_limit")
                self.assertNoTrouble(mailing)
                self.run_scheduler()
                asked = limiting.attempts
                self.run_scheduler()
                self.assertEqual(limiting.attempts, asked, "not before its time")
            limiting.new_window()
        raise AssertionError("The mailing does not come to its end.")

    def test_a_server_that_counts_by_the_minute_is_waited_for(self):
        self.env.company.partner_mailing_server_tries = 2
        for connections in (1, 4):
            limiting = self.serve(connections=2, messages=2, window=2)
            self.server.partner_mailing_connections = connections
            mailing = self.new_long_mailing()
            runs = self.send_in_windows(limiting, mailing)
            self.assertEqual((mailing.state, mailing.sent_count), ("done", COUNT))
            self.assertGreaterEqual(runs, 4, "more often than there are tries")
            self.assertNobodyTwice(limiting)
            self.assertNoTrouble(mailing)

    def test_one_by_one_it_is_waited_for_too(self):
        self.hand_over_one_by_one()
        limiting = self.serve(messages=2, window=3)
        mailing = self.new_long_mailing()
        self.send_in_windows(limiting, mailing)
        self.assertEqual((mailing.state, mailing.sent_count), ("done", COUNT))
        self.assertNobodyTwice(limiting)

    def test_a_server_that_lets_nobody_in_for_long_is_in_trouble(self):
        self.shorten_retry_pauses()
        limiting = self.serve(window=1, messages=2)
        mailing = self.new_long_mailing()
        now = fields.Datetime.now()
        seen = []
        for minutes in range(0, 60, 2):
            with freeze_time(now + timedelta(minutes=minutes)):
                self.run_scheduler()
            seen.append((mailing.state, mailing.wait_reason))
        self.assertEqual(seen[:4], [("sending", "rate_limit")] * 4)
        self.assertIn(("sending", "server"), seen)
        self.assertEqual(len(limiting.ledger), 2)
        self.assertEqual(mailing.pending_count, COUNT - 2)

    def test_two_mailings_take_turns_where_one_connection_is_served(self):
        for one_by_one in (False, True):
            if one_by_one:
                self.hand_over_one_by_one()
            limiting = self.serve(connections=1, further=wait_a_little)
            self.server.partner_mailing_connections = 4
            mailings = self.new_long_mailing(name="early") | self.new_long_mailing(name="late")
            for _run in range(3):
                self.run_scheduler()
            self.assertEqual(mailings.mapped("state"), ["done", "done"])
            self.assertEqual(len(limiting.ledger), 2 * COUNT)
            self.assertNobodyTwice(limiting)
            for mailing in mailings:
                self.assertNoTrouble(mailing)
            self.assertLess(limiting.attempts, 40)

    def test_a_greylisted_recipient_is_still_one(self):
        for transport in ("pool", "one by one"):
            if transport == "one by one":
                self.hand_over_one_by_one()
            for reply in (
                b"450 4.7.1 Greylisted, too many\r\n",
                b"450 4.7.1 Later\r\n",
                b"451 4.2.1 Busy\r\n",
            ):
                with self.subTest(transport, reply=reply):
                    limiting = self.serve(further=greylist("reader7@example.com", reply))
                    self.server.partner_mailing_connections = 1
                    mailing = self.new_long_mailing()
                    self.run_scheduler()
                    row = self.rows(mailing)["reader7@example.com"]
                    self.assertEqual((row.state, row.attempts), ("pending", 1))
                    self.assertTrue(row.next_attempt_at)
                    self.assertEqual(mailing.sent_count, COUNT - 1)
                    self.assertEqual(limiting.attempts, 1)

    def test_a_server_that_never_says_what_became_of_a_message_is_in_trouble(self):
        self.serve(further=lambda verb, _line, _count: CLOSE if verb == "CONTENT" else None)
        mailing = self.new_long_mailing(40)
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "server"))
        self.assertLess(mailing.uncertain_count, 10, "the others are not lost as well")
        self.assertCountersTrue(mailing)


def greylist(address, reply):
    """Return an answer that refuses a recipient at the first delivery."""
    seen = []

    def answer(verb, line, _count):
        if verb == "RCPT" and address in line and not seen:
            seen.append(line)
            return reply
        return None

    return answer


def wait_a_little(verb, _line, _count):
    """Answer so slowly that a mailing takes more than one slice."""
    return Say(b"250 2.0.0 Ok: queued\r\n", delay=0.1) if verb == "CONTENT" else None
