import base64
import email
import email.policy
import re
from types import SimpleNamespace

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..content.checks import encoded_size
from .common import MailingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)


@tagged("post_install", "-at_install")
class TestContent(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        cls.server = cls.env["ir.mail_server"].create(
            {"name": "Small", "smtp_host": "127.0.0.1", "max_email_size": 1.5}
        )

    def attach(self, name, content):
        return [Command.create({"name": name, "raw": content})]

    # Files

    def test_files_that_the_mail_server_refuses_are_refused_with_both_sizes(self):
        fits = 1024 * 1024
        mailing = self.new_mailing(attachment_ids=self.attach("fits.bin", b"x" * fits))
        with self.assertRaisesRegex(ValidationError, r"1\.2 MB.*1\.6 MB.*Small.*1\.5 MB"):
            mailing.attachment_ids = self.attach("more.bin", b"x" * (fits // 6))

    def test_the_limit_is_that_of_the_chosen_server(self):
        roomy = self.server.copy({"name": "Roomy", "max_email_size": 20})
        mailing = self.new_mailing(
            mail_server_id=roomy.id, attachment_ids=self.attach("big.bin", b"x" * 3_000_000)
        )
        with self.assertRaisesRegex(ValidationError, "Small"):
            mailing.mail_server_id = self.server

    def test_the_growth_of_base64_is_counted_to_the_octet(self):
        for size in (0, 1, 2, 3, 56, 57, 58, 1000):
            with self.subTest(size=size):
                mailing = self.new_mailing(attachment_ids=self.attach("a.bin", bytes(size)))
                data = self.fill(mailing)[0]
                encoded = data.split(b"attachment;")[1].split(b"\r\n\r\n", 1)[1]
                self.assertEqual(len(encoded.split(b"\r\n--")[0].rstrip(b"\r\n")) > 0, size > 0)
                lines = encoded.split(b"\r\n--")[0]
                self.assertLessEqual(abs(len(lines) - encoded_size(size)), 4)

    def test_odd_names_and_empty_files_arrive_as_they_are(self):
        for name in (
            'a "b" c.pdf',
            "a/b\\c.txt",
            "Angebot für Łódź.pdf",
            "מחירון\u200f.pdf",
            "李.txt",
            "a;b=c.txt",
        ):
            for content in (b"", b"abc"):
                with self.subTest(name=name, content=content):
                    mailing = self.new_mailing(attachment_ids=self.attach(name, content))
                    [part] = self.fill(mailing)[1].iter_attachments()
                    self.assertEqual(part.get_filename(), name)
                    self.assertEqual(part.get_payload(decode=True), content)

    def test_a_name_that_deceives_is_refused(self):
        for name in (
            "invoice\u202efdp.exe",
            "a\r\nBcc: all@example.com.txt",
            "a\x00b"[:1] + "\x07.txt",
        ):
            with self.subTest(name=name), self.assertRaisesRegex(ValidationError, r"\?.*Rename"):
                self.new_mailing(attachment_ids=self.attach(name, b"x"))

    def test_a_long_body_works(self):
        body = "<p>Long text, and more of it.</p>" * 20_000
        mailing = self.new_mailing(
            body_html=body, mail_server_id=self.server.copy({"max_email_size": 20}).id
        )
        text = self.fill(mailing)[1].get_body(("plain",)).get_content()
        self.assertEqual(text.count("Long text"), 20_000)

    def test_a_body_of_five_megabytes_works_or_says_why_not(self):
        body = f"<p>{'Long text, and more of it. ' * 20}</p>" * 10_000
        roomy = self.server.copy({"max_email_size": 40})
        mailing = self.new_mailing(body_html=body, mail_server_id=roomy.id)
        self.assertGreater(len(self.fill(mailing)[0]), 8_000_000)
        with self.assertRaisesRegex(ValidationError, r"10\.[0-9] MB.*Small.*1\.5 MB"):
            mailing.mail_server_id = self.server

    def test_a_picture_of_twenty_megabytes_in_the_body_becomes_a_file(self):
        picture = b"GIF89a" + bytes(range(256)) * 80_000
        source = f"data:image/gif;base64,{base64.b64encode(picture).decode()}"
        mailing = self.new_mailing(body_html="<p>Soon</p>")
        mailing.body_html = f'<p>Look: <img src="{source}" alt="Our shop"></p>'
        [number] = re.findall(r"/web/image/(\d+)\?access_token=", mailing.body_html)
        file = self.env["ir.attachment"].sudo().browse(int(number))
        self.assertEqual(file.raw, picture)
        self.assertEqual((file.res_model, file.res_id), (mailing._name, mailing.id))
        octets, message = self.fill(mailing)
        self.assertLess(len(octets), 10_000)
        html = message.get_body(("html",)).get_content()
        self.assertIn(f'src="{mailing.get_base_url()}/web/image/{number}?', html)

    def test_pictures_of_a_new_mailing_become_its_files(self):
        source = f"data:image/png;base64,{base64.b64encode(b'not really').decode()}"
        body = f'<p><img src="{source}"><img src="{source}"></p>'
        mailings = self.new_mailing(body_html=body) + self.new_mailing(body_html=body)
        for mailing in mailings:
            [number] = set(re.findall(r"/web/image/(\d+)\?", mailing.body_html))
            self.assertEqual(
                self.env["ir.attachment"].sudo().browse(int(number)).res_id, mailing.id
            )

    # Sender and copies

    def test_the_form_says_which_sender_recipients_will_see(self):
        self.server.from_filter = "example.org"
        mailing = self.new_mailing(mail_server_id=self.server.id)
        self.assertIn("example.org", mailing.sender_warning)
        self.assertIn("shop@example.com", mailing.sender_warning)
        self.server.from_filter = "example.com"
        mailing.invalidate_recordset()
        self.assertFalse(mailing.sender_warning)

    def test_what_was_decided_with_its_sender_is_not_warned_about_any_more(self):
        self.server.from_filter = "example.org"
        mailing = self.new_mailing(mail_server_id=self.server.id)
        mailing.action_submit()
        self.assertTrue(mailing.sender_warning, "its validator is to see it")
        mailing.with_user(self.validator).action_validate()
        self.assertFalse(mailing.sender_warning)

    def test_a_sender_that_odoo_replaces_is_shown_as_recipients_see_it(self):
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "company.example", "default_from": "notifications"}
        )
        self.server.from_filter = "notifications@company.example"
        mailing = self.new_mailing()
        self.assertIn("notifications@company.example", mailing.sender_warning)
        self.assertIn("The Shop", mailing.sender_warning)

    def test_the_form_says_how_many_copies_each_message_makes(self):
        mailing = self.new_mailing(cc="a@example.com, b@example.com", bcc="c@example.com")
        self.assertFalse(mailing.copies_notice)
        mailing.action_load_recipients()
        mailing.copy_policy = "each"
        mailing.action_load_recipients()
        self.assertIn("6 copies", mailing.copies_notice)

    # Languages

    def test_the_form_says_how_many_read_which_language(self):
        for lang in ("fr_FR", "pl_PL"):
            self.env["res.lang"]._activate_lang(lang)
        self.boris.lang = "fr_FR"
        self._new_contact("Celina", "celina@example.com", self.news, lang="pl_PL")
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(mailing.language_counts, {"en_US": 1, "fr_FR": 1, "pl_PL": 1})
        self.assertIn("1", mailing.language_summary)
        warning = r"^Without a translation of Subject, Body: French.* \(1\), Polish.* \(1\)\.$"
        self.assertRegex(mailing.language_warning, warning)
        mailing.update_field_translations("subject", {"pl_PL": "Nowości"})
        self.assertRegex(mailing.language_warning, r"Body: French.* \(1\)\..* Body: Polish")
        mailing.update_field_translations("body_html", {"pl_PL": "<p>Witam</p>"})
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles"})
        mailing.update_field_translations("body_html", {"fr_FR": "<p>Bonjour</p>"})
        self.assertFalse(mailing.language_warning)

    def test_one_language_needs_no_translation(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertFalse(mailing.language_warning)

    # Text part

    def test_the_text_part_keeps_links_lists_and_tables(self):
        mailing = self.new_mailing(
            has_unsubscribe=False,
            body_html='<p>Dear <t t-out="object.name"/>, see <a href="/shop">our shop</a>.</p>'
            "<ul><li>One</li><li>Two</li></ul>"
            "<table><tr><td>Chair</td><td>180</td></tr><tr><td>Table</td><td>640</td></tr></table>",
        )
        text = self.fill(mailing)[1].get_body(("plain",)).get_content()
        self.assertEqual(
            text.replace("\r\n", "\n").strip(),
            f"Dear Anna, see our shop <{mailing.get_base_url()}/shop>.\n\n"
            "- One\n- Two\n\nChair | 180\nTable | 640",
        )

    def fill(self, mailing):
        """Return (octets, parsed message) as Anna gets it."""
        mailing = mailing.sudo()
        compiled = mailing._get_transport().compile("en_US", ANYONE)
        row = {
            "id": 1,
            "partner_id": self.anna.id,
            "name": "Anna",
            "address": "anna@example.com",
            "message_id": "<1.test@example.com>",
        }
        [(_row, envelope, error)] = mailing._get_transport().fill(compiled, [row])
        self.assertFalse(error)
        strict = email.policy.SMTP.clone(raise_on_defect=True)
        return envelope.octets(), email.message_from_bytes(envelope.octets(), policy=strict)
