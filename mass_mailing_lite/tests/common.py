from contextlib import contextmanager
from unittest.mock import patch

from odoo import Command
from odoo.tests import TransactionCase, new_test_user
from odoo.tools import SQL

from ..delivery.smtp import limit
from ..sender import sender
from ..sender.prepared_statements import PreparedStatements
from .smtp_inbox import SmtpInbox

GROUP = "mass_mailing_lite.group_%s"


class MailingCase(TransactionCase):
    """People, tags and contacts that the tests speak of."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(
            context=dict(
                cls.env.context,
                tracking_disable=True,
                no_reset_password=True,
                # Activities are made, but their messages not: that is half of a submission's time.
                mail_activity_quick_update=True,
            )
        )
        cls.marketer = cls._new_user("marketer", "user")
        cls.colleague = cls._new_user("colleague", "user")
        cls.validator = cls._new_user("validator", "validator")
        cls.manager = cls._new_user("manager", "manager")
        cls.outsider = new_test_user(
            cls.env, "outsider", "base.group_user", email="outsider@example.com"
        )
        # Tests of these tests go to readers, too.
        cls.env.company.partner_mailing_test_recipients = "example.com, example.org, bücher.example"
        cls.news, cls.no_consent = cls.env["res.partner.category"].create(
            [{"name": "News"}, {"name": "No consent at all"}]
        )
        cls.anna = cls._new_contact("Anna", "anna@example.com", cls.news)
        cls.boris = cls._new_contact("Boris", "boris@example.com", cls.news)
        cls.audience = cls.env["partner.mailing.audience"].create(
            {
                "name": "Readers of the news",
                "category_ids": [Command.link(cls.news.id)],
                "excluded_category_ids": [Command.link(cls.no_consent.id)],
            }
        )

    @classmethod
    def _new_user(cls, login, group):
        return new_test_user(
            cls.env,
            login,
            f"base.group_user,{GROUP % group}",
            email=f"{login}@example.com",
            notification_type="inbox",
        )

    @classmethod
    def _new_contact(cls, name, email, *tags, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "email": email,
                "category_id": [Command.link(tag.id) for tag in tags],
                **values,
            }
        )

    def new_mailing(self, user=None, **values):
        """Return a complete draft, as ``user`` (the marketer) prepares it."""
        return (
            self.env["partner.mailing"]
            .with_user(user or self.marketer)
            .create(
                {
                    "name": "Summer news",
                    "subject": "News for {{ object.name }}",
                    "body_html": '<p>Dear <t t-out="object.name"/>, it is summer.</p>',
                    "email_from": '"The Shop" <shop@example.com>',
                    "audience_ids": [Command.link(self.audience.id)],
                    **values,
                }
            )
        )

    def new_validated_mailing(self, **values):
        """Return a mailing that the marketer has submitted and the validator validated."""
        mailing = self.new_mailing(**values)
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        return mailing

    def rows(self, mailing):
        """Return {address as typed: recipient row}."""
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        return {row.email: row for row in rows}

    def states(self, mailing):
        """Return {address as typed: state or reason left out}."""
        return {email: row.skip_reason or row.state for email, row in self.rows(mailing).items()}

    def assertCountersTrue(self, mailing):
        """Assert that the maintained totals are those of the rows."""
        mailing.invalidate_recordset()
        counts = dict(
            self.env["partner.mailing.recipient"]._read_group(
                [("mailing_id", "=", mailing.id)], ["state"], ["__count"]
            )
        )
        skipped = counts.pop("skipped", 0)
        self.assertEqual(mailing.skipped_count, skipped)
        self.assertEqual(mailing.recipient_count, sum(counts.values()))
        self.assertEqual(mailing.pending_count, counts.get("pending", 0) + counts.get("sending", 0))
        for state in ("sent", "failed", "bounced", "uncertain"):
            self.assertEqual(mailing[f"{state}_count"], counts.get(state, 0), state)


class SendingCase(MailingCase):
    """With a real SMTP server, and a scheduler that runs when a test says so."""

    def setUp(self):
        super().setUp()
        self.inbox = self._enter(SmtpInbox())
        self.env["ir.mail_server"].search([]).active = False
        self.server = self.env["ir.mail_server"].create(
            {"name": "Loopback", "smtp_host": "127.0.0.1", "smtp_port": self.inbox.port}
        )

    def _enter(self, context):
        """``enterContext`` for Python 3.10."""
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    @contextmanager
    def real_connections(self):
        """Let ``ir.mail_server`` connect, which Odoo does not in tests."""
        with patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False):
            yield

    def shorten_retry_pauses(self):
        """Let a sender not wait 3 s for each server that asks for patience."""
        for module in (limit, sender):
            self._enter(patch.object(module, "RETRY_PAUSES", (0.01, 0.02)))

    def claim_and_explain(self, mailing, limit):
        """Claim rows as a sender does; return them, and PostgreSQL's plan of the statement."""
        statements = PreparedStatements(self.env.cr)
        rows = self.env["partner.mailing.recipient"]._claim(
            mailing.id, 1, limit, prepared=statements
        )
        self.env.cr.execute(
            "SELECT name FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1"
        )
        [(name,)] = self.env.cr.fetchall()
        plan = self.env.execute_query(SQL("EXPLAIN EXECUTE %s (0)", SQL.identifier(name)))
        statements.close()
        return rows, "\n".join(line for (line,) in plan)

    def run_scheduler(self):
        """Run the scheduled action once, as the scheduler does."""
        with self.real_connections(), self.enter_registry_test_mode():
            result = self.env.ref("mass_mailing_lite.ir_cron_send").method_direct_trigger()
        self.assertIs(result, True, "the scheduled action ends without an error")
        self.env.invalidate_all()
