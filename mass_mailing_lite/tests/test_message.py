import email
import email.policy
from types import SimpleNamespace

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..delivery.compose.plain_text import html_to_text
from .common import MailingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)


@tagged("post_install", "-at_install")
class TestMessage(MailingCase):
    def build(self, mailing, contact, lang="en_US"):
        """Return (envelope, parsed message) as ``contact`` gets it, parsed without a defect."""
        mailing = mailing.sudo()
        compiled = mailing._get_transport().compile(lang, ANYONE)
        row = {
            "id": 1,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email_normalized,
            "lang": lang,
            "attempts": 1,
            "message_id": "<1.test@example.com>",
        }
        [(_row, envelope, error)] = mailing._get_transport().fill(compiled, [row])
        self.assertFalse(error)
        strict = email.policy.SMTP.clone(raise_on_defect=True)
        return envelope, email.message_from_bytes(envelope.octets(), policy=strict)

    def test_the_message_is_the_one_that_odoo_would_have_built(self):
        for name, subject, body in (
            ("Anna", "News for {{ object.name }}", '<p>Dear <t t-out="object.name"/></p>'),
            (
                "Łukasz Ölbäck 李",
                "Привет, {{ object.name }}!",
                '<p>Żółć <b t-out="object.name">x</b> &amp; more</p>',
            ),
            (
                '<b>"Tricky", \\ O\'Brien</b>',
                "{{ object.name }}",
                '<p><t t-out="object.name"/></p>',
            ),
            ("Anna", "No placeholder", "<ul><li>One</li></ul>" + "<p>long</p>" * 500),
            (
                "Anna",
                "Fallback {{ object.function ||| colleague}}",
                '<p><t t-out="object.city">town</t></p>',
            ),
        ):
            with self.subTest(name=name, subject=subject):
                contact = self._new_contact(name, "someone@example.com")
                mailing = self.new_mailing(
                    subject=subject,
                    body_html=body,
                    has_unsubscribe=False,
                    attachment_ids=[Command.create({"name": "a ü.bin", "raw": bytes(range(256))})],
                )
                _envelope, ours = self.build(mailing, contact)
                self.assertEqual(
                    self.parts(ours), self.parts(self.built_by_odoo(mailing.sudo(), contact))
                )

    def built_by_odoo(self, mailing, contact):
        """Return the message that ``ir.mail_server`` makes of the stock rendering."""

        def rendered(name):
            return mailing._render_field(name, contact.ids)[contact.id]

        body = str(rendered("body_html"))
        message = self.env["ir.mail_server"]._build_email__(
            email_from=mailing.email_from,
            email_to=[contact.email_formatted],
            subject=rendered("subject"),
            body=mailing._wrap_body(body, rendered("subject"), ""),
            subtype="html",
            body_alternative=html_to_text(body),
            attachments=[(file.name, file.raw, file.mimetype) for file in mailing.attachment_ids],
        )
        return email.message_from_bytes(message.as_bytes(), policy=email.policy.SMTP)

    def parts(self, message):
        """Return what a mail program shows: headers that people see, and each part's content."""
        return [
            str(message["Subject"]),
            str(message["From"]),
            message["To"].addresses[0].addr_spec,
        ] + [
            (part.get_content_type(), part.get_filename(), self.content(part))
            for part in message.walk()
            if not part.is_multipart()
        ]

    def content(self, part):
        content = part.get_content()
        return content.replace("\r\n", "\n").rstrip("\n") if isinstance(content, str) else content

    def test_a_missing_value_gives_its_fallback_and_never_false(self):
        mailing = self.new_mailing(
            subject="{{ object.function ||| colleague }}{{ object.city }}",
            body_html='<p>[<t t-out="object.ref"/>][<t t-out="object.city">your town</t>]</p>',
        )
        _envelope, message = self.build(mailing, self.anna)
        self.assertEqual(message["Subject"], "colleague")
        self.assertIn("[][your town]", message.get_body(("html",)).get_content())

    def test_a_value_cannot_break_out_of_its_place(self):
        contact = self._new_contact("Eve\r\nBcc: all@example.com <script>", "eve@example.com")
        _envelope, message = self.build(self.new_mailing(), contact)
        self.assertNotIn("Bcc", message)
        self.assertIn("&lt;script&gt;", message.get_body(("html",)).get_content())

    def test_each_language_has_its_version(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing()
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles pour {{ object.name }}"})
        self.assertEqual(self.build(mailing, self.anna)[1]["Subject"], "News for Anna")
        self.assertEqual(
            self.build(mailing, self.anna, "fr_FR")[1]["Subject"], "Nouvelles pour Anna"
        )

    def test_international_domains_are_sent_in_their_ascii_form(self):
        contact = self._new_contact("Eva", "eva@bücher.example")
        envelope, message = self.build(self.new_mailing(), contact)
        self.assertEqual(envelope.recipients, ("eva@xn--bcher-kva.example",))
        self.assertEqual(message["To"].addresses[0].addr_spec, "eva@xn--bcher-kva.example")

    def test_pictures_and_links_have_absolute_addresses(self):
        mailing = self.new_mailing(
            body_html='<p><img src="/web/image/999999999"/><a href="/shop">Shop</a></p>'
        )
        html = self.build(mailing, self.anna)[1].get_body(("html",)).get_content()
        base = mailing.get_base_url()
        self.assertIn(f'src="{base}/web/image/999999999"', html)
        self.assertIn(f'href="{base}/shop"', html)

    def test_logic_of_a_template_editor_is_rendered_for_each_recipient(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_mailing(
            body_html='<p><t t-if="object.name == \'Anna\'">Only Anna</t><t t-else="">Others</t></p>'
        )
        for contact, text in ((self.anna, "Only Anna"), (self.boris, "Others")):
            message = self.build(mailing, contact)[1]
            self.assertIn(text, message.get_body(("html",)).get_content())
            self.assertIn(text, message.get_body(("plain",)).get_content())

    def test_scripts_are_removed_when_the_body_is_saved(self):
        mailing = self.new_mailing(
            body_html='<p onclick="x()">Hi<script>evil()</script><a href="javascript:x()">a</a></p>'
        )
        for evil in ("script", "onclick", "javascript:"):
            self.assertNotIn(evil, mailing.body_html)

    def test_complaints_are_counted_by_the_name_that_the_company_chose(self):
        mailing = self.new_mailing()
        self.assertNotIn("Feedback-ID", self.build(mailing, self.anna)[1])
        mailing.company_id.sudo().partner_mailing_feedback_name = "shop_2026"
        self.assertEqual(
            self.build(mailing, self.anna)[1]["Feedback-ID"],
            f"{mailing.id}:{mailing.company_id.id}:mailing:shop_2026",
        )
        for name in ("abc", "a name", "x\r\nBcc: all@example.com", "a" * 16):
            with self.subTest(name=name), self.assertRaisesRegex(ValidationError, "Feedback-ID"):
                mailing.company_id.sudo().partner_mailing_feedback_name = name
