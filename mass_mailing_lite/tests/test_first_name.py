import email
import email.policy

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import MailingCase

FIRST, SURNAME, FORMAL = (
    f"object.partner_mailing_{part}" for part in ("first_name", "surname", "formal_name")
)


@tagged("post_install", "-at_install")
class TestFirstName(MailingCase):
    """First name, surname and patronymic of recipients, read from their names."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, (name, values) in enumerate(
            (
                ("Smith, Clara", {}),
                ("Google", {}),
                ("Acme", {"is_company": True}),
                ("Иванов Иван Петрович", {}),
            )
        ):
            cls._new_contact(name, f"c{number}@example.com", cls.news, **values)

    def new_personal(self, **values):
        body = f'<p>Dear <t t-out="{FORMAL}">customer</t> / <t t-out="{SURNAME}">none</t></p>'
        subject = f"Dear {{{{ {FIRST} ||| customer }}}}"
        return self.new_mailing(**{"subject": subject, "body_html": body, **values})

    def subjects(self, mailing):
        """Return {address: subject} of the messages as they are sent, without a query for each."""
        mailing.action_submit()
        mailing.with_user(self.validator).action_validate()
        mailing._as_system().write({"state": "sending"})
        self.env.flush_all()
        mailing = mailing.sudo()
        columns = mailing._get_contact_columns()
        rows = self.env["partner.mailing.recipient"]._claim(mailing.id, 1, 100, columns=columns)
        transport = mailing._get_transport()
        _server, terms = mailing._get_server_and_terms()
        compiled = transport.compile("en_US", terms)
        self.env.invalidate_all()
        with self.assertQueryCount(0):
            filled = [envelope.octets() for _row, envelope, _e in transport.fill(compiled, rows)]
        messages = [email.message_from_bytes(one, policy=email.policy.default) for one in filled]
        self.messages = {row["address"]: one for row, one in zip(rows, messages, strict=True)}
        return {address: one["Subject"] for address, one in self.messages.items()}

    def finding(self, mailing):
        mailing.invalidate_recordset()
        found = [one for one in mailing._get_findings() if one["key"] == "first_names"]
        return found[0] if found else None

    def test_messages_say_the_first_name_or_the_fallback_without_a_query(self):
        self.assertEqual(
            self.subjects(self.new_personal()),
            {
                "anna@example.com": "Dear Anna",
                "boris@example.com": "Dear Boris",
                "c0@example.com": "Dear Clara",
                "c1@example.com": "Dear customer",
                "c2@example.com": "Dear customer",
                "c3@example.com": "Dear Иван",
            },
        )
        [formal, other] = [
            self.messages[address].get_body(("plain",)).get_content()
            for address in ("c3@example.com", "c2@example.com")
        ]
        self.assertIn("Dear Иван Петрович / Иванов", formal)
        self.assertIn("Dear customer / none", other)

    def test_an_extra_address_has_the_name_that_was_typed(self):
        mailing = self.new_personal(
            audience_ids=False, extra_emails='"Dr. Dora Example" <dora@example.org>\nx@example.org'
        )
        mailing.action_submit()
        for row, subject in ((0, "Dear Dora"), (1, "Dear customer")):
            preview = self.env["partner.mailing.preview"].with_user(self.marketer)
            recipient = mailing.recipient_ids.sorted("id")[row]
            preview = preview.create({"mailing_id": mailing.id, "recipient_id": recipient.id})
            self.assertEqual(preview.subject, subject)

    def test_qweb_of_a_template_editor_reads_the_same(self):
        self.marketer.group_ids += self.env.ref("mail.group_mail_template_editor")
        mailing = self.new_personal()
        mailing.body_html = f'<p t-if="{FIRST}">Hi <t t-out="{FIRST}"/></p>'
        mailing.action_load_recipients()
        row = self.rows(mailing)["c0@example.com"]
        preview = self.env["partner.mailing.preview"].with_user(self.marketer)
        preview = preview.create({"mailing_id": mailing.id, "recipient_id": row.id})
        self.assertIn("Hi Clara", preview.body_text)

    def test_all_users_may_insert_them_with_a_fallback_that_is_proposed(self):
        listed = {
            one["expression"]: (one["label"], one["fallback"])
            for one in self.env["partner.mailing"].with_user(self.marketer).get_placeholders()
        }
        self.assertEqual(listed[FIRST], ("First Name", "customer"))
        self.assertEqual(listed[SURNAME], ("Surname", "customer"))
        self.assertEqual(listed[FORMAL], ("First Name and Patronymic", "customer"))
        self.assertEqual(listed["object.city"][1], "")

    def test_the_form_says_who_gets_the_fallback_and_one_press_shows_them(self):
        mailing = self.new_personal()
        mailing.action_load_recipients()
        finding = self.finding(mailing)
        # Google and Acme; of Anna and Boris the surname is not known.
        self.assertEqual((finding["count"], finding["level"]), (4, "warning"))
        self.assertIn('Unclear names: 1, such as "Google"', finding["message"])
        action = getattr(mailing, finding["action"])()
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown.mapped("email"), ["c1@example.com"])

    def test_without_unclear_names_it_is_only_said(self):
        self.env["res.partner"].search([("name", "=", "Google")]).unlink()
        mailing = self.new_personal(body_html="<p>Hi</p>")
        mailing.action_load_recipients()
        finding = self.finding(mailing)
        self.assertEqual((finding["count"], finding["level"]), (1, "info"))
        action = mailing.action_open_unclear_names()
        shown = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(shown.mapped("email"), ["c2@example.com"])

    def test_a_placeholder_without_a_fallback_is_pointed_at(self):
        self.env["res.partner"].search([("name", "=", "Google")]).unlink()
        for subject, body in (
            (f"Dear {{{{ {FIRST} }}}}", "<p>Hi</p>"),
            ("News", f'<p>Dear <t t-out="{FIRST}"/>,</p>'),
        ):
            mailing = self.new_mailing(subject=subject, body_html=body)
            mailing.action_load_recipients()
            finding = self.finding(mailing)
            self.assertEqual(finding["level"], "warning")
            self.assertIn("has no fallback", finding["message"])
        self.assertNotIn("has no fallback", self.loaded_finding(self.new_personal()))

    def loaded_finding(self, mailing):
        mailing.action_load_recipients()
        return self.finding(mailing)["message"]

    def test_names_are_counted_when_the_placeholder_comes_after_the_list(self):
        mailing = self.new_mailing()
        mailing.action_load_recipients()
        self.assertFalse(self.finding(mailing))
        mailing.subject = f"Dear {{{{ {FIRST} ||| customer }}}}"
        self.assertEqual(self.finding(mailing)["count"], 2)
        mailing.subject = f"Dear {{{{ {SURNAME} ||| customer }}}}"
        self.assertEqual(self.finding(mailing)["count"], 4)
        mailing.subject = "Dear customer"
        self.assertFalse(self.finding(mailing))

    def test_the_preview_leads_to_a_name_that_is_unclear(self):
        mailing = self.new_personal(body_html="<p>Hi</p>")
        mailing.action_load_recipients()
        preview = self.env["partner.mailing.preview"].with_user(self.marketer)
        preview = preview.create({"mailing_id": mailing.id})
        preview.action_unclear_name()
        self.assertEqual(preview.recipient_id.email, "c1@example.com")
        self.assertEqual(preview.subject, "Dear customer")
        mailing.subject = "For {{ object.name }}"
        self.env["res.partner"].search([("name", "in", ("Google", "Acme"))]).unlink()
        with self.assertRaisesRegex(UserError, "No recipient gets the fallback"):
            preview.action_unclear_name()

    def test_the_validator_sees_the_longest_first_names(self):
        mailing = self.new_personal()
        mailing.action_submit()
        personal = dict(mailing.sudo().approval_ids.summary["personal"])
        self.assertEqual(personal[FIRST][0], "Boris")
        self.assertEqual(personal[FORMAL][0], "Иван Петрович")
        self.assertEqual(personal[SURNAME], ["Иванов", "Smith"])

    def test_an_outsider_of_the_mailing_cannot_list_its_names(self):
        mailing = self.new_personal()
        mailing.action_load_recipients()
        with self.assertRaises(Exception) as caught:
            mailing.with_user(self.outsider).action_open_unclear_names()
        self.assertEqual(type(caught.exception).__name__, "AccessError")
