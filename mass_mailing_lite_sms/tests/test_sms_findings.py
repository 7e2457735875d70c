from odoo.addons.mass_mailing_lite.preflight import CHECKS
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SmsCase

PLAIN = "Our shop is open again. Reply STOP to get no more SMS."


@tagged("post_install", "-at_install")
class TestSmsFindings(SmsCase):
    """What the form and the review point at before a mailing by SMS leaves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")

    def findings(self, text, key=None, **values):
        """Return {key: finding} of a draft with a text, which the form shows."""
        mailing = self.new_sms(sms_body=text, **values)
        mailing.action_load_recipients()
        mailing.invalidate_recordset()
        found = {finding["key"]: finding for finding in mailing.findings or []}
        for finding in found.values():
            self.assertTrue(finding["message"] and finding["remedy"], finding)
        return found if key is None else found.get(key)

    def test_a_short_text_with_a_way_out_has_no_findings_but_that_it_was_not_tested(self):
        self.assertEqual(set(self.findings(PLAIN)), {"never_tested"})

    def test_e_mails_have_no_findings_about_sms(self):
        mailing = self.new_mailing(body_html="<p>“Привет” " + "x" * 3000 + "</p>")
        keys = {finding["key"] for finding in mailing._get_findings()}
        self.assertFalse(keys & {key for key in CHECKS if key.startswith("sms_")})

    def test_the_number_of_sms_is_told_and_many_are_a_warning(self):
        for length, level, words in (
            (150, None, ()),
            (161, "info", ("2 SMS", "in all 4 or more")),
            (153 * 7, "info", ("7 SMS",)),
            (153 * 8, "warning", ("8 SMS", "refuse more than 10")),
            (153 * 11, "warning", ("11 SMS", "refuse a text")),
        ):
            with self.subTest(length):
                finding = self.findings((PLAIN + "x" * length)[-length:], "sms_parts")
                self.assertEqual(finding and finding["level"], level)
                for word in words:
                    self.assertIn(word, finding["message"])

    def test_a_name_that_makes_a_second_sms_is_told(self):
        text = "{{ object.name }}, " + PLAIN
        finding = self.findings(text + "x" * (150 - len(PLAIN)), "sms_parts")
        self.assertIn("A long name may make a second SMS", finding["message"])
        self.assertIsNone(self.findings(text, "sms_parts"))

    def test_characters_that_halve_an_sms_are_named_with_their_version(self):
        mailing = self.new_sms(sms_body=PLAIN)
        mailing.with_context(lang="fr_FR").sms_body = "Notre boutique\u00a0est «ouverte»… STOP"
        mailing.invalidate_recordset()
        [finding] = [one for one in mailing.findings if one["key"] == "sms_alphabet"]
        self.assertEqual((finding["level"], finding["count"]), ("warning", 4))
        self.assertIn("French / Français: U+00A0 « » …", finding["message"])
        self.assertNotIn("English", finding["message"])

    def test_a_text_in_another_alphabet_is_no_slip(self):
        finding = self.findings("Наш магазин снова открыт. Ответьте СТОП.", "sms_alphabet")
        self.assertEqual(finding["level"], "info")
        self.assertIn("another alphabet", finding["message"])

    def test_a_text_without_a_way_out_is_a_warning_in_each_language(self):
        self.assertEqual(self.findings("Open again.", "sms_opt_out")["level"], "warning")
        for text in (
            PLAIN,
            "Répondez ARRÊT.",
            "Відповідь: «СТОП»",
            "Para no recibir más: BAJA",
            "Odpowiedz WYPISZ",
            "Odpowiedz: REZYGNACJA",
            "Leave: {{ object.partner_mailing_unsubscribe_url }}",
        ):
            with self.subTest(text):
                self.assertIsNone(self.findings(text, "sms_opt_out"))
        for text in (
            "Nonstop open.",
            "Sale, until the end of June",
            "Die Stopfleber",
            "Stopover in Paris",
        ):
            with self.subTest(text):
                self.assertTrue(self.findings(text, "sms_opt_out"))

    def test_what_checks_of_e_mails_look_at_holds_for_sms(self):
        odd = self._new_contact("www.evil.example.com", False, self.news, phone="+34600999888")
        found = self.findings(
            "{{ object.name }} [FIRST NAME], see http://localhost/x, www.shop.local and"
            " https://example.com/y. STOP"
        )
        self.assertIn("[FIRST NAME]", found["literal_placeholder"]["message"])
        self.assertEqual(found["literal_placeholder"]["page"], "content")
        self.assertIn("http://localhost/x, https://www.shop.local", found["local_link"]["message"])
        self.assertEqual(found["local_link"]["focus"], "sms_body")
        self.assertIn(odd.name, found["odd_names"]["message"])

    def test_an_outdated_version_stops_an_sms(self):
        self.anna.lang = "fr_FR"
        mailing = self.new_sms(sms_body=PLAIN)
        mailing.with_context(lang="fr_FR").sms_body = "Ouvert. STOP"
        mailing.sms_body = PLAIN + " Come!"
        mailing.action_load_recipients()
        with self.assertRaisesRegex(UserError, "changed after these versions"):
            mailing.action_submit()

    def test_an_account_that_cannot_send_is_told(self):
        account = self.env["iap.account"].search([("service_name", "=", "sms")], order="id desc")[
            :1
        ]
        for state, name, level in (
            ("banned", False, "warning"),
            ("unregistered", False, "warning"),
            ("registered", False, "info"),
            ("registered", "The Shop", None),
        ):
            account.write({"state": state, "sender_name": name})
            with self.subTest(state, name=name):
                finding = self.findings(PLAIN, "sms_sender")
                self.assertEqual(finding and finding["level"], level)
