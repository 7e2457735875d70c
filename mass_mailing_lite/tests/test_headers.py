import email
import email.policy
from types import SimpleNamespace

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import MailingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)
STRICT = email.policy.SMTP.clone(raise_on_defect=True)

# A subject that becomes a header and a body of its own, where a program decodes it while it folds.
PAYLOAD = "Content-Type:_text/html=0D=0A=0D=0A<h1>Another_body</h1>"
HOSTILE = (
    "News\r\nBcc: all@example.com",
    "News\nmore",
    "News\x0bmore",
    "News\x0cmore",
    "News\x85more",
    "News\u2028more",
    "News\u2029more",
    f"=?utf-8?q?News=0D=0A{PAYLOAD}?=",
    f"For you: =?utf-8?q?News=0A{PAYLOAD}?= and more",
    "=?UTF-8?B?TmV3cw0KQmNjOiBhbGxAZXhhbXBsZS5jb20=?=",
    "=?utf-8*en?q?News=0D=0AX:_y?=",
    "=?utf-7?q?News+AA0ACg-Bcc?=",
    "=?utf-16-be?b?AE4ADQAK?=",
    "=?utf-8?q?News=00?=",
    "=?utf-8?q?News=C2=85?=",
    "=?utf-8?q?=E2=80?= =?utf-8?q?=A8?=",
    "=?latin-1?q?News=85X:_y?=",
    "=?utf-8?q?News =0D=0AX: y?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3FNews=3D0D=3D0AX=3A_y=3F=3D?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3FNews=3F=3D?=",
    "=?nothing?q?News?=",
    "=?unicode_escape?q?News=5Cr=5CnX:_y?=",
    "=?utf-8?q?{{ object.name }}=0D=0AX:_y?=",
    "x" * 1001,
    "=?utf-8?q?" + "x" * 5000 + "?=",
)


