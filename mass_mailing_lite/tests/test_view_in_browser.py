from datetime import timedelta

from odoo import Command
from odoo.tests import HttpCase, tagged

from .common import MailingCase

PATH = "/partner_mailing/view"


@tagged("post_install", "-at_install")
class TestViewInBrowser(MailingCase, HttpCase):
    def open(self, mailing, email="anna@example.com"):
        key = mailing._get_link_key("view")
        return self.url_open(f"{PATH}/{key.make(self.rows(mailing)[email].id)}")

    def test_it_is_the_message_as_the_recipient_got_it(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.boris.lang = "fr_FR"
        mailing = self.new_mailing()
        mailing.update_field_translations(
            "body_html", {"fr_FR": '<p>Cher <t t-out="object.name"/>, voici.</p>'}
        )
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        anna, boris = self.open(mailing), self.open(mailing, "boris@example.com")
        self.assertIn("Dear Anna, it is summer.", anna.text)
        self.assertIn("Cher Boris, voici.", boris.text)
        self.assertIn('lang="fr-FR"', boris.text)
        token = mailing._get_link_key("unsubscribe").make(self.rows(mailing)["anna@example.com"].id)
        self.assertIn(f"/partner_mailing/unsubscribe/{token}", anna.text)

    def test_nothing_runs_in_it(self):
        answer = self.open(self.new_validated_mailing())
        self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("sandbox allow-popups", policy)
        self.assertNotIn("allow-scripts", policy)
        self.assertNotIn("allow-same-origin", policy)
        self.assertNotIn("Set-Cookie", answer.headers)

    def test_it_works_when_the_mailing_is_done(self):
        mailing = self.new_validated_mailing()
        mailing._as_system().write({"state": "done"})
        self.assertIn("Dear Anna", self.open(mailing).text)

    def test_a_draft_is_shown_to_nobody_outside(self):
        mailing = self.new_validated_mailing()
        self.assertEqual(self.open(mailing).status_code, 200)
        mailing.action_back_to_draft()
        mailing.body_html = "<p>Not for you yet</p>"
        answer = self.open(mailing)
        self.assertEqual(answer.status_code, 404)
        self.assertNotIn("Not for you yet", answer.text)
        mailing.action_submit()
        self.assertEqual(self.open(mailing).status_code, 404)

    def test_who_got_an_earlier_text_is_not_shown_a_later_one(self):
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"]._as_system()
        row.write({"state": "sent", "sent_at": mailing.sudo().approval_ids.decided_at})
        self.assertEqual(self.open(mailing).status_code, 200)
        mailing._as_system().write({"state": "paused"})
        mailing.action_back_to_draft()
        mailing.body_html = "<p>Another text</p>"
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        approval = mailing.sudo().approval_ids.filtered(lambda one: one.state == "validated")
        approval._as_system().decided_at = row.sent_at + timedelta(hours=1)
        self.assertEqual(self.open(mailing).status_code, 404)
        self.assertIn("Another text", self.open(mailing, "boris@example.com").text)

    def test_files_are_not_read_for_it(self):
        big = {"name": "catalogue.bin", "raw": b"\0" * 2_000_000}
        mailing = self.new_validated_mailing(attachment_ids=[Command.create(big)])
        self.assertLess(len(self.open(mailing).content), 20_000)

    def test_whatever_is_no_token_gets_the_friendly_page(self):
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"]
        key = mailing._get_link_key("view")
        for token in (
            "", key.make(row.id)[:-1], key.make(2**31), key.make(0),
            mailing._get_link_key("unsubscribe").make(row.id),
        ):  # fmt: skip
            with self.subTest(token=token):
                answer = self.url_open(f"{PATH}/{token}")
                self.assertEqual(answer.status_code, 404)
                self.assertIn("This link is not valid", answer.text)

    def test_the_link_of_a_test_says_what_it_is(self):
        mailing = self.new_mailing()
        answer = self.url_open(f"{PATH}/{mailing._get_link_key('view').make(-mailing.id)}")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("test message", answer.text)
        self.assertNotIn("it is summer", answer.text)

    def test_it_is_a_page_without_a_footer_when_unsubscribing_is_off(self):
        page = self.open(self.new_validated_mailing(has_unsubscribe=False))
        self.assertNotIn("Unsubscribe", page.text)
