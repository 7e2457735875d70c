"""Whom a mailing goes to, and whom it does not: entries of *Write to* and *But not to*."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .common import MailingCase
from .pages import cost


class SourceCase(MailingCase):
    def entry(self, kind, side="in", **values):
        """Return the command that adds an entry."""
        return Command.create({"side": side, "kind": kind, **values})

    def new_draft(self, *entries, user=None, **values):
        return self.new_mailing(
            user=user, source_ids=list(entries), **{"audience_ids": [], **values}
        )

    def load(self, *entries, **values):
        """Return {address: state or reason} of a draft with these entries."""
        mailing = self.new_draft(*entries, **values)
        mailing.action_load_recipients()
        self.assertCountersTrue(mailing)
        return self.states(mailing)

    def new_sent(self, outcomes, **values):
        """Return a mailing that has ended, and what became of its recipients.

        :param outcomes: {address: values of the row}
        """
        mailing = self.new_mailing(**values)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        rows = self.rows(mailing)
        for email, became in outcomes.items():
            rows[email]._as_system().write({"sent_at": fields.Datetime.now(), **became})
        now = fields.Datetime.now()
        mailing._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        mailing._recount()
        return mailing


@tagged("post_install", "-at_install")
class TestSources(SourceCase):
    def test_each_kind_chooses_people(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        self._new_contact("Vera", "vera@example.com", vip)
        clara = self._new_contact("Clara", "clara@example.com")
        self._new_contact("Fred", "fred@example.com", function="Baker")
        found = self.load(
            self.entry("audience", audience_id=self.audience.id),
            self.entry("tag", category_id=vip.id),
            self.entry("contact", partner_id=clara.id),
            self.entry("domain", domain="[('function', '=', 'Baker')]"),
            self.entry("address", address="zoe@example.org, yan@example.org"),
        )
        names = ("anna@example", "boris@example", "vera@example", "clara@example", "fred@example")
        expected = {*(f"{name}.com" for name in names), "zoe@example.org", "yan@example.org"}
        self.assertEqual({one for one, state in found.items() if state == "pending"}, expected)

    def test_each_kind_leaves_people_out_and_says_which_entry_did(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        vera = self._new_contact("Vera", "vera@example.com", self.news, vip)
        clara = self._new_contact("Clara", "clara@example.com", self.news)
        self._new_contact("Fred", "fred@example.com", self.news, function="Baker")
        others = self.env["partner.mailing.audience"].create(
            {"name": "Others", "partner_ids": [Command.set(self.boris.ids)]}
        )
        mailing = self.new_draft(
            self.entry("tag", category_id=self.news.id),
            self.entry("tag", "out", category_id=vip.id),
            self.entry("contact", "out", partner_id=clara.id),
            self.entry("domain", "out", domain="[('function', '=', 'Baker')]"),
            self.entry("audience", "out", audience_id=others.id),
            self.entry("address", "out", address="ZOE@example.org"),
            extra_emails="zoe@example.org\nyan@example.org",
        )
        mailing.action_load_recipients()
        self.assertEqual(
            self.states(mailing),
            {
                "anna@example.com": "pending",
                "yan@example.org": "pending",
                "vera@example.com": "excluded_group",
                "clara@example.com": "excluded_source",
                "fred@example.com": "excluded_source",
                "boris@example.com": "excluded_source",
                "zoe@example.org": "excluded_source",
            },
        )
        rows = self.rows(mailing)
        self.assertIn("VIP", rows["vera@example.com"].reason)
        self.assertIn("Clara", rows["clara@example.com"].reason)
        self.assertIn("Others", rows["boris@example.com"].reason)
        self.assertIn("ZOE@example.org", rows["zoe@example.org"].reason)
        self.assertEqual(rows["vera@example.com"].partner_id, vera)

    def test_who_has_the_address_of_an_excluded_contact_is_left_out_too(self):
        twin = self._new_contact("Twin", "anna@example.com")
        found = self.load(
            self.entry("tag", category_id=self.news.id),
            self.entry("contact", "out", partner_id=twin.id),
        )
        self.assertEqual(found["anna@example.com"], "excluded_source")
        self.assertEqual(found["boris@example.com"], "pending")

    def test_the_audiences_of_a_mailing_are_its_entries(self):
        mailing = self.new_mailing()
        [entry] = mailing.source_ids
        self.assertEqual((entry.side, entry.kind), ("in", "audience"))
        self.assertEqual(entry.audience_id, self.audience)
        other = self.audience.copy({"name": "Other"})
        mailing.audience_ids = [Command.set(other.ids)]
        self.assertEqual(mailing.source_ids.audience_id, other)
        mailing.source_ids = [self.entry("audience", audience_id=self.audience.id)]
        self.assertEqual(mailing.audience_ids, self.audience + other)
        mailing.source_ids.filtered(lambda one: one.audience_id == other).unlink()
        self.assertEqual(mailing.audience_ids, self.audience)
        mailing.source_ids.write({"audience_id": other.id})
        self.assertEqual(mailing.audience_ids, other)
        self.assertEqual(len(mailing.source_ids), 1)

    def test_an_entry_says_how_many_people_it_stands_for(self):
        mailing = self.new_draft(
            self.entry("tag", category_id=self.news.id),
            self.entry("address", address="a@example.org, b@example.org, c@example.org"),
            self.entry("domain", domain="[('id', '=', 0)]"),
        )
        self.assertEqual(sorted(mailing.source_ids.mapped("count")), [0, 2, 3])
        unsaved = self.env["partner.mailing.source"].new(
            {"mailing_id": mailing.id, "kind": "contact", "partner_id": self.anna.id}
        )
        self.assertEqual(unsaved.count, 1)

    def test_the_form_shows_numbers_before_anything_is_saved(self):
        self._new_contact("Nora", "nora@example.com", self.news, self.no_consent)
        counted = (
            self.env["partner.mailing.source"]
            .with_user(self.marketer)
            .count_people(
                False,
                {"company_id": self.env.company.id, "channel": "email"},
                [
                    {"side": "in", "kind": "audience", "audience_id": self.audience.id},
                    {"side": "in", "kind": "address", "address": "a@example.org, b@example.org"},
                    {"side": "out", "kind": "contact", "partner_id": self.anna.id},
                ],
            )
        )
        self.assertEqual([one["count"] for one in counted["entries"]], [2, 2, 1])
        self.assertEqual(counted["total"], 2 + 2 - 1)

    def test_numbers_of_a_draft_are_those_of_its_list(self):
        mailing = self.new_mailing(
            extra_emails="zoe@example.org",
            source_ids=[self.entry("contact", "out", partner_id=self.anna.id)],
        )
        entries = mailing.source_ids.read(["side", "kind", "audience_id", "partner_id"], load=None)
        counted = mailing.source_ids.count_people(mailing.id, {}, entries)
        mailing.action_load_recipients()
        self.assertEqual(counted["total"], mailing.recipient_count)

    def test_numbers_tell_nothing_that_the_user_may_not_know(self):
        hidden = self.new_mailing()
        hidden.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        sources = self.env["partner.mailing.source"].with_user(self.colleague)
        entry = {
            "side": "in",
            "kind": "mailing",
            "outcome": "sent",
            "earlier_mailing_id": hidden.id,
        }
        with self.assertRaises(AccessError):
            sources.count_people(False, {}, [entry])
        with self.assertRaises(AccessError):
            sources.count_people(hidden.id, {}, [])
        with self.assertRaises(AccessError):
            sources.with_user(self.outsider).count_people(False, {}, [])
        for nonsense in ([{}], [{"kind": "none"}], [7]):
            with self.subTest(nonsense), self.assertRaises(UserError):
                sources.count_people(False, {}, nonsense)
        for nothing in ("x", None, {}):
            with self.subTest(nothing):
                counted = sources.count_people(False, nothing, nothing)
                self.assertEqual((counted["total"], counted["entries"]), (0, []))

    def test_an_entry_whose_mailing_is_hidden_says_so_and_keeps_its_number(self):
        hidden = self.new_sent({"anna@example.com": {"state": "sent"}})
        values = {"side": "out", "kind": "mailing", "outcome": "sent"}
        entry = {**values, "earlier_mailing_id": hidden.id}
        draft = self.new_draft(
            self.entry("tag", category_id=self.news.id), Command.create(entry), user=self.colleague
        )
        hidden.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        saved = draft.source_ids.filtered(lambda one: one.kind == "mailing")
        sources = self.env["partner.mailing.source"].with_user(self.colleague)
        counted = sources.count_people(draft.id, {}, [{**entry, "id": saved.id}])
        [one] = counted["entries"]
        self.assertEqual((one["count"], one["name"], counted["total"]), (0, False, False))
        self.assertIn("may not see", one["problem"])
        self.assertNotIn(hidden.name, str(counted))
        other = self.new_draft(user=self.colleague)
        for mailing_id, number in ((other.id, saved.id), (False, saved.id), (draft.id, "x")):
            with self.assertRaises(AccessError):
                sources.count_people(mailing_id, {}, [{**entry, "id": number}])

    def test_readers_count_and_outsiders_do_not(self):
        mailing = self.new_mailing()
        entries = [{"side": "in", "kind": "audience", "audience_id": self.audience.id}]
        for user in (self._new_user("viewer", "viewer"), self.colleague, self.validator):
            sources = self.env["partner.mailing.source"].with_user(user)
            self.assertEqual(sources.count_people(mailing.id, {}, entries)["total"], 2)

    def test_the_form_counts_extra_addresses_that_are_not_saved(self):
        counted = self.env["partner.mailing.source"].count_people(
            self.new_mailing().id, {"extra_emails": "a@example.org, b@example.org"}, []
        )
        self.assertEqual(counted["total"], 2)
        self.assertEqual([one["count"] for one in counted["others"]], [2])

    def test_the_form_offers_the_tags_of_what_is_chosen_for_unsubscribing(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        with Form(self.env["partner.mailing"].with_user(self.marketer)) as form:
            form.name = "Form"
            with form.source_ids.new() as entry:
                entry.side, entry.kind, entry.category_id = "in", "tag", vip
            with form.source_ids.new() as entry:
                entry.side, entry.kind, entry.audience_id = "in", "audience", self.audience
            with form.source_ids.new() as entry:
                entry.side, entry.kind, entry.category_id = "out", "tag", self.no_consent
        mailing = form.save()
        self.assertEqual(mailing.unsubscribe_category_ids, vip + self.news)
        self.assertEqual(mailing.audience_ids, self.audience)
        with Form(mailing.with_user(self.marketer)) as form:
            form.audience_ids.clear()
            form.extra_emails = "zoe@example.org"
        self.assertNotIn("audience", mailing.source_ids.mapped("kind"))

    def test_an_entry_has_no_audience_of_another_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self.audience.copy({"name": "Theirs", "company_id": other.id})
        with self.assertRaisesRegex(UserError, "Theirs"):
            self.new_draft(self.entry("audience", audience_id=theirs.id))

    def test_the_form_reads_many_entries_in_as_many_queries_as_few(self):
        tags = self.env["res.partner.category"].create([{"name": f"Tag {n}"} for n in range(12)])
        contacts = self.env["res.partner"].create([{"name": f"Anna {n}"} for n in range(12)])

        def cost_of(number):
            draft = self.new_draft(
                *(self.entry("tag", "out", category_id=tag.id) for tag in tags[:number]),
                *(self.entry("contact", partner_id=one.id) for one in contacts[:number]),
            )
            names = {name: {} for name in ("display_name", "kind", "category_id", "partner_id")}
            queries, _size = cost(
                self.env, lambda: draft.web_read({"source_ids": {"fields": names}})
            )
            return queries

        cost_of(2)  # what a worker has read once for all
        self.assertEqual(cost_of(12), cost_of(2))

    def test_a_change_of_an_entry_is_a_change_of_the_mailing(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        entry = mailing.source_ids
        for change in (
            lambda: entry.copy({"kind": "tag", "category_id": self.news.id, "audience_id": False}),
            lambda: mailing.source_ids[-1:].write({"side": "out"}),
            lambda: mailing.source_ids[-1:].unlink(),  # noqa: PLW0108
        ):
            mailing.action_load_recipients()
            self.assertTrue(mailing.recipients_loaded_at)
            change()
            self.assertFalse(mailing.recipients_loaded_at)
        mailing.action_load_recipients()
        mailing.action_submit()
        for change in (
            lambda: entry.write({"kind": "tag"}),
            entry.unlink,
            lambda: mailing.write({"source_ids": [Command.clear()]}),
            lambda: entry.create(
                {"mailing_id": mailing.id, "kind": "contact", "partner_id": self.anna.id}
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()

    def test_nobody_changes_the_entries_of_a_mailing_of_others(self):
        mailing = self.new_mailing()
        theirs = mailing.source_ids.with_user(self.colleague)
        mine = self.new_mailing(user=self.colleague).source_ids
        for change in (
            lambda: theirs.write({"side": "out"}),
            theirs.unlink,
            lambda: theirs.create({"mailing_id": mailing.id, "kind": "tag"}),
            lambda: mine.write({"mailing_id": mailing.id}),
        ):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                change()
        with self.assertRaises(AccessError):
            mailing.source_ids.with_user(self.outsider).read(["count"])

    def test_what_was_deleted_is_said_and_nothing_is_loaded_by_mistake(self):
        vip = self.env["res.partner.category"].create({"name": "VIP"})
        self._new_contact("Vera", "vera@example.com", self.news, vip)
        mailing = self.new_mailing(source_ids=[self.entry("tag", "out", category_id=vip.id)])
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["vera@example.com"], "excluded_group")
        vip.unlink()
        with self.assertRaisesRegex(UserError, "But not to.*gone"):
            mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["vera@example.com"], "excluded_group")

    def test_a_filter_that_cannot_be_used_is_said_at_the_entry(self):
        mailing = self.new_draft(self.entry("domain", domain="[('x_gone', '=', 1)]"))
        self.assertIn("x_gone", mailing.source_ids.problem)
        self.assertEqual(mailing.source_ids.count, 0)
        with self.assertRaisesRegex(UserError, "Write to.*x_gone"):
            mailing.action_load_recipients()

    def test_a_filter_tells_nothing_of_contacts_that_the_user_may_not_read(self):
        hidden = self._new_contact("Hidden", "anna@example.com", comment="secret")
        rule = {
            "name": "Hidden",
            "model_id": self.env.ref("base.model_res_partner").id,
            "domain_force": f"[('id', '!=', {hidden.id})]",
        }
        self.env["ir.rule"].create(rule)
        found = self.load(
            self.entry("tag", category_id=self.news.id),
            self.entry("domain", "out", domain="[('comment', 'ilike', 'secret')]"),
        )
        self.assertEqual(found["anna@example.com"], "pending")

    def test_a_duplicate_has_the_same_entries(self):
        mailing = self.new_mailing(
            source_ids=[self.entry("contact", "out", partner_id=self.anna.id)]
        )
        duplicate = mailing.copy()
        self.assertEqual(
            [(one.side, one.kind, one.audience_id, one.partner_id) for one in duplicate.source_ids],
            [(one.side, one.kind, one.audience_id, one.partner_id) for one in mailing.source_ids],
        )


@tagged("post_install", "-at_install")
class TestEarlierMailings(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("clara", "dora", "emil"):
            cls._new_contact(name.title(), f"{name}@example.com", cls.news)

    def setUp(self):
        super().setUp()
        now = fields.Datetime.now()
        sent = {"state": "sent"}
        self.earlier = self.new_sent(
            {
                "anna@example.com": {**sent, "opened_at": now, "clicked_at": now},
                "boris@example.com": {**sent, "opened_at": now},
                "clara@example.com": {**sent, "replied_at": now},
                "dora@example.com": {"state": "failed"},
                "emil@example.com": {"state": "uncertain"},
                "xenia@example.org": sent,
            },
            extra_emails="xenia@example.org",
            track_opens=True,
            track_clicks=True,
        )

    def of(self, outcome, side="in", **values):
        values = {"earlier_mailing_id": self.earlier.id, "outcome": outcome, **values}
        return self.entry("mailing", side, **values)

    def test_recipients_of_an_earlier_mailing_by_what_became_of_them(self):
        expected = {
            "sent": ["anna", "boris", "clara", "xenia"],
            "not_reached": ["dora"],
            "opened": ["anna", "boris"],
            "not_opened": ["xenia"],
            "clicked": ["anna"],
            "not_clicked": ["boris", "clara", "xenia"],
            "replied": ["clara"],
            "newcomer": [],
        }
        for outcome, names in expected.items():
            with self.subTest(outcome):
                found = self.load(self.of(outcome))
                self.assertEqual(sorted(one.split("@")[0] for one in found), names)
                self.assertEqual(set(found.values()), {"pending"} if names else set())

    def test_recipients_of_an_earlier_mailing_are_left_out(self):
        found = self.load(
            self.entry("tag", category_id=self.news.id),
            self.of("clicked", "out"),
        )
        self.assertEqual(found.pop("anna@example.com"), "excluded_mailing")
        self.assertEqual(set(found.values()), {"pending"})

    def test_who_may_have_got_it_is_not_written_to_a_second_time(self):
        found = self.load(
            self.entry("tag", category_id=self.news.id),
            self.of("sent", "out"),
            extra_emails="xenia@example.org",
        )
        self.assertEqual(found.pop("dora@example.com"), "pending")
        self.assertEqual(set(found.values()), {"excluded_mailing"})

    def test_who_has_another_address_by_now_is_left_out_all_the_same(self):
        self.anna.email = "anna@example.net"
        self._new_contact("Reader of Before", "anna@example.com", self.news)
        found = self.load(self.entry("tag", category_id=self.news.id), self.of("sent", "out"))
        self.assertEqual(found["anna@example.net"], "excluded_mailing")
        self.assertEqual(found["anna@example.com"], "excluded_mailing")

    def test_newcomers_are_in_its_audiences_now_and_were_not_in_its_list(self):
        self._new_contact("Nora", "nora@example.com", self.news)
        self._new_contact("Anna's Twin", "anna@example.com", self.news)
        self._new_contact("No", "no@example.com", self.news, self.no_consent)
        found = self.load(self.of("newcomer"))
        self.assertEqual(found["nora@example.com"], "pending")
        self.assertNotIn("anna@example.com", found)
        self.assertNotIn("boris@example.com", found)

    def test_of_one_link(self):
        system = self.env["partner.mailing"]._as_system().env
        one, other = system["partner.mailing.link"].create(
            [
                {"mailing_id": self.earlier.id, "url": f"https://{name}.example/"}
                for name in ("one", "other")
            ]
        )
        row = self.rows(self.earlier)["anna@example.com"]
        system["partner.mailing.click"].create({"link_id": one.id, "recipient_id": row.id})
        self.assertEqual(list(self.load(self.of("clicked", link_id=one.id))), ["anna@example.com"])
        self.assertEqual(self.load(self.of("clicked", link_id=other.id)), {})
        self.assertIn("anna@example.com", self.load(self.of("not_clicked", link_id=other.id)))
        draft = self.new_draft(self.of("clicked", link_id=one.id))
        one.unlink()
        draft.invalidate_recordset()
        self.assertIn("https://one.example/", draft.source_ids.problem)
        with self.assertRaisesRegex(UserError, "one.example"):
            draft.action_load_recipients()
        entry = {"id": draft.source_ids.id, "side": "in", "kind": "mailing", "outcome": "clicked"}
        entry.update(earlier_mailing_id=self.earlier.id, link_id=False)
        for text, problem in (("https://one.example/", True), (False, False)):
            self.env.invalidate_all()  # each question of the form is a request of its own
            counted = draft.source_ids.count_people(draft.id, {}, [{**entry, "link_text": text}])
            self.assertEqual(bool(counted["entries"][0]["problem"]), problem)
        draft.source_ids.link_id = False  # any link is chosen instead
        draft.action_load_recipients()
        self.assertEqual(list(self.states(draft)), ["anna@example.com"])

    def test_what_is_not_known_is_said_at_the_entry(self):
        self.earlier._as_system().write({"track_opens": False, "track_clicks": False})
        draft = self.new_draft()
        for values, words in (
            ({"outcome": "opened"}, "did not track openings"),
            ({"outcome": "not_clicked"}, "did not track clicks"),
            ({"outcome": False}, "Choose what became"),
            ({"earlier_mailing_id": draft.id}, "itself"),
            ({"earlier_mailing_id": self.new_mailing().id}, "not sent yet"),
            ({"earlier_mailing_id": False}, "deleted"),
        ):
            with self.subTest(words):
                draft.source_ids.unlink()
                draft.source_ids = [self.of("sent")]
                draft.source_ids.write(values)
                self.assertIn(words, draft.source_ids.problem)
                self.assertEqual(draft.source_ids.count, 0)
                with self.assertRaisesRegex(UserError, words):
                    draft.action_load_recipients()

    def test_whose_personal_data_was_removed_is_not_found_again(self):
        self.earlier._remove_personal_data(lambda _count: float("inf"))
        for side in ("in", "out"):
            draft = self.new_draft(
                self.entry("tag", category_id=self.news.id), self.of("sent", side)
            )
            with self.assertRaisesRegex(UserError, "was removed"):
                draft.action_load_recipients()

    def test_a_deleted_contact_is_no_extra_address(self):
        self.anna.unlink()
        self.assertNotIn("anna@example.com", self.load(self.of("sent")))

    def test_a_mailing_that_the_user_may_not_see_is_not_used(self):
        group = self.env["res.groups"].create({"name": "Closed"})
        draft = self.new_draft(self.of("sent"), user=self.colleague)
        self.earlier.view_group_ids = group
        entry = draft.source_ids
        entry.invalidate_recordset()
        self.assertNotIn("Summer", entry.display_name)
        self.assertNotIn(
            "Summer", str(entry.web_read({"earlier_mailing_id": {"fields": {"display_name": {}}}}))
        )
        self.assertEqual(entry.count, 0)
        with self.assertRaisesRegex(UserError, "may not see"):
            draft.action_load_recipients()
        with self.assertRaises(AccessError):
            self.new_draft(self.of("sent"), user=self.colleague)

    def test_a_follow_up_is_a_draft_of_its_own(self):
        self.earlier._as_system().write({"state": "draft"})
        self.earlier.source_ids = [self.entry("contact", "out", partner_id=self.boris.id)]
        self.earlier._as_system().write({"state": "done"})
        draft = self.earlier._follow_up("not_clicked")
        self.assertEqual((draft.state, draft.follow_up_of_id), ("draft", self.earlier))
        self.assertEqual(draft.body_html, self.earlier.body_html)
        self.assertFalse(draft.audience_ids)
        draft.action_load_recipients()
        self.assertEqual(
            self.states(draft),
            {
                "boris@example.com": "excluded_source",
                "clara@example.com": "pending",
                "xenia@example.org": "pending",
            },
        )
        self.assertIn(self.no_consent, draft.source_ids.category_id)
        with self.assertRaises(UserError):
            self.earlier._follow_up("nobody")


@tagged("post_install", "-at_install")
class TestPressure(SourceCase):
    def setUp(self):
        super().setUp()
        self.env.company.write(
            {"partner_mailing_pressure_count": 2, "partner_mailing_pressure_days": 7}
        )

    def write_to(self, *emails):
        return self.new_sent(
            {email: {"state": "sent"} for email in emails}
            | {
                email: {"state": "failed", "sent_at": False}
                for email in {"anna@example.com", "boris@example.com"} - set(emails)
            }
        )

    def test_who_had_enough_lately_is_left_out(self):
        self.write_to("anna@example.com", "boris@example.com")
        self.write_to("anna@example.com")
        found = self.load(self.entry("tag", category_id=self.news.id))
        self.assertEqual(
            found, {"anna@example.com": "written_to_lately", "boris@example.com": "pending"}
        )
        found = self.load(self.entry("tag", category_id=self.news.id), ignores_pressure=True)
        self.assertEqual(set(found.values()), {"pending"})

    def test_what_is_long_ago_does_not_count(self):
        for _mailing in range(2):
            mailing = self.write_to("anna@example.com")
            past = fields.Datetime.now() - timedelta(days=8)
            self.rows(mailing)["anna@example.com"]._as_system().sent_at = past
        found = self.load(self.entry("tag", category_id=self.news.id))
        self.assertEqual(set(found.values()), {"pending"})

    def test_of_mailings_that_start_at_once_one_takes_the_last_place(self):
        self.write_to("anna@example.com")
        mailings = self.env["partner.mailing"]
        for _mailing in range(2):
            mailings += self.new_validated_mailing()
        self.env["partner.mailing"]._start_due()
        self.assertEqual(set(mailings.mapped("state")), {"sending"})
        states = [self.states(mailing)["anna@example.com"] for mailing in mailings]
        self.assertEqual(states, ["pending", "written_to_lately"])
        self.assertEqual(self.states(mailings[1])["boris@example.com"], "pending")
        for mailing in mailings:
            self.assertCountersTrue(mailing)

    def test_the_exemption_is_part_of_what_is_validated(self):
        mailing = self.new_validated_mailing()
        self.assertTrue(mailing._matches_validation())
        with self.assertRaises(UserError):
            mailing.ignores_pressure = True
        mailing._as_system().ignores_pressure = True
        self.assertFalse(mailing._matches_validation())
