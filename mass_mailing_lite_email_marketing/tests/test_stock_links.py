from odoo.tests import tagged

from .common import DesignCase, SendingDesignCase

LEAVE, VIEW = "/partner_mailing/unsubscribe", "/partner_mailing/view"


@tagged("post_install", "-at_install")
class TestStockLinks(DesignCase):
    def test_links_of_stocks_blocks_lead_to_our_pages_in_body_and_design(self):
        base = self.env["partner.mailing"].get_base_url()
        for address, expected in {
            "/unsubscribe_from_list": LEAVE,
            "/unsubscribe_from_list?x=1": LEAVE,
            "/fr/unsubscribe_from_list/": LEAVE,
            f"{base}/unsubscribe_from_list": LEAVE,
            "/view": VIEW,
            f"{base}/mailing/12/view?email=a": VIEW,
            "/mailing/12/unsubscribe": LEAVE,
            "/mailing/12/confirm_unsubscribe?document_id=1": LEAVE,
            "/mailing/my": LEAVE,
            "https://other.example/unsubscribe_from_list": None,
            "/viewer": None,
            "/mailing/tips": None,
            "/view/1": None,
        }.items():
            with self.subTest(address=address):
                link = f'<a class="btn" href="{address}">Go</a>'
                mailing = self.new_design(text=link)
                for body in (mailing.body_arch, mailing.body_html):
                    self.assertIn(f'href="{expected or address}"', body)

    def test_they_do_in_each_language_and_when_they_are_pasted_as_text(self):
        self.env["res.lang"]._activate_lang("de_DE")
        link = '<a href="/unsubscribe_from_list">Leave</a>'
        mailing = self.new_mailing(body_html=f"<p>{link}</p>")
        mailing.update_field_translations("body_html", {"de_DE": f"<p>Hallo {link}</p>"})
        for body in self.stored(mailing, "body_html").values():
            self.assertIn(LEAVE, body)

    def test_they_do_in_several_mailings_at_once(self):
        mailings = self.new_mailing() + self.new_mailing()
        mailings.write(self.build('<a href="/view">View</a>'))
        for mailing in mailings:
            self.assertIn(VIEW, mailing.body_html)

    def test_a_footer_block_is_the_only_footer(self):
        mailing = self.new_design(text='Hi <a href="/unsubscribe_from_list">Leave</a>')
        self.assertEqual(mailing._get_footer(str), "")


@tagged("post_install", "-at_install")
class TestStockLinksAreSent(SendingDesignCase):
    def test_each_recipient_has_links_of_his_own(self):
        mailing = self.new_design(
            text='Hi <a href="/unsubscribe_from_list">Leave</a> <a href="/view">View</a>'
        )
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        self.run_scheduler()
        pages = [
            self.inbox.message_to(address).get_body(("html",)).get_content()
            for address in ("anna@example.com", "boris@example.com")
        ]
        for page in pages:
            self.assertEqual(page.count(f"{LEAVE}/"), 1)
            self.assertEqual(page.count(f"{VIEW}/"), 1)
        self.assertNotEqual(*pages)
