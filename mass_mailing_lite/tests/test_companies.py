from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import GROUP, MailingCase


@tagged("post_install", "-at_install")
class TestCompanies(MailingCase):
    """Two companies in one database: neither knows of the other's mailings."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.here, cls.there = cls.env.company, cls.env["res.company"].create({"name": "There"})
        cls.strangers = {
            group: cls._new_person(f"stranger_{group}", group, cls.there)
            for group in ("user", "validator", "manager")
        }
        cls.commuter = cls._new_person("commuter", "manager", cls.here | cls.there)

    @classmethod
    def _new_person(cls, login, group, companies):
        return cls.env["res.users"].create(
            {
                "name": login,
                "login": login,
                "email": f"{login}@example.com",
                "notification_type": "inbox",
                "company_id": companies[0].id,
                "company_ids": [Command.set(companies.ids)],
                "group_ids": [
                    Command.set([cls.env.ref(GROUP % group).id, cls.env.ref("base.group_user").id])
                ],
            }
        )

    def records(self, mailing):
        """Return what a mailing consists of, one record of each model."""
        return {
            "mailing": mailing,
            "recipient": self.rows(mailing)["anna@example.com"],
            "approval": mailing.approval_ids,
            "audience": self.audience,
            "counter": mailing.sudo().counter_id,
        }

    def test_nothing_of_another_company_is_found_read_or_counted(self):
        mailing = self.new_validated_mailing()
        for group, stranger in self.strangers.items():
            for what, record in self.records(mailing).items():
                theirs = record.with_user(stranger)
                with self.subTest(group=group, what=what):
                    self.assertFalse(theirs.has_access("read"))
                    with self.assertRaises(AccessError):
                        theirs.read()
                if what == "counter" and group != "manager":
                    continue  # has no right to the model at all
                with self.subTest(group=group, what=f"{what}, in a search"):
                    domain = [("id", "=", record.id)]
                    self.assertFalse(theirs.search(domain))
                    self.assertEqual(theirs.search_count(domain), 0)
                    self.assertEqual(
                        theirs.formatted_read_group(domain, [], ["__count"])[0]["__count"], 0
                    )

    def test_nothing_of_another_company_is_done_to(self):
        mailing = self.new_validated_mailing()
        row = self.rows(mailing)["anna@example.com"]
        for stranger in self.strangers.values():
            theirs = mailing.with_user(stranger)
            for action in (
                theirs.action_pause,
                theirs.action_cancel,
                theirs.action_back_to_draft,
                theirs.action_validate,
                theirs.action_preview,
                theirs.action_send_test,
                theirs.action_save_as_template,
                row.with_user(stranger).action_exclude,
            ):
                with self.subTest(user=stranger.login, action=action.__name__):
                    self.assertRaises(AccessError, action)
        self.assertEqual(mailing.state, "validated")

    def test_dialogs_do_not_lead_to_another_company(self):
        mailing = self.new_mailing()
        for model in ("partner.mailing.preview", "partner.mailing.test"):
            with self.subTest(model), self.assertRaises(AccessError):
                self.env[model].with_user(self.strangers["manager"]).create(
                    {"mailing_id": mailing.id}
                )

    def test_validators_elsewhere_are_not_asked(self):
        mailing = self.new_mailing()
        mailing.action_submit()
        asked = mailing.sudo().activity_ids.user_id
        self.assertIn(self.validator, asked)
        self.assertFalse(asked & self.strangers["validator"])
        self.assertIn(self.commuter, asked, "belongs to both")

    def test_who_works_for_both_sees_the_one_that_is_chosen(self):
        here = self.new_mailing()
        there = self.new_mailing(
            self.strangers["user"], company_id=self.there.id, audience_ids=[Command.clear()]
        )
        Mailing = self.env["partner.mailing"].with_user(self.commuter)
        both = [("id", "in", (here | there).ids)]

        def seen(companies):
            return Mailing.with_context(allowed_company_ids=companies.ids).search(both).sudo()

        self.assertEqual(seen(self.here), here)
        self.assertEqual(seen(self.there), there)
        self.assertEqual(seen(self.here | self.there), here | there)

    def test_an_audience_of_one_company_does_not_serve_the_other(self):
        ours = self.audience
        ours.company_id = self.here
        with self.assertRaises(UserError):  # of rights, or of companies
            self.new_mailing(self.strangers["user"], company_id=self.there.id)
        with self.assertRaises(UserError):
            self.new_mailing(self.commuter, company_id=self.there.id)

    def test_contacts_of_one_company_are_not_written_to_by_the_other(self):
        """Odoo's rule on contacts (those of a company, and those of none) holds in SQL too."""
        self.env.ref("base.res_partner_rule").active = True
        self.anna.company_id = self.here
        self.audience.company_id = False
        mailing = self.new_mailing(self.strangers["user"], company_id=self.there.id)
        mailing.action_load_recipients()
        self.assertEqual(set(self.rows(mailing.sudo())), {"boris@example.com"})

    def test_settings_are_each_companys_own(self):
        self.there.partner_mailing_self_validation = True
        here = self.new_mailing(self.commuter, company_id=self.here.id)
        here.action_submit()
        there = self.new_mailing(
            self.commuter,
            company_id=self.there.id,
            audience_ids=[Command.clear()],
            extra_emails="x@example.org",
        )
        there.action_submit()
        self.assertRaises(AccessError, here.action_validate)
        there.action_validate()
        self.assertEqual(there.state, "validated")
