from odoo.addons.mass_mailing_lite.tests.common import GROUP
from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install")
class TestTourSms(HttpCase):
    def test_a_text_is_written_from_a_template_and_seen_on_a_phone(self):
        new_test_user(
            self.env,
            "tour_user",
            f"base.group_user,{GROUP % 'user'}",
            name="Tour User",
            email="tour_user@example.com",
        )
        self.start_tour("/odoo", "mass_mailing_lite_sms_writing", login="tour_user", timeout=180)
        mailing = self.env["partner.mailing"].search([("channel", "=", "sms")], limit=1)
        self.assertIn("24/7 / x {{ object.function ||| friend }} long", mailing.sms_body)
        self.assertEqual(
            mailing.sms_template_id, self.env.ref("mass_mailing_lite_sms.sms_template_news")
        )
