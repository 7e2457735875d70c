from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged
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

    def summary(self, **values):
        """Return the sentence about an audience that is being typed in the form."""
        audience = self.env["partner.mailing.audience"].with_user(self.marketer).new(values)
        return audience.summary

    def test_a_sentence_says_how_tags_filter_and_hand_combine_while_they_are_typed(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        dora = self._new_contact("Dora", "dora@example.com")
        silent = self._new_contact("Silent", False, self.news)
        link = Command.link
        news, by_hand = [link(self.news.id)], [link(dora.id), link(silent.id)]
        only_anna = "[('name', '=', 'Anna')]"
        cases = [
            ({"category_ids": news}, "Contacts with “News”: 3, of whom 2 have a usable address."),
            (
                {"category_ids": [*news, link(vip.id)]},
                "Contacts with “News” or “VIP”: 3, of whom 2 have a usable address.",
            ),
            (
                {"domain": only_anna},
                "Contacts matching the filter: 1, of whom 1 has a usable address.",
            ),
            (
                {"category_ids": news, "domain": only_anna, "partner_ids": by_hand},
                "Contacts with “News”, matching the filter, and 2 chosen by hand: 3, of whom 2 have a usable address.",
            ),
            (
                {"partner_ids": [link(silent.id)]},
                "Contacts chosen by hand: 1, none with a usable address.",
            ),
            (
                {"partner_ids": by_hand},
                "Contacts chosen by hand: 2, of whom 1 has a usable address.",
            ),
            (
                {
                    "category_ids": news,
                    "partner_ids": by_hand,
                    "excluded_category_ids": [link(self.no_consent.id)],
                },
                (
                    "Contacts with “News”, and 2 chosen by hand, without those with"
                    " “No consent at all”: 4, of whom 3 have a usable address."
                ),
            ),
        ]
        for values, sentence in cases:
            with self.subTest(sentence):
                self.assertEqual(self.summary(**values), sentence)

    def test_an_audience_without_a_choice_says_that_it_has_all_contacts(self):
        self.assertRegex(self.summary(), r"^All contacts: [\d,]+, of whom [\d,]+ have")
        self.assertRegex(self.summary(domain=False), "^All contacts: ")
        self.assertRegex(self.predefined("all").summary, "^All contacts: ")

    def test_a_filter_that_cannot_be_used_has_no_sentence_but_a_reason(self):
        audience = self.env["partner.mailing.audience"].new({"domain": "[('x_gone', '=', 1)]"})
        self.assertFalse(audience.summary)
        self.assertIn("x_gone", audience.unavailable_reason)

    def test_all_counts_of_an_audience_agree_with_what_is_loaded(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.marketer.company_ids = [Command.link(other.id)]
        self._new_contact("Theirs", "theirs@example.com", self.news, company_id=other.id)
        self._new_contact("Gone", "gone@example.com", self.news, active=False)
        self._new_contact("Typed", '"Novák, Eva" <eva@bücher.example>', self.news)
        self._new_contact("Broken", "broken", self.news)
        env = self.env(
            user=self.marketer, context={"allowed_company_ids": [self.env.company.id, other.id]}
        )
        audience = self.audience.with_env(env)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(audience.partner_count, 4)
        self.assertEqual(audience.usable_count, mailing.recipient_count)
        self.assertIn(f": 4, of whom {mailing.recipient_count} have", audience.summary)
        opened = env["res.partner"].search(audience.action_open_contacts()["domain"])
        self.assertEqual(len(opened), 4)

    def test_an_audience_is_counted_in_as_many_queries_for_many_as_for_few(self):
        def count():
            self.env.flush_all()
            audience = self.audience.with_user(self.marketer)
            audience.invalidate_recordset()
            before = self.env.cr.sql_log_count
            self.assertTrue(audience.summary)
            return self.env.cr.sql_log_count - before

        count()
        few = count()
        for number in range(50):
            self._new_contact(f"N{number}", f"n{number}@example.com", self.news)
        self.assertLessEqual(count(), few)

    def test_a_name_is_suggested_by_the_tags_until_one_is_typed(self):
        with Form(self.env["partner.mailing.audience"].with_user(self.marketer)) as form:
            form.category_ids.add(self.news)
            self.assertEqual(form.name, "News")
            form.excluded_category_ids.add(self.no_consent)
            self.assertEqual(form.name, "News without No consent at all")
            form.name = "Readers"
            form.excluded_category_ids.clear()
            self.assertEqual(form.name, "Readers")
        self.assertEqual(form.record.name, "Readers")

    def test_a_new_mailing_is_made_from_audiences(self):
        other = self.audience.copy({"name": "Friends", "category_ids": False})
        audiences = (self.audience + other).with_user(self.marketer)
        mailing = self.env["partner.mailing"].browse(audiences.action_new_mailing()["res_id"])
        self.assertEqual(mailing.name, "Mailing to Readers of the news, Friends")
        self.assertEqual(mailing.audience_ids, audiences)
        self.assertEqual((mailing.state, mailing.user_id), ("draft", self.marketer))
        self.assertEqual(mailing.unsubscribe_category_ids, self.news)

    def test_a_new_mailing_needs_usable_audiences_of_one_company_and_the_right_to_prepare(self):
        with self.assertRaises(AccessError):
            self.audience.with_user(self.outsider).action_new_mailing()
        broken = self.predefined("members")
        broken.sudo().domain = "[('x_gone', '!=', False)]"
        with self.assertRaisesRegex(UserError, "Members"):
            broken.action_new_mailing()
        company = self.env["res.company"].create({"name": "Other"})
        theirs = self.audience.copy({"company_id": company.id})
        with self.assertRaisesRegex(UserError, "several companies"):
            (self.audience + theirs).action_new_mailing()
        mailing = self.env["partner.mailing"].browse(theirs.action_new_mailing()["res_id"])
        self.assertEqual(mailing.company_id, company)

    def test_an_archived_audience_keeps_its_recipients_and_its_excluded_tags(self):
        self._new_contact("Clara", "clara@example.com", self.news, self.no_consent)
        mailing = self.new_mailing()
        self.audience.active = False
        self.env.invalidate_all()
        mailing.action_load_recipients()
        self.assertEqual(mailing.audience_ids, self.audience)
        self.assertEqual(self.states(mailing)["clara@example.com"], "excluded_group")
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
