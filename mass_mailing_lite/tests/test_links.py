import email
import email.policy
import re
from types import SimpleNamespace

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..delivery.compose.link_token import LinkSlot
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
        compiled = mailing._get_transport().compile("en_US", ANYONE)
        rows = [
            {**row.read(["name", "lang", "attempts"])[0],
             "address": row.email_normalized, "partner_id": row.partner_id.id,
             "message_id": f"<{row.id}@example.com>"}
            for row in self.rows(mailing).values()
        ]  # fmt: skip
        messages = {}
        for row, envelope, error in mailing._get_transport().fill(compiled, rows):
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
        self.assertIn(LinkSlot("view"), compiled.slots)
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
        self.assertIn("body_html", compiled.slots)
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

    def test_the_footer_is_in_the_recipients_language_and_names_the_company(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        footer = self.env.ref("mass_mailing_lite.mail_footer")
        footer.with_context(lang="fr_FR").arch_db = footer.arch_db.replace(
            ">Unsubscribe<", ">Se désabonner<"
        )
        self.env.company.partner_id.write({"street": "1 High Street", "city": "Leeds"})
        mailing = self.new_mailing().sudo()
        compiled = mailing._get_transport().compile("fr_FR", ANYONE)
        row = {"id": 7, "partner_id": self.anna.id, "name": "Anna", "lang": "fr_FR",
               "address": "anna@example.com", "message_id": "<1@example.com>"}  # fmt: skip
        [(_row, envelope, _error)] = mailing._get_transport().fill(compiled, [row])
        message = email.message_from_bytes(envelope.octets(), policy=email.policy.default)
        for part in (message.get_body(("html",)), message.get_body(("plain",))):
            text = part.get_content()
            self.assertIn("Se désabonner", text)
            self.assertIn(self.env.company.name, text)
            self.assertIn("1 High Street, Leeds", text)

    def test_a_link_that_somebody_placed_takes_the_place_of_the_footer(self):
        body = '<p><a href="/partner_mailing/unsubscribe">No more of this</a></p>'
        _compiled, messages = self.fill(self.new_mailing(body_html=body))
        for row, message in messages.items():
            [html], [text] = self.tokens(message, "unsubscribe")
            self.assertEqual(row.mailing_id._read_link_token("unsubscribe", html), row.id)
            self.assertNotIn("You receive this e-mail", message.get_body().get_content())
            self.assertIn(f"/unsubscribe/{text}>", message["List-Unsubscribe"])

    def test_switched_off_there_is_neither_footer_nor_header(self):
        _compiled, messages = self.fill(self.new_mailing(has_unsubscribe=False))
        for message in messages.values():
            self.assertNotIn("List-Unsubscribe", message)
            self.assertNotIn("partner_mailing", message.as_string())

    def test_the_switch_is_validated_and_the_validator_is_told(self):
        mailing = self.new_mailing(has_unsubscribe=False)
        mailing.action_submit()
        self.assertIn("switched off", mailing.with_user(self.validator).review_html)
        for values in ({"has_unsubscribe": True}, {"unsubscribe_category_ids": False}):
            with self.assertRaises(UserError):
                mailing.write(values)
        mailing.with_user(self.validator).action_validate()
        self.assertTrue(mailing._matches_validation())
        self.env.cr.execute(
            "UPDATE partner_mailing SET has_unsubscribe = TRUE WHERE id = %s", [mailing.id]
        )
        mailing.invalidate_recordset()
        self.assertFalse(mailing._matches_validation())

    def test_the_tags_of_an_audience_are_those_that_can_be_left(self):
        form = Form(self.env["partner.mailing"].with_user(self.marketer))
        form.name = "Offers"
        form.audience_ids.add(self.audience)
        self.assertEqual(form.save().unsubscribe_category_ids, self.news)
