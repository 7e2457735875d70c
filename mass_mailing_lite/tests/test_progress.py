import json
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.bus.models import ir_websocket
from odoo.tests import tagged

from ..models import partner_mailing_sending
from ..sender import worker
from .common import SendingCase


class Heard:
    """For tests that listen to the bus."""

    def heard(self):
        """Return what was said on the bus of this company, in order."""
        channel = json.dumps(
            [self.env.cr.dbname, "res.company", self.env.company.id, "partner_mailing_progress"]
        )
        said = self.env["bus.bus"].sudo().search([], order="id")
        return [
            json.loads(one.message)["payload"]
            for one in said
            if json.loads(one.channel) == json.loads(channel)
        ]


@tagged("post_install", "-at_install")
class TestProgress(Heard, SendingCase):
    def test_the_sender_says_how_far_it_is(self):
        mailing = self.new_validated_mailing()
        # Of a busy machine, the first slice might end before the server has answered.
        with (
            patch.object(worker, "IDLE_SECONDS", 60),
            patch.object(partner_mailing_sending, "SLICE_SECONDS", 60),
        ):
            self.run_scheduler()
        figures = [one for one in self.heard() if one["id"] == mailing.id]
        self.assertTrue(figures)
        last = figures[-1]
        self.assertEqual(
            (last["state"], last["recipient_count"], last["sent_count"], last["pending_count"]),
            ("done", 2, 2, 0),
        )
        self.assertGreater(figures[0]["rate"], 0)

    def test_a_pause_is_said_too(self):
        mailing = self.new_validated_mailing()
        with self.enter_registry_test_mode():
            mailing.action_pause()
            self.env.cr.precommit.run()
        self.assertEqual(self.heard()[-1]["state"], "paused")

    def test_only_users_of_the_app_and_of_the_company_hear_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        channels = self.channels(self.marketer)
        self.assertIn((self.env.company, "partner_mailing_progress"), channels)
        self.assertNotIn((other, "partner_mailing_progress"), channels)
        self.assertNotIn(
            (self.env.company, "partner_mailing_progress"), self.channels(self.outsider)
        )

    def channels(self, user):
        request = SimpleNamespace(session=SimpleNamespace(uid=user.id))
        with patch.object(ir_websocket, "wsrequest", request):
            return self.env["ir.websocket"].with_user(user)._build_bus_channel_list([])
