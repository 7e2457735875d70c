"""Did not arrive, or may be in spam: what is found about the sender, in one dialog."""

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..preflight import CHECKS, SENDER
from ..tools.free_mail import PROVIDERS
from .common import GROUP, MailingCase

KEYS = {"base_url", "from_filter", "sender_domain", "one_click", "bounce_address"}


@tagged("post_install", "-at_install")
class TestSenderCheck(MailingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
        cls.env["ir.mail_server"].search([]).active = False
        cls.server = cls.env["ir.mail_server"].create(
            {"name": "Own", "smtp_host": "mail.example.com", "from_filter": "example.com"}
        )
        cls.env.company.alias_domain_id = cls.env["mail.alias.domain"].create(
            {"name": "example.com", "bounce_alias": "bounce"}
        )

    def dialog(self, mailing):
        action = mailing.action_open_sender_check()
        dialog = self.env[action["res_model"]].with_user(self.marketer)
        return dialog.with_context(**action["context"]).create({})

    def found(self, mailing):
        """Return {key: finding} of the dialog."""
        dialog = self.dialog(mailing)
        for finding in dialog.findings or []:
            self.assertTrue(finding["message"] and finding["remedy"], finding)
        return {finding["key"]: finding for finding in dialog.findings or []}

    def test_a_good_sender_has_no_finding_and_all_that_was_looked_at_is_named(self):
        dialog = self.dialog(self.new_mailing())
        self.assertFalse(dialog.findings)
        self.assertEqual(len(dialog.fine.split(", ")), len(KEYS))
        self.assertLessEqual(KEYS, {key for key, one in CHECKS.items() if one.kind == SENDER})

    def test_each_fault_is_found_with_its_remedy(self):
        mailing = self.new_mailing(email_from="shop@example.org", has_unsubscribe=False)
        self.env["ir.config_parameter"].set_param("web.base.url", "http://localhost:8069")
        self.env.company.alias_domain_id = False
        found = self.found(mailing)
        self.assertEqual(set(found), KEYS - {"sender_domain"})
        self.assertIn("localhost", found["base_url"]["message"])
        self.assertIn("one click", found["one_click"]["message"])

    def test_an_address_of_a_free_provider_through_another_server_is_found(self):
        provider = PROVIDERS[0]
        address = f"shop@{min(provider.domains)}"
        self.server.from_filter = False
        found = self.found(self.new_mailing(email_from=address))
        self.assertIn("DMARC", found["sender_domain"]["message"])
        self.assertEqual(found["bounce_address"]["level"], "info")
        self.server.smtp_host = f"smtp.{provider.hosts[0]}"
        found = self.found(self.new_mailing(email_from=address))
        self.assertIn("few messages a day", found["sender_domain"]["message"])

    def test_it_opens_in_any_state_and_the_form_of_a_draft_is_as_before(self):
        mailing = self.new_mailing(has_unsubscribe=False)
        self.assertNotIn("one_click", [one["key"] for one in mailing.findings or []])
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        for state in ("validated", "sending", "paused", "done", "cancelled"):
            mailing._as_system().state = state
            self.assertIn("one_click", self.found(mailing))

    def test_a_mail_server_is_looked_at_with_any_from_address(self):
        self.env.user.group_ids += self.env.ref(GROUP % "manager")
        action = self.server.action_open_partner_mailing_sender_check()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.email_from = "shop@example.com"
        self.assertFalse(form.findings)
        form.email_from = "shop@example.org"
        self.assertIn("example.com", form.findings[0]["message"])
        form.email_from = "no address"
        self.assertEqual(form.findings[0]["level"], "stop")
        before = self.env["partner.mailing"].search_count([])
        form.save()
        self.assertEqual(self.env["partner.mailing"].search_count([]), before)

    def test_only_those_who_may_read_the_mailing_see_its_sender(self):
        mailing = self.new_mailing()
        group = self.env["res.groups"].create({"name": "Few"})
        mailing.view_group_ids = group
        with self.assertRaises(AccessError):
            mailing.with_user(self.colleague).action_open_sender_check()
        with self.assertRaises(AccessError):
            self.env["partner.mailing.sender.check"].with_user(self.outsider).create(
                {"mail_server_id": self.server.id}
            )

    def test_a_viewer_of_the_mailing_sees_what_was_found(self):
        mailing = self.new_mailing(mail_server_id=self.server.id, has_unsubscribe=False)
        viewer = self._new_user("viewer", "viewer")
        action = mailing.with_user(viewer).action_open_sender_check()
        dialog = self.env[action["res_model"]].with_user(viewer)
        dialog = Form(dialog.with_context(**action["context"])).save()
        self.assertEqual(dialog.server_name, "Own")
        self.assertEqual([one["key"] for one in dialog.findings], ["one_click"])
