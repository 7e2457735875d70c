"""Tokens of links: what was made is read, and nothing else is."""

import base64
import hmac
import itertools
import re
from collections import Counter

import pytest
from delivery.compose.link_token import DIGITS, LENGTH, MAX_POSITION, LinkKey, ShortLinkKey
from hypothesis import given
from hypothesis import strategies as st

KEY = LinkKey("6f1c-secret", "unsubscribe")
NUMBERS = st.integers(-(2**63), 2**63 - 1)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(NUMBERS)
def test_what_was_made_is_read(number):
    token = KEY.make(number)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert KEY.parse(token) == number
    assert KEY.make(number) == token


@given(NUMBERS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_character_changed_makes_it_none(number, position, character):
    token = KEY.make(number)
    forged = token[:position] + character + token[position + 1 :]
    assert KEY.parse(forged) == (number if forged == token else None)


@given(st.one_of(st.text(), st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)))
def test_whatever_somebody_makes_up_is_none(text):
    assert KEY.parse(text) is None


def test_it_is_none_when_cut_prolonged_or_spelled_otherwise():
    token = KEY.make(4711)
    variants = [
        *(token[:length] for length in range(LENGTH)),
        f"{token}A",
        f"{token}=",
        f"{token}\n",
        f" {token}",
        f"{token[:10]}\n{token[10:]}",
        "é" * LENGTH,
        "\0" * LENGTH,
        "４" * LENGTH,
    ]
    assert {KEY.parse(variant) for variant in variants} == {None}


def test_it_serves_one_purpose_in_one_database():
    token = KEY.make(4711)
    for secret, purpose in (
        ("6f1c-secret", "view"),
        ("6f1c-secret", ""),
        ("6f1c-secret", "unsubscribe "),
        ("another-secret", "unsubscribe"),
        ("", "unsubscribe"),
    ):
        assert LinkKey(secret, purpose).parse(token) is None


def test_it_tells_nothing_of_the_number():
    """Neighbours have as little in common as numbers drawn by lot: half the bits, evenly."""
    octets = [base64.urlsafe_b64decode(KEY.make(number)) for number in range(2000)]
    same = Counter(
        bit
        for first, second in itertools.pairwise(octets)
        for bit in range(192)
        if not (first[bit // 8] ^ second[bit // 8]) >> bit % 8 & 1
    )
    assert all(850 < same[bit] < 1150 for bit in range(192))
    assert len(set(octets)) == 2000


def test_the_tag_is_the_hmac_of_the_standard_library():
    root = hmac.digest(b"6f1c-secret", b"mass_mailing_lite link unsubscribe", "sha256")
    sign, hide = (hmac.digest(root, use, "sha256") for use in (b"sign", b"hide"))
    plain = (4711).to_bytes(8, "big")
    tag = hmac.digest(sign, plain, "sha256")[:16]
    mask = hmac.digest(hide, tag, "sha256")[:8]
    hidden = bytes(one ^ other for one, other in zip(plain, mask, strict=True))
    assert KEY.make(4711) == base64.urlsafe_b64encode(tag + hidden).decode()


def test_a_number_that_has_no_place_is_an_error():
    for number in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError):
            KEY.make(number)


# ------------------------------------------------------------
# Short tokens
# ------------------------------------------------------------

SHORT = ShortLinkKey("6f1c-secret", "short")
POSITIONS = st.integers(0, MAX_POSITION)
SHORT_NUMBERS = st.integers(-(2**31), 2**62 - 1)


@given(SHORT_NUMBERS, POSITIONS)
def test_a_short_token_is_read(number, position):
    token = SHORT.make(number, position)
    assert re.fullmatch(r"[A-Za-z0-9]{13,23}", token)
    assert SHORT.parse(token) == (number, position)
    assert token[0] == DIGITS[position]


def test_a_short_token_has_17_characters_up_to_hundreds_of_millions_of_recipients():
    assert {len(SHORT.make(number)) for number in (7_500_000, 200_000_000, -1, -3_000)} == {17}
    assert len(SHORT.make(1_000_000)) == 16


@given(SHORT_NUMBERS, POSITIONS, st.integers(0, 22), st.sampled_from(DIGITS))
def test_one_character_of_a_short_token_changed_makes_it_none(number, position, place, digit):
    token = SHORT.make(number, position)
    forged = token[:place] + digit + token[place + 1 :]
    assert SHORT.parse(forged) == ((number, position) if forged == token else None)


@given(st.one_of(st.text(), st.text(DIGITS, min_size=13, max_size=23)))
def test_no_text_is_a_short_token_by_chance(text):
    assert SHORT.parse(text) is None


def test_a_short_token_is_none_when_cut_prolonged_or_spelled_otherwise():
    token = SHORT.make(4711, 3)
    assert {
        SHORT.parse(variant)
        for variant in (
            *(token[:length] for length in range(len(token))),
            *(f"{token}{digit}" for digit in DIGITS),
            *(f"{token[:12]}{digit}{token[12:]}" for digit in DIGITS),
            *(f"{token[0]}{digit}{token[1:]}" for digit in DIGITS),
            f"{token}\n",
            "é" * 17,
            "\0" * 17,
            "４" * 17,
            "z" * 23,
        )
    } == {None}


def test_a_short_token_serves_one_database():
    assert ShortLinkKey("another-secret", "short").parse(SHORT.make(4711)) is None
    assert ShortLinkKey("6f1c-secret", "view").parse(SHORT.make(4711)) is None
    # Nor does one kind of token pass for the other.
    assert LinkKey("6f1c-secret", "short").parse(SHORT.make(4711).ljust(LENGTH, "A")) is None


def test_a_short_token_tells_nothing_of_the_number():
    """Its last digits are spread evenly, however close the numbers are."""
    last = Counter(SHORT.make(1_000_000 + number)[-1] for number in range(6200))
    assert len(last) == len(DIGITS)
    assert max(last.values()) < 200, "a hundred each, on average"
