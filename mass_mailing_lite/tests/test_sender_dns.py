"""What the DNS and tests that arrived say about a sender: in the dialog, on the form, at the server."""

import base64
import socket
from unittest.mock import patch

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..tools.domain import lookup, signature, spf
from ..tools.domain.proof import TOKEN_HEADER
from .common import GROUP, MailingCase, SendingCase
from .dns_server import SERVFAIL, DnsServer

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()
STATED = """Received: from mail.example.com (mail.example.com [192.0.2.7]) by mx.example.net with ESMTPS
Authentication-Results: mx.example.net; dkim=%s header.d=%s header.s=s1;
 spf=pass smtp.mailfrom=bounce@example.com; dmarc=pass header.from=example.com
From: The Shop <%s>
Subject: Test
"""


class DnsCase:
    """A name server that is asked in place of all others, with a sender that is in order."""

    def start_dns(self):
        self.dns = DnsServer(self.good_records()).__enter__()
        self.addCleanup(self.dns.__exit__)
        self.patch(lookup.Lookup, "test_server", self.dns.address)
        self.server = self.env["ir.mail_server"].create(
            {"name": "Own", "smtp_host": "mail.example.com", "from_filter": "example.com"}
        )
        self.env["ir.mail_server"].search([("id", "!=", self.server.id)]).active = False
        self.env.company.alias_domain_id = self.env["mail.alias.domain"].create(
            {"name": "example.com", "bounce_alias": "bounce", "catchall_alias": "catchall"}
        )
        # One click is asked at a port that this test holds and nobody listens on.
        held = socket.socket()
        self.addCleanup(held.close)
        held.bind(("127.0.0.1", 0))
        closed = held.getsockname()[1]
        self.env["ir.config_parameter"].set_param("web.base.url", f"http://127.0.0.1:{closed}")

    def good_records(self):
        return {
            "example.com": {"MX": ["10 mx.example.com."], "TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
            "mail.example.com": {"A": ["192.0.2.7"]},
            "_dmarc.example.com": {"TXT": ["v=DMARC1; p=quarantine"]},
            "7.2.0.192.in-addr.arpa": {"PTR": ["mail.example.com."]},
            "s1._domainkey.example.com": {"TXT": [f"v=DKIM1; k=rsa; p={PUBLIC}"]},
        }

    def dialog(self, mailing, user=None):
        action = mailing.with_user(user or self.marketer).action_open_sender_check()
        dialogs = self.env[action["res_model"]].with_user(user or self.marketer)
        return dialogs.with_context(**action["context"]).create({})

    def check(self, mailing):
        dialog = self.dialog(mailing)
        dialog.action_check_now()
        return dialog

    def lines(self, dialog):
        """Return {key: [lines]} of the dialog."""
        found = {}
        for line in dialog.lines or []:
            found.setdefault(line["key"], []).append(line)
        return found

    def keys(self, mailing):
        return {finding["key"] for finding in mailing._get_findings()}


@tagged("post_install", "-at_install")
class TestSenderDns(DnsCase, MailingCase):
    def setUp(self):
        super().setUp()
        self.start_dns()

    def test_a_sender_in_order_meets_what_the_dns_can_show(self):
        dialog = self.check(self.new_mailing())
        lines = self.lines(dialog)
        for key in ("mx", "spf", "dmarc", "ptr"):
            self.assertEqual({line["status"] for line in lines[key]}, {"met"}, key)
        self.assertEqual([line["status"] for line in lines["dkim"]], ["unknown"])
        self.assertIn("SPF", dialog.fine)
        self.assertNotIn("DKIM", dialog.fine, "what is not known is not in order")
        rules = {row["key"]: row["status"] for row in dialog.rules}
        self.assertEqual(
            rules,
            {
                "spf": "met",
                "dkim": "unknown",
                "dmarc": "met",
                "alignment": "met",
                "one_click": "unknown",
                "ptr": "met",
                "tls": "unknown",
                "complaints": "unknown",
            },
        )
        self.assertTrue(dialog.checked_at)

    def test_opening_the_dialog_the_mailing_and_the_server_asks_nobody(self):
        mailing = self.new_mailing()
        dialog = self.dialog(mailing)
        self.assertFalse(dialog.lines)
        self.assertEqual(len(dialog.rules), 8)
        Form(mailing)
        self.assertFalse(self.server.partner_mailing_sender_looks)
        self.assertEqual(self.dns.questions, [])
        dialog.action_check_now()
        asked = len(self.dns.questions)
        self.env.invalidate_all()
        self.assertTrue(self.dialog(mailing).lines)
        self.assertTrue(self.server.partner_mailing_sender_looks)
        self.assertEqual(len(self.dns.questions), asked)

    def test_each_missing_record_is_named_ready_to_copy(self):
        self.dns.records = {"mail.example.com": {"A": ["192.0.2.7"]}}
        mailing = self.new_mailing()
        lines = self.lines(self.check(mailing))
        self.assertEqual(
            lines["spf"][0]["record"],
            {"name": "example.com", "type": "TXT", "value": "v=spf1 ip4:192.0.2.7 ~all"},
        )
        self.assertEqual(
            lines["dmarc"][0]["record"],
            {
                "name": "_dmarc.example.com",
                "type": "TXT",
                "value": "v=DMARC1; p=none; rua=mailto:postmaster@example.com",
            },
        )
        self.assertEqual(
            lines["ptr"][0]["record"],
            {"name": "7.2.0.192.in-addr.arpa", "type": "PTR", "value": "mail.example.com."},
        )
        self.assertEqual(lines["mx"][0]["record"]["type"], "MX")
        self.assertLessEqual({"mx", "spf", "dmarc", "ptr"}, self.keys(mailing))
        findings = {finding["key"]: finding for finding in mailing._get_findings()}
        self.assertIn('example.com TXT "v=spf1 ip4:192.0.2.7 ~all"', findings["spf"]["remedy"])

    def test_what_the_records_get_wrong_is_told_with_the_right_one(self):
        self.dns.records["example.com"]["TXT"] = ["v=spf1 mx -all"]
        self.dns.records["mx.example.com"] = {"A": ["198.51.100.1"]}
        mailing = self.new_mailing()
        [line] = self.lines(self.check(mailing))["spf"]
        self.assertIn("192.0.2.7", line["missing"])
        self.assertEqual(line["record"]["value"], "v=spf1 mx ip4:192.0.2.7 -all")
        self.dns.records["example.com"]["TXT"] = ["v=spf1 mx -all", "v=spf1 a ~all"]
        [line] = self.lines(self.check(mailing))["spf"]
        self.assertEqual(line["record"]["value"], "v=spf1 a mx ~all")
        self.dns.records["_dmarc.example.com"]["TXT"] = ["v=DMARC1; p=rejekt"]
        line = self.lines(self.check(mailing))["dmarc"][0]
        self.assertIn("rejekt", line["missing"])

    def test_the_look_ups_of_a_record_are_counted(self):
        names = [f"p{number}.example" for number in range(12)]
        for name in names:
            self.dns.records[name] = {"TXT": ["v=spf1 ip4:198.51.100.1 -all"]}
        includes = " ".join(f"include:{name}" for name in names)
        self.dns.records["example.com"]["TXT"] = [f"v=spf1 {includes} -all"]
        [line] = self.lines(self.check(self.new_mailing()))["spf"]
        self.assertIn("12", line["missing"])
        self.assertEqual(line["status"], "not_met")

    def test_the_author_mends_a_record_and_the_list_turns_green(self):
        del self.dns.records["_dmarc.example.com"]
        mailing = self.new_mailing()
        self.check(mailing)
        self.assertIn("dmarc", self.keys(mailing))
        self.dns.records["_dmarc.example.com"] = {"TXT": ["v=DMARC1; p=none"]}
        self.check(mailing)
        self.assertNotIn("dmarc", self.keys(mailing))

    def test_the_background_finds_the_same_and_asks_once_for_all_checks(self):
        self.dns.records["example.com"]["TXT"] = []
        mailing = self.new_mailing()
        self.assertNotIn("spf", self.keys(mailing))
        with self.enter_registry_test_mode():
            self.env.ref("mass_mailing_lite.ir_cron_preflight").method_direct_trigger()
        mailing.invalidate_recordset()
        self.assertIn("spf", self.keys(mailing))
        asked = [
            question for question in self.dns.questions if question[:2] == ("example.com", "MX")
        ]
        self.assertEqual(len(asked), 1)

    def test_silence_is_not_taken_for_a_missing_record(self):
        self.dns.records = {"example.com": SERVFAIL, "_dmarc.example.com": SERVFAIL}
        mailing = self.new_mailing()
        lines = self.lines(self.check(mailing))
        for key in ("mx", "spf", "dmarc", "ptr"):
            self.assertNotIn("not_met", [line["status"] for line in lines[key]], key)
        self.assertFalse({"mx", "spf", "dmarc", "ptr"} & self.keys(mailing))

    def test_a_closed_network_does_not_make_the_sender_look_bad(self):
        self.dns.records = {}
        mailing = self.new_mailing()
        lines = self.lines(self.check(mailing))
        for key in ("mx", "spf", "dmarc", "ptr"):
            self.assertEqual({line["status"] for line in lines[key]}, {"unknown"}, key)
        self.assertFalse({"mx", "spf", "dmarc", "ptr"} & self.keys(mailing))

    def test_alignment_needs_the_bounce_address_or_the_signature(self):
        self.dns.records["_dmarc.example.org"] = {"TXT": ["v=DMARC1; p=none"]}
        self.dns.records["example.org"] = {"MX": ["10 mx.example.com."], "TXT": ["v=spf1 -all"]}
        self.server.from_filter = False
        mailing = self.new_mailing(email_from="shop@example.org")
        alignment = self.lines(self.check(mailing))["dmarc"][1]
        self.assertEqual(alignment["status"], "unknown")
        dialog = self.dialog(mailing)
        dialog.source = STATED % ("pass", "example.com", "shop@example.org")
        dialog.action_read_source()
        self.assertEqual(self.lines(dialog)["dmarc"][1]["status"], "not_met")
        self.assertEqual(self.lines(dialog)["dkim"][0]["status"], "not_met")
        dialog.source = STATED % ("pass", "example.org", "shop@example.org")
        dialog.action_read_source()
        self.assertEqual(self.lines(dialog)["dmarc"][1]["status"], "met")
        self.assertEqual(self.lines(dialog)["dkim"][0]["status"], "met")

    def test_pasted_headers_are_the_statement_of_a_server_and_say_so(self):
        dialog = self.dialog(self.new_mailing())
        dialog.source = STATED % ("pass", "example.com", "shop@example.com")
        dialog.action_read_source()
        [line] = self.lines(dialog)["dkim"]
        self.assertEqual(line["status"], "met")
        self.assertIn("mx.example.net", line["found"])
        self.assertIn(self.marketer.name, line["found"])
        self.assertFalse(dialog.source)
        self.assertEqual({row["key"]: row["status"] for row in dialog.rules}["tls"], "met")

    def test_a_pasted_source_is_verified_whatever_its_headers_state(self):
        message = b"From: shop@example.com\r\nTo: ada@example.net\r\nSubject: Test\r\n\r\nHello\r\n"
        signed = dkim.sign(message, b"s1", b"example.com", PEM) + message
        dialog = self.dialog(self.new_mailing())
        dialog.source = signed.decode()
        dialog.action_read_source()
        self.assertEqual(self.lines(dialog)["dkim"][0]["status"], "met")
        forged = b"Authentication-Results: mx.example.net; dkim=pass header.d=example.com\r\n"
        dialog.source = (forged + signed).decode().replace("Hello", "Bye")
        dialog.action_read_source()
        [line] = self.lines(dialog)["dkim"]
        self.assertEqual(line["status"], "unknown", "a statement that the signature contradicts")
        self.assertIn("does not fit", line["missing"])
        dialog.source = signed.decode().replace("Hello", "Bye")
        dialog.action_read_source()
        [line] = self.lines(dialog)["dkim"]
        self.assertEqual(line["status"], "not_met")

    def test_what_shows_nothing_about_the_sender_is_refused_in_words(self):
        dialog = self.dialog(self.new_mailing())
        for source, word in (
            ("Hello", "Authentication-Results"),
            (STATED % ("pass", "example.org", "shop@example.org"), "example.org"),
            ("x" * 5_000_000, "MB"),
            (" ", "empty"),
        ):
            dialog.source = source
            with self.assertRaisesRegex(UserError, word):
                dialog.action_read_source()
            self.assertEqual(dialog.source, source)

    def test_without_the_packages_it_says_what_to_install(self):
        for module, name, package, key in (
            (lookup, "dns", "python3-dnspython", "mx"),
            (spf, "pyspf", "python3-spf", "spf"),
            (signature, "dkim", "python3-dkim", "dkim"),
        ):
            with patch.object(module, name, None):
                mailing = self.new_mailing()
                [line] = self.lines(self.check(mailing))[key]
                self.assertEqual(line["status"], "unknown")
                self.assertIn(package, line["missing"])
                self.assertNotIn(key, self.keys(mailing))

    def test_a_viewer_sees_what_was_found_and_asks_nobody(self):
        mailing = self.new_mailing()
        self.check(mailing)
        viewer = self._new_user("viewer", "viewer")
        dialog = self.dialog(mailing, viewer)
        self.assertTrue(dialog.lines)
        self.assertFalse(dialog.can_check)
        asked = len(self.dns.questions)
        for method in ("action_check_now", "action_read_source", "action_send_test"):
            with self.assertRaises(AccessError):
                getattr(dialog, method)()
        self.assertEqual(len(self.dns.questions), asked)

    def test_no_user_reads_or_writes_what_is_kept_past_the_dialog(self):
        self.check(self.new_mailing())
        looks = self.env["partner.mailing.sender.look"].with_user(self.marketer)
        with self.assertRaises(AccessError):
            looks.search([])
        for values in ({"facts": {}}, {"proof": {}}, {"token": "x"}):
            with self.assertRaises(AccessError):
                looks.sudo().search([]).with_user(self.manager).write(values)
        with self.assertRaises(AccessError):
            self.server.with_user(self.outsider).action_check_partner_mailing_sender()

    def test_a_mail_server_is_checked_from_its_form(self):
        self.env.company.partner_mailing_default_from = "News <news@example.com>"
        self.env.user.group_ids += self.env.ref(GROUP % "manager")
        action = self.server.action_check_partner_mailing_sender()
        dialog = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(self.lines(dialog)["spf"][0]["status"], "met")
        [look] = self.server.partner_mailing_sender_looks
        self.assertEqual(look["domain"], "example.com")
        self.assertIn("spf", [row["key"] for row in look["rules"]])

    def test_a_provider_has_its_include_and_other_addresses_than_its_server(self):
        self.server.write({"smtp_host": "smtp.gmail.com", "from_filter": False})
        self.dns.records["smtp.gmail.com"] = {"A": ["198.51.100.5"]}
        self.dns.records["_spf.google.com"] = {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"]}
        mailing = self.new_mailing()
        [line] = self.lines(self.check(mailing))["spf"]
        self.assertEqual(
            line["record"]["value"], "v=spf1 ip4:192.0.2.7 include:_spf.google.com -all"
        )
        self.dns.records["example.com"]["TXT"] = [line["record"]["value"]]
        self.assertEqual(self.lines(self.check(mailing))["spf"][0]["status"], "met")

    def test_where_the_sending_address_is_not_known_it_says_so(self):
        self.server.smtp_host = "localhost"
        lines = self.lines(self.check(self.new_mailing()))
        self.assertEqual(lines["spf"][0]["status"], "unknown")
        self.assertEqual(lines["ptr"][0]["status"], "unknown")


@tagged("post_install", "-at_install")
class TestReturnedTest(DnsCase, SendingCase):
    """A test of the sender leaves by SMTP and comes back through the mail gateway."""

    def setUp(self):
        super().setUp()
        server = self.server
        self.start_dns()
        self.server.active = False
        server.active = True
        self.mailing = self.new_mailing(mail_server_id=server.id)

    def send(self):
        """Send the test; return it as the recipient's server writes it, signed on the way."""
        dialog = self.dialog(self.mailing)
        with self.real_connections():
            dialog.action_send_test()
        [(sender, recipients, message)] = self.inbox.messages
        self.assertEqual(sender, "bounce@example.com")
        self.assertEqual(recipients, ["catchall@example.com"])
        self.inbox.messages.clear()
        source = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
        signed = dkim.sign(source, b"s1", b"example.com", PEM) + source
        return dialog, (
            b"Received: from mail.example.com (mail.example.com [192.0.2.7])\r\n"
            b" by mx.example.net with ESMTPS id 1; Fri, 6 Nov 2026 10:00:00 +0000\r\n" + signed
        )

    def receive(self, source):
        return self.env["mail.thread"].message_process(False, source)

    def test_a_test_that_comes_back_proves_the_signature_and_the_address(self):
        dialog, source = self.send()
        before = self.env["mail.message"].search_count([])
        self.assertFalse(self.receive(source))
        self.assertEqual(self.env["mail.message"].search_count([]), before, "it goes no further")
        dialog.action_check_now()
        lines = self.lines(dialog)
        self.assertEqual(lines["dkim"][0]["status"], "met")
        self.assertIn("s1", lines["dkim"][0]["found"])
        self.assertEqual(lines["spf"][0]["status"], "met")
        self.assertIn("192.0.2.7", lines["ptr"][0]["title"])
        rules = {row["key"]: row["status"] for row in dialog.rules}
        self.assertEqual((rules["dkim"], rules["tls"]), ("met", "met"))

    def test_a_changed_test_proves_no_signature(self):
        dialog, source = self.send()
        self.receive(source.replace(b"how messages of", b"how letters of"))
        dialog.action_check_now()
        self.assertEqual(self.lines(dialog)["dkim"][0]["status"], "not_met")

    def test_a_test_that_is_forwarded_as_a_file_counts_as_well(self):
        dialog, source = self.send()
        mail = (
            b"From: ada@example.net\r\nTo: catchall@example.com\r\nSubject: Fwd\r\n"
            b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
            b"--b\r\nContent-Type: text/plain\r\n\r\nHere\r\n"
            b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + source + b"\r\n--b--\r\n"
        )
        self.assertFalse(self.receive(mail))
        dialog.action_check_now()
        self.assertEqual(self.lines(dialog)["dkim"][0]["status"], "met")

    def test_a_guessed_token_and_a_bounce_prove_nothing(self):
        dialog, source = self.send()
        looks = self.env["partner.mailing.sender.look"]
        token = looks.search([("token", "!=", False)]).token
        self.assertFalse(looks._receive(source.replace(token.encode(), b"x" * 32)))
        report = (
            b"From: MAILER-DAEMON@example.net\r\nTo: bounce@example.com\r\n"
            b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
            b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + source + b"\r\n--b--\r\n"
        )
        self.assertFalse(looks._receive(report))
        self.assertFalse(looks._receive(b"%s: %s" % (TOKEN_HEADER.encode(), b"x" * 5_000_000)))
        self.assertEqual(self.lines(dialog).get("dkim", []), [])

    def test_without_an_address_of_the_gateway_it_says_what_to_do(self):
        self.env.company.alias_domain_id = False
        with self.assertRaisesRegex(UserError, "paste its source"):
            self.dialog(self.mailing).action_send_test()

    def test_a_server_that_fails_is_told_in_its_words(self):
        self.inbox.refuse_logins("535 5.7.8 Wrong password")
        self.mailing.mail_server_id.sudo().write({"smtp_user": "a", "smtp_pass": "b"})
        with self.real_connections(), self.assertRaises(UserError):
            self.dialog(self.mailing).action_send_test()
