import logging
import re
import smtplib
from types import SimpleNamespace
from unittest.mock import Mock, patch

from odoo.addons.base.models.ir_mail_server import IrMail_Server, MailDeliveryException
from odoo.tests import tagged

from ..delivery.outcome import DEFERRED, NOT_SENT, REFUSED, SENT, Outcome
from ..transport import one_by_one
from ..transport.one_by_one import OneByOnePool
from .common import SendingCase

HANDED_OVER = "odoo.addons.mass_mailing_lite.transport.one_by_one"


def without_tokens(text):
    """Return a text without what is a recipient's own in each mailing."""
    return re.sub(r"/partner_mailing/(\w+)/[\w-]{32}", r"/\1", text)


@tagged("post_install", "-at_install")
class TestOneByOne(SendingCase):
    """Another addon's override sees each message, and the results are the same."""

    def setUp(self):
        super().setUp()
        self.seen = []

    def override(self, name, method):
        """Override a method of ``ir.mail_server`` as an addon does, for this test."""
        self._enter(patch.object(self.registry["ir.mail_server"], name, method))

    def see_each_message(self):
        def send_email(server, message, *args, **kwargs):
            self.seen.append(message)
            return IrMail_Server.send_email(server, message, *args, **kwargs)

        self.override("send_email", send_email)

    def test_odoo_itself_overrides_nothing(self):
        self.assertEqual(self.env["ir.mail_server"]._get_message_overrides(), ())

    def test_send_email_sees_each_message_and_all_arrive(self):
        plain = self.new_validated_mailing(cc="boss@example.com", copy_policy="each")
        self.run_scheduler()
        fast = {to: message for _s, [to, *_cc], message in self.inbox.messages}
        self.inbox.messages.clear()
        self.see_each_message()
        mailing = self.new_validated_mailing(
            cc="boss@example.com", bcc="archive@example.com", copy_policy="each"
        )
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count, plain.sent_count), ("done", 2, 2))
        self.assertEqual(len(self.seen), 2)
        self.assertEqual(self.inbox.addresses.count("archive@example.com"), 2)
        for _sender, [address, *_copies], message in self.inbox.messages:
            self.assertNotIn("Bcc", message)
            for name in ("Subject", "From", "To", "Cc", "Reply-To", "List-Id", "Precedence"):
                self.assertEqual(message[name], fast[address][name])
            for kind in ("plain", "html"):
                self.assertEqual(
                    without_tokens(message.get_body((kind,)).get_content().strip()),
                    without_tokens(fast[address].get_body((kind,)).get_content().strip()),
                )
            self.assertIn(message["List-Unsubscribe"][1:-1], message.get_body().get_content())
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual(self.inbox.message_to("anna@example.com")["Message-Id"], row.message_id)
        self.assertCountersTrue(mailing)

    def test_a_long_name_with_a_comma_is_one_mailbox(self):
        self.see_each_message()
        name = "Example Company International, Department of Customer Relations and Sales"
        self.anna.name = f"{name}, Anna"
        self.new_validated_mailing(email_from=f"{name} <customer.relations@example.com>")
        self.run_scheduler()
        message = self.inbox.message_to("anna@example.com")
        for field, shown in (("From", name), ("To", f"{name}, Anna")):
            [box] = message[field].addresses
            self.assertEqual(box.display_name, shown)

    def test_a_value_that_looks_coded_begins_no_header(self):
        self.see_each_message()
        self.anna.name = "=?utf-8?q?x=0D=0AX-Other:_y=0D=0A=0D=0A<h1>Other</h1>?="
        self.new_validated_mailing(
            subject="{{ object.name }}",
            cc='"=?utf-8?q?x=0D=0AX-Other:_z" <boss@example.com>, "?=" <second@example.com>',
            copy_policy="each",
        )
        self.run_scheduler()
        message = self.inbox.message_to("anna@example.com")
        self.assertEqual(message["Subject"].replace(" ", ""), self.anna.name)
        self.assertNotIn("X-Other", message)
        self.assertEqual(
            [box.addr_spec for box in message["Cc"].addresses],
            ["boss@example.com", "second@example.com"],
        )
        self.assertEqual(message.get_content_type(), "multipart/alternative")

    def test_a_header_of_an_addon_that_would_begin_another_fails_the_row_in_words(self):
        def send_email(server, message, *args, **kwargs):
            message["X-Addon"] = "=?utf-8?q?a=0D=0AX-Other:_z?="
            return IrMail_Server.send_email(server, message, *args, **kwargs)

        self.override("send_email", send_email)
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertFalse(self.inbox.messages)
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 2))
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual(row.failure_type, "rendering")
        self.assertIn('The header field "X-Addon"', row.failure_reason)

    def test_what_build_email_adds_comes_once_and_per_recipient(self):
        def build(server, email_from, email_to, subject, body, **kwargs):
            text = f"{body}<p>Only for {email_to[0]}</p>"
            return IrMail_Server._build_email__(
                server, email_from, email_to, subject, text, **kwargs
            )

        self.override("_build_email__", build)
        self.new_validated_mailing()
        self.run_scheduler()
        html = self.inbox.message_to("anna@example.com").get_body(("html",)).get_content()
        self.assertEqual(html.count("Only for"), 1)
        self.assertIn("anna@example.com", html)

    def test_attachments_come_through(self):
        self.see_each_message()
        content = bytes(range(256))
        self.new_validated_mailing(attachment_ids=[(0, 0, {"name": "a ü.bin", "raw": content})])
        self.run_scheduler()
        [file] = self.inbox.message_to("anna@example.com").iter_attachments()
        self.assertEqual((file.get_filename(), file.get_content()), ("a ü.bin", content))

    def test_refusals_are_the_recipients_own(self):
        self.see_each_message()
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        self.inbox.replies["boris@example.com"] = "450 4.2.0 Greylisted, come back later"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        anna, boris = (self.rows(mailing)[f"{name}@example.com"] for name in ("anna", "boris"))
        self.assertEqual((anna.state, anna.failure_type), ("failed", "address_unknown"))
        self.assertIn("No such user here", anna.reason)
        self.assertEqual((boris.state, boris.failure_type), ("pending", "greylisted"))
        self.assertTrue(boris.next_attempt_at)

    def test_a_refused_recipient_has_failed_though_the_copy_was_taken(self):
        self.see_each_message()
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        mailing = self.new_validated_mailing(cc="boss@example.com", copy_policy="each")
        self.run_scheduler()
        self.assertEqual(self.states(mailing)["anna@example.com"], "failed")
        self.assertEqual(self.states(mailing)["boris@example.com"], "sent")

    def test_a_refused_sender_holds_the_mailing_and_burns_nobody(self):
        self.see_each_message()

        async def refuse(_server, _session, _envelope, _address, _options):
            return "550 5.7.1 Sender address rejected"

        self.inbox.handle_MAIL = refuse
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.wait_reason), ("sending", "server"))
        self.assertIn("Sender address rejected", mailing.fault_text)
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def new_pool(self, connect=None):
        mailing = SimpleNamespace(
            env=self.env,
            mail_server_id=self.server,
            _get_mail_server_model=lambda: self.env["ir.mail_server"],
        )
        return OneByOnePool(mailing, connect, ())

    def test_an_exception_of_smtplib_becomes_the_outcome_of_its_reply(self):
        envelope = SimpleNamespace(recipients=["anna@example.com", "boss@example.com"])
        unknown, greylisted = (550, b"5.1.1 No such user"), (450, b"4.2.0 Greylisted")
        for error, wanted in (
            (
                smtplib.SMTPRecipientsRefused(
                    {"boss@example.com": greylisted, "anna@example.com": unknown}
                ),
                (REFUSED, "rcpt", 550, "5.1.1"),
            ),
            (
                smtplib.SMTPRecipientsRefused({"boss@example.com": greylisted}),
                (DEFERRED, "rcpt", 450, "4.2.0"),
            ),
            (
                smtplib.SMTPSenderRefused(550, b"5.7.1 Sender rejected", "shop@example.com"),
                (NOT_SENT, "mail", 550, "5.7.1"),
            ),
            (
                smtplib.SMTPDataError(554, b"5.6.0 Content refused"),
                (REFUSED, "end_of_data", 554, "5.6.0"),
            ),
        ):
            with self.subTest(error):
                self.assertEqual(self.new_pool()._get_outcome(error, envelope)[:4], wanted)

    def test_after_a_server_fault_no_message_is_left_to_be_sent(self):
        pool = self.new_pool()
        fault = Outcome(NOT_SENT, "mail", text="421 closing")
        pool.put(["first", "second", "third"])
        with patch.object(pool, "_send", return_value=fault) as send:
            results = pool.collect(3, 60)
        self.assertEqual(results, [("first", fault), ("second", fault), ("third", fault)])
        self.assertEqual(send.call_count, 1)
        self.assertEqual(pool.withdraw(), [])

    def test_messages_are_collected_up_to_a_number_or_a_time(self):
        pool = self.new_pool()
        sent = Outcome(SENT, "end_of_data", 250)
        with patch.object(pool, "_send", return_value=sent):
            pool.put(["first", "second", "third", "fourth"])
            self.assertEqual(pool.collect(2, 60), [("first", sent), ("second", sent)])
            self.assertEqual(pool.collect(2, -1), [("third", sent)], "the time is over")
            self.assertEqual(pool.collect(2, 60), [("fourth", sent)], "there are no more")
            pool.put(["fifth"])
            self.assertEqual(pool.withdraw(), ["fifth"])
            self.assertEqual(pool.collect(2, 60), [], "what was withdrawn is not sent")

    def test_a_lost_session_is_replaced(self):
        pool = self.new_pool(connect=Mock())
        pool._session = lost = Mock(usable=False)
        with (
            patch.object(one_by_one, "ObservedSession") as opened,
            patch.object(pool, "_build"),
            patch.object(self.registry["ir.mail_server"], "send_email", return_value="<1@x>"),
        ):
            opened.return_value.refusal = None
            outcome = pool._send(Mock())
        lost.close.assert_called_once_with()
        self.assertIs(pool._session, opened.return_value)
        self.assertIs(outcome.kind, SENT)

    def test_an_addon_in_trouble_gets_the_message_again_later(self):
        def send_email(*_args, **_kwargs):
            raise MailDeliveryException("The web service does not answer")

        self.override("send_email", send_email)
        mailing = self.new_validated_mailing()
        with self.assertLogs(HANDED_OVER, logging.INFO) as log:
            self._tell_again()
            self.run_scheduler()
        row = self.rows(mailing)["anna@example.com"]
        self.assertEqual(row.state, "pending")
        self.assertIn("web service", row.failure_reason)
        [line] = log.output
        self.assertIn(__name__, line)

    def test_an_addon_in_trouble_after_the_delivery_is_no_reason_to_send_again(self):
        def send_email(server, message, *args, **kwargs):
            IrMail_Server.send_email(server, message, *args, **kwargs)
            raise ValueError("The archive is full")

        self.override("send_email", send_email)
        mailing = self.new_validated_mailing()
        with self.assertLogs(HANDED_OVER, logging.WARNING) as log:
            self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 2))
        self.assertCountEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertIn("The archive is full", "".join(log.output))

    def _tell_again(self):
        """Let the log say once more what it says once."""
        self._enter(patch.object(one_by_one, "_logged", set()))
