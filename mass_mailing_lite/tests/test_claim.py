import email
import email.policy
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import SQL

from ..delivery.outcome import NOT_SENT, SENT, Outcome
from ..delivery.schedule.rate_limit import Limits
from ..models import partner_mailing_recipient_queue
from ..sender.prepared_statements import PreparedStatements
from ..sender.queue import make_queue
from ..sender.rate_limiter import RateLimiter
from ..sender.worker import get_result
from ..transport.compiled import get_contact_key
from .common import SendingCase

ANYONE = SimpleNamespace(from_filter=False, smtp_from=False)
STATEMENTS = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'partner_mailing_%'"


@tagged("post_install", "-at_install")
class TestClaim(SendingCase):
    """What a claim brings, and what it leaves in the database's session."""

    def claim(self, mailing):
        """Return all rows of a mailing, claimed as the sender claims them."""
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        statements = PreparedStatements(self.env.cr)
        self.addCleanup(statements.close)
        columns = mailing.sudo()._get_contact_columns()
        return self.env["partner.mailing.recipient"]._claim(
            mailing.id, 1, 100, columns=columns, prepared=statements
        )

    def claim_by_domain(self, mailing):
        """Return all rows of a mailing, claimed as the sender does for a server with a limit."""
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        limiter = self.new_limiter()
        limiter.allow(100)
        recipients = self.env["partner.mailing.recipient"]
        recipients._sort_by_domain(mailing.id)
        return recipients._claim_by_domain(mailing.id, 1, 100, limiter)

    def new_limiter(self, domain_minute=100):
        """Return the ``RateLimiter`` of a server with a limit for domains."""
        key, limits = {"mail_server_id": self.server.id}, Limits(domain_minute=domain_minute)
        limiter = RateLimiter(self.env, key, 1, limits)
        limiter.prepare()
        return limiter

    def new_queue(self, emails, limiter=None):
        """Return the queue of a mailing that is being sent to these addresses."""
        mailing = self.new_validated_mailing(audience_ids=False, extra_emails="\n".join(emails))
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        return self.new_queue_of(mailing, limiter)

    def new_queue_of(self, mailing, limiter=None):
        sender = SimpleNamespace(
            env=self.env,
            number=1,
            recipients=self.env["partner.mailing.recipient"],
            sorting={},
            in_transaction=lambda step: step(),
        )
        queue = make_queue(sender, mailing.sudo(), limiter)
        self.addCleanup(queue.close)
        return queue

    def subjects(self, mailing, rows):
        """Return {address: subject} of the messages that are filled from claimed rows."""
        mailing = mailing.sudo()
        compiled = mailing._get_transport().compile("en_US", ANYONE)
        subjects = {}
        for row, envelope, error in mailing._get_transport().fill(compiled, rows):
            self.assertFalse(error)
            message = email.message_from_bytes(envelope.octets(), policy=email.policy.default)
            subjects[row["address"]] = message["Subject"]
        return subjects

    def prepared_count(self):
        self.env.cr.execute(STATEMENTS)
        return self.env.cr.fetchone()[0]

    def test_what_waits_in_a_list_is_found_without_the_rows_of_other_mailings(self):
        mailings = [self.new_validated_mailing() for _number in range(6)]
        self.env.cr.execute(
            """
            INSERT INTO partner_mailing_recipient
                        (mailing_id, name, email, email_normalized, state, attempts, is_submitted)
            SELECT m, 'X', 'x' || n || '@example.net', 'x' || n || '@example.net', 'pending', 0, TRUE
              FROM unnest(%s) m, generate_series(1, 3000) n ORDER BY m
            """,
            [[mailing.id for mailing in mailings]],
        )
        self.env.cr.execute("ANALYZE partner_mailing_recipient")
        # As in a large table, where the index seems dearer than a few of its first rows.
        self.env.cr.execute("SET LOCAL random_page_cost = 20")
        self.env.flush_all()
        for mailing in mailings:
            before = self.count_rows_read()
            self.assertTrue(mailing.sudo()._has_due_rows())
            self.assertTrue(self.env["partner.mailing.recipient"]._has_unsettled(mailing))
            self.assertLess(self.count_rows_read() - before, 100)

    def test_claim_stops_at_its_last_row_whatever_postgresql_expects_of_the_list(self):
        """It takes the rows of one of the newest mailings for few, and a join with few sorts them all."""
        mailings = self.env["partner.mailing"].union(
            *(self.new_validated_mailing() for _number in range(4))
        )
        self.env.cr.execute(
            """
            INSERT INTO partner_mailing_recipient
                        (mailing_id, name, email, email_normalized, state, attempts, is_submitted)
            SELECT m, 'X', 'x' || n || '@example.net', 'x' || n || '@example.net', 'pending', 0, TRUE
              FROM unnest(%s, %s) x (m, count), generate_series(1, count) n ORDER BY m
            """,
            [mailings.ids, [3000, 3000, 3000, 40]],
        )
        mailings._as_system().write({"state": "sending"})
        self.env.flush_all()
        self.env.cr.execute("ANALYZE partner_mailing_recipient; ANALYZE partner_mailing")
        for mailing in mailings:
            before = self.count_rows_read()
            rows, plan = self.claim_and_explain(mailing, 16)
            self.assertEqual(len(rows), 16)
            self.assertLess(self.count_rows_read() - before, 100)
            self.assertNotIn("Sort", plan)
            self.assertNotIn("Anti Join", plan)

    def test_claim_of_deferred_rows_reads_none_that_are_not_due(self):
        mailing = self.new_validated_mailing()
        self.env.cr.execute(
            """
            INSERT INTO partner_mailing_recipient
                        (mailing_id, name, email, email_normalized, state, attempts, is_submitted,
                         next_attempt_at)
            SELECT %s, 'X', 'x' || n || '@example.net', 'x' || n || '@example.net', 'pending', 1, TRUE,
                   now() AT TIME ZONE 'UTC'
                   + CASE WHEN n <= 3 THEN interval '-1 hour' ELSE interval '1 hour' END
              FROM generate_series(1, 3000) n
            """,
            [mailing.id],
        )
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        self.env.cr.execute("ANALYZE partner_mailing_recipient; ANALYZE partner_mailing")
        before = self.count_rows_read()
        rows = self.env["partner.mailing.recipient"]._claim_deferred(mailing.id, 1, 16)
        self.assertEqual(len(rows), 3)
        self.assertLess(self.count_rows_read() - before, 100)

    def count_rows_read(self):
        """Return how many recipients PostgreSQL has read in this transaction, by any index or none."""
        [(count,)] = self.env.execute_query(
            SQL(
                """
                SELECT sum(pg_stat_get_xact_tuples_returned(relation))::integer
                  FROM (SELECT %(table)s::regclass AS relation
                     UNION ALL
                        SELECT indexrelid FROM pg_index WHERE indrelid = %(table)s::regclass) r
                """,
                table="partner_mailing_recipient",
            )
        )
        return count

    def test_text_of_contacts_comes_with_the_rows_and_nothing_is_read_besides(self):
        self.anna.function = "Editor"
        mailing = self.new_validated_mailing(
            subject='{{ object.name }}, {{ object.function ||| "reader" }}'
        )
        rows = self.claim(mailing)
        self.assertEqual([row[get_contact_key("function")] for row in rows], ["Editor", None])
        mailing = mailing.sudo()
        transport = mailing._get_transport()
        compiled = transport.compile("en_US", ANYONE)
        self.env.invalidate_all()
        with self.assertQueryCount(0):
            envelopes = [envelope for _row, envelope, _e in transport.fill(compiled, rows)]
            octets = [envelope.octets() for envelope in envelopes]
        self.assertIn(b"Subject: Anna, Editor\r\n", octets[0])
        self.assertIn(b"Subject: Boris, reader\r\n", octets[1])

    def test_every_placeholder_gives_what_the_contact_says(self):
        self.anna.write(
            {"function": "Ingénieure <chef>", "city": "Łódź", "ref": "A&B", "lang": "en_US",
             "country_id": self.env.ref("base.pl").id, "user_id": self.marketer.id},
        )  # fmt: skip
        expressions = [
            placeholder["expression"]
            for placeholder in self.env["partner.mailing"].get_placeholders()
        ]
        everything = " | ".join(f"{{{{ {expression} }}}}" for expression in expressions)
        mailing = self.new_validated_mailing(
            subject=everything, extra_emails="Clara <clara@example.org>"
        )
        rows = self.claim(mailing)
        self.assertGreater(len(rows[0]), 10, "columns of the contact")
        bare = [
            {name: value for name, value in row.items() if not name.startswith("object_")}
            for row in rows
        ]
        self.assertEqual(self.subjects(mailing, rows), self.subjects(mailing, bare))

    def test_an_extra_address_among_contacts_says_its_own_name(self):
        mailing = self.new_validated_mailing(extra_emails="Clara <clara@example.org>")
        self.assertEqual(
            self.subjects(mailing, self.claim(mailing)),
            {
                "anna@example.com": "News for Anna",
                "boris@example.com": "News for Boris",
                "clara@example.org": "News for Clara",
            },
        )

    def test_columns_are_those_of_all_languages_and_only_text_that_all_read_alike(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        mailing = self.new_mailing(
            body_html='<p><t t-out="object.country_id.name"/><t t-out="object.email"/></p>'
        )
        mailing.update_field_translations("subject", {"fr_FR": "{{ object.city }}"})
        self.env.flush_all()
        self.assertEqual(mailing.sudo()._get_contact_columns(), ("city", "email", "name"))

    def test_a_deferred_row_is_not_claimed_before_its_time(self):
        for claim in (self.claim, self.claim_by_domain):
            with self.subTest(claim.__name__):
                mailing = self.new_validated_mailing()
                row = self.rows(mailing)["anna@example.com"]._as_system()
                row.next_attempt_at = fields.Datetime.now() + timedelta(minutes=30)
                claimed = [one["address"] for one in claim(mailing)]
                self.assertEqual(claimed, ["boris@example.com"])
                row.next_attempt_at = fields.Datetime.now() - timedelta(seconds=1)
                claimed = [one["address"] for one in claim(mailing)]
                self.assertEqual(claimed, ["anna@example.com"])

    def test_a_row_that_was_not_submitted_is_not_claimed(self):
        for claim in (self.claim, self.claim_by_domain):
            with self.subTest(claim.__name__):
                mailing = self.new_validated_mailing()
                self.rows(mailing)["anna@example.com"]._as_system().is_submitted = False
                claimed = [one["address"] for one in claim(mailing)]
                self.assertEqual(claimed, ["boris@example.com"])

    def test_an_address_that_came_onto_the_blocklist_is_not_claimed(self):
        mailings = [self.new_validated_mailing(), self.new_validated_mailing()]
        self.env["mail.blacklist"]._add("anna@example.com")
        for claim, mailing in zip((self.claim, self.claim_by_domain), mailings, strict=True):
            with self.subTest(claim.__name__):
                claimed = [one["address"] for one in claim(mailing)]
                self.assertEqual(claimed, ["boris@example.com"])

    def test_nothing_of_a_paused_mailing_is_claimed(self):
        queue = self.new_queue(["x1@example.org", "x2@example.org"])
        self.assertEqual(len(queue.take(1)), 1)
        mailing = self.env["partner.mailing"].browse(queue._mailing_id)
        mailing._as_system().write({"state": "paused"})
        self.env.flush_all()
        self.assertEqual(queue.take(1), [])

    def test_a_sender_records_only_its_own_rows(self):
        queue = self.new_queue(["x1@example.org"])
        [row] = queue.take(1)
        recipient = self.env["partner.mailing.recipient"].browse(row["id"])
        sent = [get_result(row, Outcome(SENT, "end_of_data", 250))]
        recipient._record(queue._mailing_id, 2, sent)
        self.env.invalidate_all()
        self.assertEqual(recipient.state, "sending")
        recipient._record(queue._mailing_id, 1, sent)
        self.env.invalidate_all()
        self.assertEqual(recipient.state, "sent")

    def test_a_deferred_row_does_not_wait_for_the_limit_of_its_domain(self):
        limiter = self.new_limiter(domain_minute=1)
        queue = self.new_queue(["x1@example.org", "x2@example.org"], limiter)
        self.assertTrue(queue.prepare(60))
        self.assertEqual(len(queue.take(10)), 1)
        self.assertEqual(queue.take(10), [])
        self.assertEqual(queue.wait.reason, "domain")
        row = self.env["partner.mailing.recipient"].search(
            [("mailing_id", "=", queue._mailing_id), ("state", "=", "pending")]
        )
        row._as_system().next_attempt_at = fields.Datetime.now() + timedelta(minutes=30)
        self.env.flush_all()
        self.assertEqual(queue.take(10), [])
        self.assertIsNone(queue.wait, "it waits for its next attempt")

    def test_large_claims_come_in_few_sizes(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(60)])
        before = self.prepared_count()
        self.assertEqual([len(queue.take(size)) for size in (38, 10, 10)], [32, 10, 10])
        self.assertEqual(self.prepared_count() - before, 2, "one for each size")

    def test_a_row_that_was_put_back_is_the_next_one_that_is_claimed(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(3)])
        [first] = queue.take(1)
        not_tried = get_result(first, Outcome(NOT_SENT, "connect"))
        queue.record([not_tried], 0)
        queue.put_back(first["id"])
        [again] = queue.take(1)
        self.assertEqual((again["id"], again["attempts"]), (first["id"], 1))

    def test_from_its_claim_to_its_sending_a_row_writes_no_index(self):
        self.env.cr.execute("DELETE FROM partner_mailing_recipient")  # room in its page
        queue = self.new_queue(["x1@example.org", "x2@example.org"])
        updates = SQL(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables"
            " WHERE relname = 'partner_mailing_recipient'"
        )
        [before] = self.env.execute_query(updates)
        rows = queue.take(9)
        queue.record([get_result(row, Outcome(SENT, "end_of_data", 250)) for row in rows], 0)
        [after] = self.env.execute_query(updates)
        self.assertEqual((after[0] - before[0], after[1] - before[1]), (4, 4))

    def test_a_queue_begins_behind_the_rows_that_were_claimed_before(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(4)])
        rows = queue.take(2)
        queue.confirm([])
        queue.record([get_result(row, Outcome(SENT, "end_of_data", 250)) for row in rows], 0)
        queue._counter.invalidate_recordset()
        self.assertEqual(queue._counter.claimed_to, rows[-1]["id"])
        self.assertEqual(self.new_queue_of(queue._mailing)._last_id, rows[-1]["id"])

    def test_a_row_before_the_place_of_claims_is_claimed_at_the_end_of_the_list(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(3)])
        first, _second = queue.take(2)
        queue.confirm([])
        # Another sender puts it back.
        queue.record([get_result(first, Outcome(NOT_SENT, "connect"))], 0)
        claimed = []
        for _round in range(3):
            claimed.append([row["address"] for row in queue.take(1)])
            queue.confirm([])
        self.assertEqual(claimed, [["x2@example.org"], ["x0@example.org"], []])

    def test_a_claim_that_is_taken_back_is_made_again(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(3)])
        claimed = []
        for _try in range(2):
            with self.env.cr.savepoint(flush=False) as savepoint:
                claimed.append([row["address"] for row in queue.take(1)])
                savepoint.rollback()
        self.assertEqual(claimed, [["x0@example.org"]] * 2)

    def test_a_list_of_deferred_rows_is_not_read_for_others(self):
        queue = self.new_queue(["x1@example.org", "x2@example.org"])
        mailing, recipients = queue._mailing, self.env["partner.mailing.recipient"]
        self.assertTrue(recipients._has_due(mailing))
        rows = recipients.search([("mailing_id", "=", mailing.id)])
        rows._as_system().next_attempt_at = fields.Datetime.now() + timedelta(minutes=30)
        self.env.flush_all()
        self.assertFalse(recipients._has_due(mailing))
        self.assertTrue(recipients._has_unsettled(mailing))
        rows[0]._as_system().next_attempt_at = fields.Datetime.now() - timedelta(minutes=30)
        self.env.flush_all()
        self.assertTrue(recipients._has_due(mailing))
        self.assertEqual([row["id"] for row in queue.take(9)], rows[0].ids)

    def test_a_dead_sender_is_found_by_the_note_that_its_claim_has_left(self):
        recipients = self.env["partner.mailing.recipient"]
        queue = self.new_queue(["x1@example.org", "x2@example.org"])
        counter = queue._counter
        queue._sender = number = recipients._new_sender()
        self.assertEqual(len(queue.take(1)), 1)
        counter.invalidate_recordset()
        self.assertEqual(counter.claimed_by, {str(number): True})
        self.assertTrue(counter._has_claims())
        recipients._end_sender(number)
        with patch.object(partner_mailing_recipient_queue, "FEW_ROWS", 0):
            self.assertEqual(recipients._recover(), 1)
            self.assertEqual(counter.claimed_by, {str(number): False}, "looked for once more")
            self.assertEqual(recipients._recover(), 0)
        self.assertFalse(counter.claimed_by)

    def test_a_sender_that_has_recorded_all_its_rows_leaves_no_note(self):
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(mailing.sudo().counter_id.claimed_by, {})
        self.assertFalse(self.env["partner.mailing.counter"]._has_claims())

    def test_domains_are_served_in_order(self):
        addresses = [f"x{n}@{domain}.example" for domain in "abc" for n in range(3)]
        queue = self.new_queue(addresses, self.new_limiter())
        self.assertTrue(queue.prepare(60))
        claimed = [queue.take(1)[0]["address"] for _claim in range(4)]
        self.assertEqual([address[-9] for address in claimed], ["a", "b", "c", "a"])

    def test_a_list_is_sorted_by_domain_in_slices(self):
        with patch.object(partner_mailing_recipient_queue, "SORT_BATCH", 2):
            queue = self.new_queue([f"x{n}@example.org" for n in range(5)], self.new_limiter())
            self.assertFalse(queue.prepare(-1), "no time is left")
            self.assertFalse(queue._counter.is_sorted_by_domain)
            self.assertTrue(queue.prepare(60))
        self.assertTrue(queue._counter.is_sorted_by_domain)
        self.assertEqual(len(queue.take(10)), 5)

    def test_a_sender_leaves_the_session_as_it_was(self):
        before = self.prepared_count()
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(self.prepared_count(), before)

    def test_every_run_of_a_claim_uses_the_same_plan(self):
        queue = self.new_queue([f"x{n}@example.org" for n in range(8)])
        plans = SQL(
            "SELECT COALESCE(sum(custom_plans), 0)::int, COALESCE(sum(generic_plans), 0)::int"
            " FROM pg_prepared_statements"
        )
        [(custom, generic)] = self.env.execute_query(plans)  # of senders of other tests
        self.assertEqual([len(queue.take(1)) for _claim in range(8)], [1] * 8)
        self.assertEqual(self.env.execute_query(plans), [(custom, generic + 8)])
        queue.close()
        [(mode,)] = self.env.execute_query(SQL("SHOW plan_cache_mode"))
        self.assertEqual(mode, "auto")

    def test_a_statement_outlives_the_transaction_that_failed(self):
        before = self.prepared_count()
        statements = PreparedStatements(self.env.cr)
        self.addCleanup(statements.close)
        recipients = self.env["partner.mailing.recipient"]
        mailing = self.new_validated_mailing(audience_ids=[Command.set(self.audience.ids)])
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        for _time in range(2):
            with self.env.cr.savepoint(flush=False) as savepoint:
                rows = recipients._claim(mailing.id, 1, 100, prepared=statements)
                self.assertEqual(len(rows), 2)
                savepoint.rollback()
        self.assertEqual(self.prepared_count(), before + 1)
        statements.close()
        self.assertEqual(self.prepared_count(), before)
