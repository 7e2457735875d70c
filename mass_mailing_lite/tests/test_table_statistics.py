from odoo.tests import tagged
from odoo.tools import SQL

from ..selection import whole_list
from .common import MailingCase

COUNT = 3000
COUNTED = SQL("SELECT count(*) FROM partner_mailing_recipient r WHERE partner_id IN")


@tagged("post_install", "-at_install")
class TestTableStatistics(MailingCase):
    """Contacts that were just imported, in a database whose statistics are of before."""

    def import_contacts(self):
        """Add ``COUNT`` contacts with a new tag, and return the tag."""
        self.env.cr.execute(
            "ANALYZE res_partner; ANALYZE res_partner_res_partner_category_rel;"
            " ANALYZE partner_mailing_recipient"
        )
        tag = self.env["res.partner.category"].create({"name": "Imported"})
        self.env.cr.execute(
            """
            WITH made AS (
                INSERT INTO res_partner
                       (name, complete_name, email, email_normalized, type, active)
                SELECT a, a, a, a, 'contact', TRUE
                  FROM (SELECT 'imported' || n || '@example.com' AS a
                          FROM generate_series(1, %(count)s) n) numbered
             RETURNING id)
            INSERT INTO res_partner_res_partner_category_rel (category_id, partner_id)
            SELECT %(tag)s, id FROM made
            """,
            {"tag": tag.id, "count": COUNT},
        )
        return tag

    def expected(self, statement):
        """Return how many rows PostgreSQL expects of a statement."""
        return self.plan(statement)["Plan Rows"]

    def plan(self, statement):
        [(plan,)] = self.env.execute_query(SQL("EXPLAIN (FORMAT JSON) %s", statement))
        return plan[0]["Plan"]

    def test_postgresql_knows_the_size_of_a_tag_and_of_a_list_that_are_new(self):
        tag = self.import_contacts()
        tagged_contacts = SQL(
            "SELECT FROM res_partner_res_partner_category_rel WHERE category_id = %s", tag.id
        )
        self.assertLess(self.expected(tagged_contacts), COUNT / 10, "else nothing is tested")
        entry = {"side": "in", "kind": "tag", "category_id": tag.id}
        mailing = self.new_mailing(audience_ids=[], source_ids=[(0, 0, entry)])
        mailing.action_load_recipients()
        self.assertEqual(mailing.recipient_count, COUNT)
        self.assertGreater(self.expected(tagged_contacts), COUNT / 10)
        rows = SQL("SELECT FROM partner_mailing_recipient WHERE mailing_id = %s", mailing.id)
        self.assertGreater(self.expected(rows), COUNT / 10)
        mailing.action_submit()
        submitted = SQL("%s AND is_submitted", rows)
        self.assertGreater(self.expected(submitted), COUNT / 10)

    def test_a_long_list_is_not_compared_row_by_row_with_what_is_expected_to_be_one_contact(self):
        tag = self.import_contacts()
        mailing = self.new_mailing()
        self.env.cr.execute(
            """
            INSERT INTO partner_mailing_recipient
                        (mailing_id, partner_id, name, email, email_normalized, state, attempts)
            SELECT %s, id, name, email, email, 'pending', 0
              FROM res_partner WHERE email LIKE 'imported%%'
            """,
            [mailing.id],
        )
        statement = SQL(
            "%s (SELECT t.partner_id FROM res_partner_res_partner_category_rel t"
            " JOIN res_partner p ON p.id = t.partner_id WHERE p.active AND t.category_id = %s)"
            " AND mailing_id = %s",
            COUNTED,
            tag.id,
            mailing.id,
        )
        self.assertIn("Nested Loop", str(self.plan(statement)), "else nothing is tested")
        with whole_list(self.env, COUNT):
            self.assertNotIn("Nested Loop", str(self.plan(statement)))
        self.assertIn("Nested Loop", str(self.plan(statement)))
        with whole_list(self.env, 10):
            self.assertIn("Nested Loop", str(self.plan(statement)), "short lists are looked up")
