from lxml import html

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import MailingCase


def text_of(source):
    """Return the texts of an HTML source, in order."""
    return [text.strip() for text in html.fromstring(source).itertext() if text.strip()]


@tagged("post_install", "-at_install")
class TestPreview(MailingCase):
    def preview(self, mailing, **values):
        """Return the saved dialog, opened as the button opens it."""
        action = mailing.action_preview()
        form = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        for name, value in values.items():
            setattr(form, name, value)
        return form.save()

    def test_it_walks_through_the_recipients_in_a_circle(self):
        mailing = self.new_mailing(extra_emails="Zoe <zoe@example.com>")
        mailing.action_load_recipients()
        preview = self.preview(mailing)
        self.assertEqual(preview.subject, "News for Anna")
        subjects = []
        for _step in range(3):
            action = preview.action_next()
            self.assertEqual(action["res_id"], preview.id)
            subjects.append(preview.subject)
        self.assertEqual(subjects, ["News for Boris", "News for Zoe", "News for Anna"])
        preview.action_previous()
        self.assertEqual(preview.subject, "News for Zoe", "an extra address has a name, too")
        self.assertIn("zoe@example.com", preview.recipient)

    def test_a_recipient_is_found_by_name_or_address(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        Recipient = mailing.env["partner.mailing.recipient"]
        domain = [("mailing_id", "=", mailing.id)]
        for text in ("bori", "boris@example"):
            found = Recipient.browse(row[0] for row in Recipient.name_search(text, domain))
            self.assertEqual(found.partner_id, self.boris)

    def test_who_is_left_out_is_not_among_them(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.rows(mailing)["boris@example.com"].with_user(self.marketer).action_exclude()
        preview = self.preview(mailing)
        preview.action_next()
        self.assertEqual(preview.subject, "News for Anna")

    def test_it_shows_the_recipients_language_and_any_other(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.boris.lang = "fr_FR"
        mailing = self.new_mailing()
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles pour {{ object.name }}"})
        mailing.action_load_recipients()
        preview = self.preview(mailing, recipient_id=self.rows(mailing)["boris@example.com"])
        self.assertEqual((preview.lang, preview.subject), ("fr_FR", "Nouvelles pour Boris"))
        preview.lang = "en_US"
        self.assertEqual(preview.subject, "News for Boris")

    def test_it_shows_the_whole_page_the_text_the_headers_and_the_size(self):
        mailing = self.new_mailing(
            priority="high",
            preview_text="Read on, {{ object.name }}",
            attachment_ids=[Command.create({"name": "prices.csv", "raw": b"x" * 9000})],
        )
        preview = self.preview(mailing, partner_id=self.anna)
        self.assertIn("<!DOCTYPE html>", preview.body_html)
        self.assertIn("Read on, Anna", preview.body_html)
        self.assertTrue(preview.body_text.startswith("Dear Anna, it is summer."))
        self.assertIn("List-Unsubscribe-Post: List-Unsubscribe=One-Click", preview.headers)
        self.assertIn("X-Priority: 1", preview.headers)
        self.assertEqual(preview.attachment_names, "prices.csv")
        self.assertGreater(preview.size, 12000)

    def test_it_shows_the_line_of_an_inbox_as_its_recipient_sees_it(self):
        mailing = self.new_mailing(
            subject="News for {{ object.name }}", preview_text="Read on, {{ object.name }}"
        )
        *line, text = text_of(self.preview(mailing, partner_id=self.anna).inbox_line)
        self.assertEqual(line, ["TS", "The Shop", "now", "News for Anna"])
        self.assertTrue(text.startswith("Read on, Anna Dear Anna, it is summer. You receive"))

    def test_without_a_preview_text_the_line_has_the_first_words_and_says_so(self):
        mailing = self.new_mailing(preview_text=" ")
        line = text_of(self.preview(mailing, partner_id=self.anna).inbox_line)
        self.assertTrue(line[4].startswith("Dear Anna, it is summer."))
        self.assertIn("first words", line[5])

    def test_a_line_shows_names_and_no_markup(self):
        self.anna.name = "<b>Anna</b> & Co"
        line = self.preview(self.new_mailing(), partner_id=self.anna).inbox_line
        self.assertIn("News for &lt;b&gt;Anna&lt;/b&gt; &amp; Co", line)

    def test_it_goes_to_a_recipient_of_each_language_and_to_one_without_a_name(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._new_contact("Zoé", "zoe@example.com", self.news, lang="fr_FR")
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        preview = self.preview(mailing)
        self.assertEqual(preview.subject, "News for Anna")
        preview.action_other_language()
        self.assertEqual((preview.subject, preview.lang), ("News for Zoé", "fr_FR"))
        preview.action_other_language()
        self.assertEqual(preview.subject, "News for Anna")
        self.assertIn("en_US", mailing.seen_versions)
        with self.assertRaisesRegex(UserError, "has a name"):
            preview.action_without_name()
        mailing.extra_emails = "nobody@example.com"
        mailing.action_load_recipients()
        preview = self.preview(mailing)
        preview.action_without_name()
        self.assertIn("nobody@example.com", preview.recipient)

    def test_what_cannot_be_made_is_said_in_its_place(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_mailing(body_html='<p t-if="object.nowhere(1)">Hi</p>')
        preview = self.preview(mailing)
        self.assertIn("nowhere", preview.problem)
        self.assertFalse(preview.body_html)

    def test_nobody_previews_what_they_may_not_see(self):
        mailing = self.new_mailing(view_group_ids=self.env.ref("base.group_system").ids)
        with self.assertRaises(AccessError):
            self.env["partner.mailing.preview"].with_user(self.colleague).create(
                {"mailing_id": mailing.id}
            )

    def test_a_recipient_of_another_mailing_is_refused(self):
        mailing, other = self.new_mailing(), self.new_mailing()
        other.action_load_recipients()
        with self.assertRaises(UserError):
            mailing.env["partner.mailing.preview"].create(
                {"mailing_id": mailing.id, "recipient_id": other.recipient_window_ids[0].id}
            )
