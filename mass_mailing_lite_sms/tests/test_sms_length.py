from odoo.tests import BaseCase, tagged

from ..tools.number_list import parse
from ..tools.sms_length import GSM_7, UCS_2, measure


@tagged("post_install", "-at_install")
class TestSmsLength(BaseCase):
    """How many SMS a text makes, as the phone networks count."""

    def assertMeasures(self, text, encoding, units, parts, room):
        self.assertEqual(measure(text)[:4], (encoding, units, parts, room))

    def test_no_text_is_no_sms(self):
        self.assertMeasures("", GSM_7, 0, 0, 160)

    def test_seven_bits_160_in_one_153_in_each_of_several(self):
        self.assertMeasures("a" * 160, GSM_7, 160, 1, 0)
        self.assertMeasures("a" * 161, GSM_7, 161, 2, 145)
        self.assertMeasures("a" * 306, GSM_7, 306, 2, 0)
        self.assertMeasures("a" * 307, GSM_7, 307, 3, 152)

    def test_sixteen_bits_70_in_one_67_in_each_of_several(self):
        self.assertMeasures("я" * 70, UCS_2, 70, 1, 0)
        self.assertMeasures("я" * 71, UCS_2, 71, 2, 63)
        self.assertMeasures("я" * 134, UCS_2, 134, 2, 0)
        self.assertMeasures("я" * 135, UCS_2, 135, 3, 66)

    def test_the_euro_and_brackets_take_two_places(self):
        self.assertMeasures("€", GSM_7, 2, 1, 158)
        self.assertMeasures("^{}\\[]~|", GSM_7, 16, 1, 144)
        self.assertMeasures("€" * 80, GSM_7, 160, 1, 0)

    def test_what_takes_two_places_is_not_cut_in_two(self):
        # 152 places, then one of two: it begins the next part, and a place stays empty.
        self.assertMeasures("a" * 152 + "€" + "a" * 10, GSM_7, 164, 2, 141)
        self.assertMeasures("я" * 66 + "😀" + "я" * 10, UCS_2, 78, 2, 55)

    def test_western_letters_have_seven_bits_and_others_not(self):
        self.assertEqual(measure("Ñandú à Ømøl, ¿qué? £5 §1\n").foreign, "ú")
        self.assertEqual(measure("Ñandu à Ømøl, ¿qué? £5 §1\n").encoding, GSM_7)
        self.assertEqual(measure("ç is not Ç, nor is “this”").foreign, "ç“”")

    def test_an_emoji_counts_twice(self):
        self.assertMeasures("😀" * 35, UCS_2, 70, 1, 0)
        self.assertMeasures("😀" * 36, UCS_2, 72, 2, 61)

    def test_numbers_are_read_with_and_without_names(self):
        entries = parse('Anna <+7 903 1>\n600 123 456; "Doe" <1> , \r\n\n')
        self.assertEqual(entries, [("Anna", "+7 903 1"), ("", "600 123 456"), ("Doe", "1")])
        self.assertEqual(parse(None), [])
