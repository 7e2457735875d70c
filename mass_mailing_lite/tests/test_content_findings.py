from odoo import Command
from odoo.tests import tagged

from .common import MailingCase

TEXT = "<p>Dear reader, our catalogue of bicycles for the whole family is here, with many new models.</p>"
KEYS = (
    "alt_text", "faint_text", "file_names", "fixed_width", "insecure_link", "little_text", "long_subject",
    "loud_subject", "mostly_pictures", "preview_text", "spam_score",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestContentFindings(MailingCase):
    """What is written is looked at as a reader sees it: pictures, colours, widths and the subject."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")

    def found(self, mailing, keys=KEYS):
        mailing.invalidate_recordset()
        return {one["key"]: one for one in mailing.findings or [] if one["key"] in keys}

    def assertFound(self, mailing, key, *words):
        finding = self.found(mailing)[key]
        for word in words:
            self.assertIn(word, finding["message"])
        self.assertTrue(finding["remedy"])
        return finding

    def file(self, name):
        files = self.env["ir.attachment"].with_user(self.marketer)
        return files.create({"name": name, "raw": b"x"})

    def test_an_ordinary_mailing_has_nothing_to_point_at(self):
        mailing = self.new_mailing(
            subject="Our catalogue for {{ object.name }}",
            preview_text="Bicycles for the whole family",
            body_html=f'{TEXT}<img src="https://shop.example/bicycle.png" alt="A red bicycle" width="600"/>'
            '<table width="100%" style="max-width:640px"><tr><td style="color:#444444">x</td></tr></table>',
            attachment_ids=[Command.set(self.file("Catalogue 2026.pdf").ids)],
        )
        self.assertEqual(self.found(mailing), {})

    def test_a_message_of_pictures_needs_words(self):
        body = '<img src="https://shop.example/a.png" alt="All that is new this summer"/>'
        finding = self.assertFound(
            self.new_mailing(body_html=body), "mostly_pictures", "pictures: 1"
        )
        self.assertEqual((finding["page"], finding["focus"]), ("content", "body_html"))
        self.assertNotIn("mostly_pictures", self.found(self.new_mailing(body_html=body + TEXT)))

    def test_much_code_for_little_text_is_good_to_know(self):
        cell = '<p style="margin-top:0;margin-bottom:0;mso-style-name:Normal;line-height:115%">\u00a0</p>'
        mailing = self.new_mailing(body_html=TEXT + cell * 400)
        self.assertEqual(self.assertFound(mailing, "little_text", "letters of")["level"], "info")
        mailing.body_html = TEXT * 300
        self.assertNotIn("little_text", self.found(mailing))

    def test_pictures_without_a_description_are_named(self):
        mailing = self.new_mailing(
            body_html=f'{TEXT}<img src="https://shop.example/a/bicycle.png?x=1"/>'
        )
        self.assertFound(mailing, "alt_text", "bicycle.png")
        self.assertEqual(self.found(mailing)["alt_text"]["level"], "warning")

    def test_words_that_one_hardly_sees_are_named_with_their_language(self):
        mailing = self.new_mailing()
        mailing.update_field_translations(
            "body_html", {"fr_FR": '<p style="color:#dddddd">Cher lecteur</p>'}
        )
        self.assertFound(mailing, "faint_text", "French", "“Cher lecteur”", "#dddddd on #ffffff")

    def test_what_a_phone_cannot_show_is_named_with_its_width(self):
        mailing = self.new_mailing(
            body_html=f'{TEXT}<table width="900"><tr><td>x</td></tr></table>'
        )
        self.assertFound(mailing, "fixed_width", "table of 900 pixels")

    def test_a_missing_preview_text_is_good_to_know(self):
        mailing = self.new_mailing()
        self.assertNotIn("preview_text", self.found(mailing))
        mailing.action_load_recipients()
        self.assertEqual(self.assertFound(mailing, "preview_text")["level"], "info")
        mailing.preview_text = "\u200b "
        self.assertFound(mailing, "preview_text")
        mailing.preview_text = "All that is new"
        self.assertNotIn("preview_text", self.found(mailing))

    def test_a_subject_that_phones_cut_is_good_to_know(self):
        mailing = self.new_mailing(
            subject="The catalogue of our shop for bicycles and all that belongs to them"
        )
        self.assertEqual(self.assertFound(mailing, "long_subject", "67")["level"], "info")

    def test_a_subject_that_shouts_is_a_warning(self):
        for subject in ("FREE BICYCLES TODAY", "ЛЕТНЯЯ РАСПРОДАЖА", "GROSSE STRAßE"):
            finding = self.assertFound(self.new_mailing(subject=subject), "loud_subject", "capital")
            self.assertEqual((finding["level"], finding["focus"]), ("warning", "subject"))
        self.assertFound(self.new_mailing(subject="Free!!!"), "loud_subject", "exclamation", "3")
        for subject in (
            "Dear [FIRST NAME]",
            "DHL brings it",
            "NATO",
            "夏のカタログ!",
            "كتالوج الصيف",
        ):
            self.assertNotIn("loud_subject", self.found(self.new_mailing(subject=subject)))

    def test_attachments_that_programs_refuse_are_named(self):
        names = ("setup.exe", "macro.js", "README", "con.pdf", "x" * 130 + ".pdf", "price list.pdf")
        mailing = self.new_mailing(
            attachment_ids=[Command.set([self.file(name).id for name in names])]
        )
        found = [one for one in mailing.findings if one["key"] == "file_names"]
        messages = "\n".join(one["message"] for one in found)
        for name in names[:4]:
            self.assertIn(f'"{name}"', messages)
        self.assertIn("x" * 40 + "…", messages)
        self.assertNotIn("price list.pdf", messages)
        self.assertEqual(sum(one["count"] for one in found), 5)
        mailing.attachment_ids = [Command.clear()]
        self.assertNotIn("file_names", self.found(mailing))
