"""Whom an audience leaves out: entries of *But not to* that hold for every mailing to it."""

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_sources import SourceCase


class AudienceCase(SourceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls.env["res.partner.category"].create({"name": "VIP"})
        cls.vera = cls._new_contact("Vera", "vera@example.com", cls.news, cls.vip)
        cls.clara = cls._new_contact("Clara", "clara@example.com", cls.news)
        cls.fred = cls._new_contact("Fred", "fred@example.com", cls.news, function="Baker")

    def leave_out(self, kind, audience=None, user=None, **values):
        """Add an entry to the audience of the tests, or to another one."""
        entries = self.env["partner.mailing.source"].with_user(user or self.marketer)
        audience = audience or self.audience
        return entries.create({"of_audience_id": audience.id, "kind": kind, **values})

    def new_audience(self, name, **values):
        return self.env["partner.mailing.audience"].create({"name": name, **values})


@tagged("post_install", "-at_install")
class TestAudienceExclusions(AudienceCase):
    def test_each_kind_leaves_people_out_of_every_mailing_to_the_audience(self):
        others = self.new_audience("Others", partner_ids=[Command.set(self.boris.ids)])
        everybody = self.new_audience("Everybody", partner_ids=[Command.set(self.vera.ids)])
        entries = {
            "vera@example.com": self.leave_out("tag", category_id=self.vip.id),
            "clara@example.com": self.leave_out("contact", partner_id=self.clara.id),
            "fred@example.com": self.leave_out("domain", domain="[('function', '=', 'Baker')]"),
            "boris@example.com": self.leave_out("audience", audience_id=others.id),
            "zoe@example.org": self.leave_out("address", address="Zoe <ZOE@example.org>"),
        }
        mailing = self.new_mailing(
            audience_ids=[Command.set((self.audience | everybody).ids)],
            extra_emails="zoe@example.org\nyan@example.org",
        )
        mailing.action_load_recipients()
        rows = self.rows(mailing)
        for email, entry in entries.items():
            with self.subTest(email):
                self.assertEqual(rows[email].state, "skipped")
                self.assertEqual(rows[email].source_id, entry)
                self.assertIn(entry.display_name, rows[email].reason)
                self.assertIn("of audience “Readers of the news”", rows[email].reason)
        self.assertEqual(rows["vera@example.com"].skip_reason, "excluded_group")
        self.assertEqual(rows["anna@example.com"].state, "pending")
        self.assertEqual(rows["yan@example.org"].state, "pending")
        self.assertCountersTrue(mailing)

    def test_an_earlier_mailing_is_left_out_by_what_became_of_it(self):
        now = fields.Datetime.now()
        earlier = self.new_sent(
            {
                "anna@example.com": {"state": "sent", "opened_at": now},
                "boris@example.com": {"state": "sent"},
            },
            track_opens=True,
        )
        entry = self.leave_out("mailing", earlier_mailing_id=earlier.id, outcome="opened")
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        rows = self.rows(mailing)
        self.assertEqual(rows["anna@example.com"].skip_reason, "excluded_mailing")
        self.assertEqual(rows["anna@example.com"].source_id, entry)
        self.assertEqual(rows["boris@example.com"].state, "pending")
        self.assertEqual((self.audience.partner_count, self.audience.usable_count), (4, 4))

    def test_its_own_numbers_and_words_leave_them_out(self):
        self.assertEqual((self.audience.partner_count, self.audience.usable_count), (5, 5))
        self.leave_out("tag", category_id=self.vip.id)
        self.leave_out("address", address="clara@example.com, nobody@example.org")
        self.leave_out("contact", partner_id=self.fred.id)
        self.assertEqual((self.audience.partner_count, self.audience.usable_count), (2, 2))
        self.assertRegex(self.audience.summary, "but not to: tag “VIP”; clara@.*; Fred")
        shown = self.env["res.partner"].search(self.audience.action_open_contacts()["domain"])
        self.assertEqual(shown, self.anna | self.boris)

    def test_an_audience_that_is_left_out_is_so_without_those_that_it_leaves_out(self):
        readers = self.new_audience("All Readers", category_ids=[Command.set(self.news.ids)])
        self.leave_out("contact", audience=readers, partner_id=self.anna.id)
        self.leave_out("audience", audience_id=readers.id)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing).pop("anna@example.com"), "pending")
        self.assertEqual(mailing.recipient_count, 1)
        self.assertEqual(self.audience.partner_count, 1)

    def test_an_audience_cannot_leave_out_itself(self):
        second, third = self.new_audience("Second"), self.new_audience("Third")
        with (
            self.assertRaisesRegex(ValidationError, "cannot leave out itself"),
            self.env.cr.savepoint(),
        ):
            self.leave_out("audience", audience_id=self.audience.id)
        self.leave_out("audience", audience_id=second.id)
        self.leave_out("audience", audience=second, audience_id=third.id)
        with (
            self.assertRaisesRegex(ValidationError, "Third → Readers of the news → Second"),
            self.env.cr.savepoint(),
        ):
            self.leave_out("audience", audience=third, audience_id=self.audience.id)
        # What two users save at the same time, no constraint sees.
        self.env.cr.execute(
            "INSERT INTO partner_mailing_source (of_audience_id, side, kind, audience_id)"
            " VALUES (%s, 'out', 'audience', %s)",
            [third.id, self.audience.id],
        )
        self.env.invalidate_all()
        self.assertFalse(self.audience.is_available)
        mailing = self.new_mailing()
        with self.assertRaisesRegex(UserError, "cannot leave out itself"):
            mailing.action_load_recipients()

    def test_what_is_gone_is_said_and_nothing_is_loaded_by_mistake(self):
        other = self.new_audience("Other", partner_ids=[Command.set(self.clara.ids)])
        self.leave_out("tag", category_id=self.vip.id)
        entry = self.leave_out("audience", audience_id=other.id)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_count, 3)
        for gone in (self.vip, other):
            gone.unlink()
            self.env.invalidate_all()
            self.assertFalse(self.audience.is_available)
            self.assertIn("gone", self.audience.unavailable_reason)
            with self.assertRaisesRegex(UserError, "Readers of the news.*gone"):
                mailing.action_load_recipients()
            self.assertEqual(mailing.recipient_count, 3)
            (self.audience.source_ids - entry).unlink()
        entry.unlink()
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_count, 5)

    def test_a_change_makes_the_lists_of_drafts_out_of_date_and_no_others(self):
        readers = self.new_audience("All Readers", category_ids=[Command.set(self.news.ids)])
        self.leave_out("audience", audience_id=readers.id)
        self.leave_out("contact", audience=readers, partner_id=self.anna.id)
        draft, validated = self.new_mailing(), self.new_validated_mailing()
        before = self.states(validated)
        for audience in (self.audience, readers):
            draft.action_load_recipients()
            entry = self.leave_out("contact", audience=audience, partner_id=self.boris.id)
            self.assertFalse(draft.recipients_loaded_at)
            draft.action_load_recipients()
            entry.partner_id = self.clara
            self.assertFalse(draft.recipients_loaded_at)
            draft.action_load_recipients()
            entry.unlink()
            self.assertFalse(draft.recipients_loaded_at)
        self.assertTrue(validated._matches_validation())
        self.assertEqual(self.states(validated), before)

    def test_who_gets_an_excluded_tag_after_validation_is_not_written_to(self):
        self.leave_out("tag", category_id=self.vip.id)
        mailing = self.new_validated_mailing()
        self.anna.category_id += self.vip
        self.env["partner.mailing.recipient"]._skip_suppressed(mailing)
        self.assertEqual(self.states(mailing)["anna@example.com"], "excluded_group")

    def test_the_review_and_the_look_at_a_refresh_name_the_entry(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.leave_out("tag", category_id=self.vip.id)
        wizard = self.env["partner.mailing.refresh"].browse(
            mailing.action_refresh_recipients()["res_id"]
        )
        self.assertEqual(wizard.out_ids.mapped("name"), ["Vera"])
        self.assertIn("VIP", wizard.out_ids.excluded_by)
        self._new_contact("No", "no@example.com", self.news, self.no_consent)
        mailing.action_load_recipients()
        mailing.action_submit()
        review = str(mailing.with_user(self.validator).review_html)
        self.assertIn("tag “VIP” (of audience “Readers of the news”)", review)
        self.assertIn("tag “No consent at all” (of audience “Readers of the news”)", review)

    def test_newcomers_of_a_mailing_can_be_left_out_by_its_own_audience(self):
        sent = {"state": "sent"}
        earlier = self.new_sent({"boris@example.com": sent, "clara@example.com": sent})
        self.leave_out("mailing", earlier_mailing_id=earlier.id, outcome="newcomer")
        self._new_contact("Nora", "nora@example.com", self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["nora@example.com"], "excluded_mailing")
        self.assertEqual(self.states(mailing)["boris@example.com"], "pending")
        self.assertEqual(self.audience.partner_count, 5)

    def test_a_circle_of_newcomers_over_an_excluded_audience_is_told_in_words(self):
        other = self.new_audience("Bakers", domain="[('function', '=', 'Baker')]")
        excluded = {"side": "out", "kind": "audience", "audience_id": other.id}
        earlier = self.new_sent(
            {"boris@example.com": {"state": "sent"}}, source_ids=[Command.create(excluded)]
        )
        self.leave_out("mailing", other, earlier_mailing_id=earlier.id, outcome="newcomer")
        newcomers = {"kind": "mailing", "earlier_mailing_id": earlier.id, "outcome": "newcomer"}
        mailing = self.new_mailing(source_ids=[Command.create(newcomers)])
        with self.assertRaisesRegex(UserError, "goes back over more than 10 mailings"):
            mailing.action_load_recipients()

    def test_newcomers_are_not_known_when_the_filter_of_the_audience_is_broken(self):
        earlier = self.new_sent({"anna@example.com": {"state": "sent"}})
        draft = self.new_draft(
            self.entry("mailing", earlier_mailing_id=earlier.id, outcome="newcomer")
        )
        self.env.cr.execute(
            "UPDATE partner_mailing_audience SET domain = %s WHERE id = %s",
            ["[('x_gone', '=', 1)]", self.audience.id],
        )
        self.env.invalidate_all()
        self.assertIn("x_gone", draft.source_ids.problem)
        self.assertEqual(draft.source_ids.count, 0)

    def test_a_copy_of_an_audience_leaves_out_the_same(self):
        self.leave_out("tag", category_id=self.vip.id)
        copy = self.audience.copy()
        self.assertEqual(copy.source_ids.category_id, self.vip)
        self.assertEqual(copy.source_ids.side, "out")

    def test_a_follow_up_leaves_out_whom_the_audiences_left_out(self):
        self.leave_out("contact", partner_id=self.anna.id)
        sent = {"state": "sent"}
        earlier = self.new_sent({"boris@example.com": sent, "clara@example.com": sent})
        draft = earlier._follow_up("newcomer")
        self.assertIn(self.anna, draft.source_ids.filtered(lambda e: e.side == "out").partner_id)

    def test_an_earlier_mailing_that_the_user_may_not_see_is_not_used(self):
        earlier = self.new_sent({"anna@example.com": {"state": "sent"}})
        self.leave_out("mailing", earlier_mailing_id=earlier.id, outcome="sent")
        earlier.view_group_ids = self.env["res.groups"].create({"name": "Closed"})
        mailing = self.new_mailing(user=self.colleague)
        self.env.invalidate_all()
        with self.assertRaises(UserError) as refused:
            mailing.action_load_recipients()
        self.assertIn("may not see", str(refused.exception))
        self.assertNotIn("Summer", str(refused.exception))
        self.assertNotIn("Summer", str(self.audience.with_user(self.colleague).summary))
        with self.assertRaises(AccessError):
            self.leave_out(
                "mailing", user=self.colleague, earlier_mailing_id=earlier.id, outcome="sent"
            )

    def test_only_who_may_change_an_audience_changes_its_entries(self):
        entry = self.leave_out("tag", category_id=self.vip.id)
        predefined = self.env.ref("mass_mailing_lite.audience_all")
        for user in (self.outsider, self._new_user("viewer", "viewer")):
            for change in (
                lambda user=user: self.leave_out("tag", user=user, category_id=self.news.id),
                lambda user=user: entry.with_user(user).write({"category_id": self.news.id}),
                lambda user=user: entry.with_user(user).unlink(),
            ):
                with self.assertRaises(AccessError), self.env.cr.savepoint():
                    change()
        with self.assertRaisesRegex(UserError, "predefined"):
            self.leave_out("tag", audience=predefined, category_id=self.vip.id)
        with self.assertRaisesRegex(UserError, "predefined"):
            entry.write({"of_audience_id": predefined.id})

    def test_the_form_shows_numbers_before_anything_is_saved(self):
        sources = self.env["partner.mailing.source"].with_user(self.marketer)
        counted = sources.count_people_of_audience(
            self.audience.id,
            {"company_id": self.env.company.id},
            [
                {"kind": "tag", "category_id": self.vip.id},
                {"kind": "address", "address": "a@example.org, b@example.org"},
                {"kind": "audience", "audience_id": self.audience.id},
            ],
        )
        self.assertEqual([one["count"] for one in counted["entries"]][:2], [1, 2])
        with self.assertRaises(AccessError):
            sources.with_user(self.outsider).count_people_of_audience(False, {}, [])
        for nothing in ("x", None, {}):
            counted = sources.count_people_of_audience(False, nothing, nothing)
            self.assertEqual(counted["entries"], [])


@tagged("post_install", "-at_install")
class TestWrongEntries(AudienceCase):
    def test_an_entry_belongs_to_one_mailing_or_to_one_audience(self):
        mailing = self.new_mailing()
        tag = {"kind": "tag", "category_id": self.vip.id}
        for owner in (
            {},
            {"mailing_id": mailing.id, "of_audience_id": self.audience.id},
            {"side": "in", "of_audience_id": self.audience.id},
        ):
            self.assertRefused({**tag, **owner})
        entry = self.leave_out("tag", category_id=self.vip.id)
        self.assertEqual(entry.side, "out")
        self.assertRefused({"side": "in"}, entry)
        self.assertRefused({"mailing_id": mailing.id}, entry)

    def assertRefused(self, values, entry=None):
        """Assert that the database refuses an entry, for which Odoo has words."""
        sources = self.env["partner.mailing.source"]
        with (
            self.assertRaises(IntegrityError) as refused,
            self.env.cr.savepoint(),
            mute_logger("odoo.sql_db"),
        ):
            (entry.write if entry else sources.create)(values)
            self.env.flush_all()
        words = sources._sql_error_to_message(refused.exception)
        self.assertRegex(words, "one mailing or to one audience|only leave people out")

    def test_an_entry_names_one_thing_of_its_kind(self):
        mailing = self.new_mailing()
        values = {"mailing_id": mailing.id, "category_id": self.vip.id}
        sources = self.env["partner.mailing.source"]
        for further in (
            {"kind": "tag", "partner_id": self.anna.id},
            {"kind": "tag", "address": "a@example.org"},
            {"kind": "contact", "partner_id": self.anna.id},
            {"kind": "address"},
        ):
            with (
                self.subTest(further),
                self.assertRaisesRegex(ValidationError, "cannot have a value of"),
            ):
                sources.create({**values, **further})

    def test_an_entry_that_names_nothing_is_said_and_not_loaded(self):
        for kind in ("audience", "tag", "mailing", "contact", "domain", "address"):
            for side in ("in", "out"):
                mailing = self.new_draft(
                    self.entry("tag", category_id=self.news.id), self.entry(kind, side)
                )
                with self.subTest(kind=kind, side=side):
                    self.assertTrue(mailing.source_ids[-1].problem)
                    with self.assertRaisesRegex(UserError, "cannot be used"):
                        mailing.action_load_recipients()
                    self.assertFalse(self.rows(mailing))

    def test_no_contact_is_added_while_it_is_not_known_who_is_left_out(self):
        mailing = self.new_mailing(source_ids=[self.entry("tag", "out", category_id=self.vip.id)])
        self.vip.unlink()
        with self.assertRaisesRegex(UserError, "But not to.*gone"):
            mailing._mark_contacts([("id", "=", self.vera.id)], 1)
        self.assertFalse(mailing.marked_count)

    def test_filters_of_any_size_and_shape_are_used_or_refused_in_words(self):
        deep = "['!'," * 1000 + "('id','=',1)" + "]" * 1000
        many = "[" + "'|'," * 5000 + "('id','=',1)," * 5001 + "]"
        long = f"[('id', 'in', {list(range(20000))})]"
        for text in (
            deep,
            many,
            long,
            "[(",
            "{}",
            "[('id', '=', 'x')]",
            "()" * 50000,
            "1" * 100000,
        ):
            with self.subTest(text[:20]):
                mailing = self.new_draft(self.entry("domain", domain=text))
                entry = mailing.source_ids
                if entry.problem:
                    self.assertEqual(entry.count, 0)
                    with self.assertRaisesRegex(UserError, "cannot be used"):
                        mailing.action_load_recipients()
                else:
                    mailing.action_load_recipients()
                self.assertLess(len(entry.display_name), 200)

    def test_many_addresses_are_named_shortly(self):
        typed = "\n".join(f"reader{n}@example.org" for n in range(5000))
        mailing = self.new_draft(self.entry("address", address=typed))
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_count, 5000)
        self.assertLess(len(mailing.source_ids.display_name), 200)
        self.assertIn("and 4997 more", mailing.source_ids.display_name)

    def test_what_cannot_be_stored_is_refused_in_words(self):
        for values in (
            {"kind": "address", "address": "a\0@example.org"},
            {"kind": "domain", "domain": "[('name', '=', '\ud800')]"},
            {"kind": "address", "address": 7},
        ):
            with self.assertRaisesRegex(UserError, "The value of"):
                self.leave_out(**values)

    def test_an_address_that_only_looks_the_same_is_another_one(self):
        mailing = self.new_mailing(
            source_ids=[self.entry("address", "out", address="аnna@example.com")]
        )
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["anna@example.com"], "pending")

    def test_what_is_no_address_is_said(self):
        mailing = self.new_draft(self.entry("address", address="+34 600 123 456\nno address"))
        self.assertIn("no address", mailing.source_ids.problem)
        with self.assertRaisesRegex(UserError, "Write to.*no address"):
            mailing.action_load_recipients()


