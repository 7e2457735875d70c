"""Phone numbers out of what people type, paste and upload; nothing that was typed is lost.

Separators are line breaks, tabs, commas, semicolons and bars; slashes, blanks and the word "and"
where numbers stand on both sides. A name may stand before a number in angle brackets:
``Anna <+7 903 123-45-67>``. What spreadsheets make of numbers is undone: ``=+34600123456``,
``600123456.0``, ``4.91701234567E+11``. A number whose last digits Excel has cut off, ``4.91E+11``, is
no number: which one it was is not known.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

SEPARATOR = re.compile(r"[\r\n\t,;|]+")
BRACKETED = re.compile(r"(.*)<([^<>]*)>\s*")
# What is not seen, and what Excel is given before a number so that it stays a text.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
PREFIX = re.compile(r"^(?:'|=|\s)+")
QUOTES = "\"'“”„«»"
# 600123456.0, or with the comma of other countries; 4.91701234567E+11, digits and exponent.
WITHOUT_FRACTION = re.compile(r"(\+?[0-9]{5,15})[.,]0{1,3}")
SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]{1,20}))?[eE]\+?([0-9]{1,2})")
# The comma of such a number separates nothing.
DECIMAL_COMMA = re.compile(r"(?<![0-9])([0-9]),([0-9]{1,20}[eE]\+?[0-9]{1,2})(?![0-9])")
COMMA = "\ue000"  # stands for it meanwhile; no text has it
FRACTION_COMMA = re.compile(r"(?<![0-9])([0-9]{7,15}),(0{1,3})(?![0-9])")
# Between two numbers in a cell, in the languages of the screens.
CONNECTOR = re.compile(
    r"\s?[/\\&]\s?|\s(?:and|or|und|oder|y|o|et|ou|i|lub|oraz|и|или|та|або|і)\s|\s(?=\+)|\n"
)
WIDE_BLANK = re.compile(r"\s\s+")
BLANK = re.compile(r"\s")
TRUNK = "(0)"
MIN_DIGITS = 7  # of a number that stands beside another one
MAX_PIECES = 1000

#: Why a text is no number: it is none, or a spreadsheet has cut off its last digits.
INVALID, ROUNDED = "invalid", "rounded"


class Entry(NamedTuple):
    """One number as it was typed, and the name before it."""

    name: str
    text: str


class Number(NamedTuple):
    """One entry, read.

    :ivar number: in the form E.164, empty where it cannot be read
    :ivar problem: ``INVALID`` or ``ROUNDED``, None where there is none
    """

    name: str
    text: str
    number: str = ""
    problem: str | None = None


def parse(text: str | None) -> list[Entry]:
    """Return the entries of a text, in the order typed."""
    entries = []
    joined = rf"\1{COMMA}\2"
    text = DECIMAL_COMMA.sub(joined, FRACTION_COMMA.sub(joined, text or ""))
    for piece in filter(None, map(str.strip, SEPARATOR.split(text))):
        typed = piece.replace(COMMA, ",")
        match = BRACKETED.fullmatch(typed)
        name, number = match.groups() if match else ("", typed)
        entries.append(Entry(name.strip(' "'), number.strip()))
    return entries


def clean(text: str) -> str:
    """Return a number as a person would write it, without what spreadsheets add; maybe ""."""
    text = UNSEEN.sub("", text).strip().strip(QUOTES)
    text = PREFIX.sub("", text).strip(QUOTES).strip()
    if match := WITHOUT_FRACTION.fullmatch(text):
        return match.group(1)
    if match := SCIENTIFIC.fullmatch(text):
        first, rest, exponent = match.groups()
        rest, zeros = rest or "", int(exponent)
        if len(rest) >= zeros >= 6 and not rest[zeros:].strip("0"):
            return first + rest[:zeros]
    return text


def read(text: str | None, format_number: Callable[[str], str | bool]) -> list[Number]:
    """Return what is read of each entry of a text, in the order typed.

    :param format_number: function of a text; returns the number in the form E.164, false for none
    """
    numbers = []
    for name, typed in parse(text):
        pieces = _split(clean(typed), format_number)
        if len(pieces) == 1:
            numbers.append(Number(name, typed, *_read_one(typed, format_number)))
        else:
            numbers += [Number(name, piece, *_read_one(piece, format_number)) for piece in pieces]
    return numbers


def _read_one(typed, format_number):
    """Return ``(number, problem)`` of one text."""
    text = clean(typed)
    if SCIENTIFIC.fullmatch(text):
        return "", ROUNDED
    digits = "".join(sign for sign in text if sign.isdecimal())
    number = format_number(text) if digits else False
    if not number and TRUNK in text:
        # The digit that is dialled within a country, shown beside the number for abroad.
        number = format_number(text.replace(TRUNK, " "))
    if not number and digits.isascii():
        if text.lstrip("(").startswith("00"):
            # The prefix of international calls, where the company's country has another one.
            number = format_number(f"+{digits[2:]}")
        elif not text.startswith("+") and not text.startswith("0") and len(digits) >= 8:
            # Spreadsheets keep +34 600 123 456 as the number 34600123456.
            number = format_number(f"+{digits}")
    return (number, None) if number else ("", INVALID)


def _split(text, format_number):
    """Return the numbers in a text that holds several and nothing else; else the text alone."""
    text = WIDE_BLANK.sub("\n", text)
    for separator in (CONNECTOR, BLANK):
        pieces = [piece for piece in separator.split(text) if piece]
        if not 1 < len(pieces) <= MAX_PIECES:
            continue
        # Parts of one number are shorter: this spares reading each of them.
        if any(sum(map(str.isdecimal, piece)) < MIN_DIGITS for piece in pieces):
            continue
        if all(_read_one(piece, format_number)[0] for piece in pieces):
            return pieces
    return [text]
