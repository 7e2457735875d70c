from lxml import etree

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL

from ..models.partner_mailing_recipient import find_only_value, find_rare_states
from . import pages
from .common import MailingCase


@tagged("post_install", "-at_install")
class TestLeavingOut(MailingCase):
    def setUp(self):
        super().setUp()
        self._new_contact("Broken", "broken", self.news)
        self.mailing = self.new_mailing()
        self.mailing.action_load_recipients()

    def selected(self, user=None):
        """Return what the page of recipients passes when all that it shows is selected."""
        Recipient = self.env["partner.mailing.recipient"].with_user(user or self.marketer)
        domain = [("mailing_id", "=", self.mailing.id)]
        return Recipient.search(domain, limit=1).with_context(
            active_model=Recipient._name, active_domain=domain
        )

    def test_all_are_left_out_and_taken_back(self):
        self.mailing.action_exclude_all()
        self.assertEqual(
            self.states(self.mailing),
            {"anna@example.com": "by_hand", "boris@example.com": "by_hand", "broken": "invalid"},
        )
        self.assertCountersTrue(self.mailing)
        self.mailing.action_load_recipients()
        self.assertEqual(self.mailing.recipient_count, 0, "it holds through a refresh")
        self.mailing.action_include_all()
        self.assertEqual(self.mailing.recipient_count, 2)
        self.assertEqual(self.states(self.mailing)["broken"], "invalid")
        self.assertCountersTrue(self.mailing)

    def test_all_is_for_drafts_that_one_may_change(self):
        with self.assertRaises(AccessError):
            self.mailing.with_user(self.colleague).action_exclude_all()
        self.mailing.action_submit()
        for action in ("action_exclude_all", "action_include_all"):
            with self.assertRaisesRegex(UserError, "is no draft"):
                getattr(self.mailing, action)()

    def test_all_that_the_filter_matches_is_meant_beyond_the_limit_of_ids(self):
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 1)
        self.selected().action_exclude()
        self.assertEqual(self.mailing.recipient_count, 0)
        self.selected().action_include()
        self.assertEqual(self.mailing.recipient_count, 2)
        self.assertEqual(self.states(self.mailing)["broken"], "invalid")
        self.assertCountersTrue(self.mailing)
        with self.assertRaises(AccessError):
            self.selected(self.colleague).action_exclude()
        self.mailing.action_submit()
        self.selected().action_exclude()
        with self.assertRaisesRegex(UserError, "is no draft"):
            self.selected().action_include()

    def test_the_page_groups_by_reason_language_company_and_tag(self):
        Recipient = self.env["partner.mailing.recipient"].with_user(self.marketer)
        firm = self._new_contact("Firm", "firm@example.com", is_company=True)
        self.anna.parent_id = firm
        for field, expected in (
            ("skip_reason", "invalid"),
            ("lang", self.anna.lang),
            ("partner_company_id", firm),
            ("category_ids", self.news),
        ):
            with self.subTest(field):
                groups = Recipient._read_group(
                    [("mailing_id", "=", self.mailing.id)], [field], ["__count"]
                )
                self.assertIn(expected, [value for value, _count in groups])
                self.assertTrue(Recipient.fields_get([field])[field]["groupable"])
        found = Recipient.search([("category_ids", "in", self.news.ids)])
        self.assertLessEqual(self.rows(self.mailing)["anna@example.com"], found)

    def test_pages_open_with_few_queries_and_little_data(self):
        openings = (pages.opening_form, pages.opening_tab, pages.opening_page)
        env = self.env(user=self.marketer)
        mailing = self.mailing.with_env(env)

        def costs(number):
            mailing.extra_emails = "\n".join(f"x{n}@example.org" for n in range(number))
            mailing.action_load_recipients()
            mailing.extra_emails = False
            return [pages.cost(env, opening(env, mailing)) for opening in openings]

        for opening, few, many in zip(openings, costs(100), costs(500), strict=True):
            with self.subTest(opening.__name__):
                self.assertLessEqual(many[0], few[0], "queries")
                # Entries of both sides are three of the tab's: the rows, and the names of each kind.
                self.assertLessEqual(many[0], 18, "queries")
                self.assertLess(many[1], 200_000, "bytes")

    def test_the_form_of_a_validated_mailing_costs_no_more_than_that_of_a_contact(self):
        mailing = self.new_validated_mailing()
        env = self.env(user=self.marketer)
        contact = self.anna.with_env(env)
        arch = etree.fromstring(contact.get_view(view_type="form")["arch"])
        spec = pages.specification(env, "res.partner", arch)
        theirs, _size = pages.cost(env, lambda: contact.web_read(spec))
        ours, _size = pages.cost(env, pages.opening_form(env, mailing.with_env(env)))
        self.assertLessEqual(ours, theirs)

    def test_the_form_reads_no_recipient_until_their_page_opens(self):
        env = self.env(user=self.marketer)
        mailing = self.mailing.with_env(env)
        form, tab = pages.opening_form(env, mailing), pages.opening_tab(env, mailing)
        for opening, is_read in ((form, False), (tab, True)):
            env.flush_all()
            env.invalidate_all()
            [values] = opening()
            for model in ("partner.mailing.recipient", "partner.mailing.source"):
                field = env[model]._fields["mailing_id"]
                self.assertEqual(bool(field._get_cache(env)), is_read, model)
        self.assertTrue(values["recipient_window_ids"])

    def test_a_page_of_one_mailing_does_not_read_the_rows_of_other_ones(self):
        own = self.mailing.copy()
        for mailing in (self.mailing, own, self.mailing.copy()):
            self.env.cr.execute(
                """
                INSERT INTO partner_mailing_recipient
                            (mailing_id, name, email, email_normalized, state, attempts)
                SELECT %s, 'X', 'x' || n || '@example.net', 'x' || n || '@example.net', 'sent', 1
                  FROM generate_series(1, 20000) n
                """,
                [mailing.id],
            )
        self.env.cr.execute("ANALYZE partner_mailing_recipient")
        Recipient = self.env["partner.mailing.recipient"].with_user(self.marketer)
        rows = Recipient.search([("mailing_id", "=", own.id)])
        for domain in (
            [("mailing_id", "=", own.id)],
            [
                "|",
                ("name", "=", "Anna"),
                ("state", "!=", "x"),
                ("mailing_id", "in", own.ids),
            ],
        ):
            query = Recipient._search(domain, limit=20, order="id")
            self.assertEqual(list(query), rows.ids[:20])
            query = Recipient._search(domain, limit=20, order="id")
            self.env.cr.execute(SQL("EXPLAIN (ANALYZE, FORMAT JSON) %s", query.select()))
            self.assertLess(count_removed(self.env.cr.fetchone()[0][0]["Plan"]), 100)
        # Where no row of the mailing matches, those of later mailings are not read.
        self.env.cr.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        query = Recipient._search(
            [("mailing_id", "=", own.id), ("replied_at", "!=", False)], limit=20, order="id"
        )
        self.env.cr.execute(SQL("EXPLAIN (ANALYZE, FORMAT JSON) %s", query.select()))
        removed = count_removed(self.env.cr.fetchone()[0][0]["Plan"])
        self.assertLess(removed, len(rows) + 100)

    def test_only_what_a_domain_demands_counts(self):
        for domain, expected in (
            ([("mailing_id", "=", 5)], 5),
            ([("name", "=", "x"), ("mailing_id", "in", [5])], 5),
            (["|", ("name", "=", "x"), ("mailing_id", "=", 5)], None),
            (["|", ("id", "in", [1, 2]), ("name", "=", "x"), ("mailing_id", "=", 5)], 5),
            (["&", "|", ("id", "in", [1]), ("id", "in", [2]), ("mailing_id", "=", 5)], 5),
            (["!", ("mailing_id", "=", 5)], None),
            (["&", "|", ("name", "=", "x"), ("mailing_id", "=", 6), ("mailing_id", "=", 5)], 5),
            ([("mailing_id", "in", [5, 6])], None),
            ([("mailing_id", "=", False)], None),
            ([("mailing_id", "=", "Spring")], None),
            ([], None),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(find_only_value(Domain(domain), "mailing_id"), expected)

    def test_a_search_by_rare_states_uses_the_index_that_has_them(self):
        for domain, expected in (
            ([("state", "=", "failed")], ["failed"]),
            ([("name", "=", "x"), ("state", "in", ["skipped", "bounced"])], ["bounced", "skipped"]),
            ([("state", "in", ("sent", "failed"))], None),
            ([("state", "=", "pending")], None),
            (["|", ("name", "=", "x"), ("state", "=", "failed")], None),
            ([("state", "!=", "failed")], None),
            ([("state", "in", ["failed", False])], None),
            ([("state", "=", "no such state")], None),
            ([("state", "in", [])], None),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(find_rare_states(Domain(domain)), expected)

    def test_rows_that_are_being_sent_are_found_by_their_state(self):
        row = self.rows(self.mailing)["anna@example.com"]
        row._as_system().state = "sending"
        found = row.search([("mailing_id", "=", self.mailing.id), ("state", "=", "sending")])
        self.assertEqual(found, row)
        self.assertFalse(row.rare_state)

    def test_a_deleted_contact_is_not_pointed_to(self):
        row = self.rows(self.mailing)["anna@example.com"]
        self.anna.unlink()
        row.invalidate_recordset()
        self.assertFalse(row.partner_id)
        self.assertEqual(row.skip_reason, "deleted")
        self.assertCountersTrue(self.mailing)

    def test_a_merged_contact_keeps_its_mailings(self):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.anna + self.boris).ids, self.boris
        )
        self.env.invalidate_all()
        self.assertEqual(self.rows(self.mailing)["anna@example.com"].partner_id, self.boris)

    def test_a_deleted_mailing_takes_its_list_along(self):
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", self.mailing.id)])
        self.mailing.unlink()
        self.assertFalse(rows.exists())

    def test_a_contact_that_was_deleted_while_it_was_loaded_is_not_submitted(self):
        row = self.rows(self.mailing)["anna@example.com"]
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET partner_id = 2147483647 WHERE id = %s", [row.id]
        )
        self.env.invalidate_all()
        self.mailing.action_submit()
        self.assertEqual((row.state, row.partner_id.id), ("skipped", False))


def count_removed(plan):
    """Return how many rows a plan, as EXPLAIN gives it, read in vain."""
    below = sum(map(count_removed, plan.get("Plans", [])))
    return below + plan.get("Rows Removed by Filter", 0)
