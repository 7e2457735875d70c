from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import MailingCase

EDITOR = "mail.group_mail_template_editor"


@tagged("post_install", "-at_install")
class TestPersonal(MailingCase):
    """What contacts and colleagues write becomes part of messages after the validation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo gives the group to all users, unless the administrator restricts templates.
        editors = cls.env.ref(EDITOR)
        cls.env.ref("base.group_user").implied_ids -= editors
        for user in (cls.marketer, cls.validator):
            user.group_ids -= editors

    def test_html_of_a_colleague_is_for_template_editors(self):
        signature = '<p><t t-out="object.user_id.signature"/></p>'
        mailing = self.new_mailing()
        for values in (
            {"body_html": signature},
            {"subject": "{{ object.user_id.signature }}"},
            {"preview_text": "{{ object.user_id.signature ||| x }}"},
        ):
            with self.assertRaisesRegex(UserError, "signature"):
                mailing.write(values)
            with self.assertRaisesRegex(UserError, "signature"):
                self.new_mailing(**values)
        offered = [one["expression"] for one in mailing.get_placeholders()]
        self.assertIn("object.name", offered)
        self.assertNotIn("object.user_id.signature", offered)
        self.marketer.group_ids += self.env.ref(EDITOR)
        mailing.body_html = signature
        self.assertIn("signature", mailing.body_html)

    def test_names_that_are_no_names_are_pointed_at(self):
        odd = (
            "win@prize.example",
            "https://evil.example/x",
            "Visit www.evil-example.com",
            "evil-example.com",
            "You have won a prize, call us now!",
            "Click here now!",
            "x" * 101,
        )
        plain = (
            "Dr. María del Carmen García-López de la Vega Fernández y Ruiz",
            "Yahoo!",
            "St. John",
            "J.R.R. Tolkien",
            "Müller & Co. KG",
            "Node.js Users",
            "Acme Inc.",
        )
        for number, name in enumerate((*odd, *plain)):
            self._new_contact(name, f"c{number}@example.com", self.news)
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        [finding] = [one for one in mailing._get_findings() if one["key"] == "odd_names"]
        self.assertEqual(finding["count"], len(odd))
        self.assertIn("win@prize.example", finding["message"])
        mailing.write({"subject": "News", "body_html": "<p>For all</p>"})
        self.assertNotIn("odd_names", [one["key"] for one in mailing._get_findings()])
        self.assertEqual(finding["level"], "warning")

    def test_the_validator_sees_the_longest_values_of_what_is_personal(self):
        for number in range(7):
            self._new_contact(
                f"Reader {'x' * number}", f"r{number}@example.com", self.news, city=f"C{number}"
            )
        for number in range(60):
            self._new_contact(f"A{number}", f"a{number}@example.com", self.news, city="Amsterdam")
        self.anna.country_id = self.env.ref("base.fr")
        mailing = self.new_mailing(
            subject="For {{ object.name }} in {{ object.city ||| nowhere }}",
            body_html='<p><t t-out="object.country_id.name"/> <t t-out="object.user_id.name"/></p>',
            extra_emails="Somebody With A Very Long Name <s@example.org>",
        )
        mailing.action_submit()
        personal = dict(mailing.sudo().approval_ids.summary["personal"])
        self.assertEqual(
            personal["object.name"][:2], ["Somebody With A Very Long Name", "Reader xxxxxx"]
        )
        self.assertEqual(len(personal["object.name"]), 5)
        self.assertEqual(personal["object.country_id.name"], ["France"])
        self.assertEqual(personal["object.city"], ["Amsterdam", "C0", "C1", "C2", "C3"])
        self.assertNotIn("object.user_id.name", personal, "nobody has one")
        page = mailing.with_user(self.validator).review_html
        self.assertIn("Personal Parts", page)
        self.assertIn("Reader xxxxxx", page)

    def test_these_values_go_when_personal_data_is_removed(self):
        self._new_contact("win@prize.example", "odd@example.com", self.news)
        mailing = self.new_mailing()
        mailing.action_submit()
        self.assertTrue(mailing.sudo().approval_ids.summary["personal"])
        self.assertIn("win@prize.example", str(mailing.list_facts))
        mailing.action_cancel()
        mailing._remove_personal_data(lambda count: 1)
        self.assertFalse(mailing.list_facts)
        self.assertFalse(mailing.sudo().approval_ids.summary["personal"])
