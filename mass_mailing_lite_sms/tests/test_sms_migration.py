import importlib.util
from pathlib import Path

from odoo.tests import tagged

from .common import ANNA, SmsCase

SCRIPT = Path(__file__).parents[1] / "migrations" / "19.0.1.1.0" / "post-phone_columns.py"


def load_script():
    spec = importlib.util.spec_from_file_location("phone_columns", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@tagged("post_install", "-at_install")
class TestSmsMigration(SmsCase):
    """Numbers leave the columns of e-mail addresses, where earlier versions had them."""

    def migrate(self):
        load_script().migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def move_back(self, mailing):
        """Store the numbers of a mailing as version 19.0.1.0.0 did."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE partner_mailing_recipient SET email = phone, email_normalized = phone_sanitized,"
            " phone = NULL, phone_sanitized = NULL WHERE mailing_id = %s",
            [mailing.id],
        )
        self.env.invalidate_all()

    def test_what_was_validated_is_sent(self):
        mailing = self.new_validated_sms(extra_numbers="Zoe <+34 611 222 333>, 12")
        before = self.results(mailing)
        self.move_back(mailing)
        self.migrate()
        self.assertEqual(self.results(mailing), before)
        row = self.row(mailing, ANNA)
        self.assertEqual((row.phone, row.email), (self.anna.phone, False))
        self.assertFalse(row.email_normalized)
        self.assertTrue(mailing._matches_validation())
        self.run_scheduler()
        self.assertEqual((mailing.state, mailing.sent_count), ("done", 3))

    def test_recipients_of_e_mails_stay_as_they_are(self):
        mailing = self.new_validated_mailing()
        before = self.states(mailing)
        self.migrate()
        self.assertEqual(self.states(mailing), before)
        self.assertFalse(any(row.phone for row in self.rows(mailing).values()))
        self.assertTrue(mailing._matches_validation())
