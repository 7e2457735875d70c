from odoo.tests import HttpCase, tagged

from .test_checked_links import LinkCase
from .test_sender_dns import DnsCase


@tagged("post_install", "-at_install")
class TestTourPreflight(DnsCase, LinkCase, HttpCase):
    """A validator sees what no reading shows; the author mends it, and the list turns green."""

    def setUp(self):
        super().setUp()
        self.start_dns()
        # Both halves have a server: one for mail, and one for pages.
        self.mail_server, self.server = self.server, type(self).server
        self.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")

    def test_a_dead_link_a_fallback_and_a_missing_record_are_seen_and_mended(self):
        self.dns.records["example.com"].pop("TXT")
        self.anna.city = "Lyon"
        mailing = self.new_mailing(
            preview_text="For all of you in spring",
            body_html='<p>Dear <t t-out="object.name"/> in <t t-out="object.city">your town</t>,</p>'
            + self.link("/gone"),
            mail_server_id=self.mail_server.id,
        )
        mailing.action_load_recipients()
        mailing._record_test()
        self.look(mailing)
        mailing.action_submit()
        form = f"/odoo/action-mass_mailing_lite.partner_mailing_action/{mailing.id}"
        self.start_tour(form, "mass_mailing_lite_preflight", login="validator", timeout=180)
        self.assertEqual(mailing.state, "draft")
        self.start_tour(form, "mass_mailing_lite_preflight_author", login="marketer", timeout=180)
        self.dns.records.update(self.good_records())
        self.boris.city = "Riga"
        # Pages of this computer are no addresses for recipients, so the link goes.
        mailing.body_html = mailing.body_html.split("<p>See")[0]
        mailing.action_load_recipients()
        mailing._record_test()
        self.env["partner.mailing.sender.look"]._find(mailing)._look()
        mailing._as_system().write({"background_facts": False})
        self.look(mailing)
        left = [one for one in mailing._get_findings() if one["level"] != "info"]
        self.assertFalse([one["message"] for one in left])
        self.start_tour(form, "mass_mailing_lite_preflight_mended", login="marketer", timeout=180)
