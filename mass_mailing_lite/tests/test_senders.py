import email
import email.policy
from types import SimpleNamespace

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools import address_field
from .common import SendingCase

OPEN_SESSION = SimpleNamespace(from_filter=False, smtp_from=False)

# What people type -> the proper form.
READ = {
    "Jane Doe, Sales <us@example.com>": '"Jane Doe, Sales" <us@example.com>',
    "us@example.com (Jane Doe)": '"Jane Doe" <us@example.com>',
    '"Jane \\"JD\\" Doe" <us@example.com>': '"Jane \\"JD\\" Doe" <us@example.com>',
    '"Jane <us@example.com>': '"Jane" <us@example.com>',
    "mailto:us@example.com?subject=Hello": "us@example.com",
    "Jane ＜us＠example．com＞": '"Jane" <us@example.com>',
    "Jane\u00a0Doe <us@example.com\u200b>,": '"Jane Doe" <us@example.com>',
    "=?utf-8?q?J=C3=BCrgen?= <us@example.com>": '"Jürgen" <us@example.com>',
    "Shop <us@BÜCHER.example>": '"Shop" <us@bücher.example>',
    " ": False,
}
REFUSED = (
    "us",
    "us@example",
    "a@example.com, b@example.com",
    "a@example.com <b@example.com>",
    "Jane <us@example.com> <us@example.org>",
    "us@example.com\nBcc: you@example.com",
    "=?utf-8?q?Jane=0D=0ABcc:_you=40example.com?= <us@example.com>",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3FJane=3F=3D?= <us@example.com>",
    "=?nothing?q?Jane?= <us@example.com>",
    "jürgen@example.com",
    "Jane <=?utf-8?q?us?=@example.com>",
    "\ud800 <us@example.com>",
    "x" * 100_000 + " <us@example.com>",
    "x" * 301 + " <us@example.com>",
)
LABELS = {"email_from": "From", "reply_to": "Reply To", "cc": "Copy", "bcc": "Blind Copy"}


