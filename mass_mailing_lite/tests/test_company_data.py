from email import message_from_bytes, policy

from odoo.tests import new_test_user, tagged

from .common import MailingCase

COMPANY = "object.partner_mailing_company_%s"
# A picture of one pixel.
PICTURE = (
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8Dwn4EIwDiqkL4KAcT9GO0U4BxoAAAAAElF"
    b"TkSuQmCC"
)


@tagged("post_install", "-at_install")
class TestCompanyData(MailingCase):
    """A mailing names the company that sends it, without anybody typing its data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create(
            {"name": "Tom & Jerry", "street": "2 Long Road", "city": "Leeds",
             "website": "https://shop.example", "email": "info@example.org", "logo": PICTURE}
        )  # fmt: skip
        (cls.marketer | cls.validator).company_ids += cls.company
        cls.audience.company_id = False

    def new_of_company(self, **values):
        body = "".join(
            f'<p><t t-out="{COMPANY % name}"/></p>'
            for name in ("logo", "name", "address", "website", "email", "phone")
        )
        values = {"body_html": body, "subject": f"{{{{ {COMPANY % 'name'} }}}} News", **values}
        return self.new_mailing(company_id=self.company.id, **values)

    def build(self, mailing, lang="en_US"):
        preview = self.env["partner.mailing.preview"].new({"mailing_id": mailing.id, "lang": lang})
        [message] = preview._build_messages(preview._get_offline_session(), [preview._get_row()])
        return message_from_bytes(message.octets(), policy=policy.default)

    def html(self, mailing):
        return self.build(mailing).get_body(("html",)).get_content()

    def test_its_data_is_that_of_the_mailings_company(self):
        mailing = self.new_of_company(has_unsubscribe=False)
        message, page = self.build(mailing), self.html(mailing)
        self.assertEqual(message["Subject"], "Tom & Jerry News")
        self.assertIn("<p>Tom &amp; Jerry</p>", page)
        for text in ("2 Long Road, Leeds", "https://shop.example", "info@example.org"):
            self.assertIn(text, page)
        self.assertIn(f"/web/binary/company_logo?company={self.company.id}", page)
        self.assertNotIn('src="/web', page, "the address is a whole one")
        self.assertIn("<p></p>", page, "there is no phone number")

    def test_so_it_is_where_qweb_renders_the_body(self):
        editor = new_test_user(
            self.env, "editor", "mass_mailing_lite.group_user,mail.group_mail_template_editor",
            email="editor@example.com", company_ids=[self.company.id, self.env.company.id],
            company_id=self.env.company.id,
        )  # fmt: skip
        body = f'<p t-if="object.name">[<t t-out="{COMPANY % "name"}"/>]</p>'
        mailing = self.new_mailing(editor, company_id=self.company.id, body_html=body)
        self.assertIn("[Tom &amp; Jerry]", self.html(mailing))

    def test_without_a_logo_there_is_no_picture(self):
        self.company.logo = False
        self.assertNotIn("<img", self.html(self.new_of_company()))
        self.company.logo = self.env["res.company"]._get_logo()
        self.assertNotIn("<img", self.html(self.new_of_company()), "that of Odoo is none")

    def test_it_costs_no_query_for_a_recipient(self):
        mailing = self.new_of_company()
        preview = self.env["partner.mailing.preview"].new({"mailing_id": mailing.id})
        transport = mailing.sudo()._get_transport()
        compiled = transport.compile("en_US", preview._get_offline_session())
        self.assertFalse(
            [slot for slot in compiled.slots if "company" in str(getattr(slot, "path", ""))]
        )

    def test_what_was_validated_is_no_more_when_its_data_changes(self):
        mailing = self.new_of_company()
        other = self.new_mailing(company_id=self.company.id)
        for one in (mailing, other):
            one.audience_ids = self.audience
            one.action_submit()
            one.with_user(self.validator).action_validate()
            self.assertTrue(one._matches_validation())
        self.company.name = "Spike"
        self.assertFalse(mailing._matches_validation())
        self.assertTrue(other._matches_validation(), "it does not name the company in its text")

    def test_a_shipped_template_has_the_companys_data_and_one_footer(self):
        for name in (
            *("newsletter", "announcement", "event", "prices", "letter"),
            *("columns", "launch", "date", "offer", "welcome"),
        ):
            with self.subTest(name):
                mailing = self.new_mailing(company_id=self.company.id)
                mailing._load_template(self.env.ref(f"mass_mailing_lite.mail_template_{name}"))
                page = self.html(mailing)
                self.assertNotIn("Example", page)
                self.assertIn("Tom &amp; Jerry", page)
                # Two say where the company is, one signs with its address.
                times = 2 if name in ("event", "date", "welcome") else 1
                self.assertEqual(page.count("2 Long Road"), times)
                self.assertEqual(
                    page.count("https://shop.example"), 2, "address and text of a link"
                )

    def test_the_list_of_placeholders_names_it_in_plain_words(self):
        labels = [one["label"] for one in self.env["partner.mailing"].get_placeholders()]
        for label in ("Our Company: Name", "Our Company: Address", "Our Company: Logo"):
            self.assertIn(label, labels)

    def test_a_card_shows_it(self):
        mailing = self.new_of_company()
        self.assertIn("Tom &amp; Jerry", mailing.miniature)
        self.assertEqual(mailing.subject_in_words, "Tom & Jerry News")
