import base64

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from ..hooks import uninstall_hook
from .common import BODY, DESIGN, HELLO, DesignCase, SendingDesignCase

PNG = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
).decode()


@tagged("post_install", "-at_install")
class TestBodyArch(DesignCase):
    def forge(self, mailing, name):
        """Change a text past the ORM."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE partner_mailing SET %s = %s WHERE id = %s",
                SQL.identifier(name),
                '{"en_US": "Forged"}',
                mailing.id,
            )
        )
        self.env.invalidate_all()

    def test_a_mailing_keeps_its_blocks(self):
        mailing = self.env["partner.mailing"].create(
            {"name": "Spring", "body_arch": '<div class="o_layout"><p>Hello</p></div>'}
        )
        self.assertIn("o_layout", mailing.body_arch)
        self.assertEqual(mailing.editor, "builder")

    def test_what_the_builder_writes_survives_and_what_is_dangerous_goes(self):
        mailing = self.new_mailing(
            body_arch='<div class="o_layout" data-name="Mailing" onclick="steal()"><style id="design-element">'
            '.o_layout { --text-color: red; }</style><img class="img-fluid" data-original-src="/a.png"'
            ' src="/a.png" onerror="steal()"><a href="javascript:steal()">x</a><script>steal()</script></div>',
            body_html='<div><!--[if mso]><v:fill type="tile"></v:fill><![endif]--><p style="color: red;'
            ' mso-line-height-rule: exactly">A</p><script>steal()</script></div>',
            editor="builder",
        )
        for kept in ("o_layout", "data-name", "--text-color", "data-original-src", "img-fluid"):
            self.assertIn(kept, mailing.body_arch)
        self.assertNotIn("steal", mailing.body_arch)
        self.assertNotIn("steal", mailing.body_html)
        self.assertIn("<!--[if mso]><v:fill", mailing.body_html)
        self.assertIn("mso-line-height-rule", mailing.body_html)

    def test_translations_of_a_design_are_sanitized(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.update_field_translations(
            "body_arch", {"de_DE": "<p>a<script>steal()</script></p>"}
        )
        self.assertNotIn("steal", mailing.with_context(lang="de_DE").body_arch)

    def test_without_a_design_the_fingerprint_is_what_it_was(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        texts = mailing.sudo()._get_translations()
        self.assertFalse(any(texts["body_arch"].values()))
        before = mailing._get_fingerprint()
        mailing._as_system().write({"body_arch": ""})
        self.assertEqual(mailing._get_fingerprint(), before)
        fields = self.registry["partner.mailing"]._get_covered_fields
        covered = fields(mailing) - {"body_arch"}
        self.patch(self.registry["partner.mailing"], "_get_covered_fields", lambda self: covered)
        self.assertEqual(mailing._get_fingerprint(), before, "as without the addon")

    def test_the_fingerprint_covers_a_design(self):
        mailing = self.new_design()
        mailing.action_submit()
        before = mailing._get_fingerprint()
        self.forge(mailing, "body_arch")
        self.assertNotEqual(mailing._get_fingerprint(), before)

    def test_a_submitted_design_is_locked_with_its_editor(self):
        mailing = self.new_design()
        mailing.action_submit()
        for values in ({"body_arch": "<p>x</p>"}, {"editor": "plain"}):
            with self.assertRaises(UserError):
                mailing.write(values)
        with self.assertRaises(UserError):
            mailing.update_field_translations("body_arch", {"en_US": "<p>x</p>"})
        self.assertTrue(mailing._matches_validation() or mailing.state == "to_validate")

    def test_a_copy_and_a_follow_up_have_the_design_in_every_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        duplicate = mailing.copy()
        for name in ("body_arch", "body_html"):
            self.assertEqual(self.stored(duplicate, name), self.stored(mailing, name))
        self.assertEqual(duplicate.editor, "builder")
        other = mailing.copy({"body_html": "<p>Another</p>"})
        self.assertFalse(other.body_arch)
        self.assertEqual(other.editor, "plain")

    def test_a_body_that_is_written_alone_drops_the_design_and_says_so(self):
        mailing = self.new_design()
        mailing.write({"body_html": mailing.body_html})
        self.assertTrue(mailing.body_arch, "the same body keeps it")
        mailing.write({"body_html": "<p>Typed as text</p>"})
        self.assertFalse(mailing.body_arch)
        self.assertIn("Typed as text", mailing.body_html)
        self.assertEqual(mailing.editor, "plain")
        self.assertIn("was written without its design", mailing.message_ids[0].body)

    def test_a_version_that_is_written_as_text_drops_its_own_design_alone(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        german = mailing.with_context(lang="de_DE")
        german.write(self.build("Hallo"))
        german.write({"body_html": "<p>Nur Text</p>"})
        self.assertFalse(german.body_arch)
        self.assertIn("spring", mailing.body_arch)
        self.assertEqual(mailing.editor, "builder")
        german.update_field_translations("body_html", {"en_US": "<p>Only text</p>"})
        mailing.invalidate_recordset()
        self.assertFalse(mailing.body_arch)
        self.assertEqual(mailing.editor, "plain")

    def test_choosing_text_keeps_the_body_and_choosing_blocks_loses_nothing(self):
        mailing = self.new_design()
        body = mailing.body_html
        mailing.editor = "plain"
        self.assertEqual(mailing.body_html, body)
        plain = self.new_mailing()
        plain.editor = "builder"
        self.assertIn("it is summer", plain.body_arch)
        self.assertIn("o_mail_wrapper_td", plain.body_arch)
        self.assertIn("it is summer", plain.body_html)

    def test_a_design_has_no_layout(self):
        layout = self.env["partner.mailing.layout"].search([], limit=1)
        mailing = self.new_mailing(layout_id=layout.id)
        mailing.write({**self.build("Hi"), "editor": "builder"})
        self.assertFalse(mailing.layout_id)
        with self.assertRaisesRegex(ValidationError, layout.name):
            mailing.layout_id = layout
        mailing.editor = "plain"
        mailing.layout_id = layout

    def test_pictures_of_body_and_design_become_one_file(self):
        picture = f'<img src="data:image/png;base64,{PNG}"/>'
        mailing = self.new_design(text=f"Look {picture}")
        for body in (mailing.body_arch, mailing.body_html):
            self.assertNotIn("data:", body)
            self.assertIn("access_token=", body)
        files = self.env["ir.attachment"].search(
            [("res_model", "=", "partner.mailing"), ("res_id", "=", mailing.id)]
        )
        self.assertEqual(len(files), 1)

    def test_pictures_of_others_in_a_design_become_files_of_the_mailing(self):
        foreign = self.env["ir.attachment"].create(
            {
                "name": "a.png",
                "raw": base64.b64decode(PNG),
                "res_model": "res.partner",
                "res_id": self.anna.id,
            }
        )
        [token] = foreign.generate_access_token()
        image = f'<img src="/web/image/{foreign.id}?access_token={token}"/>'
        mailing = self.new_design(text=image)
        for body in (mailing.body_arch, mailing.body_html):
            self.assertNotIn(f"/web/image/{foreign.id}?", body)
            self.assertIn("/web/image/", body)

    def test_a_design_that_is_nested_too_deep_or_too_large_is_refused_in_words(self):
        mailing = self.new_mailing()
        with self.assertRaisesRegex(ValidationError, "Design.*levels"):
            mailing.body_arch = "<div>" * 300 + "</div>" * 300
        with self.assertRaisesRegex(ValidationError, "Design.*MB"):
            mailing.body_arch = f"<p>{'a' * 10 * 2**20}</p>"

    def test_a_forged_body_is_reviewed_and_the_difference_is_said(self):
        mailing = self.new_mailing(
            body_arch=DESIGN.format(text="A nice greeting"),
            body_html=BODY.format(text="Send money to evil"),
            editor="builder",
        )
        findings = {one["key"]: one for one in mailing._get_findings()}
        self.assertIn("money", findings["design_differs"]["message"])
        mailing.action_submit()
        review = mailing.with_user(self.validator).review_html
        self.assertIn("Send money", review)
        self.assertNotIn("nice greeting", review.replace(findings["design_differs"]["message"], ""))
        self.assertNotIn(
            "design_differs", [one["key"] for one in self.new_design()._get_findings()]
        )

    def test_the_review_shows_a_change_of_the_body_once(self):
        mailing = self.new_design()
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("Please change it")
        mailing.write(self.build("Something else"))
        mailing.action_submit()
        changes = mailing._get_changes(mailing.sudo()._get_pending_request())
        self.assertEqual([label for label, *_rest in changes], ["Body"])

    def test_a_version_is_built_of_blocks_in_its_dialog(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        dialog = (
            self.env["partner.mailing.version.edit"]
            .with_user(self.marketer)
            .browse(mailing.version_ids.action_edit()["res_id"])
        )
        self.assertEqual(dialog.editor, "builder")
        for record in (mailing, dialog):
            [shown] = record.web_read({"mailing_model_id": {"fields": {"display_name": {}}}})
            self.assertEqual(shown["mailing_model_id"]["display_name"], "Contact")
        dialog.write(self.build("Guten Tag"))
        dialog.action_save()
        self.assertIn("Guten Tag", mailing.with_context(lang="de_DE").body_arch)
        self.assertIn("Guten Tag", mailing.with_context(lang="de_DE").body_html)
        dialog.write({"body_html": "<p>Nur Text</p>"})
        dialog.action_save()
        self.assertFalse(mailing.with_context(lang="de_DE").body_arch)

    def test_dropping_a_language_and_keeping_it_cover_the_design(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        mailing.write(self.build("Changed"))
        self.assertEqual([*mailing._get_stale_languages()], ["de_DE"])
        self.assertEqual(mailing.stale_versions, {"de_DE": ["body_html"]})
        mailing.action_keep_language("de_DE")
        self.assertFalse(mailing._get_stale_languages())
        mailing.action_drop_language("de_DE")
        self.assertIn("Changed", mailing.with_context(lang="de_DE").body_arch)

    def test_placeholders_of_the_wrong_kind_are_converted_in_both(self):
        mailing = self.new_design(text="Hello {{ object.name }}")
        mailing.action_convert_placeholders()
        for body in (mailing.body_arch, mailing.body_html):
            self.assertIn('t-out="object.name"', body)

    def test_a_forbidden_placeholder_in_a_design_is_refused(self):
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.body_arch = '<p><t t-out="object.env.cr"/></p>'

    def test_uninstalling_keeps_bodies_and_what_was_validated(self):
        mailing = self.new_design()
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        body = mailing.body_html
        forged = self.new_design()
        forged.action_submit()
        self.forge(forged, "subject")
        uninstall_hook(self.env)
        self.assertEqual((mailing.body_html, mailing.editor), (body, "plain"))
        self.assertTrue(mailing._matches_validation())
        request = forged.sudo()._get_pending_request()
        self.assertNotEqual(request.fingerprint, forged._get_fingerprint()[0])


@tagged("post_install", "-at_install")
class TestDesignIsSent(SendingDesignCase):
    def test_the_body_is_sent_as_it_was_built(self):
        mailing = self.new_design(text=HELLO, unsubscribe_category_ids=False)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        message = self.inbox.message_to("anna@example.com")
        page = message.get_body(("html",)).get_content()
        self.assertIn("Hello Anna, spring is here", page)
        self.assertIn("<!--[if mso]><table><tr><td><![endif]-->", page)
        self.assertNotIn("lead", page, "the design itself does not leave")
