import pytest
from addon.tools.blank import describe_characters, is_blank


@pytest.mark.parametrize(
    "text",
    ["", " ", "\t\r\n", "\xa0", "\u2003\u2009", "\u3000", "\u200b\u200d\ufeff", "\xad", "\u2060",
     "\u202e\u200f", "\u3164", "\u2800", "\u115f\u1160", "\u034f", "\ufe0f", " \xa0\u200b ", "\x00\x1f",
     "\u2028\u2029", "\U000e0001\U000e0020"],
)  # fmt: skip
def test_nothing_is_seen(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["x", " . ", "\u200bx", "¡", "👍", "李", "ـ", "{{ object.name }}"])
def test_something_is_seen(text):
    assert not is_blank(text)


def test_characters_are_named_as_people_look_them_up():
    assert describe_characters("\xa0\u200b") == "U+00A0 U+200B"
    assert describe_characters(" " * 9) == "U+0020 U+0020 U+0020 U+0020 U+0020 …"
