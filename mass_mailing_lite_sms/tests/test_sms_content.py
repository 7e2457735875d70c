from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from .common import ANNA, BORIS, SmsCase


@tagged("post_install", "-at_install")
class TestSmsContent(SmsCase):
    """The text: what may stand in it, how long it is, and that it is what was validated."""

    def test_placeholders_are_those_of_e_mails(self):
        with self.assertRaisesRegex(AccessError, r"object\.phone_sanitized.*SMS Text"):
            self.new_sms(sms_body="{{ object.phone_sanitized }}")
        with self.assertRaisesRegex(ValidationError, r"object\.nickname.*SMS Text"):
            self.new_sms(sms_body="{{ object.nickname }}")

    def test_a_text_that_is_too_long_is_refused_in_words(self):
        for text in ("x" * 3001, "{{ object.name |||" * 5000):
            with self.assertRaisesRegex(ValidationError, "SMS Text.*\n.*3000 characters"):
                self.new_sms(sms_body=text)

    def test_an_empty_value_has_a_fallback(self):
        self.new_validated_sms(sms_body="Dear {{ object.function ||| reader }}{{ object.city }}!")
        self.anna.function = "Director"
        self.run_scheduler()
        self.assertEqual(dict(self.gateway.sent), {ANNA: "Dear Director!", BORIS: "Dear reader!"})

    def test_each_reads_their_language(self):
        mailing = self.new_sms(sms_body="Hello")
        mailing.with_context(lang="ru_RU").sms_body = "Привет"
        self.anna.lang = "ru_RU"
        self.boris.lang = "en_US"
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        self.assertEqual(dict(self.gateway.sent), {ANNA: "Привет", BORIS: "Hello"})

    def test_a_missing_translation_of_the_text_is_pointed_out(self):
        mailing = self.new_sms(sms_body="Hello")
        self.anna.lang, self.boris.lang = "ru_RU", "en_US"
        mailing.action_load_recipients()
        self.assertIn("SMS Text", mailing.language_warning)
        self.assertNotIn("Subject", mailing.language_warning)

    def test_template_editors_may_write_logic(self):
        editor = new_test_user(
            self.env,
            "editor",
            "base.group_user,mass_mailing_lite.group_user,mail.group_mail_template_editor",
        )
        mailing = self.new_sms(editor, sms_body="{{ object.name.upper() }}!")
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        self.assertEqual(dict(self.gateway.sent), {ANNA: "ANNA!", BORIS: "BORIS!"})

    def test_line_breaks_are_kept_and_control_characters_are_not(self):
        self.anna.function = "one\r\ntwo\x07"
        self.new_validated_sms(sms_body="A\r\nB {{ object.function }} ")
        self.run_scheduler()
        self.assertEqual(dict(self.gateway.sent)[ANNA], "A\nB one\ntwo")

    def test_only_the_text_is_missing(self):
        mailing = self.new_sms(sms_body=False)
        with self.assertRaises(UserError) as caught:
            mailing.action_submit()
        self.assertIn("SMS Text", str(caught.exception))
        self.assertNotIn("Subject", str(caught.exception))

    def test_length_is_that_of_the_first_recipients_text(self):
        mailing = self.new_sms(sms_body="{{ object.name }}" + "x" * 156)
        self.assertEqual(mailing.sms_parts, 2, "the marketer's own name stands in")
        mailing.action_load_recipients()
        mailing.invalidate_recordset(["sms_parts"])
        self.assertEqual(mailing.recipient_window_ids[:1].name, "Boris")
        self.boris.name = "Bo"
        mailing.invalidate_recordset()
        self.assertEqual(mailing.sms_parts, 1)
        self.assertIn("158 characters, 1 SMS (GSM-7); 2 more", mailing.sms_length_text)
        mailing.sms_body = "Привет"
        self.assertIn("П р и", mailing.sms_length_text)

    def test_what_is_not_allowed_is_not_evaluated_for_the_length(self):
        mailing = (
            self.env["partner.mailing"]
            .with_user(self.marketer)
            .new({"channel": "sms", "sms_body": "{{ object.env.cr.execute('x') }}"})
        )
        self.assertIn("characters", mailing.sms_length_text)

    def test_text_numbers_and_channel_are_locked_and_validated(self):
        mailing = self.new_validated_sms()
        for values in ({"sms_body": "Other"}, {"channel": "email"}, {"extra_numbers": "+34600"}):
            with self.assertRaises(UserError):
                mailing.write(values)
        for column, value in (("sms_body", '{"en_US": "Forged"}'), ("channel", "email")):
            with self.subTest(column), self.env.cr.savepoint() as savepoint:
                self.env.cr.execute(
                    f"UPDATE partner_mailing SET {column} = %s WHERE id = %s", [value, mailing.id]
                )
                self.env.invalidate_all()
                self.assertFalse(mailing._matches_validation())
                savepoint.rollback()
                self.env.invalidate_all()
        self.assertTrue(mailing._matches_validation())

    def test_fingerprints_of_e_mails_know_nothing_of_sms(self):
        mailing = self.new_mailing()
        content = {**mailing._get_plain_content(), **mailing._get_translations()}
        self.assertEqual({"channel", "sms_body", "extra_numbers"} & set(content), set())

    def test_the_validator_sees_text_and_length(self):
        mailing = self.new_sms()
        mailing.action_submit()
        page = mailing.with_user(self.validator).review_html
        self.assertIn("our shop is open again.", page)
        self.assertIn("1 SMS (GSM-7)", page)
        self.assertNotIn("Mail server", page)
        mailing.with_user(self.validator).action_refuse("Too short")
        mailing.sms_body = "Longer"
        mailing.action_submit()
        self.assertIn("Longer", mailing.with_user(self.validator).review_html)
        self.assertIn("Changed since the last decision", mailing.review_html)


