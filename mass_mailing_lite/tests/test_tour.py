from unittest.mock import patch

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .common import GROUP
from .smtp_inbox import SmtpInbox

TOUR_USERS = (
    ("tour_user", "user"),
    ("tour_validator", "validator"),
    ("tour_viewer", "viewer"),
)


@tagged("post_install", "-at_install")
class TestTour(HttpCase):
    def test_prepare_submit_validate_and_see_the_result(self):
        for login, group in TOUR_USERS:
            new_test_user(
                self.env,
                login,
                f"base.group_user,base.group_partner_manager,{GROUP % group}",
                name=login.replace("_", " ").title(),
                email=f"{login}@example.com",
            )
        tag = self.env["res.partner.category"].create({"name": "Tour"})
        self.env["res.partner"].create(
            [
                {
                    "name": "Anna",
                    "email": "tour@example.com",
                    "category_id": [Command.link(tag.id)],
                },
                {"name": "Broken", "email": "broken", "category_id": [Command.link(tag.id)]},
            ]
        )
        self.env["partner.mailing.audience"].create(
            {"name": "Readers of the tour", "category_ids": [Command.link(tag.id)]}
        )
        self.env.company.partner_mailing_allowed_senders = "example.com\nshop@example.org"
        self.start_tour("/odoo", "mass_mailing_lite_prepare", login="tour_user", timeout=180)
        mailing = self.env["partner.mailing"].search([("name", "=", "Tour news")])
        self.assertEqual((mailing.state, mailing.email_from), ("to_validate", "shop@example.org"))
        validator = self.env["res.users"].search([("login", "=", "tour_validator")])
        self.env["partner.mailing"].with_user(validator).create({"name": "Own draft"})
        self.start_tour("/odoo", "mass_mailing_lite_validate", login="tour_validator", timeout=180)
        self.assertEqual(mailing.state, "validated")
        inbox = SmtpInbox()
        with inbox:
            self.env["ir.mail_server"].search([]).active = False
            self.env["ir.mail_server"].create(
                {"name": "S", "smtp_host": "127.0.0.1", "smtp_port": inbox.port}
            )
            with patch.object(self.registry["ir.mail_server"], "_disable_send", return_value=False):
                self.env.ref("mass_mailing_lite.ir_cron_send").method_direct_trigger()
        self.assertEqual(inbox.addresses, ["tour@example.com"])
        self.start_tour("/odoo", "mass_mailing_lite_result", login="tour_viewer", timeout=180)
