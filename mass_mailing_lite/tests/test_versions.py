from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from . import pages
from .common import MailingCase


@tagged("post_install", "-at_install")
class TestVersions(MailingCase):
    """What recipients read in another language than the one the author wrote last."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in ("es_ES", "fr_FR"):
            cls.env["res.lang"]._activate_lang(lang)
        cls.anna.lang = "en_US"
        cls.boris.lang = "es_ES"

    def new_translated(self, **values):
        """Return a draft in English with a Spanish version."""
        mailing = self.new_mailing(subject="News", body_html="<p>News</p>", **values)
        mailing.update_field_translations("subject", {"es_ES": "Noticias"})
        mailing.update_field_translations("body_html", {"es_ES": "<p>Noticias</p>"})
        return mailing

    def new_spanish(self):
        """Return a draft of an author whose language is Spanish."""
        [values] = self.new_mailing().copy_data({"subject": "Borrador", "body_html": "<p>B</p>"})
        del values["main_lang"]
        model = self.env["partner.mailing"].with_user(self.marketer).with_context(lang="es_ES")
        return model.create(values)

    def version(self, mailing, lang="es_ES"):
        return mailing.version_ids.filtered(lambda version: version.lang == lang)

    def texts(self, mailing, lang):
        mailing = mailing.with_context(lang=lang)
        return mailing.subject, str(mailing.body_html)

    def test_a_version_that_was_made_for_the_main_version_is_up_to_date(self):
        mailing = self.new_translated()
        self.assertEqual(self.version(mailing).state, "current")
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_a_change_of_the_main_version_stops_the_submission(self):
        for name, text in (
            ("subject", "Other news"),
            ("preview_text", "Read on"),
            ("body_html", "<p>Other news</p>"),
        ):
            with self.subTest(name):
                mailing = self.new_translated()
                mailing.preview_text = "Read"
                mailing.update_field_translations("preview_text", {"es_ES": "Lea"})
                self.assertEqual(self.version(mailing).state, "current")
                mailing[name] = text
                mailing.action_load_recipients()
                version = self.version(mailing)
                self.assertEqual((version.state, version.recipient_count), ("stale", 1))
                label = mailing._fields[name]._description_string(self.env)
                self.assertIn(label, version.hint)
                with self.assertRaisesRegex(UserError, r"Spanish.*\(1\)"):
                    mailing.action_submit()
                [step] = [one for one in mailing.checklist if one["key"] == "write"]
                self.assertEqual(step["status"], "attention")

    def test_each_field_of_a_version_is_brought_up_to_date_by_itself(self):
        mailing = self.new_translated()
        mailing.write({"subject": "Other news", "body_html": "<p>Other news</p>"})
        mailing.update_field_translations("body_html", {"es_ES": "<p>Otras noticias</p>"})
        self.assertEqual(self.version(mailing).state, "stale", "its subject is the old one")
        mailing.update_field_translations("subject", {"es_ES": "Otras noticias"})
        self.assertEqual(self.version(mailing).state, "current")

    def test_a_version_is_edited_in_its_language(self):
        mailing = self.new_translated()
        mailing.subject = "Other news"
        action = self.version(mailing).action_edit()
        with Form.from_action(mailing.env, action) as form:
            self.assertEqual(form.subject, "Noticias")
            self.assertIn("Noticias", form.body_html)
            form.subject = "Otras noticias"
            dialog = form.save()
        picture = {"name": "p.png", "raw": b"P", "res_model": dialog._name, "res_id": dialog.id}
        file = self.env["ir.attachment"].sudo().create(picture)
        dialog.action_save()
        self.assertEqual(self.version(mailing).state, "current")
        self.assertEqual(self.texts(mailing, "es_ES")[0], "Otras noticias")
        self.assertEqual(mailing.with_context(lang="en_US").subject, "Other news")
        self.assertEqual((file.res_model, file.res_id), ("partner.mailing", mailing.id))
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, "no draft"):
            dialog.action_save()
        with self.assertRaisesRegex(UserError, "no draft"):
            self.version(mailing).action_edit()

    def test_a_confirmed_version_is_sent_until_the_main_version_changes_again(self):
        mailing = self.new_translated()
        mailing.subject = "News!"
        self.version(mailing).action_confirm()
        version = self.version(mailing)
        self.assertEqual((version.state, version.confirmed_by_id), ("current", self.marketer))
        self.assertIn("marketer", version.hint)
        self.assertIn("Spanish", str(mailing.sudo().message_ids[:1].body))
        mailing.subject = "News?"
        self.assertEqual(self.version(mailing).state, "stale")
        self.version(mailing).action_confirm()
        mailing.action_submit()
        with self.assertRaisesRegex(UserError, "no draft"):
            self.version(mailing).action_remove()

    def test_recipients_of_a_removed_version_get_the_main_version(self):
        mailing = self.new_translated()
        mailing.write({"subject": "Other news", "body_html": "<p>Other news</p>"})
        self.version(mailing).action_remove()
        self.assertFalse(self.version(mailing))
        self.assertEqual(self.texts(mailing, "es_ES"), ("Other news", "<p>Other news</p>"))
        mailing.subject = "Last news"
        self.assertEqual(self.texts(mailing, "es_ES")[0], "Last news")
        mailing.action_submit()

    def test_a_version_that_nobody_reads_stops_nothing(self):
        mailing = self.new_translated()
        self.boris.lang = False
        mailing.subject = "Other news"
        mailing.action_submit()
        self.assertEqual(mailing.state, "to_validate")

    def test_what_is_written_in_another_language_than_english_reaches_everybody(self):
        """Odoo fills English at the first save and leaves it as it was then."""
        mailing = self.new_spanish()
        self.assertEqual(mailing.main_lang, "es_ES")
        mailing.write({"subject": "Noticias", "body_html": "<p>Noticias</p>"})
        for lang in ("es_ES", "en_US", "fr_FR"):
            self.assertEqual(self.texts(mailing, lang), ("Noticias", "<p>Noticias</p>"), lang)
        self.assertFalse(mailing.version_ids)

    def test_without_a_version_one_gets_the_main_one_and_not_english(self):
        self.anna.lang = "fr_FR"
        mailing = self.new_spanish()
        mailing.write({"subject": "Noticias", "body_html": "<p>Noticias</p>"})
        mailing.update_field_translations("subject", {"en_US": "News"})
        mailing.action_submit()
        self.assertEqual(self.texts(mailing, "fr_FR")[0], "Noticias")
        self.assertEqual(self.texts(mailing, "en_US")[0], "News")

    def test_another_main_language_makes_no_version_newer_than_it_is(self):
        mailing = self.new_translated()
        mailing.main_lang = "es_ES"
        self.assertEqual(self.version(mailing, "en_US").state, "current")
        mailing.with_context(lang="es_ES").subject = "Otras noticias"
        self.assertEqual(self.version(mailing, "en_US").state, "stale")
        mailing.main_lang = "en_US"
        self.assertEqual(self.version(mailing).state, "stale")
        mailing.main_lang = "fr_FR"
        self.assertEqual(self.texts(mailing, "fr_FR")[0], "News")
        self.assertEqual(self.version(mailing).state, "stale")

    def test_a_copy_is_no_way_round_it(self):
        mailing = self.new_translated()
        mailing.subject = "Other news"
        copy = mailing.copy()
        self.assertEqual(self.version(copy).state, "stale")
        copy = mailing.copy({"body_html": "<p>Third news</p>"})
        self.assertEqual(self.version(copy).state, "stale")
        copy = mailing.copy({"main_lang": "es_ES"})
        self.assertEqual(self.version(copy, "en_US").state, "stale")
        copy = mailing.copy({"main_lang": "fr_FR"})
        self.assertEqual(self.version(copy).state, "stale")

    def test_nor_is_the_button_that_mends_placeholders(self):
        mailing = self.new_translated()
        mailing.body_html = "<p>Dear {{ object.name }}</p>"
        mailing.action_convert_placeholders()
        self.assertEqual(self.version(mailing).state, "stale")
        mailing.update_field_translations("body_html", {"es_ES": "<p>Hola {{ object.name }}</p>"})
        mailing.action_convert_placeholders()
        self.assertIn("t-out", str(mailing.with_context(lang="es_ES").body_html))
        self.assertEqual(self.version(mailing).state, "current")

    def test_nor_is_a_call(self):
        mailing = self.new_translated()
        mailing.subject = "Other news"
        version = self.version(mailing)
        for values in ({"made_for": {}}, {"confirmed_by_id": self.marketer.id}, {"lang": "fr_FR"}):
            with self.assertRaises(AccessError):
                version.write(values)
            with self.assertRaises(AccessError):
                mailing.write({"version_ids": [(1, version.id, values)]})
        with self.assertRaises(AccessError):
            version.unlink()
        with self.assertRaises(AccessError):
            mailing.write({"version_ids": [(5,)]})
        with self.assertRaises(AccessError):
            version.with_user(self.validator).action_confirm()
        self.assertEqual(self.version(mailing).state, "stale")

    def test_who_decides_about_a_version_does_not_validate_it(self):
        mailing = self.new_translated(user_id=self.validator.id)
        mailing.subject = "Other news"
        self.version(mailing).with_user(self.validator).action_confirm()
        mailing.action_submit()
        self.assertTrue(mailing.with_user(self.validator).cannot_validate_reason)

    # ------------------------------------------------------------
    # Templates
    # ------------------------------------------------------------

    def test_a_template_is_no_way_round_it(self):
        for change in (False, True):
            with self.subTest(change=change):
                mailing = self.new_translated()
                if not change:
                    mailing.subject = "Other news"
                template = mailing._save_as_template("News").sudo()
                if change:
                    template.subject = "Other news"
                if change:
                    template = template.copy()
                action = template.with_user(self.marketer).action_start_partner_mailing()
                other = mailing.browse(action["res_id"])
                other._take_template_languages(["es_ES"])
                self.assertEqual(other.with_context(lang="es_ES").subject, "Noticias")
                self.assertEqual(self.version(other).state, "stale")
                other._load_template(template.with_user(self.marketer), ["es_ES"])
                self.assertEqual(self.version(other).state, "stale")

    def test_what_a_template_has_for_its_main_version_is_up_to_date(self):
        template = self.new_translated()._save_as_template("News")
        action = template.action_start_partner_mailing()
        mailing = self.new_mailing().browse(action["res_id"])
        mailing._take_template_languages(["es_ES"])
        self.assertEqual(self.version(mailing).state, "current")
        mailing.body_html = "<p>Other news</p>"
        self.assertEqual(self.version(mailing).state, "stale")

    def test_a_language_that_is_taken_makes_no_other_version_newer(self):
        mailing = self.new_translated()
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles"})
        template = mailing._save_as_template("News")
        other = self.new_mailing()
        other._load_template(template, ["es_ES"])
        other.preview_text = "Read"
        other.update_field_translations("preview_text", {"es_ES": "Lea"})
        other.preview_text = "Read on"
        self.assertEqual(self.version(other).state, "stale")
        other._take_template_languages(["fr_FR"])
        self.assertEqual(self.version(other, "fr_FR").state, "current")
        self.assertEqual(self.version(other).state, "stale")

    # ------------------------------------------------------------
    # Review
    # ------------------------------------------------------------

    def test_the_review_shows_every_version_with_its_recipients(self):
        self._new_contact("Celina", "celina@example.com", self.news, lang=False)
        self._new_contact("Denis", "denis@example.com", self.news, lang="fr_FR")
        mailing = self.new_translated()
        mailing.subject = "News!"
        mailing.action_load_recipients()
        self.version(mailing).action_confirm()
        mailing.action_submit()
        request = mailing.sudo()._get_pending_request()
        shown = {
            version["label"]: version
            for version in mailing.with_user(self.validator).sudo()._get_reviewed_versions(request)
        }
        self.assertEqual(
            {label: version["count"] for label, version in shown.items()},
            {"English (US) (main version)": 3, "Spanish / Español": 1},
        )
        spanish = shown["Spanish / Español"]
        self.assertEqual((spanish["subject"], spanish["name"]), ("Noticias", "Boris"))
        self.assertIn("marketer", spanish["confirmed"])
        page = str(mailing.with_user(self.validator).review_html)
        for text in ("News!", "Noticias", "Spanish / Español", "Boris"):
            self.assertIn(text, page)

    def test_one_without_a_language_is_shown_what_is_sent_to_them(self):
        self.boris.lang = False
        self.env.company.partner_id.lang = "es_ES"
        mailing = self.new_translated()
        mailing.action_submit()
        page = str(mailing.with_user(self.validator).with_context(lang="fr_FR").review_html)
        self.assertIn("Noticias", page)
        preview = self.env["partner.mailing.preview"].create(
            {"mailing_id": mailing.id, "recipient_id": self.rows(mailing)["boris@example.com"].id}
        )
        self.assertEqual(preview.subject, "Noticias")

    def test_versions_cost_the_form_few_queries(self):
        env = self.env(user=self.marketer)
        mailing = self.new_translated().with_env(env)
        mailing.update_field_translations("subject", {"fr_FR": "Nouvelles"})
        mailing.action_load_recipients()
        form = pages.opening_form(env, mailing)
        rest = pages.opening_form(env, mailing, without=("version_ids",))
        pages.cost(env, form)
        self.assertLessEqual(pages.cost(env, form)[0] - pages.cost(env, rest)[0], 2)

    # ------------------------------------------------------------
    # Preview and test
    # ------------------------------------------------------------

    def step(self, mailing, key):
        return next(step for step in mailing.checklist if step["key"] == key)

    def test_who_saw_one_language_has_not_seen_the_other(self):
        mailing = self.new_translated()
        mailing.action_load_recipients()
        action = mailing.action_preview()
        form = Form(mailing.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual((form.lang, form.subject), ("en_US", "News"))
        step = self.step(mailing, "preview")
        self.assertEqual(step["status"], "attention")
        self.assertRegex(step["hint"], "Not seen yet: Spanish")
        form.lang = "es_ES"
        self.assertEqual(form.subject, "Noticias")
        self.assertEqual(self.step(mailing, "preview")["status"], "done")
        mailing.update_field_translations("subject", {"es_ES": "Nuevas"})
        self.assertEqual(self.step(mailing, "preview")["status"], "attention")

    def test_a_test_in_one_language_says_nothing_about_the_other(self):
        mailing = self.new_translated()
        mailing.action_load_recipients()
        mailing._record_test("en_US")
        self.assertEqual(mailing.test_state, "partly")
        self.assertIn("Spanish", mailing.test_status)
        self.assertRegex(self.step(mailing, "test")["hint"], "Not tested: Spanish")
        mailing._record_test("es_ES")
        self.assertEqual(mailing.test_state, "tested")
        mailing.update_field_translations("subject", {"es_ES": "Nuevas"})
        self.assertEqual(mailing.test_state, "changed")

    def test_a_language_without_a_version_is_seen_with_the_main_one(self):
        self.boris.lang = "fr_FR"
        mailing = self.new_translated()
        mailing.action_load_recipients()
        mailing._record_test("fr_FR")
        self.assertEqual(mailing.test_state, "tested")

    def test_the_form_of_a_translated_draft_is_edited(self):
        mailing = self.new_translated()
        mailing.action_load_recipients()
        with Form(mailing) as form:
            form.subject = "Other news"
            form.body_html = "<p>Other news</p>"
        self.assertEqual(self.version(mailing).state, "stale")

    # ------------------------------------------------------------
    # Decisions by the code of a language
    # ------------------------------------------------------------

    def test_a_stale_language_is_named_with_its_recipients_in_form_review_and_refusal(self):
        mailing = self.new_translated()
        self.assertEqual(mailing._get_stale_languages(), {})
        mailing.subject = "Other news"
        self.assertEqual(mailing._get_stale_languages(), {"es_ES": 0}, "nobody knows yet")
        mailing.action_load_recipients()
        self.assertEqual(mailing._get_stale_languages(), {"es_ES": 1})
        [finding] = [one for one in mailing.findings if one["key"] == "stale_language"]
        self.assertEqual(
            (finding["level"], finding["count"], finding["page"]), ("stop", 1, "content")
        )
        self.assertIn("Spanish / Español (1)", finding["message"])
        with self.assertRaises(UserError) as caught:
            mailing.action_submit()
        self.assertEqual(str(caught.exception).count("Spanish"), 1, "it is said once")
        self.boris.lang = "fr_FR"
        mailing.action_load_recipients()
        self.assertEqual(mailing._get_stale_languages(), {}, "no recipient gets it")
        self.assertFalse([one for one in mailing.findings or [] if one["key"] == "stale_language"])

    def test_a_language_is_kept_or_dropped_by_its_code(self):
        mailing = self.new_translated()
        mailing.subject = "Other news"
        mailing.action_load_recipients()
        mailing.action_keep_language("es_ES")
        self.assertEqual(mailing._get_stale_languages(), {})
        self.assertEqual(self.version(mailing).confirmed_by_id, self.marketer)
        mailing.subject = "Third news"
        mailing.action_drop_language("es_ES")
        self.assertFalse(mailing.version_ids)
        self.assertEqual(self.texts(mailing, "es_ES")[0], "Third news")
        mailing.action_submit()

    def test_who_decides_about_a_language_has_the_right_and_names_one(self):
        mailing = self.new_translated()
        mailing.subject = "Other news"
        for method in (mailing.action_keep_language, mailing.action_drop_language):
            for code in ("fr_FR", "xx", "", False, None, ["es_ES"], {"es_ES": 1}, 7):
                with self.assertRaisesRegex(UserError, r"no version in the language.*\(es_ES\)"):
                    method(code)
        with self.assertRaisesRegex(UserError, "main version"):
            mailing.action_keep_language("en_US")
        with self.assertRaisesRegex(UserError, "main version"):
            mailing.action_drop_language("en_US")
        for user in (self.colleague, self.validator, self.outsider):
            for name in ("action_keep_language", "action_drop_language"):
                with self.assertRaises(AccessError):
                    getattr(mailing.with_user(user), name)("es_ES")
        mailing.action_keep_language("es_ES")
        mailing.action_submit()
        for name in ("action_keep_language", "action_drop_language"):
            with self.assertRaisesRegex(UserError, "no draft"):
                getattr(mailing, name)("es_ES")