@tagged("post_install", "-at_install")
class TestSmsSamples(SmsCase):
    """Preview and test."""

    def open_dialog(self, model, mailing, **values):
        return self.env[model].with_user(self.marketer).create({"mailing_id": mailing.id, **values})

    def test_the_preview_shows_text_and_length(self):
        mailing = self.new_sms()
        mailing.action_load_recipients()
        preview = self.open_dialog(
            "partner.mailing.preview", mailing, recipient_id=self.row(mailing, ANNA).id
        )
        self.assertEqual(preview.sms_text, "Anna, our shop is open again.")
        self.assertIn("29 characters", preview.sms_length_text)
        self.assertEqual(preview.recipient, ANNA)
        self.assertFalse(preview.problem)

    def test_the_preview_of_an_e_mail_is_as_before(self):
        preview = self.open_dialog("partner.mailing.preview", self.new_mailing())
        self.assertFalse(preview.sms_text)
        self.assertIn("News for", preview.subject)

    def test_a_test_goes_to_the_numbers_typed_and_is_counted_nowhere(self):
        self.colleague.partner_id.write(
            {"phone": "600 111 222", "country_id": self.env.ref("base.es").id}
        )
        mailing = self.new_sms()
        mailing.action_load_recipients()
        test = self.open_dialog(
            "partner.mailing.test",
            mailing,
            recipient_id=self.row(mailing, ANNA).id,
            numbers="600 111 222, +34 600 111 222",
            emails=False,
        )
        test.action_send()
        self.assertEqual(
            self.gateway.sent, [("+34600111222", "[Test] Anna, our shop is open again.")]
        )
        self.assertEqual(mailing.test_state, "tested")
        self.assertEqual(set(self.results(mailing).values()), {"pending"})
        self.assertFalse(
            self.env["sms.tracker"].search([("partner_mailing_recipient_id", "!=", False)])
        )
        mailing.extra_numbers = "+34 611 222 333"
        self.assertEqual(mailing.test_state, "tested", "a test shows no recipients")
        mailing.sms_body = "Other"
        self.assertEqual(mailing.test_state, "changed")

    def test_tests_by_sms_are_counted_too(self):
        self.env.company.partner_mailing_test_limit_day = 1
        self.env.company.partner_mailing_test_numbers = "+34 600 111 222"
        mailing = self.new_sms()
        dialog = self.open_dialog("partner.mailing.test", mailing, numbers="+34600111222")
        dialog.action_send()
        self.assertIn("+34600111222", mailing.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "1 test messages a day"):
            dialog.action_send()
        self.assertEqual(len(self.gateway.sent), 1)

    def test_a_test_says_what_is_wrong_with_a_number(self):
        mailing = self.new_sms()
        for numbers, words in (
            ("12", '"12" in the field'),
            (False, "no valid phone number"),
            (
                ",".join(f"+3460011122{n}" for n in range(9)) + ",+34600111231,+34600111232",
                "Send To Numbers.*11 entries",
            ),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.open_dialog("partner.mailing.test", mailing, numbers=numbers).action_send()
        self.assertEqual(self.gateway.sent, [])

    def test_a_test_that_the_provider_refuses_says_why(self):
        self.env.company.partner_mailing_test_numbers = "600 111 222"
        self.gateway.answers["+34600111222"] = "insufficient_credit"
        test = self.open_dialog("partner.mailing.test", self.new_sms(), numbers="+34600111222")
        with self.assertRaisesRegex(UserError, "insufficient_credit"):
            test.action_send()
        self.assertNotEqual(test.mailing_id.test_state, "tested")