@tagged("post_install", "-at_install")
class TestHeaders(MailingCase):
    """What people type becomes a header by one gate, and never more than one header."""

    def build(self, mailing, contact=None):
        """Return the message as a contact gets it."""
        contact = contact or self.anna
        mailing = mailing.sudo()
        compiled = mailing._get_transport().compile("en_US", ANYONE)
        row = {
            "id": 1,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email_normalized,
            "lang": "en_US",
            "attempts": 1,
            "message_id": "<1.test@example.com>",
        }
        [(_row, envelope, error)] = mailing._get_transport().fill(compiled, [row])
        self.assertFalse(error)
        return email.message_from_bytes(envelope.octets(), policy=STRICT)

    def test_a_subject_with_more_than_one_line_is_refused_in_words(self):
        mailing = self.new_mailing()
        for subject in HOSTILE:
            with self.subTest(subject=subject[:80]):
                with self.assertRaisesRegex(
                    ValidationError, '"Subject".*\n.*(one line|itself|shorter)'
                ):
                    mailing.subject = subject
                with self.assertRaises(ValidationError):
                    self.new_mailing(subject=subject)
                with self.assertRaises(ValidationError):
                    mailing.update_field_translations("subject", {"en_US": subject})
        self.assertEqual(mailing.subject, "News for {{ object.name }}")

    def test_a_coded_subject_is_kept_as_mail_programs_show_it(self):
        for typed, shown in (
            ("=?utf-8?q?News?=", "News"),
            ("=?UTF-8?B?xbvDs8WCxIc=?= =?utf-8?q?_i_wi=C4=99cej?=", "Żółć i więcej"),
            ("A =? B, or C ?=", "A =? B, or C ?="),
            (" News\tfor you\n", "News for you"),
            ("=?utf-8?q?For_=7B=7B_object.name_=7D=7D?=", "For {{ object.name }}"),
        ):
            with self.subTest(typed=typed):
                mailing = self.new_mailing(subject=typed)
                self.assertEqual(mailing.subject, shown)
                message = self.build(mailing)
                self.assertEqual(message["Subject"], shown.replace("{{ object.name }}", "Anna"))
        mailing.update_field_translations("subject", {"en_US": "=?utf-8?q?More_news?="})
        self.assertEqual(mailing.subject, "More news")

    def test_a_subject_from_before_the_check_makes_no_message(self):
        mailing = self.new_mailing()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE partner_mailing SET subject = jsonb_build_object('en_US', %s) WHERE id = %s",
            (HOSTILE[7], mailing.id),
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "Subject"):
            mailing.action_submit()
        with self.assertRaisesRegex(UserError, "Subject"):
            self.build(mailing)
        preview = self.env["partner.mailing.preview"].with_user(self.marketer)
        preview = preview.create({"mailing_id": mailing.id})
        self.assertIn("Subject", preview.problem)

    def test_a_value_that_looks_coded_is_shown_as_it_is(self):
        name = f"=?utf-8?q?x=0D=0A{PAYLOAD}?="
        contact = self._new_contact(name, "eve@example.com")
        message = self.build(self.new_mailing(subject="{{ object.name }}"), contact)
        self.assertEqual(message["Subject"], name)
        # Python's parser keeps the blank between two encoded words (RFC 2047, section 6.2).
        shown = message["To"].addresses[0].display_name.replace(" ", "")
        self.assertEqual(shown, name)
        self.assertEqual(message.get_content_type(), "multipart/alternative")

    def test_parts_of_values_make_no_coded_word_together(self):
        contact = self._new_contact("=?utf-8?q?x=0D=0ABcc:_y", "eve@example.com")
        mailing = self.new_mailing(
            subject="{{ object.name }}?=",
            cc='"=?utf-8?q?x=0D=0AX-Y:_z" <a@example.com>, "?=" <b@example.com>',
            copy_policy="each",
            reply_to='"=?utf-8?q?x=0D=0A" <c@example.com>',
        )
        message = self.build(mailing, contact)
        self.assertEqual(message["Subject"], "=?utf-8?q?x=0D=0ABcc:_y?=")
        self.assertNotIn("Bcc", message)
        self.assertNotIn("X-Y", message)
        self.assertEqual(
            [(box.display_name, box.addr_spec) for box in message["Cc"].addresses],
            [("=?utf-8?q?x=0D=0AX-Y:_z", "a@example.com"), ("?=", "b@example.com")],
        )

    def test_the_name_of_a_file_is_one_line(self):
        files = self.env["ir.attachment"].with_user(self.marketer)
        file = files.create({"name": "a.pdf", "raw": b"x"})
        mailing = self.new_mailing(attachment_ids=[Command.set(file.ids)])
        for name in (
            f"=?utf-8?q?a=22=0D=0A{PAYLOAD}?=",
            "a\r\nContent-Type: text/html\r\n\r\nx.pdf",
            "a\x85.pdf",
            "a\u2028.pdf",
            "a" * 300 + ".pdf",
        ):
            with self.subTest(name=name):
                with (
                    self.assertRaisesRegex(UserError, "ename|shorter name"),
                    self.env.cr.savepoint(),
                ):
                    file.name = name
                with self.assertRaisesRegex(UserError, "ename|shorter name"):
                    self.new_mailing(attachment_ids=[Command.create({"name": name, "raw": b"x"})])
        for kind in ("a/b\r\nX-Y: z", "text", "a/b\nx", "a\u2028b/c"):
            with (
                self.subTest(kind=kind),
                self.assertRaisesRegex(UserError, "Upload the file"),
                self.env.cr.savepoint(),
            ):
                file.sudo().mimetype = kind
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE ir_attachment SET mimetype = %s WHERE id = %s", ("a/b\r\nX-Y: z", file.id)
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "a.pdf"):
            mailing.action_submit()

    def test_names_of_files_arrive_as_they_are(self):
        names = [
            'a "b" \\ c.pdf',
            "Żółć " * 20 + ".pdf",
            "x" * 200 + ".pdf",
            "a;b=c, d.pdf",
            "100%.pdf",
        ]
        mailing = self.new_mailing(
            attachment_ids=[Command.create({"name": name, "raw": b"x"}) for name in names]
        )
        message = self.build(mailing)
        self.assertEqual(
            sorted(part.get_filename() for part in message.iter_attachments()), sorted(names)
        )

    def test_a_header_of_another_addon_cannot_begin_another(self):
        mailing = self.new_mailing()
        for name, value in (
            ("X-Y", "a\r\nBcc: b@example.com"),
            ("X Y: a\r\nBcc", "b"),
            ("X-Y", "a\x0bb"),
        ):
            self.patch(
                self.registry["partner.mailing"],
                "_get_list_headers",
                lambda _self, made={name: value}: made,
            )
            with (
                self.subTest(name=name),
                self.assertRaisesRegex(UserError, "because of its header"),
            ):
                self.build(mailing)

    def test_a_sender_with_hidden_lines_is_refused_in_words(self):
        for name in ("email_from", "reply_to", "cc", "bcc"):
            for value in (
                "=?utf-8?q?Jane=0D=0ABcc:_you=40example.com?= <us@example.com>",
                '"=?utf-8?q?Jane =0D=0AX?=" <us@example.com>',
                "Jane <=?utf-8?q?us=0D=0A?=@example.com>",
                "=?utf-7?q?Jane+AA0ACg-?= <us@example.com>",
                '"' + "x" * 100_000 + '" <us@example.com>',
            ):
                with (
                    self.subTest(name=name, value=value[:60]),
                    self.assertRaises(ValidationError),
                ):
                    self.new_mailing(**{name: value})