@tagged("post_install", "-at_install")
class TestPersonalDataOfEntries(AudienceCase):
    def test_no_entry_of_a_mailing_names_anybody_when_personal_data_is_removed(self):
        sent = {"state": "sent"}
        mailing = self.new_sent(
            {"anna@example.com": sent, "boris@example.com": sent},
            source_ids=[
                self.entry("contact", "out", partner_id=self.clara.id),
                self.entry("address", "out", address="dora@example.com"),
                self.entry("domain", "out", domain="[('email', '=', 'clara@example.com')]"),
                self.entry("domain", "out", domain="[('country_id.code', '=', 'ES')]"),
            ],
        )
        self.assertIn("dora@example.com", str(mailing.sudo().approval_ids.mapped("summary")))
        mailing._remove_personal_data(lambda _count: float("inf"))
        self.env.flush_all()
        for table in ("partner_mailing_source", "partner_mailing_approval"):
            self.env.cr.execute(f"SELECT count(*) FROM {table} t WHERE t::text ~* '(clara|dora)'")
            self.assertEqual(self.env.cr.fetchone(), (0,), table)
        self.assertFalse(mailing.source_ids.partner_id)
        self.assertIn("[('country_id.code', '=', 'ES')]", mailing.source_ids.mapped("domain"))
        # A copy does not write to whom the mailing left out.
        with self.assertRaisesRegex(UserError, "cannot be used"):
            mailing.copy().action_load_recipients()

    def test_what_becomes_of_a_contact_becomes_of_its_entries(self):
        mailing = self.new_mailing(
            source_ids=[
                self.entry("contact", partner_id=self.clara.id),
                self.entry("contact", partner_id=self.vera.id),
            ]
        )
        of_audience = self.leave_out("contact", partner_id=self.clara.id)
        double = self._new_contact("Clara Again", "clara.again@example.com")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.clara | double).ids, double)
        self.assertEqual(mailing.source_ids.partner_id, double | self.vera)
        self.assertEqual(of_audience.partner_id, double)
        self.vera.unlink()
        self.assertEqual(mailing.source_ids.exists().partner_id, double)
        double.active = False
        mailing.action_load_recipients()
        self.assertNotIn("clara.again@example.com", self.states(mailing))

    def test_an_archived_contact_is_left_out_with_its_address(self):
        twin = self._new_contact("Twin", "anna@example.com", active=False)
        self.leave_out("contact", partner_id=twin.id)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertEqual(self.states(mailing)["anna@example.com"], "excluded_source")

    def test_a_privacy_lookup_finds_addresses_and_deletes_them(self):
        sent = {"state": "sent"}
        done = self.new_sent(
            {"anna@example.com": sent, "boris@example.com": sent},
            source_ids=[self.entry("address", "out", address="dora@example.com")],
        )
        entry = done.source_ids.filtered("address")
        self.assertEqual(entry.email, "dora@example.com")
        with self.assertRaises(UserError):
            entry.with_user(self.marketer).unlink()
        entry.sudo().unlink()
        self.assertFalse(entry.exists())
