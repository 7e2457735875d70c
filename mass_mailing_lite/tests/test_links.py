import email
import email.policy
import re
from types import SimpleNamespace

from odoo import Command
from odoo.tests import tagged

from ..delivery.link_token import LinkHole
from .common import MailingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)
TOKEN = r"[A-Za-z0-9_-]{32}"
LINK = '<p><a href="/partner_mailing/view">In the browser</a></p>'


@tagged("post_install", "-at_install")
class TestLinks(MailingCase):
    def fill(self, mailing):
        """Return {recipient row: parsed message} of a mailing, as the sender makes them."""
        mailing.action_load_recipients()
        mailing = mailing.sudo()
        compiled = mailing._compile_message("en_US", ANYONE)
        rows = [
            {**row.read(["name", "email_normalized", "lang", "attempts"])[0],
             "partner_id": row.partner_id.id, "message_id": f"<{row.id}@example.com>"}
            for row in self.rows(mailing).values()
        ]  # fmt: skip
        messages = {}
        for row, envelope, error in mailing._fill_messages(compiled, rows):
            self.assertFalse(error)
            messages[self.env["partner.mailing.recipient"].browse(row["id"])] = (
                email.message_from_bytes(envelope.octets(), policy=email.policy.default)
            )
        return compiled, messages

    def tokens(self, message, purpose):
        """Return the tokens of a purpose, of the formatted part and of the plain one."""
        return [
            re.findall(rf"{self.base_url}/partner_mailing/{purpose}/({TOKEN})", part.get_content())
            for part in (message.get_body(("html",)), message.get_body(("plain",)))
        ]

    @property
    def base_url(self):
        return self.env["partner.mailing"].get_base_url()

    def test_each_recipient_has_links_of_their_own_in_both_parts(self):
        compiled, messages = self.fill(self.new_mailing(body_html=f"<p>Dear reader</p>{LINK}"))
        self.assertIn(LinkHole("view"), compiled.holes)
        seen = set()
        for row, message in messages.items():
            [html], [text] = self.tokens(message, "view")
            self.assertEqual(html, text)
            self.assertEqual(row.mailing_id._read_link_token("view", html), row.id)
            self.assertIsNone(row.mailing_id._read_link_token("unsubscribe", html))
            seen.add(html)
        self.assertEqual(len(seen), 2)

    def test_links_work_in_a_body_with_logic(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        body = f"<t t-if=\"object.name.startswith('A')\"><p>A!</p></t>{LINK}"
        compiled, messages = self.fill(self.new_mailing(body_html=body))
        self.assertIn("body_html", compiled.holes)
        for row, message in messages.items():
            [html], [text] = self.tokens(message, "view")
            self.assertEqual(html, text)
            self.assertEqual(row.mailing_id._read_link_token("view", html), row.id)

    def test_only_the_path_alone_is_a_personal_link(self):
        for address in ("/partner_mailing/view/abc", "/partner_mailing/viewer", "/view"):
            with self.subTest(address=address):
                _compiled, messages = self.fill(
                    self.new_mailing(body_html=f'<p><a href="{address}">Link</a></p>')
                )
                for message in messages.values():
                    self.assertIn(
                        f'"{self.base_url}{address}"', message.get_body(("html",)).get_content()
                    )

    def test_a_preview_has_links_that_belong_to_no_recipient(self):
        mailing = self.new_mailing(body_html=LINK, audience_ids=[Command.link(self.audience.id)])
        mailing.action_load_recipients()
        preview = mailing.env["partner.mailing.preview"].create(
            {"mailing_id": mailing.id, "recipient_id": self.rows(mailing)["anna@example.com"].id}
        )
        [token] = re.findall(rf"/partner_mailing/view/({TOKEN})", preview.body_html)
        self.assertEqual(mailing._read_link_token("view", token), -mailing.id)

    def test_a_token_is_of_this_database(self):
        mailing = self.new_mailing()
        token = mailing._get_link_key("view").make(4711)
        self.assertEqual(mailing._read_link_token("view", token), 4711)
        self.env["ir.config_parameter"].set_param("database.secret", "of another one")
        self.assertIsNone(mailing._read_link_token("view", token))