@tagged("post_install", "-at_install")
class TestSenders(SendingCase):
    """What people type as sender, reply address and copies, and what of it leaves."""

    def parse(self, mailing, session=OPEN_SESSION):
        """Return (envelope, message) to the first recipient."""
        row = {
            "id": 1,
            "partner_id": self.anna.id,
            "name": "Anna",
            "address": "anna@example.com",
            "lang": "en_US",
            "attempts": 1,
            "message_id": "<1.test@example.com>",
        }
        transport = mailing.sudo()._get_transport()
        compiled = transport.compile("en_US", session)
        [(_row, envelope, error)] = transport.fill(compiled, [row])
        self.assertFalse(error)
        octets = envelope.octets()
        self.assertTrue(octets.partition(b"\r\n\r\n")[0].isascii())
        return envelope, email.message_from_bytes(octets, policy=email.policy.SMTP)

    def boxes(self, header):
        """Return what a field shows, without blanks: Python's ``email`` loses and adds some."""
        return [(box.display_name.replace(" ", ""), box.addr_spec) for box in header.addresses]

    # When it is saved

    def test_what_is_typed_comes_back_in_its_proper_form(self):
        for name in LABELS:
            for typed, proper in READ.items():
                with self.subTest(name, typed=typed):
                    mailing = self.new_mailing(**{name: typed})
                    self.assertEqual(mailing[name], proper)
                    mailing[name] = "other@example.com"
                    mailing[name] = typed
                    self.assertEqual(mailing[name], proper)
                    mailing[name] = mailing[name]
                    self.assertEqual(mailing[name], proper, "the proper form reads as itself")

    def test_copies_are_read_one_by_one(self):
        mailing = self.new_mailing(
            cc="Doe, Jane <jane@example.org>; Roe, Rick <rick@example.org>,, JANE@example.org;",
            bcc="'Box' <a@example.org>, b@example.org c@example.org",
        )
        self.assertEqual(
            mailing.cc, '"Doe, Jane" <jane@example.org>, "Roe, Rick" <rick@example.org>'
        )
        self.assertEqual(mailing.bcc, '"Box" <a@example.org>, b@example.org, c@example.org')

    def test_what_cannot_be_read_is_refused_with_field_value_and_remedy(self):
        mailing = self.new_mailing()
        for name, label in LABELS.items():
            for typed in REFUSED:
                if name in ("cc", "bcc") and typed in (REFUSED[2], REFUSED[4]):
                    continue  # two copies
                with self.subTest(name, typed=typed[:80]):
                    for save in (
                        lambda values: self.new_mailing(**values),
                        mailing.write,
                    ):
                        with self.assertRaises(ValidationError) as refused:
                            save({name: typed})
                        text = str(refused.exception)
                        self.assertIn(f'"{label}"', text)
                        self.assertIn(address_field.shorten(typed, 200), text)
                        self.assertIn("Name <name@example.com>", text)
                        self.assertLess(len(text), 700)
                        self.assertNotRegex(text, r"\\[nrux]|\r")

    def test_every_problem_of_a_field_has_words(self):
        words = self.env["partner.mailing"]._get_field_problems()
        self.assertEqual(set(words), set(address_field.PROBLEMS))

    def test_a_row_of_an_import_is_read_or_refused_like_a_form(self):
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        names = ["name", "email_from"]
        result = Mailing.load(names, [["Imported", "Jane Doe, Sales <us@example.com>"]])
        self.assertEqual(
            Mailing.browse(result["ids"]).email_from, '"Jane Doe, Sales" <us@example.com>'
        )
        result = Mailing.load(names, [["Imported", "a@example.com, b@example.com"]])
        self.assertFalse(result["ids"])
        self.assertIn("From", result["messages"][0]["message"])

    def test_a_default_that_somebody_set_is_read_too(self):
        IrDefault = self.env["ir.default"]
        IrDefault.set("partner.mailing", "email_from", "Jane Doe, Sales <us@example.com>")
        IrDefault.set("partner.mailing", "reply_to", "Answers <a@example.com>.")
        mailing = (
            self.env["partner.mailing"].with_user(self.marketer).create({"name": "By default"})
        )
        self.assertEqual(mailing.email_from, '"Jane Doe, Sales" <us@example.com>')
        self.assertEqual(mailing.reply_to, '"Answers" <a@example.com>')
        self.assertEqual(mailing.copy().reply_to, '"Answers" <a@example.com>')

    def test_the_own_address_of_a_user_is_proposed_if_it_is_one(self):
        Mailing = self.env["partner.mailing"].with_user(self.marketer)
        self.marketer.write({"name": "Doe, Jane", "email": "jane@example.com"})
        self.assertEqual(Mailing.create({"name": "x"}).email_from, '"Doe, Jane" <jane@example.com>')
        self.marketer.name = "=?utf-8?q?Jane=0D=0A?="
        self.assertEqual(Mailing.create({"name": "x"}).email_from, "jane@example.com")
        self.marketer.email = "jane"
        self.assertFalse(Mailing.create({"name": "x"}).email_from)

    def test_the_form_shows_at_once_what_was_understood(self):
        with Form(self.env["partner.mailing"].with_user(self.marketer)) as form:
            form.name = "Typed"
            form.email_from = "Jane Doe, Sales <us@example.com>"
            self.assertEqual(form.email_from, '"Jane Doe, Sales" <us@example.com>')
            form.reply_to = "nobody"
            self.assertEqual(form.reply_to, "nobody", "nothing typed is lost")
            form.reply_to = "us@example.com"

    def test_the_sender_of_a_template_is_read_too(self):
        template = self.env["mail.template"].create(
            {
                "name": "Greeting",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "email_from": "Jane Doe, Sales <us@example.com>",
                "reply_to": "Doe, Jane <jane@example.com>",
            }
        )
        mailing = self.new_mailing()
        mailing._load_template(template)
        self.assertEqual(mailing.email_from, '"Jane Doe, Sales" <us@example.com>')
        self.assertEqual(mailing.reply_to, '"Doe, Jane" <jane@example.com>')

    # What leaves

    def test_one_mailbox_leaves_whatever_its_name_is(self):
        for name in (
            "Jane Doe, Sales",
            "Example Company International, Customer Relations (EU); <Sales> @ work" * 3,
            "Müller, Jörg",
            "Ünal, " + "Jörg; " * 30,
            'Jane "JD" \\ Doe',
            "株式会社、営業部",
        ):
            mailbox = address_field.make(name, "us@example.com")
            mailing = self.new_mailing(
                email_from=mailbox.proper,
                reply_to=mailbox.proper,
                cc=f"{mailbox.proper}, second@example.com",
                copy_policy="each",
            )
            with self.subTest(name):
                envelope, message = self.parse(mailing)
                expected = [(mailbox.name.replace(" ", ""), "us@example.com")]
                self.assertEqual(self.boxes(message["From"]), expected)
                self.assertEqual(self.boxes(message["Reply-To"]), expected)
                self.assertEqual(self.boxes(message["Cc"]), [*expected, ("", "second@example.com")])
                self.assertEqual(envelope.sender, "us@example.com")
                self.assertEqual(envelope.recipients[1:], ("us@example.com", "second@example.com"))

    def test_an_international_domain_leaves_in_ascii(self):
        mailing = self.new_mailing(
            email_from="Shop <us@Bücher.example>",
            reply_to="answers@bücher.example",
            cc="Boss <boss@bücher.example>",
            bcc="box@BÜCHER.example",
            copy_policy="each",
        )
        ascii_form = "xn--bcher-kva.example"
        for session in (
            OPEN_SESSION,
            SimpleNamespace(from_filter="bücher.example", smtp_from=mailing.email_from),
        ):
            envelope, message = self.parse(mailing, session)
            self.assertEqual(self.boxes(message["From"]), [("Shop", f"us@{ascii_form}")])
            self.assertEqual(self.boxes(message["Reply-To"]), [("", f"answers@{ascii_form}")])
            self.assertEqual(self.boxes(message["Cc"]), [("Boss", f"boss@{ascii_form}")])
            self.assertEqual(envelope.sender, f"us@{ascii_form}")
            self.assertEqual(envelope.recipients[1:], (f"boss@{ascii_form}", f"box@{ascii_form}"))

    def test_the_server_of_an_international_domain_is_found_in_either_form(self):
        self.server.from_filter = False
        for form in ("bücher.example", "xn--bcher-kva.example"):
            own = self.env["ir.mail_server"].create(
                {"name": form, "smtp_host": "127.0.0.1", "from_filter": form, "sequence": 99}
            )
            mailing = self.new_mailing(email_from="us@bücher.example")
            with self.subTest(form):
                self.assertEqual(mailing._get_server_and_terms()[0], own)
                self.assertFalse(mailing.sender_warning)
            own.active = False

    def test_a_mailing_reaches_the_server_with_the_sender_that_was_understood(self):
        mailing = self.new_validated_mailing(email_from="Jane Doe, Sales <us@bücher.example>")
        self.run_scheduler()
        self.assertEqual(mailing.state, "done")
        self.assertTrue(self.inbox.messages)
        for sender, _addresses, message in self.inbox.messages:
            self.assertEqual(sender, "us@xn--bcher-kva.example")
            self.assertEqual(
                self.boxes(message["From"]), [("JaneDoe,Sales", "us@xn--bcher-kva.example")]
            )

    def test_a_value_from_before_the_check_leaves_as_it_is_read(self):
        """What was validated keeps its fingerprint, so it is read when it is sent."""
        mailing = self.new_mailing()
        self.env.cr.execute(
            "UPDATE partner_mailing SET email_from = 'Jane Doe, Sales <us@example.com>'"
            " WHERE id = %s",
            [mailing.id],
        )
        mailing.invalidate_recordset()
        _envelope, message = self.parse(mailing)
        self.assertEqual(self.boxes(message["From"]), [("JaneDoe,Sales", "us@example.com")])
        self.env.cr.execute(
            "UPDATE partner_mailing SET email_from = 'a@example.com b@example.com' WHERE id = %s",
            [mailing.id],
        )
        mailing.invalidate_recordset()
        self.assertFalse(mailing.sender_warning)
        with self.assertRaisesRegex(UserError, "From.*a@example.com b@example.com"):
            mailing.action_submit()

    # Warnings

    def test_a_warning_shows_a_sender_without_doubled_quotation_marks(self):
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "company.example", "default_from": "notifications"}
        )
        mailing = self.new_mailing(email_from='"Jane \\"JD\\" Doe, Sales" <us@example.com>')
        for from_filter, seen in (
            ("notifications@company.example", "notifications@company.example"),
            ("example.org", "us@example.com"),
        ):
            self.server.from_filter = from_filter
            mailing.mail_server_id = from_filter == "example.org" and self.server
            mailing.invalidate_recordset()
            with self.subTest(from_filter):
                self.assertIn(f'Jane "JD" Doe, Sales <{seen}>', mailing.sender_warning)
                self.assertNotIn('""', mailing.sender_warning)
                self.assertNotIn("\\", mailing.sender_warning)

    # Tests

    def test_addresses_of_a_test_are_read_when_they_are_saved(self):
        mailing = self.new_mailing()
        Wizard = self.env["partner.mailing.test"].with_user(self.marketer)
        wizard = Wizard.create(
            {
                "mailing_id": mailing.id,
                "emails": "Doe, Jane <jane@example.org>; <b@bücher.example>",
            }
        )
        self.assertEqual(wizard.emails, '"Doe, Jane" <jane@example.org>, b@bücher.example')
        with self.real_connections():
            wizard.action_send()
        self.assertEqual(
            [addresses for _sender, addresses, _message in self.inbox.messages],
            [["jane@example.org"], ["b@xn--bcher-kva.example"]],
        )
        for typed in (REFUSED[0], REFUSED[5], REFUSED[6], "a@example.com; b"):
            with self.subTest(typed), self.assertRaisesRegex(ValidationError, "Send To"):
                wizard.emails = typed

    def test_extra_addresses_are_read_alike(self):
        mailing = self.new_mailing(
            audience_ids=[Command.clear()],
            extra_emails="Doe, Jane <jane@example.org>; 'Rick' <rick@example.org>\n"
            '"Open <open@example.org>\nmailto:link@example.org?subject=x\n'
            "=?utf-8?q?Bad=0D=0Aname?= <bad@example.org>",
        )
        mailing.action_load_recipients()
        rows = self.env["partner.mailing.recipient"].search([("mailing_id", "=", mailing.id)])
        self.assertEqual(
            {row.email_normalized: row.name for row in rows if row.state == "pending"},
            {
                "jane@example.org": "Doe, Jane",
                "rick@example.org": "Rick",
                "open@example.org": "Open",
                "link@example.org": "",
            },
        )
        self.assertEqual(rows.filtered(lambda row: row.state == "skipped").skip_reason, "invalid")
        self.assertIn("Line 4", mailing.extra_emails_problems)
