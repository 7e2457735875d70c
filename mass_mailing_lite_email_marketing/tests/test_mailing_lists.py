"""Mailing lists of Email Marketing as a source of recipients, and opt-outs on both sides."""

from odoo import Command
from odoo.addons.mass_mailing_lite.review import ListSummary
from odoo.addons.mass_mailing_lite.tests.test_sources import SourceCase
from odoo.addons.mass_mailing_lite.tests.test_unsubscribe import UnsubscribeCase
from odoo.addons.mass_mailing_lite_email_marketing.hooks import uninstall_hook
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

OPTED_OUT = "opted_out_of_list"


class ListCase(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        stock = cls.env.ref("mass_mailing.group_mass_mailing_user")
        for person in (cls.marketer, cls.validator):
            person.group_ids += stock
        cls.readers = cls.new_list("Readers")
        cls.press = cls.new_list("Press")

    @classmethod
    def new_list(cls, name, **values):
        return cls.env["mailing.list"].create({"name": name, **values})

    @classmethod
    def subscribe(cls, name, email, *lists, opted_out=(), **values):
        """Return a list contact that is in the lists."""
        return cls.env["mailing.contact"].create(
            {
                "name": name,
                "email": email,
                "subscription_ids": [
                    Command.create({"list_id": one.id, "opt_out": one in opted_out})
                    for one in lists
                ],
                **values,
            }
        )

    def of_list(self, mailing_list, side="in"):
        return self.entry("mailing_list", side, mailing_list_id=mailing_list.id)

    def opt_out(self, contact, *lists):
        chosen = contact.subscription_ids
        if lists:
            chosen = chosen.filtered(lambda one: one.list_id in lists)
        chosen.opt_out = True


@tagged("post_install", "-at_install")
class TestMailingLists(ListCase):
    def test_people_of_a_list_are_its_contacts_and_extra_addresses_with_a_name(self):
        self.subscribe("Somebody", "ANNA@example.com", self.readers)
        self.subscribe("Zoe Zander", "zoe@example.org", self.readers)
        self.subscribe("Not in it", "not@example.org", self.press)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        rows = self.rows(mailing)
        self.assertEqual(set(rows), {"anna@example.com", "zoe@example.org"})
        self.assertEqual(rows["anna@example.com"].partner_id, self.anna)
        self.assertEqual(rows["anna@example.com"].name, "Anna")
        self.assertFalse(rows["zoe@example.org"].partner_id)
        self.assertEqual(rows["zoe@example.org"].name, "Zoe Zander")
        self.assertCountersTrue(mailing)

    def test_of_several_contacts_with_the_address_it_is_the_person_then_the_oldest(self):
        self._new_contact("Firm", "team@example.com", is_company=True)
        person = self._new_contact("Person", "Team@Example.com")
        self._new_contact("Twin", "team@example.com")
        self.subscribe("Team", "team@example.com", self.readers)
        self.subscribe("Team again", "team@example.com", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        [row] = mailing.recipient_ids
        self.assertEqual(row.partner_id, person)
        self.assertEqual(row.state, "pending")

    def test_the_contacts_of_a_list_are_found_without_a_sort(self):
        contacts = self.new_draft(self.of_list(self.readers))._query_recipients().contacts()
        self.env.cr.execute(SQL("EXPLAIN %s", contacts.select()))
        plan = "\n".join(line for [line] in self.env.cr.fetchall())
        self.assertIn("mailing_subscription", plan)
        self.assertNotIn("Sort Key", plan)

    def test_a_contact_of_another_company_stays_an_extra_address(self):
        there = self.env["res.company"].create({"name": "There"})
        self._new_contact("Foreign", "foreign@example.com", company_id=there.id)
        self.subscribe("Local name", "foreign@example.com", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        [row] = mailing.recipient_ids
        self.assertEqual((row.partner_id.id, row.name), (False, "Local name"))

    def test_a_contact_the_author_may_not_read_stays_an_extra_address(self):
        hidden = self._new_contact("Hidden", "hidden@example.com")
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {hidden.id})]",
                "groups": [Command.link(self.env.ref("mass_mailing_lite.group_user").id)],
            }
        )
        self.env.registry.clear_cache()
        self.subscribe("As in the list", "hidden@example.com", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        [row] = mailing.sudo().recipient_ids
        self.assertEqual((row.partner_id.id, row.name), (False, "As in the list"))

    def test_dirty_addresses_of_a_list_come_out_as_those_of_contacts(self):
        typed = [
            "MIXED@Example.COM", "anna@bücher.example", " blank@example.com ", "no address", "",
            "Zoe <zoe@example.org>", "a@example.org; b@example.org", "x@example", "tail@example.com.",
            "zero\u200bwidth@example.com", "'quoted'@example.com", "two@@example.com", "@example.com",
            "mailto:link@example.com", "ünï@example.com", "a b@example.com",
        ]  # fmt: skip
        tag = self.env["res.partner.category"].create({"name": "The same people"})
        for number, email in enumerate(typed):
            self.subscribe(f"Person {number}", email, self.readers)
        by_list = self.new_draft(self.of_list(self.readers))
        by_list.action_load_recipients()
        contacts = self.env["res.partner"].create(
            [
                {"name": f"Person {number}", "email": email, "category_id": tag.ids}
                for number, email in enumerate(typed)
            ]
        )
        by_tag = self.new_draft(self.entry("tag", category_id=tag.id))
        by_tag.action_load_recipients()

        def outcome(mailing):
            rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
            return sorted(
                (row.name, row.email_normalized or "", row.skip_reason or row.state)
                for row in rows
                if row.skip_reason != "further_address"
            )

        self.assertEqual(len(contacts), len(typed))
        self.assertEqual(outcome(by_list), outcome(by_tag))
        # Now that the people are contacts, the list gives these.
        again = self.new_draft(self.of_list(self.readers))
        again.action_load_recipients()
        written = again.recipient_ids.filtered(lambda row: row.state == "pending")
        self.assertEqual(
            written.partner_id,
            by_tag.recipient_ids.filtered(lambda row: row.state == "pending").partner_id,
        )

    def test_addresses_written_past_the_orm_are_read_before_a_list_is_loaded(self):
        contact = self.subscribe("Ida", "ida@example.com", self.readers)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailing_contact SET email = 'Ida <IDA@Bücher.example>', email_normalized ="
            " 'ida@bücher.example', partner_mailing_address = NULL WHERE id = %s",
            [contact.id],
        )
        self.env.invalidate_all()
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_ids.email_normalized, "ida@xn--bcher-kva.example")

    def test_a_name_that_is_the_address_is_no_name(self):
        self.subscribe("zoe@example.org", "zoe@example.org", self.readers)
        self.subscribe("  ", "yan@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_ids.mapped("name"), ["", ""])

    # ------------------------------------------------------------
    # Opt-outs
    # ------------------------------------------------------------

    def test_who_opted_out_of_the_list_is_named_with_that_reason(self):
        self.subscribe("Anna", "anna@example.com", self.readers, opted_out=self.readers)
        self.subscribe("Zoe", "zoe@example.org", self.readers, opted_out=self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        self.assertEqual(
            self.states(mailing),
            {
                "anna@example.com": OPTED_OUT,
                "zoe@example.org": OPTED_OUT,
                "yan@example.org": "pending",
            },
        )
        reason = self.rows(mailing)["zoe@example.org"].with_user(self.marketer).reason
        self.assertEqual(reason, "Opted out of the list: mailing list “Readers”")
        self.assertEqual(mailing.source_ids.count, 1)

    def test_who_opted_out_of_one_list_and_is_in_another_gets_it_through_that(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers, self.press, opted_out=self.readers)
        both = self.load(self.of_list(self.readers), self.of_list(self.press))
        self.assertEqual(both, {"zoe@example.org": "pending"})
        self.assertEqual(self.load(self.of_list(self.readers)), {"zoe@example.org": OPTED_OUT})
        # As Odoo's own mailing to both lists does it.
        stock = self.env["mailing.mailing"].create(
            {
                "subject": "S",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": [Command.set((self.readers + self.press).ids)],
            }
        )
        self.assertNotIn("zoe@example.org", stock._get_opt_out_list())

    def test_a_person_of_two_lists_is_in_the_list_once(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers, self.press)
        self.subscribe("Yan", "yan@example.org", self.press)
        self.subscribe("Anna", "anna@example.com", self.readers, self.press)
        mailing = self.new_draft(self.of_list(self.readers), self.of_list(self.press))
        mailing.action_submit()
        self.assertEqual((mailing.recipient_count, mailing.skipped_count), (3, 0))
        sources = mailing._get_pending_request().summary["sources"]
        self.assertEqual([count for _facts, count in sources], [2, 3])

    def test_the_same_address_twice_in_a_list_is_written_to_unless_both_opted_out(self):
        first = self.subscribe("Zoe", "zoe@example.org", self.readers, opted_out=self.readers)
        second = self.subscribe("Zoe Z.", "ZOE@example.org", self.readers)
        found = self.load(self.of_list(self.readers))
        self.assertIn("pending", found.values())
        self.opt_out(second)
        found = self.load(self.of_list(self.readers))
        self.assertEqual(set(found.values()), {OPTED_OUT})
        self.assertTrue(first.subscription_ids.opt_out)

    def test_an_opt_out_holds_for_the_audience_beside_the_list_too(self):
        self.subscribe("Anna", "anna@example.com", self.readers, opted_out=self.readers)
        found = self.load(
            self.of_list(self.readers),
            self.entry("audience", audience_id=self.audience.id),
            self.entry("address", address="zoe@example.org"),
        )
        self.assertEqual(found["anna@example.com"], OPTED_OUT)
        self.assertEqual(found["boris@example.com"], "pending")
        # Of another mailing it says nothing.
        self.assertEqual(self.load(audience_ids=self.audience.ids)["anna@example.com"], "pending")

    def test_an_opt_out_holds_for_further_addresses_of_the_contact(self):
        self._new_contact("Two", "two@example.com, other@example.com", self.news)
        self.subscribe("Two", "two@example.com", self.readers, opted_out=self.readers)
        found = self.load(
            self.of_list(self.readers),
            self.entry("tag", category_id=self.news.id),
            with_further_addresses=True,
        )
        self.assertEqual({state for email, state in found.items() if "o" in email.split("@")[0]
                          and "boris" not in email}, {OPTED_OUT})  # fmt: skip

    def test_the_blocklist_holds_for_lists(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.env["mail.blacklist"]._add("zoe@example.org")
        self.assertEqual(self.load(self.of_list(self.readers)), {"zoe@example.org": "blocklisted"})

    def test_an_opt_out_after_approval_counts(self):
        zoe = self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.opt_out(zoe)
        self.env["partner.mailing.recipient"]._skip_suppressed(mailing)
        self.assertEqual(
            self.states(mailing), {"zoe@example.org": OPTED_OUT, "yan@example.org": "pending"}
        )
        row = self.rows(mailing)["zoe@example.org"]
        self.assertEqual(row.source_id, mailing.source_ids)
        self.assertCountersTrue(mailing)

    def test_a_follow_up_keeps_the_opt_outs_of_the_list_that_it_goes_back_to(self):
        zoe = self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers)
        gone = self.new_sent(
            {"zoe@example.org": {"state": "sent"}, "yan@example.org": {"state": "sent"}},
            audience_ids=[],
            source_ids=[self.of_list(self.readers)],
        )
        self.opt_out(zoe)
        self.subscribe("New", "new@example.org", self.readers)
        self.subscribe("Out", "out@example.org", self.readers, opted_out=self.readers)
        for outcome, expected in (
            ("sent", {"zoe@example.org": OPTED_OUT, "yan@example.org": "pending"}),
            ("newcomer", {"new@example.org": "pending", "out@example.org": OPTED_OUT}),
        ):
            entry = self.entry("mailing", earlier_mailing_id=gone.id, outcome=outcome)
            with self.subTest(outcome):
                self.assertEqual(self.load(entry), expected)

    def test_a_mailing_by_sms_goes_to_numbers_of_the_list_or_of_its_contacts(self):
        """List contacts have numbers where Odoo's SMS of Email Marketing is installed."""
        if "sms_body" not in self.env["partner.mailing"]._fields:
            self.skipTest("Mailings by SMS are not installed.")
        self.env.company.country_id = self.env.ref("base.es")
        self.anna.phone, self.boris.phone = "600 123 456", "600 777 888"
        numbers = "mobile" in self.env["mailing.contact"]._fields
        for name, email, number, opted_out in (
            ("A", "anna@example.com", "+34600123456", ()),
            ("B", "boris@example.com", "+34600777888", self.readers),
            ("Zoe", "zoe@example.org", "+34600999888", ()),
        ):
            values = {"mobile": number} if numbers else {}
            self.subscribe(name, email, self.readers, opted_out=opted_out, **values)
        mailing = self.new_draft(
            self.of_list(self.readers), channel="sms", sms_body="Hello", audience_ids=[]
        )
        mailing.action_load_recipients()
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        expected = {
            ("Anna", "+34600123456", "pending"),
            ("Boris", "+34600777888", OPTED_OUT),
            *([("Zoe", "+34600999888", "pending")] if numbers else []),
        }
        self.assertEqual(
            {(row.name, row.phone_sanitized, row.skip_reason or row.state) for row in rows},
            expected,
        )

    # ------------------------------------------------------------
    # But not to
    # ------------------------------------------------------------

    def test_a_list_leaves_people_out_of_a_mailing(self):
        self.subscribe("Anna", "anna@example.com", self.press, opted_out=self.press)
        self.subscribe("Zoe", "zoe@example.org", self.press)
        found = self.load(
            self.entry("tag", category_id=self.news.id),
            self.of_list(self.press, "out"),
            extra_emails="zoe@example.org, yan@example.org",
        )
        self.assertEqual(
            found,
            {
                "anna@example.com": "excluded_source",
                "boris@example.com": "pending",
                "zoe@example.org": "excluded_source",
                "yan@example.org": "pending",
            },
        )

    def test_an_audience_leaves_out_a_list(self):
        self.subscribe("Anna", "anna@example.com", self.press)
        self.assertEqual(self.audience.partner_count, 2)
        self.audience.source_ids = [Command.create(
            {"kind": "mailing_list", "mailing_list_id": self.press.id}
        )]  # fmt: skip
        self.assertEqual((self.audience.partner_count, self.audience.usable_count), (1, 1))
        self.assertIn("mailing list “Press”", self.audience.with_user(self.marketer).summary)
        found = self.load(audience_ids=self.audience.ids)
        self.assertEqual(
            found, {"anna@example.com": "excluded_source", "boris@example.com": "pending"}
        )

    # ------------------------------------------------------------
    # Numbers, words, refresh
    # ------------------------------------------------------------

    def test_the_numbers_of_the_form_are_those_of_the_list(self):
        self.subscribe("Anna", "anna@example.com", self.readers)
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers, opted_out=self.readers)
        sources = self.env["partner.mailing.source"].with_user(self.marketer)
        values = {"kind": "mailing_list", "mailing_list_id": self.readers.id}
        counted = sources.count_people(False, {}, [{"side": "in", **values}])
        [entry] = counted["entries"]
        self.assertEqual((entry["count"], counted["total"]), (2, 2))
        self.assertEqual(entry["words"], "mailing list “Readers”")
        self.assertIn("mailing_list", counted["kinds"])
        counted = sources.count_people(False, {}, [{"side": "out", **values}])
        self.assertEqual((counted["entries"][0]["count"], counted["total"]), (3, 0))

    def test_the_review_says_which_lists_and_how_many(self):
        self.subscribe("Anna", "anna@example.com", self.readers)
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers, opted_out=self.readers)
        mailing = self.new_draft(
            self.of_list(self.readers), self.of_list(self.press, "out"), audience_ids=[]
        )
        mailing.action_submit()
        request = mailing._get_pending_request()
        self.assertIn(["Opted out of the list", 1], [list(one) for one in self._label(request)])
        facts = [[one["name"], count] for one, count in request.summary["sources"]]
        self.assertEqual(facts, [["Readers", 2]])
        page = str(mailing.with_user(self.validator).review_html)
        self.assertIn("mailing list “Readers”", page)
        self.assertIn("mailing list “Press”", page)

    def _label(self, request):
        return ListSummary(request.mailing_id).label(request.summary)["excluded"]

    def test_a_refresh_shows_what_has_changed_in_the_list(self):
        zoe = self.subscribe("Zoe", "zoe@example.org", self.readers)
        yan = self.subscribe("Yan", "yan@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        self.opt_out(zoe)
        yan.email = "yan.new@example.org"
        self.subscribe("New", "new@example.org", self.readers)
        totals, changes = mailing._get_refresh_changes()
        self.assertEqual((totals["in"], totals["out"]), (2, 2))
        reasons = {change["email"]: change["reason"] for change in changes}
        self.assertEqual(reasons["zoe@example.org"], OPTED_OUT)
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["zoe@example.org"], OPTED_OUT)

    def test_pressure_counts_people_of_lists(self):
        company = self.env.company
        company.partner_mailing_pressure_count, company.partner_mailing_pressure_days = 1, 7
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        self.new_sent(
            {"zoe@example.org": {"state": "sent"}},
            audience_ids=[],
            source_ids=[self.of_list(self.readers)],
        )
        self.assertEqual(
            self.load(self.of_list(self.readers)), {"zoe@example.org": "written_to_lately"}
        )

    def test_a_copy_has_the_lists_of_the_mailing(self):
        mailing = self.new_draft(self.of_list(self.readers), self.of_list(self.press, "out"))
        copy = mailing.copy()
        self.assertEqual(
            sorted((one.side, one.mailing_list_id.name) for one in copy.source_ids),
            [("in", "Readers"), ("out", "Press")],
        )

    def test_an_archived_a_deleted_and_a_merged_list_say_what_to_do(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        self.press.action_merge(self.readers, archive=True)
        with self.assertRaisesRegex(UserError, "“Readers” is archived"):
            mailing.action_load_recipients()
        mailing.source_ids.mailing_list_id = self.press
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing), {"zoe@example.org": "pending"})
        self.press.unlink()
        with self.assertRaisesRegex(UserError, "a mailing list that was deleted"):
            mailing.action_load_recipients()

    def test_loading_takes_no_more_statements_for_more_people(self):
        def cost(people):
            mailing_list = self.new_list(f"List of {people}")
            for number in range(people):
                self.subscribe(f"P {number}", f"p{number}@example.org", mailing_list)
            mailing = self.new_draft(self.of_list(mailing_list))
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            mailing.action_load_recipients()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        self.assertEqual(cost(2), cost(30))

    # ------------------------------------------------------------
    # Rights
    # ------------------------------------------------------------

    def test_who_may_not_read_lists_cannot_choose_or_count_one(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        theirs = self.env["partner.mailing.source"].with_user(self.colleague)
        values = {"side": "in", "kind": "mailing_list", "mailing_list_id": self.readers.id}
        draft = self.new_draft(user=self.colleague)
        self.assertNotIn("mailing_list", theirs.count_people(False, {}, [])["kinds"])
        with self.assertRaises(AccessError):
            theirs.count_people(False, {}, [values])
        with self.assertRaises(AccessError):
            theirs.create({"mailing_id": draft.id, **values})
        with self.assertRaises(AccessError):
            draft.source_ids = [Command.create(values)]
        audience = self.audience.with_user(self.colleague)
        with self.assertRaises(AccessError):
            audience.source_ids = [
                Command.create({"kind": "mailing_list", "mailing_list_id": self.readers.id})
            ]
        with self.assertRaises(AccessError):
            theirs.count_people_of_audience(False, {}, [values])

    def test_an_entry_of_another_author_tells_nothing_of_the_list(self):
        self.subscribe("Zoe", "zoe@example.org", self.readers)
        mailing = self.new_draft(self.of_list(self.readers))
        mailing.action_load_recipients()
        [entry] = mailing.source_ids.with_user(self.colleague)
        self.env.invalidate_all()
        self.assertEqual((entry.count, entry.display_name), (0, "a mailing list you may not see"))
        self.assertIn("may not see", entry.problem)
        told = [
            entry.read(),
            entry.web_read({"mailing_list_id": {"fields": {"display_name": {}}}}),
            entry.formatted_read_group([], ["mailing_list_id"], ["__count"]),
            entry.count_people(mailing.id, {}, [{**entry.read(load="")[0], "id": entry.id}]),
        ]
        for answer in told:
            self.assertNotIn("Readers", str(answer))
        for domain in (
            [("mailing_list_id", "ilike", "Readers")],
            [("mailing_list_id.name", "ilike", "Read")],
            [("mailing_list_id.contact_count", ">", 0)],
        ):
            try:
                self.assertFalse(entry.search([("id", "=", entry.id), *domain]))
            except AccessError:
                continue
        self.colleague.group_ids += self.env.ref("base.group_allow_export")
        with self.assertRaises(AccessError):
            entry.export_data(["mailing_list_id/name"])
        self.assertNotIn("Readers", str(entry.export_data(["kind", "display_name"])))
        with self.assertRaisesRegex(UserError, "may not see"):
            mailing.with_user(self.manager).action_load_recipients()
        with self.assertRaisesRegex(UserError, "may not see"):
            mailing.with_user(self.colleague).copy().action_load_recipients()

    # ------------------------------------------------------------
    # Uninstalling
    # ------------------------------------------------------------

    def test_uninstalling_removes_the_entries_and_keeps_the_lists(self):
        self._new_contact("Twin", "twin@example.com", self.news)
        self._new_contact("Twin too", "twin@example.com", self.news)
        self.subscribe("Twin", "twin@example.com", self.readers, opted_out=self.readers)
        self.subscribe("Yan", "yan@example.org", self.readers)
        mailing = self.new_draft(
            self.of_list(self.readers), self.entry("tag", category_id=self.news.id)
        )
        mailing.action_submit()
        uninstall_hook(self.env)
        self.assertEqual(mailing.source_ids.mapped("kind"), ["tag"])
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(
            sorted(row.skip_reason for row in rows if row.email == "twin@example.com"),
            ["duplicate", "unsubscribed"],
        )
        self.assertIn("yan@example.org", rows.mapped("email"))
        self.assertNotIn(OPTED_OUT, str(mailing.approval_ids.summary))
        self.assertCountersTrue(mailing)


@tagged("post_install", "-at_install")
class TestLeavingLists(ListCase, UnsubscribeCase):
    def setUp(self):
        super().setUp()
        self.zoe = self.subscribe("Zoe", "zoe@example.org", self.readers, self.press)
        self.mailing = self.new_running(self.of_list(self.readers))

    def new_running(self, *entries, **values):
        return self.new_running_mailing(
            source_ids=list(entries), audience_ids=[], unsubscribe_category_ids=[], **values
        )

    def opted_out(self, contact=None):
        """Return the names of the lists that a contact has opted out of."""
        subscriptions = (contact or self.zoe).subscription_ids.filtered("opt_out")
        return sorted(subscriptions.list_id.mapped("name"))

    def zoe_s(self, mailing=None):
        return self.token(mailing or self.mailing, "zoe@example.org")

    def test_one_click_opts_out_of_the_lists_of_the_mailing_alone(self):
        for _time in range(2):
            self.assertEqual(self.one_click(self.zoe_s()).status_code, 200)
        self.assertEqual(self.opted_out(), ["Readers"])
        self.assertFalse(self.blocklisted("zoe@example.org"))
        [act] = self.acts()
        self.assertEqual(act.mailing_list_ids, self.readers)
        self.assertTrue(self.rows(self.mailing)["zoe@example.org"].unsubscribed_at)
        self.assertIn("Opted out of Readers", self.log(self.zoe))

    def test_one_click_of_who_opted_out_already_does_not_end_all_mailings(self):
        self.opt_out(self.zoe, self.readers)
        self.one_click(self.zoe_s())
        self.assertFalse(self.blocklisted("zoe@example.org"))
        self.assertFalse(self.acts())

    def test_the_page_names_public_lists_alone(self):
        self.assertNotIn("Readers", self.get(self.zoe_s()).text)
        self.assertIn("the list of this message", self.get(self.zoe_s()).text)
        self.readers.is_public = True
        self.env.flush_all()
        self.assertIn("Readers", self.get(self.zoe_s()).text)
        self.assertNotIn("Press", self.get(self.zoe_s()).text)
        test_link = self.mailing._get_link_key("unsubscribe").make(-self.mailing.id)
        self.assertIn("Readers", self.get(test_link).text)

    def test_leaving_says_why_and_undoing_opts_in_again(self):
        page = self.post(self.zoe_s(), do="leave", group="lists")
        self.assertIn("has left: the list of this message", page.text)
        [subscription] = self.zoe.subscription_ids.filtered("opt_out")
        self.assertTrue(subscription.opt_out_datetime)
        self.post(self.zoe_s(), do="reason", reason="too_often", comment="Every day")
        reason = self.env.ref("mass_mailing.mailing_subscription_optout_data_2")
        self.assertEqual(subscription.opt_out_reason_id, reason)
        self.post(self.zoe_s(), do="undo")
        self.assertEqual(self.opted_out(), [])
        self.assertFalse(subscription.opt_out_reason_id)
        self.assertIn("Opted in again to Readers", self.log(self.zoe))

    def test_undoing_does_not_opt_in_to_what_was_left_elsewhere(self):
        both = self.new_running(self.of_list(self.readers), self.of_list(self.press))
        self.opt_out(self.zoe, self.press)
        self.one_click(self.zoe_s(both))
        self.post(self.zoe_s(both), do="undo")
        self.assertEqual(self.opted_out(), ["Press"])

    def test_leaving_everything_opts_out_too_and_stock_s_blocklist_knows_why(self):
        self.post(self.zoe_s(), do="leave_all")
        self.assertTrue(self.blocklisted("zoe@example.org"))
        self.assertEqual(self.opted_out(), ["Readers"])
        self.post(self.zoe_s(), do="reason", reason="never_asked")
        entry = self.env["mail.blacklist"].search([("email", "=", "zoe@example.org")])
        reason = self.env.ref("mass_mailing.mailing_subscription_optout_data_0")
        self.assertEqual(entry.opt_out_reason_id, reason)

    def test_a_choice_that_there_is_not_changes_nothing(self):
        for choice in ("list-0", f"list-{self.press.id}", "lists,", "'", "x" * 9999):
            page = self.post(self.zoe_s(), do="leave", group=choice)
            self.assertEqual(page.status_code, 200)
            self.assertIn("Choose at least one group", page.text)
        self.assertEqual(self.opted_out(), [])
        self.assertFalse(self.acts())

    def test_the_lists_of_a_follow_up_are_those_of_the_mailing_before(self):
        now = self.env.cr.now()
        self.rows(self.mailing)["zoe@example.org"]._as_system().write(
            {"state": "sent", "sent_at": now}
        )
        self.mailing._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        follow_up = self.new_running(
            self.entry("mailing", earlier_mailing_id=self.mailing.id, outcome="sent")
        )
        self.one_click(self.zoe_s(follow_up))
        self.assertEqual(self.opted_out(), ["Readers"])

    def test_a_contact_leaves_its_tags_and_the_list(self):
        anna = self.subscribe("Anna", "Anna@Example.com", self.readers)
        mailing = self.new_running_mailing(source_ids=[self.of_list(self.readers)])
        self.one_click(self.token(mailing))
        self.assertEqual(self.opted_out(anna), ["Readers"])
        self.assertFalse(self.anna.category_id)
        self.assertFalse(self.blocklisted())

    def test_who_left_us_entirely_gets_nothing_of_stock_either(self):
        anna = self.subscribe("Anna", "Anna@Bücher.example", self.readers)
        mailing = self.new_running(self.of_list(self.readers))
        [row] = self.env["partner.mailing.recipient"].search(
            [("mailing_id", "=", mailing.id), ("email_normalized", "like", "xn--")]
        )
        stock = self.env["mailing.mailing"].create(
            {
                "subject": "S",
                "body_html": "<p>Hello</p>",
                "mailing_model_id": self.env["ir.model"]._get_id("mailing.list"),
                "contact_list_ids": [Command.set(self.press.ids)],
                "use_exclusion_list": False,
            }
        )
        anna.subscription_ids = [Command.create({"list_id": self.press.id})]
        self.post(mailing._get_link_key("unsubscribe").make(row.id), do="leave_all")
        self.assertIn(anna.email_normalized, stock._get_opt_out_list())
        self.assertNotIn("zoe@example.org", stock._get_opt_out_list())
        stock.action_send_mail()
        traces = {
            trace.email: (trace.trace_status, trace.failure_type)
            for trace in self.env["mailing.trace"].search([("mass_mailing_id", "=", stock.id)])
        }
        self.assertEqual(traces[anna.email_normalized], ("cancel", "mail_optout"))
        self.assertNotEqual(traces["zoe@example.org"][0], "cancel")
        self.post(mailing._get_link_key("unsubscribe").make(row.id), do="undo")
        self.assertNotIn(anna.email_normalized, stock._get_opt_out_list())

    def test_the_page_asks_the_database_no_more_for_more_lists(self):
        def cost(mailing):
            number = self.rows(mailing)["zoe@example.org"].id
            unsubscriptions = self.env["partner.mailing.unsubscription"].sudo()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            unsubscriptions._get_subscription(number)
            return self.env.cr.sql_log_count - before

        many = self.env["mailing.list"].create([{"name": f"List {n}"} for n in range(8)])
        self.zoe.list_ids += many
        mailing = self.new_running(*(self.of_list(one) for one in many))
        cost(mailing)
        self.assertEqual(cost(mailing), cost(self.mailing))
        self.assertLessEqual(cost(self.mailing), 2)
