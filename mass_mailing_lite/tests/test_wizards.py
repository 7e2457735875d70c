from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import SendingCase


@tagged("post_install", "-at_install")
class TestWizards(SendingCase):
    def test_a_test_goes_to_the_addresses_as_it_comes_to_a_recipient(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        wizard = self._open(mailing, "action_send_test")
        wizard.emails = "me@example.com, you@example.com"
        with self.real_connections():
            wizard.save().action_send()
        self.assertEqual(self.inbox.addresses, ["me@example.com", "you@example.com"])
        message = self.inbox.message_to("me@example.com")
        self.assertEqual(message["Subject"], "[Test] News for Anna")
        self.assertEqual(
            set(self.states(mailing).values()), {"pending"}, "a test is counted nowhere"
        )
        self.assertIn("me@example.com", mailing.message_ids[0].body, "who tested is remembered")

    def test_a_test_names_the_address_that_is_none(self):
        wizard = self._open(self.new_mailing(), "action_send_test")
        wizard.emails = "me@example.com, nonsense"
        with self.real_connections(), self.assertRaisesRegex(UserError, "nonsense"):
            wizard.save().action_send()
        self.assertFalse(self.inbox.messages)

    def test_a_test_that_the_server_refuses_says_so_in_its_words(self):
        self.inbox.replies["me@example.com"] = "550 5.1.1 Unknown here"
        wizard = self._open(self.new_mailing(), "action_send_test")
        wizard.emails = "me@example.com"
        with self.real_connections(), self.assertRaisesRegex(UserError, "Unknown here"):
            wizard.save().action_send()

    def test_nobody_tests_a_mailing_that_they_may_not_see(self):
        mailing = self.new_mailing(view_group_ids=self.env.ref("base.group_system").ids)
        with self.assertRaises(AccessError):
            self.env["partner.mailing.test"].with_user(self.colleague).create(
                {"mailing_id": mailing.id, "emails": "x@example.com"}
            )

    def test_the_preview_shows_what_a_recipient_gets(self):
        mailing = self.new_mailing()
        preview = self._open(mailing, "action_preview")
        preview.partner_id = self.boris
        preview = preview.save()
        self.assertEqual(preview.subject, "News for Boris")
        self.assertIn("Dear Boris", preview.body_html)
        self.assertIn("Dear Boris", preview.body_text)
        self.assertGreater(preview.size, 500)

    def test_refusing_opens_the_question_why(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        as_validator = mailing.with_user(self.validator)
        action = as_validator.action_refuse()
        wizard = Form(as_validator.env[action["res_model"]].with_context(**action["context"]))
        wizard.reason = "Too long."
        wizard.save().action_refuse()
        self.assertEqual(mailing.approval_ids.reason, "Too long.")

    def _open(self, mailing, method):
        action = getattr(mailing, method)()
        return Form(mailing.env[action["res_model"]].with_context(**action["context"]))
