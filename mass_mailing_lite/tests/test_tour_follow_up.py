from odoo import Command, fields
from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP


@tagged("post_install", "-at_install")
class TestTourFollowUp(HttpCase):
    def test_follow_up_on_a_mailing_to_those_who_did_not_open_it(self):
        author, validator = (
            new_test_user(
                self.env,
                f"tour_{group}",
                f"base.group_user,{GROUP % group}",
                email=f"tour_{group}@example.com",
            )
            for group in ("user", "validator")
        )
        contacts = self.env["res.partner"].create(
            [
                {"name": name, "email": f"tour.{name.lower()}@example.com"}
                for name in ("Anna", "Boris")
            ]
        )
        mailing = (
            self.env["partner.mailing"]
            .with_user(author)
            .create(
                {
                    "name": "Tour catalogue",
                    "subject": "Our catalogue",
                    "body_html": "<p>Here it is.</p>",
                    "email_from": "shop@example.com",
                    "track_opens": True,
                    "source_ids": [
                        Command.create({"kind": "contact", "partner_id": contact.id})
                        for contact in contacts
                    ],
                }
            )
        )
        mailing.action_submit()
        mailing.with_user(validator).action_validate()
        now = fields.Datetime.now()
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        rows._as_system().write({"state": "sent", "sent_at": now})
        rows[0]._as_system().opened_at = now
        mailing._as_system().write({"state": "done", "started_at": now, "finished_at": now})
        mailing._recount()
        self.start_tour("/odoo", "mass_mailing_lite_follow_up", login="tour_user", timeout=180)
        follow_up = mailing.follow_up_ids
        self.assertEqual((follow_up.state, follow_up.recipient_count), ("to_validate", 1))
