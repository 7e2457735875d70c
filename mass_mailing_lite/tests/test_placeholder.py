import email
import email.policy
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import MailingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)
TRICKY = st.text(max_size=300) | st.sampled_from(
    (
        "\r\nBcc: all@example.com",
        "<script>alert(1)</script>",
        "{{ object.email }}",
        '<t t-out="object.email"/>',
        "مرحبا بالعالم",
        "שלום",
        "李小龍",
        "\u202eexe.pdf",
        "=?utf-8?q?x?=",
        ".",
        "x" * 5000,
    )
)


@tagged("post_install", "-at_install")
class TestPlaceholder(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        editors = cls.env.ref("mail.group_mail_template_editor")
        cls.env.ref("base.group_user").implied_ids -= editors
        (cls.marketer | cls.colleague).group_ids -= editors
        cls.editor = cls._new_user("editor", "user")
        cls.editor.group_ids += editors

    def test_the_list_says_in_plain_words_what_may_be_used(self):
        placeholders = self.env["partner.mailing"].with_user(self.marketer).get_placeholders()
        labels = {item["expression"]: item["label"] for item in placeholders}
        self.assertEqual(labels["object.name"], "Name")
        self.assertEqual(labels["object.function"], "Job Position")
        self.assertEqual(labels["object.country_id.name"], "Country")
        self.assertEqual(labels["object.user_id.name"], "Salesperson")
        self.assertNotIn("object.user_id", labels, "a record is nothing to write")
        self.assertNotIn("object.contact_name", labels, "a contact has no such field")

    def test_all_that_is_listed_can_be_saved_and_filled(self):
        for item in self.env["partner.mailing"].get_placeholders():
            with self.subTest(expression=item["expression"]):
                expression = item["expression"]
                mailing = self.new_mailing(
                    subject=f"[{{{{ {expression} ||| nothing }}}}]",
                    body_html=f'<p>[<t t-out="{expression}">nothing</t>]</p>',
                )
                message = self.build(mailing, self.anna)
                self.assertNotIn("False", message["Subject"])

    def test_an_unknown_placeholder_is_named_with_its_field(self):
        for values, field in (
            ({"subject": "{{ object.nickname }}"}, "Subject"),
            ({"preview_text": "{{ object.country_id.nickname }}"}, "Preview Text"),
            ({"body_html": '<p><t t-out="object.nickname"/></p>'}, "Body"),
        ):
            for user in (self.marketer, self.editor):
                with (
                    self.subTest(field=field, user=user.login),
                    self.assertRaisesRegex((ValidationError, AccessError), f'nickname.*"{field}"'),
                ):
                    self.new_mailing(user, **values)

    def test_a_forbidden_placeholder_is_named_with_its_field(self):
        for values, expression in (
            ({"subject": "{{ object.create_uid.login }}"}, "object.create_uid.login"),
            ({"body_html": '<p><t t-out="object.phone"/></p>'}, "object.phone"),
            ({"body_html": '<p t-if="object.phone">Hi</p>'}, 't-if="object.phone"'),
            ({"body_html": '<p><b t-out="object.name" class="x"/></p>'}, 'class="x"'),
        ):
            with self.subTest(expression=expression):
                with self.assertRaises(AccessError) as caught:
                    self.new_mailing(**values)
                self.assertIn(expression, str(caught.exception))
                self.assertIn("object.function", str(caught.exception), "what may be used is said")
                self.new_mailing(self.editor, **values)

    def test_a_forbidden_placeholder_in_a_translation_is_refused_too(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.update_field_translations("subject", {"fr_FR": "{{ object.phone }}"})
        with self.assertRaises(ValidationError):
            mailing.with_user(self.editor).sudo().update_field_translations(
                "subject", {"fr_FR": "{{ object.nickname }}"}
            )

    def test_scripts_are_removed_from_a_translation_too(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        mailing.update_field_translations(
            "body_html", {"fr_FR": "<p onclick='x()'>Salut<script>evil()</script></p>"}
        )
        french = mailing.with_context(lang="fr_FR").body_html
        self.assertIn("Salut", french)
        self.assertNotIn("script", french)
        self.assertNotIn("onclick", french)

    def test_logic_that_fails_is_named_when_it_is_submitted(self):
        mailing = self.new_mailing(
            self.editor, body_html='<p t-if="object.nickname(3)">Hi</p>', subject="Hi"
        )
        with self.assertRaisesRegex(UserError, "nickname"):
            mailing.action_submit()
        self.assertEqual(mailing.state, "draft")

    def test_any_value_stays_in_its_place(self):
        contact = self._new_contact("Eve", "eve@example.com")
        mailing = self.new_mailing(
            has_unsubscribe=False,
            subject="To {{ object.name ||| you }}",
            body_html='<p>A <t t-out="object.function"/> B</p>',
        )
        compiled = mailing.sudo()._get_transport().compile("en_US", ANYONE)

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(TRICKY, TRICKY)
        def check(name, function):
            name, function = name.replace("\0", ""), function.replace("\0", "")
            # As in the database, which keeps what cannot be stored out.
            try:
                (name + function).encode()
            except UnicodeEncodeError:
                return
            contact.update({"name": name or "x", "function": function})
            message = self.fill(mailing, compiled, contact)
            self.assertEqual(len(message.get_all("To")), 1)
            self.assertIsNone(message["Bcc"])
            html = message.get_body(("html",)).get_content()
            self.assertNotIn("<script", html)
            self.assertEqual(html.count("<p>A "), 1)
            self.assertEqual(html.count(" B</p>"), 1)
            self.assertEqual(len(message["Subject"].splitlines()), 1)
            text = message.get_body(("plain",)).get_content()
            self.assertEqual("".join(text.split()), "".join(f"A{function}B".split()))

        check()

    def test_values_from_right_to_left_and_in_any_script_arrive_as_they_are(self):
        self.env["res.lang"]._activate_lang("ar_001")
        contact = self._new_contact("李小龍 שלום", "someone@example.com", function="مدير المبيعات")
        mailing = self.new_mailing(
            has_unsubscribe=False,
            subject="{{ object.name }} – {{ object.function }}",
            body_html='<p><t t-out="object.function"/>, <t t-out="object.name"/></p>',
        )
        message = self.build(mailing, contact, "ar_001")
        self.assertEqual(message["Subject"], "李小龍 שלום – مدير المبيعات")
        self.assertEqual(message["To"].addresses[0].display_name, "李小龍 שלום")
        self.assertIn('dir="rtl"', message.get_body(("html",)).get_content())
        self.assertEqual(
            message.get_body(("plain",)).get_content().strip(), "مدير المبيعات, 李小龍 שלום"
        )

    def build(self, mailing, contact, lang="en_US"):
        return self.fill(mailing, mailing.sudo()._get_transport().compile(lang, ANYONE), contact)

    def fill(self, mailing, compiled, contact):
        row = {
            "id": 1,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email_normalized,
            "message_id": "<1.test@example.com>",
        }
        [(_row, envelope, error)] = mailing.sudo()._get_transport().fill(compiled, [row])
        self.assertFalse(error)
        strict = email.policy.SMTP.clone(raise_on_defect=True)
        return email.message_from_bytes(envelope.octets(), policy=strict)
