import email
import email.policy
from types import SimpleNamespace

from odoo import Command
from odoo.tests import tagged

from ..sender.prepared_statements import PreparedStatements
from ..sender.queue import make_queue
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
        columns = mailing.sudo()._get_contact_columns()
        return self.env["partner.mailing.recipient"]._claim(mailing.id, 1, 100, columns=columns)

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

    def test_large_claims_come_in_few_sizes(self):
        addresses = "\n".join(f"x{n}@example.org" for n in range(60))
        mailing = self.new_validated_mailing(audience_ids=False, extra_emails=addresses)
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        sender = SimpleNamespace(
            env=self.env, number=1, recipients=self.env["partner.mailing.recipient"]
        )
        queue = make_queue(sender, mailing.sudo(), None)
        self.addCleanup(queue.close)
        before = self.prepared_count()
        self.assertEqual([len(queue.take(size)) for size in (38, 10, 10)], [32, 10, 10])
        self.assertEqual(self.prepared_count() - before, 2, "one for each size")

    def test_a_sender_leaves_the_session_as_it_was(self):
        before = self.prepared_count()
        self.inbox.replies["anna@example.com"] = "550 5.1.1 No such user here"
        mailing = self.new_validated_mailing()
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertEqual(self.prepared_count(), before)

    def test_a_statement_outlives_the_transaction_that_failed(self):
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
        self.assertEqual(self.prepared_count(), 1)
        statements.close()
        self.assertEqual(self.prepared_count(), 0)
