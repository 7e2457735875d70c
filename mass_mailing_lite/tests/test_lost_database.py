import threading
import unittest
from unittest.mock import patch

import psycopg2

from odoo.tests import tagged

from .common import SendingCase


@tagged("post_install", "-at_install")
class TestLostDatabase(SendingCase):
    """A database that goes away while messages leave."""

    def test_no_connection_to_a_mail_server_is_left_behind(self):
        self.new_validated_mailing()

        def lost(*_args):
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

        recipients = self.registry["partner.mailing.recipient"]
        with self.real_connections(), self.enter_registry_test_mode(), self.registry.cursor() as cr:
            mailings = self.env(cr=cr, su=True)["partner.mailing"]
            with (
                patch.object(recipients, "_record", lost),
                patch.object(cr, "rollback", lost),
                # Odoo's own sets a savepoint, which the test's cursors do not nest with.
                unittest.TestCase.assertRaises(self, psycopg2.OperationalError),
            ):
                mailings._send_due(lambda _done, _waiting: 10.0)
        self.assertEqual(self.inbox.addresses, ["anna@example.com", "boris@example.com"])
        self.assertNotIn("smtp", [thread.name for thread in threading.enumerate()])
