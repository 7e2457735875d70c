from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import SendingCase


@tagged("post_install", "-at_install")
class TestTested(SendingCase):
    def send_test(self, mailing, emails="me@example.com"):
        action = mailing.action_send_test()
        form = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        form.emails = emails
        with self.real_connections():
            form.save().action_send()

    def test_the_validator_sees_whether_this_was_tested(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        seen = mailing.with_user(self.validator)
        self.assertEqual(seen.test_state, "never")
        self.send_test(mailing)
        self.assertEqual(seen.test_state, "tested")
        self.assertIn("marketer", seen.test_status)
        mailing.body_html = "<p>Something else</p>"
        self.assertEqual(seen.test_state, "changed")
        self.assertIn("marketer", seen.test_status)
        self.send_test(mailing)
        mailing.action_submit()
        self.assertEqual(seen.test_state, "tested")

    def test_a_changed_file_or_translation_is_a_change(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing(attachment_ids=[Command.create({"name": "a", "raw": b"A"})])
        self.send_test(mailing)
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles"})
        self.assertEqual(mailing.test_state, "partly", "nobody has tested it in French")
        self.send_test(mailing)
        mailing.attachment_ids = [Command.create({"name": "b", "raw": b"B"})]
        self.assertEqual(mailing.test_state, "changed")

    def test_who_else_gets_it_or_when_changes_nothing_about_a_test(self):
        mailing = self.new_mailing()
        self.send_test(mailing)
        mailing.write({"extra_emails": "x@example.com", "scheduled_at": "2031-01-01 08:00:00"})
        self.assertEqual(mailing.test_state, "tested")

    def test_nobody_writes_it_by_hand(self):
        with self.assertRaises(AccessError):
            self.new_mailing().write({"last_test_at": "2031-01-01 08:00:00"})

    def test_the_validator_tests_what_waits_for_her(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        self.send_test(mailing.with_user(self.validator), "validator@example.com")
        self.assertIn("validator", mailing.test_status)
        self.assertFalse(
            mailing.with_user(self.validator).cannot_validate_reason,
            "who tests has not changed anything",
        )
        self.assertEqual(set(self.states(mailing).values()), {"pending"})

    def test_a_test_goes_to_nobody_who_gets_copies(self):
        mailing = self.new_mailing(bcc="archive@example.com", copy_policy="each")
        self.send_test(mailing)
        self.assertEqual(self.inbox.addresses, ["me@example.com"])

    def test_a_test_is_no_way_around_the_validation(self):
        mailing = self.new_mailing()
        many = ", ".join(f"reader{number}@example.com" for number in range(11))
        with self.assertRaisesRegex(UserError, "11 entries; .* 10 at most"):
            self.send_test(mailing, many)
        mailing.action_cancel()
        with self.assertRaisesRegex(UserError, "Cancelled"):
            self.send_test(mailing)
        self.assertFalse(self.inbox.messages)

    def test_a_test_as_an_extra_address_has_its_name(self):
        mailing = self.new_mailing(audience_ids=False, extra_emails="Zoe <zoe@example.com>")
        mailing.action_load_recipients()
        self.send_test(mailing)
        self.assertEqual(self.inbox.message_to("me@example.com")["Subject"], "[Test] News for Zoe")
