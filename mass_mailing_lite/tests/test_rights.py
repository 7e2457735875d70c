from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import GROUP, MailingCase


@tagged("post_install", "-at_install")
class TestRights(MailingCase):
    def test_nobody_writes_what_the_system_keeps(self):
        mailing = self.new_mailing()
        for user in (self.marketer, self.validator, self.manager, self.env.ref("base.user_admin")):
            for name, value in (
                ("state", "validated"),
                ("sent_count", 7),
                ("progress", 50.0),
                ("started_at", fields.Datetime.now()),
                ("editor_ids", [Command.clear()]),
                ("create_uid", self.colleague.id),
                ("counter_id", 1),
                ("approval_ids", [Command.clear()]),
                ("recipient_ids", [Command.create({"email": "x@example.com"})]),
            ):
                with self.subTest(user=user.login, field=name), self.assertRaises(AccessError):
                    mailing.with_user(user).write({name: value})

    def test_a_context_from_outside_is_no_sentinel(self):
        mailing = self.new_mailing()
        for forged in (True, 1, "SYSTEM", {}, object()):
            with self.subTest(forged), self.assertRaises(AccessError):
                mailing.with_context(partner_mailing_system=forged).write({"state": "validated"})

    def test_a_mailing_is_born_a_draft(self):
        with self.assertRaises(AccessError):
            self.new_mailing(state="validated")
        with self.assertRaises(AccessError):
            self.new_mailing().copy({"state": "validated"})
        mailing = self.new_mailing(self.marketer)
        born = mailing.with_context(default_state="validated", default_sent_count=3).create(
            {"name": "X"}
        )
        self.assertEqual((born.state, born.sent_count), ("draft", 0))

    def test_a_default_of_ones_own_is_no_way_in(self):
        for model, name, value in (
            ("partner.mailing", "state", "validated"),
            ("partner.mailing.approval", "state", "validated"),
            ("partner.mailing.approval", "first_validator_id", self.manager.id),
            ("partner.mailing.counter", "sent_count", 7),
        ):
            self.env["ir.default"].with_user(self.marketer).set(model, name, value, user_id=True)
        self.env.company.partner_mailing_two_validators_from = 1
        mailing = self.new_mailing()
        self.assertEqual((mailing.state, mailing.sent_count), ("draft", 0))
        mailing.action_submit()
        self.assertEqual(mailing.approval_ids.state, "pending")
        mailing.with_user(self.validator).action_validate()
        self.assertEqual(mailing.state, "to_validate", "the second validator has not agreed")

    def test_asking_for_defaults_creates_nothing_for_who_may_not(self):
        counters = self.env["partner.mailing.counter"]
        before = counters.search_count([])
        self.env["partner.mailing"].with_user(self.outsider).default_get(["counter_id"])
        self.assertEqual(counters.search_count([]), before)

    def test_an_import_cannot_set_the_state(self):
        result = (
            self.env["partner.mailing"]
            .with_user(self.marketer)
            .load(["name", "state"], [["X", "validated"]])
        )
        self.assertFalse(result["ids"])
        self.assertIn("State", result["messages"][0]["message"])

    def test_nobody_writes_recipients_and_approvals_by_hand(self):
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"]
        for user in (self.marketer, self.manager, self.env.ref("base.user_admin")):
            for record in (row, mailing.approval_ids):
                theirs = record.with_user(user)
                with self.subTest(user=user.login, model=record._name):
                    with self.assertRaises(AccessError):
                        theirs.write({"state": "pending"})
                    with self.assertRaises(AccessError):
                        theirs.unlink()
                    with self.assertRaises(AccessError):
                        theirs.create({"mailing_id": mailing.id})

    def test_not_even_a_server_action_with_all_rights_writes_them(self):
        mailing = self.new_validated_mailing()
        with self.assertRaises(AccessError):
            mailing.sudo().write({"state": "done"})
        with self.assertRaises(AccessError):
            self.rows(mailing)["anna@example.com"].sudo().write(
                {"email_normalized": "x@example.com"}
            )
        with self.assertRaises(AccessError):
            mailing.approval_ids.sudo().write({"fingerprint": "x"})

    def test_a_user_changes_only_their_own(self):
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).subject = "Mine now"
        self.assertEqual(mailing.with_user(self.colleague).subject, mailing.subject)
        mailing.user_id = self.colleague
        mailing.with_user(self.colleague).subject = "Mine now"

    def test_groups_on_a_mailing_say_who_sees_and_who_manages_it(self):
        readers, managers = self.env["res.groups"].create(
            [{"name": "Readers"}, {"name": "Managers"}]
        )
        mailing = self.new_mailing(view_group_ids=[Command.link(readers.id)])
        Mailing = self.env["partner.mailing"].with_user(self.colleague)
        self.assertNotIn(mailing, Mailing.search([]))
        self.colleague.group_ids += readers
        self.assertIn(mailing, Mailing.search([]))
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).subject = "No"
        mailing.manage_group_ids = managers
        self.colleague.group_ids += managers
        mailing.with_user(self.colleague).subject = "Yes"
        self.assertIn(mailing, self.env["partner.mailing"].with_user(self.validator).search([]))

    def test_recipients_follow_their_mailing(self):
        hidden = self.env["res.groups"].create({"name": "Hidden"})
        mailing = self.new_mailing(view_group_ids=[Command.link(hidden.id)])
        mailing.action_load_recipients()
        domain = [("mailing_id", "=", mailing.id)]
        Recipient = self.env["partner.mailing.recipient"]
        self.assertFalse(Recipient.with_user(self.colleague).search(domain))
        self.assertTrue(Recipient.with_user(self.validator).search(domain))

    def test_other_companies_see_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        mailing = self.new_validated_mailing()
        for group in ("user", "validator", "manager"):
            stranger = self.env["res.users"].create(
                {
                    "name": group,
                    "login": f"stranger_{group}",
                    "company_id": other.id,
                    "company_ids": [Command.set(other.ids)],
                    "group_ids": [Command.set(self.env.ref(GROUP % group).ids)],
                }
            )
            for record in (
                mailing,
                mailing.approval_ids,
                self.rows(mailing)["anna@example.com"],
                self.audience,
            ):
                with self.subTest(group=group, model=record._name):
                    self.assertFalse(record.with_user(stranger).search([("id", "=", record.id)]))

    def test_people_without_the_app_have_nothing(self):
        mailing = self.new_mailing()
        for model in (
            "partner.mailing",
            "partner.mailing.recipient",
            "partner.mailing.approval",
            "partner.mailing.audience",
        ):
            for user in (self.outsider, self.env.ref("base.public_user")):
                with self.subTest(model=model, user=user.login):
                    self.assertFalse(self.env[model].with_user(user).has_access("read"))
        for method in (
            "action_submit",
            "action_validate",
            "action_pause",
            "action_cancel",
            "action_back_to_draft",
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(mailing.with_user(self.outsider), method)()

    def test_only_template_editors_write_logic_into_a_mailing(self):
        body = '<p t-foreach="[1]" t-as="n"><t t-out="object.env[\'res.users\'].search([])"/></p>'
        with self.assertRaises(AccessError):
            self.new_mailing(body_html=body)
        with self.assertRaises(AccessError):
            self.new_mailing(subject="{{ object.env.user.login }}")
        mailing = self.new_mailing()
        with self.assertRaises(AccessError):
            mailing.preview_text = "{{ object.create_uid.login }}"

    def test_files_of_others_cannot_be_mailed_away(self):
        private = (
            self.env["ir.attachment"]
            .with_user(self.colleague)
            .create({"name": "private.txt", "raw": b"x"})
        )
        system = self.env["ir.attachment"].create(
            {
                "name": "key.txt",
                "raw": b"x",
                "res_model": "ir.config_parameter",
                "res_id": self.env["ir.config_parameter"].search([], limit=1).id,
            }
        )
        for file in (private, system):
            with self.subTest(file.name), self.assertRaises(AccessError):
                self.new_mailing(attachment_ids=[Command.link(file.id)])

    def test_a_file_of_a_template_is_copied(self):
        template = self.env["mail.template"].create(
            {
                "name": "T",
                "model_id": self.env.ref("base.model_res_partner").id,
                "attachment_ids": [Command.create({"name": "a.txt", "raw": b"one"})],
            }
        )
        file = template.attachment_ids
        file.write({"res_model": "mail.template", "res_id": template.id})
        mailing = self.new_mailing(attachment_ids=[Command.link(file.id)])
        self.assertNotEqual(mailing.attachment_ids, file)
        self.assertEqual(mailing.attachment_ids.raw, b"one")
        file.raw = b"two"
        self.assertEqual(mailing.attachment_ids.raw, b"one")

    def test_the_password_of_a_mail_server_stays_with_the_system(self):
        server = self.env["ir.mail_server"].create({"name": "S", "smtp_pass": "secret"})
        self.assertEqual(server.with_user(self.marketer).name, "S")
        with self.assertRaises(AccessError):
            server.with_user(self.marketer).read(["smtp_pass"])
        with self.assertRaises(AccessError):
            server.with_user(self.marketer).smtp_host = "evil.example"

    def test_a_colleagues_own_mail_server_sends_nothing_for_others(self):
        servers = self.env["ir.mail_server"].create(
            [
                {
                    "name": f"{user.name}'s own",
                    "smtp_host": "127.0.0.1",
                    "smtp_user": user.email,
                    "from_filter": user.email,
                    "owner_user_id": user.id,
                }
                for user in (self.marketer, self.manager)
            ]
        )
        own, other = servers
        self.new_mailing(mail_server_id=own.id, email_from=self.marketer.email)
        with self.assertRaisesRegex(UserError, "manager"):
            self.new_mailing(mail_server_id=other.id, email_from=self.manager.email)
        mailing = self.new_mailing()
        with self.assertRaisesRegex(UserError, "manager"):
            mailing.write({"mail_server_id": other.id, "email_from": self.manager.email})
