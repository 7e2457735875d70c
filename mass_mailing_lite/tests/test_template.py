from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.mail import email_normalize

from ..tools.placeholder import HTML, TEXT, find_placeholders
from .common import GROUP, MailingCase

SHIPPED = (
    *("newsletter", "announcement", "event", "prices", "letter"),
    *("columns", "launch", "date", "offer", "welcome"),
)


@tagged("post_install", "-at_install")
class TestTemplate(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Greeting",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "subject": "Hello {{ object.name }}",
                "partner_mailing_preview_text": "Read on",
                "body_html": '<p>Hello <t t-out="object.name"/></p>',
                "email_from": "{{ user.email_formatted }}",
                "reply_to": "answers@example.com",
                "attachment_ids": [Command.create({"name": "terms.txt", "raw": b"Terms"})],
            }
        )
        cls.template.with_context(lang="fr_FR").write(
            {
                "subject": "Bonjour {{ object.name }}",
                "body_html": '<p>Bonjour <t t-out="object.name"/></p>',
            }
        )

    def test_a_mailing_starts_from_a_template_in_the_main_language(self):
        action = self.template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].browse(action["res_id"])
        self.assertEqual(mailing.create_uid, self.marketer)
        self.assertEqual(mailing.name, "Greeting")
        self.assertEqual(mailing.subject, "Hello {{ object.name }}")
        self.assertEqual(mailing.preview_text, "Read on")
        french = mailing.with_context(lang="fr_FR")
        self.assertEqual(french.subject, "Hello {{ object.name }}", "nobody asked for French")
        self.assertFalse(mailing.version_ids)
        self.assertEqual(mailing.reply_to, "answers@example.com")
        self.assertEqual(
            email_normalize(mailing.email_from),
            "marketer@example.com",
            "a sender with a placeholder is left to the mailing",
        )

    def test_a_file_of_the_template_becomes_the_mailings_own(self):
        mailing = self.new_mailing()
        mailing._load_template(self.template)
        self.assertEqual(mailing.attachment_ids.raw, b"Terms")
        self.assertNotEqual(mailing.attachment_ids, self.template.attachment_ids)
        self.template.attachment_ids.raw = b"Other terms"
        self.assertEqual(mailing.attachment_ids.raw, b"Terms")

    def test_choosing_a_template_in_an_empty_form_fills_it(self):
        form = Form(self.env["partner.mailing"].with_user(self.marketer))
        form.template_id = self.template
        self.assertEqual(form.name, "Greeting")
        self.assertEqual(form.subject, "Hello {{ object.name }}")
        mailing = form.save()
        self.assertEqual(mailing.attachment_ids.raw, b"Terms")
        self.assertEqual(mailing.with_context(lang="fr_FR").subject, "Hello {{ object.name }}")
        self.assertIn("French", mailing.languages_not_taken)

    def test_what_was_rewritten_in_the_form_does_not_get_the_templates_translation(self):
        mailing = self.new_mailing(template_id=self.template.id, subject="Something else")
        self.assertEqual(mailing.with_context(lang="fr_FR").subject, "Something else")

    def test_loading_says_what_it_replaces_and_removes_stale_translations(self):
        mailing = self.new_mailing()
        mailing.with_context(lang="fr_FR").preview_text = "Ancien"
        action = mailing.action_load_template()
        wizard = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        wizard.template_id = self.template
        for label in ("Subject", "Preview Text", "Body"):
            self.assertIn(label, wizard.replaced)
        self.assertNotIn("Attachments", wizard.replaced)
        wizard.save().action_load()
        self.assertEqual(mailing.subject, "Hello {{ object.name }}")
        self.assertEqual(mailing.with_context(lang="fr_FR").preview_text, "Read on")
        self.assertEqual(mailing.template_id, self.template)

    def test_the_dialog_asks_for_languages_and_takes_those_that_are_ticked(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.template.with_context(lang="es_ES").subject = "Hola"
        french = self.env["res.lang"]._lang_get("fr_FR")
        mailing = self.new_mailing()
        action = mailing.action_load_template()
        wizard = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        self.assertFalse(wizard.offered_language_ids[:])
        wizard.template_id = self.template
        self.assertEqual(set(wizard.offered_language_ids[:].mapped("code")), {"fr_FR", "es_ES"})
        self.assertFalse(wizard.language_ids[:], "no other language than the author's")
        wizard.language_ids.add(french)
        wizard.save().action_load()
        self.assertEqual(mailing.version_ids.mapped("lang"), ["fr_FR"])
        self.assertEqual(mailing.version_ids.state, "current")
        self.assertEqual(mailing.with_context(lang="fr_FR").subject, "Bonjour {{ object.name }}")
        self.assertEqual(mailing.with_context(lang="es_ES").subject, "Hello {{ object.name }}")
        self.assertEqual(mailing.languages_not_taken, "Spanish / Español")

    def test_languages_that_were_not_taken_are_named_and_taken_later(self):
        action = self.template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
        self.assertIn("French", mailing.languages_not_taken)
        mailing.subject = "Other news"
        action = mailing.action_take_languages()
        wizard = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        wizard.language_ids.add(self.env["res.lang"]._lang_get("fr_FR"))
        dialog = wizard.save()
        with self.assertRaises(AccessError):
            dialog.with_user(self.colleague).action_load()
        dialog.action_load()
        french = mailing.with_context(lang="fr_FR")
        self.assertIn("Bonjour", french.body_html)
        self.assertEqual(french.subject, "Other news", "the translation belongs to another text")
        self.assertEqual(mailing.subject, "Other news", "nothing else is replaced")
        self.assertEqual(mailing.version_ids.state, "current")
        self.assertFalse(mailing.languages_not_taken)

    def test_only_languages_of_recipients_are_offered(self):
        action = self.template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
        mailing.audience_ids = self.audience
        mailing.action_load_recipients()
        self.assertFalse(mailing.languages_not_taken, "nobody reads French")
        self.anna.lang = "fr_FR"
        mailing.action_load_recipients()
        self.assertEqual(mailing.languages_not_taken, "French / Français (1)")
        mailing.body_html = "<p>Our own</p>"
        self.assertFalse(mailing.languages_not_taken, "the template's text fits no more")

    def test_a_template_loads_in_the_language_that_the_author_writes(self):
        mailing = self.new_mailing(main_lang="fr_FR").with_context(lang="en_US")
        mailing._load_template(self.template)
        for lang in ("en_US", "fr_FR"):
            self.assertEqual(mailing.with_context(lang=lang).subject, "Bonjour {{ object.name }}")
        self.assertFalse(mailing.version_ids)

    def test_nothing_is_loaded_into_a_mailing_that_is_no_draft(self):
        mailing = self.new_validated_mailing()
        with self.assertRaises(UserError):
            mailing.action_load_template()
        wizard = mailing.env["partner.mailing.load.template"].create(
            {"mailing_id": mailing.id, "template_id": self.template.id}
        )
        with self.assertRaises(UserError):
            wizard.action_load()

    def test_nobody_loads_into_a_mailing_of_somebody_else(self):
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_load_template()
        wizard = self.env["partner.mailing.load.template"].with_user(self.colleague)
        wizard = wizard.create({"mailing_id": mailing.id, "template_id": self.template.id})
        with self.assertRaises(AccessError):
            wizard.action_load()

    def test_a_mailing_is_saved_as_a_template_of_the_users_own(self):
        marketer = self._plain_user("plain")
        mailing = self.new_mailing(
            marketer, attachment_ids=[Command.create({"name": "a.txt", "raw": b"A"})]
        )
        mailing.with_context(lang="fr_FR").subject = "Nouvelles pour {{ object.name }}"
        action = mailing.action_save_as_template()
        wizard = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(wizard.name, "Summer news")
        wizard.name = "News of the season"
        template = self.env["mail.template"].browse(wizard.save().action_save()["res_id"])
        self.assertEqual((template.name, template.model), ("News of the season", "res.partner"))
        self.assertEqual(template.subject, mailing.subject)
        self.assertEqual(
            template.with_context(lang="fr_FR").subject, "Nouvelles pour {{ object.name }}"
        )
        self.assertEqual(template.attachment_ids.raw, b"A")
        self.assertNotEqual(template.attachment_ids, mailing.attachment_ids)
        template.with_user(marketer).subject = "Mine to change"
        with self.assertRaises(AccessError):
            template.with_user(self._plain_user("other")).subject = "Not mine"

    def test_a_colleague_saves_what_she_may_read_from_the_menu(self):
        mailing = self.new_mailing().with_user(self.colleague)
        with self.assertRaises(AccessError):
            mailing.subject = "Not hers"
        menu = self.env.ref("mass_mailing_lite.partner_mailing_save_as_template")
        menu = menu.with_user(self.colleague).with_context(
            active_model=mailing._name, active_id=mailing.id, active_ids=mailing.ids
        )
        self.assertEqual(menu.run()["res_model"], "partner.mailing.save.template")

    def test_nothing_is_saved_of_an_empty_mailing(self):
        mailing = self.new_mailing(subject=False, body_html=False)
        with self.assertRaisesRegex(UserError, "Summer news"):
            mailing._save_as_template("Empty")

    def test_the_miniature_names_fields_and_runs_nothing(self):
        self.assertRegex(self.template.partner_mailing_miniature, r"Hello <span [^>]*>Name</span>")
        self.template.body_html = "<p><t t-out=\"env['res.users'].search([])\"/></p>"
        self.assertNotIn("res.users(", self.template.partner_mailing_miniature)

    def test_the_shipped_templates_hold_allowed_placeholders_only(self):
        allowed = self.env["res.partner"].mail_allowed_qweb_expressions()
        plain = self._plain_user("plain")
        for name in SHIPPED:
            template = self.env.ref(f"mass_mailing_lite.mail_template_{name}")
            with self.subTest(template=name):
                found = find_placeholders(template.subject, TEXT)
                found += find_placeholders(str(template.body_html), HTML)
                self.assertLessEqual({hole.path for hole in found}, set(allowed))
                self.assertNotIn("<img", template.body_html)
                template.with_user(plain).action_start_partner_mailing()

    def _plain_user(self, login):
        """Return a marketer who is no template editor, which Odoo makes everybody at first."""
        user = new_test_user(
            self.env, login, f"base.group_user,{GROUP % 'user'}", email=f"{login}@example.com"
        )
        editors = self.env.ref("mail.group_mail_template_editor")
        self.env.ref("base.group_user").implied_ids -= editors
        user.group_ids -= editors
        self.assertFalse(user.has_group("mail.group_mail_template_editor"))
        return user
