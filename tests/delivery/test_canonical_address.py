"""One mailbox has one canonical form, whatever people type, paste and export around it."""

import unicodedata

import idna
import pytest
from delivery.address import canonical, fold, same
from delivery.characters import EMPTY, SPACES
from hypothesis import example, given
from hypothesis import strategies as st

JOINERS = "\u200c\u200d"


@pytest.mark.parametrize(
    ("typed", "form"),
    [
        ("STOP@Example.COM", "stop@example.com"),
        ("stop@example.com.", "stop@example.com"),
        ("stop@example.com\u200b", "stop@example.com"),
        ("\ufeffstop@example.com", "stop@example.com"),
        ("\u202astop@example.com\u202c", "stop@example.com"),
        ("st\u00adop@exam\u2060ple.com", "stop@example.com"),
        ("st\u200dop@exam\u200dple.com", "stop@example.com"),
        ("sto\u034fp@example\ufe0f.com", "stop@example.com"),
        ("stop\u3164@example.com", "stop@example.com"),
        ("st\U000e0041op@example.com", "stop@example.com"),
        ("\u00a0stop@example.com\u3000", "stop@example.com"),
        ("stop\u00a0@\u2009example\u202f.com", "stop@example.com"),
        ("st\u00a0op@example.com", "stop@example.com"),
        ("stop@exam\u00a0ple.com", "stop@example.com"),
        ("ｓｔｏｐ＠ｅｘａｍｐｌｅ．ｃｏｍ", "stop@example.com"),
        ("stop﹫example。com", "stop@example.com"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@BÜCHER.example.", "info@xn--bcher-kva.example"),
        ("info@bu\u0308cher.example", "info@xn--bcher-kva.example"),
        ("info@XN--BCHER-KVA.example", "info@xn--bcher-kva.example"),
        ("ZOE\u0308@example.com", "zoë@example.com"),
        ("\u0130nfo@example.com", "info@example.com"),
        ("i\u0307nfo@example.com".replace("i\u0307", "I\u0307"), "info@example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("", ""),
    ],
)
def test_what_is_one_mailbox_has_one_form(typed, form):
    assert canonical(typed) == form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("straße@example.com", "strasse@example.com"),
        ("a@straße.example", "a@strasse.example"),
        ("ılker@example.com", "ilker@example.com"),
        ("аnna@example.com", "anna@example.com"),  # the first letter is Cyrillic
        # a joiner that distinguishes domains in Persian
        ("a@نامه\u200cای.example", "a@نامهای.example"),
        ("a.b@example.com", "ab@example.com"),
        ("a+b@example.com", "a@example.com"),
    ],
)
def test_what_are_two_mailboxes_stay_two(one, other):
    assert canonical(one) != canonical(other)


def test_a_name_before_a_space_that_looks_like_a_blank_is_no_part_of_the_address():
    assert canonical("Anna\u00a0anna@example.com") != "annaanna@example.com"
    assert "\u00a0" in fold("Anna\u00a0anna@example.com")


def test_every_character_without_a_glyph_is_left_out():
    """Category Cf, of whatever version of Unicode Python has; the joiners count in domains."""
    formats = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cf"]
    assert len(formats) > 150
    for character in formats:
        for typed in (f"{character}stop@example.com", f"st{character}op@example.com{character}"):
            assert canonical(typed) == "stop@example.com", hex(ord(character))


def test_every_space_of_unicode_is_left_out_at_the_edges():
    spaces = [chr(c) for c in range(0x80, 0x110000) if unicodedata.category(chr(c))[0] == "Z"]
    assert set(spaces) <= set(SPACES)
    for space in spaces:
        assert canonical(f"{space}stop{space}@{space}example.com{space}") == "stop@example.com"


def test_a_field_of_what_cannot_be_seen_is_empty():
    assert not "\u200b \u00a0\ufeff\u3164\u2800\t".strip(EMPTY)


@pytest.mark.parametrize("domain", ["☃.example", "exa_ü.example", "ü" * 70 + ".example"])
def test_a_domain_without_ascii_form_has_no_canonical_one(domain):
    with pytest.raises(UnicodeError):
        canonical(f"a@{domain}")
    assert same(f"a@{domain}") == f"a@{domain}"


@given(st.text(max_size=80))
@example("\u0130@ü")
@example("a@ＸＮ－－")
@example("ΟΔΟΣ@ü.example")
@example("\u00c5\u0301\u212b@\u2126.example")
def test_the_form_of_a_form_is_the_form(text):
    try:
        form = canonical(text)
    except UnicodeError:
        return
    assert form.rpartition("@")[2].isascii()
    try:
        again = canonical(form)
    except idna.IDNAError:
        pytest.fail(f"{text!a} -> {form!a}")
    assert again.rstrip(".") == form.rstrip(".")


@given(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=30),
    st.lists(st.sampled_from("\u200b\u200e\u00ad\ufeff\u2060\u202c\ufe0f\u3164"), max_size=5),
    st.randoms(),
)
def test_invisible_characters_anywhere_change_nothing(local, invisible, random):
    signs = list(f"{local}@example.com")
    for sign in invisible:
        signs.insert(random.randrange(len(signs) + 1), sign)
    assert canonical("".join(signs)) == f"{local}@example.com"


@pytest.mark.parametrize(
    "piece", ["\u00a0", "a\u00a0", ",a\u00a0a", "@a\u00a0", ". ", "\u200d", "@ü.", "\u2003@", "é "]
)
def test_the_time_is_linear(piece):
    """If it grew with the square of the length, this would take hours."""
    text = piece * (300_000 // len(piece)) + "é"
    assert fold(text) is not None
    assert same(f"a@{text}")
