from odoo import Command
from odoo.addons.mass_mailing_lite.tests.common import GROUP
from odoo.addons.mass_mailing_lite.tools.placeholder import TEXT, find_placeholders
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..tools.sms_length import GSM_7, measure
from .common import ANNA, SmsCase

SHIPPED = ("news", "reminder", "offer")


@tagged("post_install", "-at_install")
class TestSmsTemplate(SmsCase):
    """Templates of Odoo's for contacts: used, loaded and saved as those of e-mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.template = cls.env["sms.template"].create(
            {
                "name": "Open again",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "body": "Hello {{ object.name ||| you }}, we are open.",
            }
        )
        cls.template.with_context(lang="fr_FR").body = "Bonjour {{ object.name }}, c'est ouvert."

    def open_dialog(self, action):
        return Form(
            self.env[action["res_model"]].with_user(self.marketer).with_context(**action["context"])
        )

    def plain_user(self, login):
        """Return a marketer who is no template editor."""
        user = new_test_user(
            self.env, login, f"base.group_user,{GROUP % 'user'}", email=f"{login}@example.com"
        )
        editors = self.env.ref("mail.group_mail_template_editor")
        self.env.ref("base.group_user").implied_ids -= editors
        user.group_ids -= editors
        return user

    def test_use_makes_a_draft_by_sms_in_the_main_language(self):
        action = self.template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
        self.assertEqual((mailing.channel, mailing.name), ("sms", "Open again"))
        self.assertEqual(mailing.sms_body, self.template.body)
        self.assertEqual(mailing.sms_template_id, self.template)
        self.assertFalse(mailing.template_id)
        self.assertEqual(mailing.with_context(lang="fr_FR").sms_body, self.template.body)
        self.assertIn("French", mailing.languages_not_taken)
        self.assertEqual(mailing.checklist[0]["hint"], "Open again")
        mailing.audience_ids = self.audience
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        self.assertEqual(dict(self.gateway.sent)[ANNA], "Hello Anna, we are open.")

    def test_loading_says_what_it_replaces_and_takes_the_languages_that_are_ticked(self):
        mailing = self.new_sms()
        wizard = self.open_dialog(mailing.action_load_template())
        self.assertFalse(wizard.has_template)
        wizard.sms_template_id = self.template
        self.assertEqual((wizard.has_template, wizard.replaced), (True, "SMS Text"))
        self.assertEqual(wizard.offered_language_ids[:].mapped("code"), ["fr_FR"])
        wizard.language_ids.add(self.env["res.lang"]._lang_get("fr_FR"))
        wizard.save().action_load()
        self.assertEqual(mailing.sms_body, self.template.body)
        self.assertEqual(
            mailing.with_context(lang="fr_FR").sms_body,
            self.template.with_context(lang="fr_FR").body,
        )
        self.assertEqual(mailing.version_ids.mapped("state"), ["current"])
        self.assertEqual(mailing.sms_template_id, self.template)

    def test_languages_that_were_not_taken_are_taken_later(self):
        action = self.template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].with_user(self.marketer).browse(action["res_id"])
        wizard = self.open_dialog(mailing.action_take_languages())
        self.assertEqual(wizard.sms_template_id, self.template)
        wizard.language_ids.add(self.env["res.lang"]._lang_get("fr_FR"))
        wizard.save().action_load()
        self.assertIn("Bonjour", mailing.with_context(lang="fr_FR").sms_body)
        self.assertFalse(mailing.languages_not_taken)

    def test_choosing_a_template_in_an_empty_form_fills_it(self):
        form = Form(
            self.env["partner.mailing"].with_user(self.marketer).with_context(default_channel="sms")
        )
        form.sms_template_id = self.template
        self.assertEqual((form.name, form.sms_body), ("Open again", self.template.body))
        self.assertEqual(form.save().sms_template_id, self.template)

    def test_nothing_typed_is_lost_when_a_template_is_chosen(self):
        form = Form(
            self.env["partner.mailing"].with_user(self.marketer).with_context(default_channel="sms")
        )
        form.name = "Mine"
        form.sms_body = "My own words"
        mailing = form.save()
        mailing.sms_template_id = self.template
        mailing._onchange_sms_template_id()
        self.assertEqual(mailing.sms_body, "My own words")

    def test_nothing_is_loaded_into_a_mailing_that_is_no_draft_or_anothers(self):
        mailing = self.new_validated_sms()
        with self.assertRaises(UserError):
            mailing.action_load_template()
        Load = self.env["partner.mailing.load.template"]
        values = {"mailing_id": mailing.id, "sms_template_id": self.template.id}
        with self.assertRaises(UserError):
            Load.with_user(self.marketer).create(values).action_load()
        values["mailing_id"] = self.new_sms().id
        with self.assertRaises(AccessError):
            Load.with_user(self.colleague).create(values).action_load()

    def test_a_template_of_the_other_channel_is_not_loaded(self):
        mail_template = self.env.ref("mass_mailing_lite.mail_template_letter")
        wizard = self.env["partner.mailing.load.template"].create(
            {"mailing_id": self.new_sms().id, "template_id": mail_template.id}
        )
        with self.assertRaisesRegex(UserError, "Choose a template"):
            wizard.action_load()

    def test_a_mailing_is_saved_as_a_template_that_odoos_send_sms_offers(self):
        mailing = self.new_sms(self.plain_user("plain"))
        mailing.with_context(lang="fr_FR").sms_body = "{{ object.name }}, c'est ouvert."
        action = mailing.action_save_as_template()
        wizard = self.env[action["res_model"]].with_user(mailing.env.user)
        wizard = wizard.with_context(**action["context"]).create({"name": "Ours"})
        action = wizard.action_save()
        self.assertEqual(action["res_model"], "sms.template")
        template = self.env["sms.template"].browse(action["res_id"])
        self.assertEqual((template.name, template.model), ("Ours", "res.partner"))
        self.assertEqual(template.body, mailing.sms_body)
        self.assertIn("c'est ouvert", template.with_context(lang="fr_FR").body)
        composer = self.env["sms.composer"].create(
            {
                "composition_mode": "comment",
                "res_model": "res.partner",
                "res_id": self.anna.id,
                "template_id": template.id,
            }
        )
        self.assertEqual(composer.body, "Anna, our shop is open again.")

    def test_nothing_is_saved_of_an_empty_mailing(self):
        with self.assertRaisesRegex(UserError, "Shop open again.*no text"):
            self.new_sms(sms_body=False)._save_as_template("Empty")

    def test_rights_are_those_of_mail_templates(self):
        plain, other = self.plain_user("plain"), self.plain_user("other")
        Template = self.env["sms.template"]
        values = {
            "name": "Mine",
            "model_id": self.env["ir.model"]._get_id("res.partner"),
            "body": "Hello {{ object.name }}",
        }
        mine = Template.with_user(plain).create(values)
        mine.body = "Changed"
        self.assertTrue(mine.partner_mailing_can_write)
        self.assertFalse(mine.with_user(other).partner_mailing_can_write)
        for change in (lambda one: one.write({"body": "Not yours"}), lambda one: one.unlink()):
            with self.assertRaises(AccessError):
                change(mine.with_user(other))
        with self.assertRaises(AccessError):
            Template.with_user(plain).create({**values, "body": "{{ object.env.cr.dbname }}"})
        users = self.env["ir.model"]._get_id("res.users")
        with self.assertRaises(AccessError):
            Template.with_user(plain).create({**values, "model_id": users})
        with self.assertRaises(AccessError):
            Template.with_user(self.outsider).create(values)
        plain.group_ids += self.env.ref("mail.group_mail_template_editor")
        self.template.with_user(plain).body = "By an editor"
        elsewhere = Template.create({**values, "model_id": users})
        with self.assertRaises(AccessError):
            elsewhere.with_user(plain).body = "Of another document"
        mine.with_user(plain).unlink()

    def test_the_form_of_odoo_is_ours_for_contacts(self):
        form = Form(self.env["sms.template"].with_context(default_model="res.partner"))
        form.name = "New"
        form.body = "Hello {{ object.name ||| you }}"
        self.assertIn("1 SMS (GSM-7)", form.partner_mailing_length)
        template = form.save()
        self.assertIn("Hello [Name]", template.partner_mailing_miniature)
        self.assertEqual(template.partner_mailing_subject, "Hello [Name]")
        template.body = "<script>alert(1)</script>"
        self.assertNotIn("<script>", template.partner_mailing_miniature)

    def test_shipped_templates_are_one_sms_each_and_are_recognized_as_samples(self):
        allowed = set(self.env["res.partner"].mail_allowed_qweb_expressions())
        plain = self.plain_user("plain")
        self.env.company.write({"name": "Acme", "phone": "+34 900 000 111"})
        for name in SHIPPED:
            template = self.env.ref(f"mass_mailing_lite_sms.sms_template_{name}")
            with self.subTest(name):
                found = find_placeholders(template.body, TEXT)
                self.assertLessEqual({hole.path for hole in found}, allowed)
                action = template.with_user(plain).action_start_partner_mailing()
                mailing = self.env["partner.mailing"].browse(action["res_id"])
                length = measure(mailing._get_transport().get_sample_text())
                self.assertEqual((length.parts, length.encoding), (1, GSM_7))
                mailing.with_user(plain).audience_ids = [Command.link(self.audience.id)]
                [finding] = [
                    one for one in mailing._get_findings() if one["key"] == "sample_content"
                ]
                self.assertEqual((finding["level"], finding["focus"]), ("stop", "sms_body"))
                with self.assertRaisesRegex(UserError, "ample"):
                    mailing.with_user(plain).action_submit()
                mailing.with_user(plain).sms_body = "{{ object.name ||| Hello }}, our own words."
                mailing.with_user(plain).action_submit()
