from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestBodyArch(TransactionCase):
    def test_a_mailing_keeps_its_blocks(self):
        mailing = self.env["partner.mailing"].create(
            {"name": "Spring", "body_arch": '<div class="o_layout"><p>Hello</p></div>'}
        )
        self.assertIn("o_layout", mailing.body_arch)
