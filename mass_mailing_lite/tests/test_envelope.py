import email
import email.policy
from types import SimpleNamespace

from odoo.tests import tagged
from odoo.tools.mail import email_split_and_format

from .common import MailingCase

MESSAGE_ID = "<1.test@example.com>"

# Sessions as ``ir.mail_server`` opens them: what they may send for, and as whom.
SESSIONS = {
    "no filter": SimpleNamespace(from_filter=False, smtp_from=False),
    "own domain": SimpleNamespace(from_filter="example.com", smtp_from="shop@example.com"),
    "one address": SimpleNamespace(from_filter="shop@example.com", smtp_from="shop@example.com"),
    "notifications": SimpleNamespace(
        from_filter="notify@example.com", smtp_from="notifications@example.com"
    ),
}
CONTACTS = (
    ("Anna", "anna@example.org"),
    ("Łukasz Ölbäck 李", "lukasz@example.org"),
    ('"Tricky", \\ O\'Brien <x@example.net>', "o'brien+news@example.org"),
    ("x" * 300, "long@example.org"),
    (" ".join(["Żółć"] * 40), "zolc@example.org"),
    ("a@b, c; d", "comma@example.org"),
)
CONTENTS = (
    {},
    {"cc": "Boss <boss@example.com>, second@example.com", "copy_policy": "each"},
    {"bcc": "archive@example.com", "copy_policy": "each", "priority": "high"},
    {"reply_to": '"Odpowiedź, proszę" <answers@example.com>', "priority": "low"},
    {"email_from": '"Żółty Sklep" <shop@example.com>'},
    {"email_from": "other@example.net"},
    {"subject": "Long {{ object.name }} " + "word " * 40},
    {"subject": "Długi {{ object.name }} " + "słowo " * 40},
)


@tagged("post_install", "-at_install")
class TestEnvelope(MailingCase):
    """Headers and envelope, compared with what ``ir.mail_server`` makes of the same mailing."""

    def setUp(self):
        super().setUp()
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {
                "name": "example.com",
                "bounce_alias": "bounced",
                "catchall_alias": "all",
                "default_from": "notifications",
            }
        )

    def test_headers_and_envelope_are_those_of_odoo(self):
        contacts = [self._new_contact(name, address) for name, address in CONTACTS]
        for values in CONTENTS:
            # Odoo's own mails have no way out; the headers of ours are in test_links.
            mailing = self.new_mailing(has_unsubscribe=False, **values).sudo()
            for name, session in SESSIONS.items():
                compiled = mailing._get_transport().compile("en_US", session)
                for contact in contacts:
                    with self.subTest(values=values, session=name, contact=contact.name):
                        self.compare(mailing, session, compiled, contact)

    def compare(self, mailing, session, compiled, contact):
        row = {
            "id": 1,
            "partner_id": contact.id,
            "name": contact.name,
            "address": contact.email_normalized,
            "lang": "en_US",
            "attempts": 1,
            "message_id": MESSAGE_ID,
        }
        [(_row, envelope, error)] = mailing._get_transport().fill(compiled, [row])
        self.assertFalse(error)
        sender, addresses, expected = self.made_by_odoo(mailing, session, contact)
        self.assertEqual(envelope.sender, sender)
        self.assertEqual(sorted(envelope.recipients), sorted(addresses))
        strict = email.policy.SMTP.clone(raise_on_defect=True)
        ours = email.message_from_bytes(envelope.octets(), policy=strict)
        self.assertEqual(self.headers(ours), self.headers(expected))
        [(name, _address)] = self.shown(ours["To"])
        self.assertEqual(name, contact.name.replace(" ", ""))
        self.assertTrue(ours["Date"].datetime)

    def made_by_odoo(self, mailing, session, contact):
        """Return (envelope sender, envelope recipients, parsed message)."""
        server = mailing._get_mail_server_model()
        message = server._build_email__(
            email_from=mailing.email_from,
            email_to=[contact.email_formatted],
            subject=mailing._render_field("subject", contact.ids)[contact.id],
            body="<p>Text</p>",
            subtype="html",
            email_cc=email_split_and_format(mailing.cc or ""),
            email_bcc=email_split_and_format(mailing.bcc or ""),
            reply_to=mailing.reply_to,
            message_id=MESSAGE_ID,
            headers=mailing._get_headers(),
        )
        server = server.with_context(
            send_validated_to=[contact.email_normalized, *self.copies(mailing)]
        )
        sender, addresses, message = server._prepare_email_message__(message, session)
        return (
            sender,
            addresses,
            email.message_from_bytes(message.as_bytes(), policy=email.policy.SMTP),
        )

    def copies(self, mailing):
        found = email_split_and_format(f"{mailing.cc or ''},{mailing.bcc or ''}")
        return [address.rpartition("<")[2].rstrip(">") for address in found]

    def headers(self, message):
        """Return {name: what a mail program shows}, but for what is each message's own."""
        return {
            name.lower(): self.shown(message[name])
            for name in message
            if not name.lower().startswith(("content-", "date", "mime-"))
        }

    def shown(self, value):
        """Return a field's text without blanks, of which Python's ``email`` loses and adds some where
        a long name takes several encoded words (RFC 2047, section 6.2).
        """
        if hasattr(value, "addresses"):
            return [(box.display_name.replace(" ", ""), box.addr_spec) for box in value.addresses]
        return str(value).replace(" ", "")
