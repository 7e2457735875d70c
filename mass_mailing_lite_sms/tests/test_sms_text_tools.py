from odoo.tests import BaseCase, tagged

from ..tools.answer import AnswerKind, clean_answer, is_single_word, read_answer
from ..tools.text_links import find_links, replace_links
from ..tools.twilio_signature import is_signed, make_signature

STOPS = (
    *("STOP", "stop.", " «St.op»!", "S.T.O.P", "STOP,please", "ＳＴＯＰ", "**STOP**", "🙂 stop", "1 STOP"),
    *("Arrêt", "ARRÊTER svp", "СТОП", "Стіп!", "отписка", "ВІДПИСКА", "Stopp", "Baja", "PARAR", "Wypisz"),
    *("\u200bSTOP\ufeff", "S\u00adTOP", "\0STOP", "STOP\0\0", "ST\u0301OP", "STOPALL", "End", "quit"),
    *("UNSUBSCRIBE", "cancel", "\n\nSTOP\n", "\u202eSTOP"),
)  # fmt: skip
REPLIES = (
    "",
    "Please stop",
    "Stopping by at 5",
    "No",
    "S T O P",
    "¿",
    "\ud800",
    "yes",
    "help",
    "ST",
)
# The example of Twilio's documentation of its signature.
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FIELDS = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@tagged("post_install", "-at_install")
class TestSmsTextTools(BaseCase):
    """What is read in texts, and the signature of a provider."""

    def test_the_first_word_says_what_an_answer_asks_for(self):
        for text in STOPS:
            self.assertIs(read_answer(text), AnswerKind.STOP, text)
        for text in ("START", "Start!", "UNSTOP", "un-stop", "Старт"):
            self.assertIs(read_answer(text), AnswerKind.START, text)
        for text in REPLIES:
            self.assertIs(read_answer(text), AnswerKind.REPLY, repr(text))
        for size in (10_000, 1_000_000):
            self.assertIs(read_answer("\u0301\u200b" * size), AnswerKind.REPLY)

    def test_more_than_the_word_is_for_a_person_to_read(self):
        self.assertTrue(is_single_word("«STOP» !"))
        self.assertFalse(is_single_word("End of May suits me"))

    def test_an_answer_is_kept_bounded_and_without_control_characters(self):
        self.assertEqual(clean_answer(" a\r\nb\x00\x07\u202e\ud800 "), "a\nb")
        self.assertEqual(len(clean_answer("x" * 1_000_000)), 1600)

    def test_links_end_where_a_reader_ends_them(self):
        for text, links in (
            (
                "Shop: https://www.example.com/a?b=1. Or www.example.com!",
                ["https://www.example.com/a?b=1", "https://www.example.com"],
            ),
            ("(see http://example.com/a_(b))", ["http://example.com/a_(b)"]),
            ('"https://example.com/"', ["https://example.com/"]),
            ("https://пример.example/путь…", ["https://пример.example/путь"]),
            ("HTTP://EXAMPLE.COM", ["HTTP://EXAMPLE.COM"]),
            ("anna@www.example.com https:// www. xhttps://example.com ftp://example.com", []),
        ):
            self.assertEqual(find_links(text), links, text)
        self.assertEqual(
            replace_links("A www.example.com, b", lambda _address: "<link>"), "A <link>, b"
        )
        self.assertEqual(
            replace_links("A www.example.com, b", lambda _a: None), "A www.example.com, b"
        )
        self.assertLessEqual(len(find_links("https://a" + "(" * 5000)[0]), 2010)

    def test_the_signature_is_twilios(self):
        self.assertEqual(make_signature("12345", URL, FIELDS), SIGNATURE)
        self.assertTrue(is_signed(SIGNATURE, "12345", URL, FIELDS))
        for signature, token, url, fields in (
            (SIGNATURE, "12346", URL, FIELDS),
            (SIGNATURE, "", URL, FIELDS),
            (SIGNATURE, None, URL, FIELDS),
            (SIGNATURE, "12345", URL + "&x=1", FIELDS),
            (SIGNATURE, "12345", URL, {**FIELDS, "Digits": ["1235"]}),
            (SIGNATURE, "12345", URL, {**FIELDS, "More": [""]}),
            ("", "12345", URL, FIELDS),
            ("é\ud800", "12345", URL, FIELDS),
            (SIGNATURE.lower(), "12345", URL, FIELDS),
        ):
            self.assertFalse(is_signed(signature, token, url, fields))
        self.assertTrue(make_signature("12345", URL, {"a": ["\ud800"]}))
