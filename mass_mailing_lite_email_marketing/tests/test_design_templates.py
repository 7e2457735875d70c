from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import DesignCase


@tagged("post_install", "-at_install")
class TestDesignTemplates(DesignCase):
    def test_a_design_is_saved_as_a_template_and_loaded_in_each_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        template = mailing._save_as_template("Spring")
        self.assertEqual(template.partner_mailing_editor, "builder")
        self.assertEqual(
            self.stored(template, "partner_mailing_body_arch"), self.stored(mailing, "body_arch")
        )
        other = self.new_mailing()
        other._load_template(template, ["de_DE"])
        self.assertEqual(other.editor, "builder")
        for name in ("body_arch", "body_html"):
            self.assertEqual(self.stored(other, name), self.stored(mailing, name))

    def test_a_template_without_a_design_replaces_one(self):
        self.env["res.lang"]._activate_lang("de_DE")
        template = self.new_mailing()._save_as_template("Plain")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        mailing._load_template(template)
        self.assertEqual(mailing.editor, "plain")
        self.assertFalse(any(self.stored(mailing, "body_arch").values()))
        self.assertIn("it is summer", mailing.body_html)

    def test_a_new_mailing_is_filled_from_a_template_with_a_design(self):
        template = self.new_design()._save_as_template("Spring")
        started = template.with_user(self.marketer).action_start_partner_mailing()
        mailing = self.env["partner.mailing"].browse(started["res_id"])
        self.assertEqual((mailing.editor, bool(mailing.body_arch)), ("builder", True))

    def test_a_template_whose_body_is_written_alone_has_no_design(self):
        template = self.new_design()._save_as_template("Spring")
        copied = template.copy()
        self.assertTrue(copied.partner_mailing_body_arch)
        template.write({"body_html": "<p>Another</p>"})
        self.assertFalse(template.partner_mailing_body_arch)

    def test_languages_of_a_template_are_taken_with_their_designs(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        template = mailing._save_as_template("Spring")
        other = self.new_mailing()
        other._load_template(template)
        other._take_template_languages(["de_DE"])
        self.assertIn("Hallo", other.with_context(lang="de_DE").body_arch)
        self.assertIn("Hallo", other.with_context(lang="de_DE").body_html)


@tagged("post_install", "-at_install")
class TestFavorites(DesignCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.both = new_test_user(
            cls.env,
            "both",
            "base.group_user,mass_mailing_lite.group_user,mass_mailing.group_mass_mailing_user",
            email="both@example.com",
        )
        design = (
            '<div class="o_layout"><p>Favorite <a href="/unsubscribe_from_list">x</a></p></div>'
        )
        cls.favorite = cls.env["mailing.mailing"].create(
            {
                "subject": "Our favorite",
                "preview": "Look",
                "mailing_model_id": cls.env["ir.model"]._get_id("res.partner"),
                "body_arch": design,
                "body_html": design,
                "favorite": True,
            }
        )

    def test_a_favorite_of_email_marketing_is_loaded(self):
        mailing = self.new_mailing(self.both)
        dialog = (
            self.env["partner.mailing.load.template"]
            .with_user(self.both)
            .create({"mailing_id": mailing.id, "favorite_id": self.favorite.id})
        )
        self.assertTrue(dialog.has_favorites)
        self.assertTrue(dialog.has_template)
        self.assertIn("Subject", dialog.replaced)
        dialog.action_load()
        self.assertEqual(mailing.subject, "Our favorite")
        self.assertEqual(mailing.preview_text, "Look")
        self.assertEqual(mailing.editor, "builder")
        self.assertIn("/partner_mailing/unsubscribe", mailing.body_arch)
        self.assertIn("/partner_mailing/unsubscribe", mailing.body_html)

    def test_who_may_not_read_email_marketing_is_offered_none_and_can_go_on(self):
        mailing = self.new_mailing()
        dialogs = self.env["partner.mailing.load.template"].with_user(self.marketer)
        dialog = dialogs.create({"mailing_id": mailing.id})
        self.assertFalse(dialog.has_favorites)
        with self.assertRaises(AccessError):
            dialogs.create({"mailing_id": mailing.id, "favorite_id": self.favorite.id})
        mailings = self.env["mailing.mailing"]
        self.assertEqual(mailings.with_user(self.marketer).action_fetch_favorites(), [])
        self.assertTrue(mailings.with_user(self.both).action_fetch_favorites())
