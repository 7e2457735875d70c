"""A company says who writes its mailings from which address; others are refused, whatever way."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import GROUP, MailingCase, SendingCase

NEWS, SHOP = "News <news@example.com>", '"The Shop" <shop@example.com>'
REFUSED = "may not write mailings of the company"


@tagged("post_install", "-at_install")
class TestAllowedSenders(MailingCase):
    def setUp(self):
        super().setUp()
        self.company = self.env.company
        self.Mailing = self.env["partner.mailing"].with_user(self.marketer)

    def restrict(self, text="news@example.com\nexample.org"):
        self.company.partner_mailing_allowed_senders = text

    def reserve(self, address, **values):
        return self.env["partner.mailing.sender"].create({"address": address, **values})

    def new_template(self, email_from):
        return self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env.ref("base.model_res_partner").id,
                "subject": "From a template",
                "body_html": "<p>Hello</p>",
                "email_from": email_from,
            }
        )

    def test_without_a_list_each_address_is_allowed_as_before(self):
        self.assertIn("marketer@example.com", self.Mailing.create({"name": "x"}).email_from)
        self.assertEqual(
            self.new_mailing(email_from="x@anywhere.example").email_from, "x@anywhere.example"
        )
        self.company.partner_mailing_default_from = "=?utf-8?q?N=C3=BCws?= <News@Example.COM>"
        self.assertEqual(self.company.partner_mailing_default_from, '"Nüws" <News@example.com>')
        self.assertEqual(self.Mailing.create({"name": "x"}).email_from, '"Nüws" <News@example.com>')
        self.assertTrue(self.new_mailing(email_from="x@anywhere.example"))

    def test_a_new_mailing_starts_with_what_is_allowed(self):
        self.restrict("example.com")
        self.assertIn("marketer@example.com", self.Mailing.create({"name": "x"}).email_from)
        self.restrict("example.org, News <news@example.net>")
        self.assertEqual(self.Mailing.create({"name": "x"}).email_from, '"News" <news@example.net>')
        self.restrict("example.org")
        self.assertFalse(self.Mailing.create({"name": "x"}).email_from)
        self.company.partner_mailing_default_from = NEWS
        self.assertEqual(Form(self.Mailing).email_from, '"News" <news@example.com>')
        self.env["ir.default"].with_user(self.marketer).set(
            "partner.mailing", "email_from", SHOP, user_id=True
        )
        self.assertEqual(self.Mailing.create({"name": "x"}).email_from, '"News" <news@example.com>')
        from_context = self.Mailing.with_context(default_email_from=SHOP)
        self.assertEqual(from_context.create({"name": "x"}).email_from, '"News" <news@example.com>')

    def test_others_cannot_be_saved_by_any_way_in(self):
        mailing = self.new_mailing()
        self.restrict()
        draft = self.new_mailing(email_from=NEWS)
        for save in (
            self.new_mailing,
            lambda: draft.write({"email_from": SHOP}),
            lambda: draft.web_save({"email_from": SHOP}, {"email_from": {}}),
            lambda: self.Mailing.web_save({"name": "x", "email_from": SHOP}, {"name": {}}),
            lambda: draft.copy({"email_from": SHOP}),
            lambda: draft.sudo().write({"email_from": SHOP}),
            lambda: self.env["partner.mailing"].create({"name": "x", "email_from": SHOP}),
            lambda: mailing.write({"email_from": '"The Shop" <shop@example.com>'}),
        ):
            with self.assertRaisesRegex(
                ValidationError, f'"From" cannot be.*shop@example.com.*{REFUSED}.*news@'
            ):
                save()
        result = self.Mailing.load(["name", "email_from"], [["x", SHOP]])
        self.assertFalse(result["ids"])
        self.assertIn(REFUSED, result["messages"][0]["message"])
        mailing.subject = "Nothing else is refused"
        self.assertIn(REFUSED, mailing.sender_warning)

    def test_an_address_is_compared_and_not_its_spelling(self):
        self.restrict("news@example.com, bücher.example, example.org")
        for allowed in (
            "NEWS@Example.com",
            "=?utf-8?b?TsO8?= <news@example.com>",
            "x@bücher.example",
            "x@BÜCHER.example",
            "x@xn--bcher-kva.example",
            "News, daily <news@example.com>",
            "Team: news@example.com;",
            '"news@example.com" <news@example.com>',
        ):
            with self.subTest(allowed):
                self.assertTrue(self.new_mailing(email_from=allowed))
        for refused in (
            "news@evil-example.org",
            "news@sub.example.org",
            "news@example.org.evil.example",
            "news+x@example.com",
            '"news@example.com" <x@evil.example>',
            '"boss@bank.example" <news@example.com>',
            "=?utf-8?q?boss=40bank.example?= <news@example.com>",
            "(boss＠bank.example) <news@example.com>",
            '"News/boss@bank.example." <news@example.com>',
            "news@example.com, x@evil.example",
            "{{ user.email_formatted }}",
            "{{ object.email or 'news@example.com' }}",
            "nеws@example.com",  # with a Cyrillic letter
            "x@buecher.example",
        ):
            with self.subTest(refused), self.assertRaises(ValidationError):
                self.new_mailing(email_from=refused)

    def test_an_address_may_be_for_certain_people_and_groups(self):
        group = self.env["res.groups"].create({"name": "Board", "user_ids": self.colleague.ids})
        self.reserve("Boss <boss@example.com>", user_ids=self.marketer.ids)
        self.reserve("@Board.example", group_ids=group.ids)
        self.reserve("all@example.com")
        allowed = {
            self.marketer: {"boss@example.com", "all@example.com"},
            self.colleague: {"x@board.example", "all@example.com"},
            self.validator: {"all@example.com"},
        }
        for user, own in allowed.items():
            for address in ("boss@example.com", "x@board.example", "all@example.com"):
                with self.subTest(user=user.login, address=address):
                    if address in own:
                        self.assertTrue(self.new_mailing(user, email_from=address))
                    else:
                        with self.assertRaisesRegex(ValidationError, REFUSED):
                            self.new_mailing(user, email_from=address)
        mailing = self.new_mailing(email_from="boss@example.com")
        self.assertEqual(
            mailing.sender_suggestions, ['"Boss" <boss@example.com>', "all@example.com"]
        )
        self.assertFalse(mailing.with_user(self.validator).sender_warning, "only a reader")
        self.assertIn(REFUSED, mailing.with_user(self.manager).sender_warning)

    def test_a_list_of_another_company_means_nothing_here(self):
        there = self.env["res.company"].create({"name": "There"})
        there.partner_mailing_allowed_senders = "there@example.com"
        there.partner_mailing_default_from = "there@example.com"
        self.assertTrue(self.new_mailing())
        self.marketer.company_ids += there
        both = self.Mailing.with_context(allowed_company_ids=(self.company + there).ids)
        mailing = both.create({"name": "x", "company_id": there.id})
        self.assertEqual(mailing.email_from, "there@example.com")
        with self.assertRaisesRegex(ValidationError, REFUSED):
            self.new_mailing().with_env(both.env).write(
                {"company_id": there.id, "audience_ids": [Command.clear()]}
            )

    def test_a_copy_falls_back_to_the_default_and_says_so(self):
        mailing = self.new_mailing()
        self.restrict()
        self.company.partner_mailing_default_from = NEWS
        copy = mailing.copy()
        self.assertEqual(copy.email_from, '"News" <news@example.com>')
        self.assertIn("shop@example.com", " ".join(copy.message_ids.mapped("body")))
        again = copy.copy()
        self.assertNotIn("not taken over: you", " ".join(again.message_ids.mapped("body")))

    def test_a_template_brings_no_other_sender(self):
        self.restrict()
        template = self.new_template("x@evil.example")
        mailing = self.new_mailing(email_from=NEWS)
        dialog = self.env["partner.mailing.load.template"].with_user(self.marketer)
        dialog = dialog.create({"mailing_id": mailing.id, "template_id": template.id})
        self.assertIn("x@evil.example", dialog.sender_notice)
        dialog.action_load()
        self.assertEqual(mailing.subject, "From a template")
        self.assertEqual(mailing.email_from, '"News" <news@example.com>')
        self.assertIn("x@evil.example", mailing.message_ids[0].body)
        action = template.with_user(self.marketer).action_start_partner_mailing()
        self.assertNotIn("evil", self.Mailing.browse(action["res_id"]).email_from)
        with self.assertLogs("odoo.tests.form.onchange", "WARNING") as logs:
            form = Form(self.Mailing)
            form.template_id = template
        self.assertIn("x@evil.example", logs.output[0])
        self.assertNotIn("evil", form.email_from or "")
        self.assertEqual(form.subject, "From a template")
        ours = self.new_template("x@example.org")
        mailing._load_template(ours)
        self.assertEqual(mailing.email_from, "x@example.org")

    def test_a_draft_of_before_is_not_submitted_nor_tested(self):
        mailing = self.new_mailing()
        self.restrict()
        for step in (mailing.action_submit, mailing.action_open_submission):
            with self.assertRaisesRegex(UserError, REFUSED):
                step()
        test = self.env["partner.mailing.test"].with_user(self.marketer)
        test = test.create({"mailing_id": mailing.id, "emails": "marketer@example.com"})
        with self.assertRaisesRegex(UserError, REFUSED):
            test.action_send()
        mailing.email_from = NEWS
        mailing.action_submit()

    def test_the_right_is_that_of_the_user_who_submits(self):
        self.reserve("boss@example.com", user_ids=self.marketer.ids)
        mailing = self.new_mailing(email_from="boss@example.com")
        with self.assertRaisesRegex(UserError, "manager.*" + REFUSED):
            mailing.with_user(self.manager).action_submit()
        mailing.action_submit()
        self.assertFalse(mailing.with_user(self.validator).sender_warning)
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(mailing.state, "validated")

    def test_a_sender_withdrawn_while_the_mailing_waits_is_not_validated(self):
        self.restrict("shop@example.com")
        mailing = self.new_mailing()
        mailing.action_submit()
        self.restrict("news@example.com")
        theirs = mailing.with_user(self.validator)
        self.assertIn("marketer", theirs.sender_warning)
        with self.assertRaisesRegex(UserError, REFUSED):
            theirs.action_validate()
        theirs.action_refuse("Another sender, please.")
        self.assertEqual(mailing.state, "draft")

    def test_administrators_of_mailings_alone_decide(self):
        Sender = self.env["partner.mailing.sender"]
        for user in (self.marketer, self.validator):
            with self.assertRaises(AccessError):
                Sender.with_user(user).create({"address": "x@example.com"})
            with self.assertRaises(AccessError):
                self.company.with_user(user).partner_mailing_allowed_senders = "x@example.com"
        keeper = new_test_user(self.env, "keeper", "base.group_erp_manager")
        for name in ("partner_mailing_allowed_senders", "partner_mailing_default_from"):
            with self.assertRaises(AccessError):
                self.company.with_user(keeper).write({name: "x@example.com"})
        sender = Sender.with_user(self.manager).create({"address": " X <X@Example.com>. "[:-2]})
        self.assertEqual(sender.address, '"X" <X@example.com>')
        keeper.group_ids += self.env.ref(GROUP % "manager")
        self.company.with_user(keeper).partner_mailing_allowed_senders = "x@example.com"

    def test_what_is_no_address_is_said_in_words(self):
        with self.assertRaisesRegex(ValidationError, '"all" in the field "Allowed Senders"'):
            self.restrict("example.com\nall")
        for wrong in ("all", "a@b@c", "*.example.com", "a@example.com, b@example.com", "x" * 400):
            with self.subTest(wrong), self.assertRaisesRegex(ValidationError, "Address or Domain"):
                self.reserve(wrong)
        with self.assertRaisesRegex(ValidationError, '(?s)"Default Sender" cannot.*no @'):
            self.company.partner_mailing_default_from = "news"
        with self.assertRaisesRegex(ValidationError, "more than one"):
            self.company.partner_mailing_default_from = "a@example.com, b@example.com"
        with self.assertRaises(ValidationError):
            self.company.partner_mailing_default_from = "{{ user.email }}"

    def test_what_odoo_sends_for_is_proposed(self):
        domain = self.env["mail.alias.domain"].create(
            {"name": "mail.example.com", "default_from": "notices"}
        )
        self.company.alias_domain_id = domain
        self.env["ir.mail_server"].create(
            {"name": "Relay", "smtp_host": "x", "from_filter": "example.org, shop@example.com"}
        )
        settings = self.env["res.config.settings"].create({})
        proposed = {one["entry"] for one in settings.partner_mailing_sender_proposals}
        known = {"mail.example.com", "notices@mail.example.com", "example.org", "shop@example.com"}
        self.assertLessEqual(known, proposed)
        self.assertIn("shop@example.com", self.new_mailing().sender_suggestions)
        self.restrict("example.org")
        settings.invalidate_recordset()
        proposed = {one["entry"] for one in settings.partner_mailing_sender_proposals}
        self.assertEqual(known & proposed, known - {"example.org"})
        self.assertFalse(self.new_mailing(email_from="x@example.org").sender_suggestions)


@tagged("post_install", "-at_install")
class TestWithdrawnSenders(SendingCase):
    def test_a_sender_withdrawn_after_validation_stops_the_mailing_in_words(self):
        mailing = self.new_validated_mailing()
        self.env.company.partner_mailing_allowed_senders = "news@example.com"
        self.run_scheduler()
        self.assertEqual(mailing.state, "paused")
        self.assertIn(REFUSED, mailing.pause_reason)
        self.assertFalse(self.inbox.messages)
        with self.assertRaisesRegex(UserError, REFUSED):
            mailing.action_resume()
        self.env.company.partner_mailing_allowed_senders = "shop@example.com"
        mailing.action_resume()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(len(self.inbox.messages), 2)

    def test_failed_ones_are_not_written_to_again_from_a_withdrawn_sender(self):
        self.inbox.replies["anna@example.com"] = "550 5.1.1 Unknown here"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.failed_count), ("done", 1))
        self.env.company.partner_mailing_allowed_senders = "news@example.com"
        with self.assertRaisesRegex(UserError, REFUSED):
            mailing.action_retry_failed()
