from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import MailingCase

AUDIENCE = "mass_mailing_lite.audience_%s"


@tagged("post_install", "-at_install")
class TestAudiences(MailingCase):
    def predefined(self, name, user=None):
        return self.env.ref(AUDIENCE % name).with_user(user or self.marketer)

    def contacts(self, name):
        """Return the contacts in a predefined audience, as the marketer gets them."""
        audience = self.predefined(name)
        return (
            self.env["res.partner"]
            .with_user(self.marketer)
            .search(audience._get_selection_domain())
        )

    def offered_in_mailing(self):
        """Return what the web client lets one choose from in the field of a mailing."""
        [field] = self.env["partner.mailing"].fields_get(["audience_ids"], ["domain"]).values()
        domain = safe_eval(field["domain"], {"company_id": self.env.company.id})
        return self.env["partner.mailing.audience"].search(domain)

    def has_field(self, name):
        return name in self.env["res.partner"]._fields

    def test_everybody_companies_and_individuals(self):
        firm = self._new_contact("Firm", "firm@example.com", is_company=True)
        self.assertLessEqual(self.anna + firm, self.contacts("all"))
        self.assertIn(firm, self.contacts("companies"))
        self.assertNotIn(self.anna, self.contacts("companies"))
        self.assertIn(self.anna, self.contacts("individuals"))
        self.assertNotIn(firm, self.contacts("individuals"))

    def test_internal_and_portal_users(self):
        portal = new_test_user(
            self.env, "portal_reader", "base.group_portal", email="portal@example.com"
        )
        self.assertIn(self.colleague.partner_id, self.contacts("internal_users"))
        self.assertNotIn(portal.partner_id, self.contacts("internal_users"))
        self.assertEqual(
            self.contacts("portal_users") & (portal + self.colleague).partner_id,
            portal.partner_id,
        )
        self.assertNotIn(self.anna, self.contacts("internal_users") + self.contacts("portal_users"))

    def test_what_needs_an_app_is_offered_where_the_app_is(self):
        needs = {
            "customers": "customer_rank",
            "vendors": "supplier_rank",
            "neither": "customer_rank",
            "prospects": "opportunity_ids",
            "members": "grade_id",
        }
        for name, field in needs.items():
            with self.subTest(name):
                audience = self.predefined(name, self.env.user)
                self.assertEqual(audience.is_available, self.has_field(field))
                self.assertEqual(audience in self.offered_in_mailing(), self.has_field(field))
                if not self.has_field(field):
                    self.assertIn("app", audience.unavailable_reason)

    def test_it_appears_by_itself_when_the_field_is_there(self):
        audience = self.env.ref(AUDIENCE % "customers")
        audience.sudo().domain = "[('x_rank', '>', 0)]"
        self.assertFalse(audience.with_user(self.marketer).is_available)
        self.env["ir.model.fields"].create(
            {
                "name": "x_rank",
                "model_id": self.env.ref("base.model_res_partner").id,
                "ttype": "integer",
            }
        )
        audience.invalidate_recordset()
        self.assertTrue(audience.with_user(self.marketer).is_available)
        not_offered = self.env["partner.mailing.audience"].search([("is_available", "!=", True)])
        self.assertNotIn(audience, not_offered)

    def test_an_audience_that_is_not_usable_loads_nobody(self):
        audience = self.predefined("members")
        audience.sudo().domain = "[('x_gone', '!=', False)]"
        mailing = self.new_mailing(audience_ids=[Command.link(audience.id)])
        with self.assertRaisesRegex(UserError, "Members"):
            mailing.action_load_recipients()

    def test_nobody_breaks_a_predefined_audience(self):
        for user in (self.marketer, self.validator, self.manager):
            audience = self.predefined("all", user)
            for vals in ({"name": "Mine"}, {"domain": "[('id', '=', 1)]"}, {"note": "x"}):
                with self.assertRaisesRegex(UserError, "is predefined"):
                    audience.write(vals)
            with self.assertRaisesRegex(UserError, "is predefined"):
                audience.unlink()
            with self.assertRaisesRegex(UserError, "is predefined"):
                audience.update_field_translations("name", {"en_US": "Mine"})
            with self.assertRaises(AccessError):
                audience.is_predefined = False
        self.assertEqual(self.predefined("all").name, "All Contacts")

    def test_nobody_forges_a_predefined_audience(self):
        Audience = self.env["partner.mailing.audience"].with_user(self.marketer)
        with self.assertRaises(AccessError):
            Audience.create({"name": "Forged", "is_predefined": True})
        forged = Audience.with_context(default_is_predefined=True).create({"name": "Forged"})
        self.assertFalse(forged.is_predefined)

    def test_a_predefined_audience_can_be_hidden_and_a_copy_changed(self):
        audience = self.predefined("companies")
        duplicate = audience.copy()
        self.assertEqual(duplicate.name, "Companies (copy)")
        duplicate.write({"name": "Firms with e-mail", "domain": "[('email', '!=', False)]"})
        self.assertFalse(duplicate.is_predefined)
        audience.active = False
        self.assertFalse(audience.active)

    def test_the_number_of_usable_addresses_is_what_a_mailing_sends(self):
        self._new_contact("Twin", "ANNA@example.com", self.news)
        self._new_contact("Silent", False, self.news)
        self._new_contact("Broken", "two@@example.com", self.news)
        self._new_contact("Blocked", "blocked@example.com", self.news)
        self._new_contact("Clara", "clara@example.com", self.news, self.no_consent)
        self._new_contact("Clara's twin", "clara@example.com", self.news)
        self.env["mail.blacklist"]._add("blocked@example.com")
        audience = self.audience.with_user(self.marketer)
        self.assertEqual(audience.partner_count, 7)
        self.assertEqual(audience.usable_count, 2)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_count, 2)

    def test_an_audience_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        audience = self.env["partner.mailing.audience"].create(
            {"name": "Theirs", "company_id": other.id}
        )
        self.assertFalse(
            self.env["partner.mailing.audience"]
            .with_user(self.marketer)
            .search([("id", "=", audience.id)])
        )
        with self.assertRaises(UserError):
            self.new_mailing(audience_ids=[Command.link(audience.id)])
