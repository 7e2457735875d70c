"""What messages that have left show never changes: files and pictures of mailings."""

import base64

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common import MailingCase

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install")
class TestFiles(MailingCase):
    def picture(self, user=None, **values):
        Attachment = self.env["ir.attachment"].with_user(user or self.env.user)
        return Attachment.create({"name": "p.png", "raw": PIXEL, "mimetype": "image/png", **values})

    def shown(self, mailing, lang="en_US"):
        """Return the files that the body in a language shows."""
        body = mailing.with_context(lang=lang).body_html
        return mailing.sudo()._get_content_files({lang: body}) - mailing.sudo().attachment_ids

    def new_with_files(self, validated=True, **values):
        picture = base64.b64encode(PIXEL).decode()
        mailing = self.new_mailing(
            body_html=f'<p>Dear <t t-out="object.name"/></p><img src="data:image/png;base64,{picture}"/>',
            attachment_ids=[Command.create({"name": "a.txt", "raw": b"A"})],
            **values,
        )
        if validated:
            mailing.action_submit()
            mailing.with_user(self.validator).action_validate()
        return mailing

    def assertFrozen(self, file, user):
        theirs = file.sudo(False).with_user(user)
        for values in (
            {"raw": b"B"},
            {"datas": base64.b64encode(b"B")},
            {"name": "b.txt"},
            {"mimetype": "text/html"},
            {"type": "url", "url": "https://example.com/"},
            {"res_id": 0},
            {"res_model": "res.partner", "res_id": self.anna.id},
            {"access_token": "x"},
        ):
            with (
                self.subTest(user=user.login, values=list(values)),
                self.assertRaisesRegex(UserError, "never changed"),
            ):
                theirs.write(values)
        with self.assertRaisesRegex(UserError, "never changed or deleted"):
            theirs.unlink()

    def test_a_validated_file_never_changes_whatever_becomes_of_the_mailing(self):
        mailing = self.new_with_files()
        files = mailing.sudo()._get_content_files()
        self.assertEqual(len(files), 2)
        files.generate_access_token()
        mailing.action_back_to_draft()
        for file in files:
            for user in (self.marketer, self.manager, self.env.ref("base.user_admin")):
                self.assertFrozen(file, user)
        mailing.body_html = "<p>Without</p>"
        mailing.attachment_ids = False
        self.assertEqual(files.exists(), files, "the draft shows other files; these stay")
        self.assertFrozen(files[0], self.marketer)

    def test_a_draft_that_was_never_validated_keeps_its_freedom(self):
        mailing = self.new_with_files(validated=False)
        mailing.action_submit()
        mailing.action_back_to_draft()
        file = mailing.attachment_ids
        file.raw = b"B"
        file.unlink()
        self.assertFalse(mailing.attachment_ids)

    def test_no_user_says_whether_a_file_is_frozen(self):
        file = self.new_with_files().attachment_ids
        for user in (self.marketer, self.manager):
            with self.assertRaises(UserError):
                file.with_user(user).write({"partner_mailing_is_frozen": False})
            with self.assertRaises(AccessError):
                file.with_user(user).read(["partner_mailing_is_frozen"])
        with self.assertRaises(AccessError):
            file.with_user(self.marketer).create({"name": "x", "partner_mailing_is_frozen": True})
        self.assertFalse(file.sudo().copy().partner_mailing_is_frozen)

    def test_files_go_with_their_mailing_and_not_before(self):
        mailing = self.new_with_files()
        files = mailing.sudo()._get_content_files()
        mailing.action_cancel()
        mailing.sudo().approval_ids._as_system().unlink()
        mailing.unlink()
        self.assertFalse(files.exists())

    def test_a_copy_has_pictures_and_files_of_its_own_in_each_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_with_files(validated=False)
        french = mailing.body_html.replace("Dear", "Cher")
        mailing.update_field_translations("body_html", {"fr_FR": str(french)})
        duplicate = mailing.copy()
        for lang in ("en_US", "fr_FR"):
            [ours], [theirs] = self.shown(duplicate, lang), self.shown(mailing, lang)
            self.assertNotEqual(ours, theirs)
            self.assertEqual(ours.raw, theirs.raw)
            self.assertEqual((ours.res_model, ours.res_id), (duplicate._name, duplicate.id))
            body = duplicate.with_context(lang=lang).body_html
            self.assertIn(f"access_token={ours.access_token}", body)
            self.assertNotIn(theirs.access_token, body)
        self.assertEqual(self.shown(duplicate), self.shown(duplicate, "fr_FR"), "copied once")
        self.assertFalse(duplicate.attachment_ids & mailing.attachment_ids)
        self.assertFalse(duplicate.stale_versions, "another address makes no version out of date")
        self.shown(duplicate).raw = PIXEL + b"2"
        self.assertEqual(self.shown(mailing).raw, PIXEL)

    def test_pictures_of_a_template_become_the_mailings_own(self):
        template = self.env["mail.template"].create(
            {"name": "T", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "S"}
        )
        picture = self.picture(res_model="mail.template", res_id=template.id)
        [token] = picture.generate_access_token()
        template.body_html = f'<img src="/web/image/{picture.id}?access_token={token}"/>'
        loaded = self.new_mailing()
        loaded._load_template(template)
        filled = self.new_mailing(template_id=template.id, body_html=template.body_html)
        for mailing in (loaded, filled):
            [own] = self.shown(mailing)
            self.assertNotEqual(own, picture)
            self.assertEqual(own.res_id, mailing.id)
        picture.unlink()
        self.assertEqual(own.raw, PIXEL)

    def test_a_picture_of_the_library_is_copied_and_an_upload_is_taken(self):
        shared = self.picture(public=True, res_model="ir.ui.view", res_id=0)
        uploaded = self.picture(self.marketer, res_model="partner.mailing", res_id=0)
        mailing = self.new_mailing(
            body_html=f'<img src="/web/image/{shared.id}-abc/p.png"/>'
            f"<p style=\"background: url('/web/image/{uploaded.id}')\">x</p>"
        )
        shown = self.shown(mailing)
        self.assertIn(uploaded, shown)
        self.assertEqual(len(shown), 2)
        self.assertNotIn(shared, shown)
        self.assertEqual(set(shown.mapped("res_id")), {mailing.id})

    def test_a_file_that_the_author_may_not_read_is_not_copied(self):
        secret = self.picture(res_model="res.company", res_id=0)
        body = f'<img src="/web/image/{secret.id}?access_token=guess"/>'
        mailing = self.new_mailing(body_html=body)
        self.assertEqual(self.shown(mailing), secret)
        self.assertFalse(
            self.env["ir.attachment"].search(
                [("res_model", "=", mailing._name), ("res_id", "=", mailing.id)]
            )
        )

    def test_a_file_renamed_after_it_was_attached_cannot_deceive(self):
        mailing = self.new_with_files(validated=False)
        file = mailing.attachment_ids
        for name in ("invoice\u202efdp.exe", "a.pdf        .exe", "a\u0000.pdf", "a.pdf.exe"):
            with self.subTest(name), self.assertRaises(ValidationError):
                file.name = name
        # Renamed past the guard.
        self.env.cr.execute(
            "UPDATE ir_attachment SET name = %s WHERE id = %s", ["a\u202efdp.exe", file.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(ValidationError, "invisible sign"):
            mailing.action_submit()
        file.name = "b.pdf"
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")
