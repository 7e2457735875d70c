from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

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

    def test_a_test_goes_to_users_of_the_company_and_to_no_outsider(self):
        self.env.company.partner_mailing_test_recipients = False
        mailing = self.new_mailing()
        retired = self._new_user("retired", "user")
        retired.active = False
        new_test_user(self.env, "reader", "base.group_portal", email="reader@example.com")
        there = self.env["res.company"].create({"name": "There"})
        foreign = self._new_user("foreign", "user")
        foreign.write({"company_ids": [Command.set(there.ids)], "company_id": there.id})
        for address in (
            "anna@example.com",
            "retired@example.com",
            "reader@example.com",
            "foreign@example.com",
            "x@outside.example.org",
            "marketer@example.com, anna@example.com",
        ):
            with self.subTest(address), self.assertRaisesRegex(UserError, "may not go to"):
                self.send_test(mailing, address)
        self.assertFalse(self.inbox.messages)
        self.assertEqual(mailing.test_state, "never")
        self.send_test(mailing, "marketer@example.com, Validator <VALIDATOR@example.com>")
        self.assertEqual(self.inbox.addresses, ["marketer@example.com", "validator@example.com"])

    def test_an_administrator_allows_addresses_and_domains(self):
        company = self.env.company
        company.partner_mailing_test_recipients = "agency@example.com\nexample.org"
        mailing = self.new_mailing()
        self.send_test(mailing, "agency@example.com, anyone@example.org")
        for address in ("other@example.com", "x@sub.example.org"):
            with self.subTest(address), self.assertRaisesRegex(UserError, "may not go to"):
                self.send_test(mailing, address)
        with self.assertRaisesRegex(ValidationError, '"all of them".*neither an address'):
            company.partner_mailing_test_recipients = "example.org, all of them"
        with self.assertRaises(AccessError):
            company.with_user(self.manager).partner_mailing_test_recipients = "example.net"

    def test_a_user_has_a_number_of_tests_a_day(self):
        self.env.company.partner_mailing_test_limit_day = 3
        mailing = self.new_mailing()
        self.send_test(mailing, "a@example.com, b@example.com")
        with self.assertRaisesRegex(UserError, "3 test messages a day"):
            self.send_test(self.new_mailing(), "a@example.com, b@example.com")
        self.assertEqual(len(self.inbox.messages), 2)
        self.send_test(mailing.with_user(self.manager))
        self.send_test(mailing)
        with self.assertRaisesRegex(UserError, "3 test messages a day"):
            self.send_test(mailing)
        self.env["partner.mailing.tester"]._as_system().search([]).day = "2020-01-01"
        self.send_test(mailing)
        self.env.company.partner_mailing_test_limit_day = 0
        self.send_test(mailing, "a@example.com, b@example.com, c@example.com")
        with self.assertRaises(ValidationError):
            self.env.company.partner_mailing_test_limit_day = -1

    def test_a_test_that_fails_at_its_last_address_is_counted_and_logged(self):
        mailing = self.new_mailing()
        self.inbox.replies["b@example.com"] = "550 5.1.1 Unknown here"
        with self.assertRaisesRegex(UserError, "Unknown here"):
            self.send_test(mailing, "a@example.com, b@example.com")
        counted = self.env["partner.mailing.tester"].sudo().search([])
        self.assertEqual((counted.user_id, counted.count), (self.marketer, 2))
        self.assertIn("b@example.com", mailing.message_ids[0].body)
        self.assertEqual(mailing.test_state, "never")

    def test_tests_count_against_the_limits_of_the_mail_server(self):
        self.server.partner_mailing_limit_hour = 3
        mailing = self.new_mailing(mail_server_id=self.server.id)
        with self.enter_registry_test_mode():
            self.send_test(mailing, "a@example.com, b@example.com")
            with self.assertRaisesRegex(UserError, "no room for 2 messages"):
                self.send_test(mailing, "a@example.com, b@example.com")
            self.send_test(mailing, "a@example.com")
            reserved = self.env["partner.mailing.reservation"].sudo().search([])
            self.assertEqual(sum(reserved.mapped("count")), 3)
            self.assertTrue(all(reserved.mapped("ended_at")))
            counted = self.env["partner.mailing.tester"].sudo().search([])
            self.assertEqual(counted.count, 3, "what was refused is not counted")

    def test_who_may_only_read_a_mailing_does_not_test_it(self):
        mailing = self.new_mailing()
        theirs = mailing.with_user(self.colleague)
        with self.assertRaisesRegex(AccessError, "not test it"):
            theirs.action_send_test()
        dialog = theirs.env["partner.mailing.test"].create({"mailing_id": mailing.id})
        with self.real_connections(), self.assertRaisesRegex(AccessError, "not test it"):
            dialog.action_send()
        self.assertFalse(self.inbox.messages)
        self.assertEqual(mailing.test_state, "never")

    def test_the_dialog_proposes_the_addresses_used_last(self):
        mailing = self.new_mailing()
        dialog = self.env["partner.mailing.test"]
        of = {"default_mailing_id": mailing.id}

        def proposed(user):
            return dialog.with_user(user).with_context(**of).default_get(["emails"])["emails"]

        self.assertEqual(proposed(self.marketer), "marketer@example.com")
        self.send_test(mailing, "a@example.com, Boris <b@example.org>")
        self.assertEqual(proposed(self.marketer), 'a@example.com, "Boris" <b@example.org>')
        self.assertEqual(proposed(self.validator), "validator@example.com")

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
