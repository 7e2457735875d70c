import json

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import ANNA, BORIS, SmsCase

UUID = "0123456789abcdef" * 2


@tagged("post_install", "-at_install")
class TestSmsAttacks(SmsCase, HttpCase):
    """Ways round the approval of SMS, and ways to forge what became of them."""

    def forgers(self):
        return (self.marketer, self.validator, self.manager, self.outsider)

    def test_nobody_forges_the_result_of_an_sms(self):
        mailing = self.new_validated_sms()
        row = self.row(mailing, ANNA)
        tracker = (
            self.env["sms.tracker"]
            .sudo()
            .create({"sms_uuid": UUID, "partner_mailing_recipient_id": row.id})
        )
        for user in self.forgers():
            theirs = tracker.with_user(user)
            for way in (
                lambda: theirs.write({"partner_mailing_recipient_id": 1}),  # noqa: B023
                lambda: theirs.unlink(),  # noqa: B023, PLW0108
                lambda: theirs.read(["sms_uuid"]),  # noqa: B023
                lambda: theirs.search([]),  # noqa: B023
                lambda: theirs.create({"sms_uuid": "x"}),  # noqa: B023
                lambda: row.with_user(user).write({"state": "sent"}),  # noqa: B023
                lambda: row.with_user(user).write({"phone_sanitized": "+34600999999"}),  # noqa: B023
                lambda: row.with_user(user).write({"phone": "+34600999999"}),  # noqa: B023
            ):
                with self.subTest(user.login), self.assertRaises(AccessError):
                    way()
        self.assertEqual(row.state, "pending")

    def test_a_report_about_an_unknown_sms_changes_nothing(self):
        mailing = self.new_validated_sms()
        before = self.results(mailing)
        for statuses in (
            [{"sms_status": "delivered", "uuids": ["f" * 32]}],
            [{"sms_status": "invalid_destination", "uuids": [UUID]}],
            [{"sms_status": "x' OR 1=1", "uuids": [UUID]}],
            [{"sms_status": "delivered", "uuids": ["%"]}],
        ):
            answer = self.url_open(
                "/sms/status",
                data=json.dumps({"params": {"message_statuses": statuses}}),
                headers={"Content-Type": "application/json"},
            )
            self.assertLess(answer.status_code, 500)
        self.env.invalidate_all()
        self.assertEqual(self.results(mailing), before)

    def test_nothing_of_a_validated_sms_can_be_changed(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_validated_sms()
        french = mailing.with_context(lang="fr_FR")
        before = mailing._get_fingerprint()
        for way in (
            lambda: mailing.write({"sms_body": "Forged"}),
            lambda: mailing.write({"extra_numbers": "+34600999999"}),
            lambda: mailing.write({"channel": "email"}),
            lambda: mailing.web_save({"channel": "email"}, {}),
            lambda: french.write({"sms_body": "Forged"}),
            lambda: mailing.update_field_translations("sms_body", {"fr_FR": "Forged"}),
            lambda: french.web_override_translations({"sms_body": "Forged"}),
            lambda: mailing.write({"audience_ids": [Command.clear()]}),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                way()
        self.env.invalidate_all()
        self.assertEqual(mailing._get_fingerprint(), before)
        self.assertEqual(set(self.results(mailing)), {ANNA, BORIS})

    def test_an_email_that_was_validated_does_not_become_an_sms(self):
        mailing = self.new_validated_mailing(sms_body="Never looked at")
        before = self.rows(mailing)
        with self.assertRaises(UserError):
            mailing.channel = "sms"
        self.env.invalidate_all()
        self.assertEqual(self.rows(mailing), before)

    def test_what_is_no_number_is_listed_and_not_dialled(self):
        wrong = [
            "1" * 5000,
            "+",
            "tel:javascript:1",
            "+34 600; DROP TABLE",
            "++",
            "911\u202e",
        ]
        mailing = self.new_sms(extra_numbers="\n".join(wrong), audience_ids=[Command.clear()])
        mailing.action_load_recipients()
        self.assertFalse(mailing.recipient_count)
        with self.assertRaises(UserError):
            mailing.action_submit()
        self.assertFalse(self.gateway.sent)

    def test_users_without_the_app_send_nothing(self):
        with self.assertRaises(AccessError):
            self.new_sms(self.outsider)
        mailing = self.new_sms()
        dialog = self.env["partner.mailing.test"].with_user(self.outsider)
        with self.assertRaises(AccessError):
            dialog.create({"mailing_id": mailing.id, "numbers": ANNA})
        self.assertFalse(self.gateway.sent)

    def test_a_test_is_no_way_to_send_sms_to_outsiders(self):
        mailing = self.new_sms()
        numbers = {"own": "+34600111001", "colleague": "+34600111002", "allowed": "+34600111003"}
        self.marketer.partner_id.phone = numbers["own"]
        self.colleague.partner_id.phone = numbers["colleague"]
        self.env.company.partner_mailing_test_numbers = f"Agency <{numbers['allowed']}>"
        portal = new_test_user(self.env, "reader", "base.group_portal")
        portal.partner_id.phone = "+34600111004"
        dialogs = self.env["partner.mailing.test"].with_user(self.marketer)
        for number in (ANNA, BORIS, portal.partner_id.phone, "+34600999999"):
            dialog = dialogs.create(
                {"mailing_id": mailing.id, "numbers": f"{numbers['own']}, {number}"}
            )
            with self.subTest(number), self.assertRaisesRegex(UserError, r"may not go to \+"):
                dialog.action_send()
        self.assertFalse(self.gateway.sent)
        dialogs.create(
            {"mailing_id": mailing.id, "numbers": ", ".join(numbers.values())}
        ).action_send()
        self.assertEqual(self.gateway.numbers, sorted(numbers.values()))
        with self.assertRaises(AccessError):
            self.env.company.with_user(self.marketer).partner_mailing_test_numbers = ANNA
        with self.assertRaisesRegex(UserError, "no valid phone number"):
            self.env.company.partner_mailing_test_numbers = "everybody"
