import json

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..content.conditions import MAX_LENGTH
from .common import DesignCase, SendingDesignCase

IS_ANNA = json.dumps([["name", "=", "Anna"]])
SECRET = json.dumps([["user_ids.password", "!=", False]])


class EditorCase(DesignCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.editor = new_test_user(
            cls.env,
            "editor",
            "base.group_user,mass_mailing_lite.group_user,mail.group_mail_template_editor",
            email="editor@example.com",
        )
        # In Odoo's demo data and default settings every user may be a template editor.
        group = cls.env.ref("mail.group_mail_template_editor")
        cls.assertFalse(cls, cls.marketer.has_group("mail.group_mail_template_editor"), group.name)


@tagged("post_install", "-at_install")
class TestConditions(EditorCase):
    def test_the_body_gets_the_condition_of_the_design(self):
        mailing = self.new_mailing(**self.build_block(IS_ANNA))
        self.assertIn(
            """t-if="object.filtered_domain([['name', '=', 'Anna']])\"""", mailing.body_html
        )
        self.assertNotIn("data-filter-domain", mailing.body_html, "recipients do not read it")
        self.assertIn("data-filter-domain", mailing.body_arch)
        self.assertIn("<!--[if mso]>", mailing.body_html)

    def test_all_authors_may_compare_fields_of_the_contact(self):
        for domain in (
            [["lang", "=", "en_US"]],
            ["|", ["country_id.code", "in", ["DE", "AT"]], ["city", "ilike", "ber"]],
            [["category_id", "in", self.news.ids]],
            ["!", ["is_company", "=", True]],
            [["parent_id.industry_id", "!=", False], ["user_id", "=", self.marketer.id]],
            [["create_date", ">=", "2024-01-01"]],
            [],
        ):
            with self.subTest(domain=domain):
                self.new_mailing(**self.build_block(json.dumps(domain)))

    def test_what_authors_may_not_use_is_refused_and_names_block_and_remedy(self):
        for domain in (
            [["user_ids.password", "!=", False]],
            [["user_id.login", "=", "admin"]],
            [["signup_type", "!=", False]],
            [["message_ids.body", "ilike", "secret"]],
            [["category_id", "any", [["name", "=", "x"]]]],
            [["id", "child_of", 1]],
            [["parent_id.parent_id.parent_id.parent_id.name", "=", "x"]],
            [["credit", ">", 1]],
        ):
            with self.subTest(domain=domain):
                values = self.build_block(json.dumps(domain), "Only for rich people")
                with self.assertRaises(UserError) as caught:
                    self.new_mailing(**values)
                self.assertIn("Only for rich people", str(caught.exception))

    def test_it_is_refused_whichever_way_it_comes(self):
        values = self.build_block(SECRET)
        self.env["res.lang"]._activate_lang("de_DE")
        self.editor.group_ids |= self.env.ref("mass_mailing_lite.group_manager")
        made = self.new_mailing(self.editor, **values)
        self.assertIn("filtered_domain", made.body_html, "template editors may use it")
        mailing = self.new_mailing()
        condition = """<p t-if="object.filtered_domain([('user_ids.password','!=',False)])">x</p>"""
        for attempt in (
            lambda: mailing.write(values),
            lambda: mailing.write({"body_html": condition}),
            lambda: mailing.with_context(lang="de_DE").write(values),
            lambda: mailing.update_field_translations("body_html", {"de_DE": condition}),
            lambda: mailing.update_field_translations("body_html", {"de_DE": values["body_html"]}),
            lambda: mailing.write({"body_arch": values["body_arch"]}),
            lambda: made.with_user(self.marketer).copy(),
            lambda: made.with_user(self.marketer)._save_as_template("Secret"),
            lambda: (
                self.env["mail.template"]
                .with_user(self.marketer)
                .create(
                    {
                        "name": "x",
                        "model_id": self.env["ir.model"]._get_id("res.partner"),
                        "partner_mailing_body_arch": values["body_arch"],
                    }
                )
            ),
            lambda: mailing._load_template(made._save_as_template("Secret")),
        ):
            with self.assertRaises(AccessError) as caught, self.cr.savepoint():
                attempt()
            self.assertIn("user_ids.password", str(caught.exception))
        safe = self.new_mailing(**self.build_block(IS_ANNA))
        self.assertIn("t-if", safe._save_as_template("For Anna").body_html)

    def test_a_condition_that_nobody_can_use_is_refused(self):
        mailing = self.new_mailing(self.editor)
        for domain in (
            "nonsense",
            '{"a": 1}',
            '[["no_such_field", "=", 1]]',
            '[["name", "no operator", 1]]',
            '["|", ["name", "=", "a"]]',
            '[["color", "=", Infinity]]',
            "[" * 5000,
            json.dumps([["id", "in", [*range(10_000)]]]),
        ):
            with self.subTest(domain=domain[:40]), self.assertRaises(ValidationError) as caught:
                mailing.write(self.build_block(domain))
            self.assertIn("Only for some", str(caught.exception))
        self.assertGreater(len(json.dumps([["id", "in", [*range(10_000)]]])), MAX_LENGTH)

    def test_a_hostile_body_with_a_condition_is_refused_in_words(self):
        block = self.build_block(IS_ANNA)["body_html"]
        for body, words in (
            ("<div>" * 300 + block, "levels"),
            (block + "<a " * 300, "tags"),
        ):
            with self.assertRaisesRegex(ValidationError, words):
                self.new_mailing(body_html=body)
        self.assertIn("t-if", self.new_mailing(body_html="\0\ud800" + block).body_html)

    def test_the_words_of_a_version_dialog_are_checked_as_well(self):
        self.env["res.lang"]._activate_lang("de_DE")
        mailing = self.new_design()
        mailing.with_context(lang="de_DE").write(self.build("Hallo"))
        action = mailing.version_ids.action_edit()
        dialog = self.env[action["res_model"]].with_user(self.marketer).browse(action["res_id"])
        dialog.write(self.build_block(SECRET))
        with self.assertRaises(AccessError):
            dialog.action_save()

    def test_a_validator_reads_which_blocks_are_for_some(self):
        mailing = self.new_mailing(**self.build_block(IS_ANNA))
        found = {one["key"]: one for one in mailing._get_findings()}["conditional_blocks"]
        self.assertIn("Only for some", found["message"])
        self.assertIn("'Anna'", found["message"])
        mailing.action_submit()
        mailing.with_user(self.validator).action_refuse("Not only for Anna")
        other = json.dumps([["name", "=", "Boris"]])
        mailing.write(self.build_block(other))
        mailing.action_submit()
        changes = mailing._get_changes(mailing.sudo()._get_pending_request())
        self.assertIn("Boris", str(changes), "a change of the condition is a change")

    def test_a_card_shows_all_blocks_with_names_for_placeholders(self):
        mailing = self.new_mailing(**self.build_block(IS_ANNA, '<t t-out="object.name"/>, look'))
        self.assertIn("look", mailing.miniature)
        self.assertNotIn("t-out", mailing.miniature)
        self.assertNotIn("filtered_domain", mailing.miniature)

    def test_the_preview_shows_it_to_whom_it_is_shown(self):
        mailing = self.new_mailing(**self.build_block(IS_ANNA, "For you alone"))
        mailing.action_load_recipients()
        for name, is_shown in (("Anna", True), ("Boris", False)):
            row = self.env["partner.mailing.recipient"].search(
                [("mailing_id", "=", mailing.id), ("name", "=", name)]
            )
            preview = (
                self.env["partner.mailing.preview"]
                .with_user(self.marketer)
                .create({"mailing_id": mailing.id, "recipient_id": row.id})
            )
            self.assertEqual("For you alone" in preview.body_html, is_shown)

    def test_an_unsubscribe_link_that_some_do_not_see_is_no_footer(self):
        block = self.build_block(IS_ANNA, '<a href="/unsubscribe_from_list">Leave</a>')
        mailing = self.new_mailing(**block)
        self.assertFalse(mailing._has_link_in_body("unsubscribe"))
        mailing.write(self.build('<a href="/unsubscribe_from_list">Leave</a>'))
        self.assertTrue(mailing._has_link_in_body("unsubscribe"))


@tagged("post_install", "-at_install")
class TestConditionsAreSent(EditorCase, SendingDesignCase):
    def test_each_recipient_gets_the_blocks_that_are_for_him(self):
        mailing = self.new_mailing(
            **self.build_block(IS_ANNA), extra_emails="Carla <carla@example.com>"
        )
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        for address, is_shown in (
            ("anna@example.com", True),
            ("boris@example.com", False),
            ("carla@example.com", False),
        ):
            message = self.inbox.message_to(address)
            for kind in ("html", "plain"):
                text = message.get_body((kind,)).get_content()
                self.assertIn("For all", text)
                self.assertEqual("Only for some" in text, is_shown, (address, kind))
                self.assertNotIn("filtered_domain", text)
            self.assertIn(
                "<!--[if mso]><p>Outlook</p><![endif]-->", message.get_body(("html",)).get_content()
            )

    def test_the_contacts_of_a_claim_are_read_together(self):
        domain = json.dumps([["city", "=", "Berlin"], ["category_id", "in", self.news.ids]])
        mailing = self.new_mailing(**self.build_block(domain))
        counts = []
        for number in (5, 50):
            self.env["res.partner"].create(
                [
                    {
                        "name": f"Reader {number} {one}",
                        "email": f"reader{number}.{one}@example.com",
                        "city": "Berlin",
                        "category_id": self.news.ids,
                    }
                    for one in range(number)
                ]
            )
            mailing.action_load_recipients()
            rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
            samples = [
                {
                    "id": row.id,
                    "mailing_id": mailing.id,
                    "partner_id": row.partner_id.id,
                    "name": row.name,
                    "address": row.email_normalized,
                    "lang": row.lang,
                    "message_id": None,
                    "attempts": 0,
                }
                for row in rows
            ]
            transport = mailing.sudo()._get_transport()
            _server, terms = mailing.sudo()._get_server_and_terms()
            compiled = transport.compile("en_US", terms)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            filled = [*transport.fill(compiled, samples)]
            counts.append(self.cr.sql_log_count - before)
            self.assertFalse([error for _row, _envelope, error in filled if error])
        self.assertEqual(counts[0], counts[1])
