"""Address books as vCard (.vcf; RFC 6350, and versions 2.1 and 3.0), read by vobject.

Each card is read alone: one that is broken becomes a row with its line number and no address, and
takes no other along. Properties that are not needed, such as pictures, are left out before.
"""

import re

import vobject

from .table import MAX_ROWS, TOO_MANY_ROWS, Row, RowCollector, Table, UnreadableError, clean

BEGIN = re.compile(r"\s*BEGIN:VCARD", re.IGNORECASE)
CARD_BEGINS, CARD_ENDS = "BEGIN:VCARD", "END:VCARD"
NEEDED = re.compile(
    r"(?:[\w-]{1,50}\.)?(?:BEGIN|END|VERSION|FN|N|EMAIL|TEL|ORG)(?:[;:]|$)", re.IGNORECASE
)
QUOTED_PRINTABLE = re.compile(r"ENCODING=QUOTED-PRINTABLE|;QUOTED-PRINTABLE", re.IGNORECASE)
HEADINGS = ["Name", "E-mail", "Phone", "Organization"]


def is_one(text):
    """Tell whether a text is an address book."""
    return bool(BEGIN.match(text.lstrip("\ufeff")))


def read(text):
    """Return a ``Table`` with a row for each address of each card, and one for a card without."""
    collector = RowCollector()
    collector.rows.append(Row(1, HEADINGS))
    for line, card in _cards(text):
        if len(collector.rows) >= MAX_ROWS:
            raise UnreadableError(TOO_MANY_ROWS)
        for cells in _read_card(card):
            collector.add(line, cells)
    return Table(collector.rows, width=len(HEADINGS))


def _cards(text):
    """Yield ``(number of the line behind BEGIN, list of needed lines)`` for each card."""
    card, first, kept, is_soft = None, 0, False, False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.upper() == CARD_BEGINS:
            if card:
                yield first, card
            # The headings, which no address book has, are line 1: a card begins behind its BEGIN.
            card, first, kept = [], number + 1, True
        if card is None:
            continue
        # A line goes on when the next begins with a blank, or, in 2.1, ends with an equals sign.
        if not (is_soft or line[:1] in " \t"):
            kept = bool(NEEDED.match(line))
            is_quoted = kept and bool(QUOTED_PRINTABLE.search(line.partition(":")[0]))
            is_soft = False
        if kept:
            card.append(line)
        is_soft = kept and is_quoted and line.endswith("=")
        if stripped.upper() == CARD_ENDS:
            yield first, card
            card = None
    if card:
        yield first, card


def _read_card(lines):
    if lines[-1].strip().upper() != CARD_ENDS:  # the file was cut off, or the next card began
        lines = [*lines, CARD_ENDS]
    text = "\n".join(lines)
    try:
        card = next(vobject.readComponents(text, ignoreUnreadable=True, allowQP=True))
        contents = card.contents
        name = _name(contents)
        phone = "; ".join(_values(contents, "tel"))
        organization = " ".join(_values(contents, "org"))
        emails = _values(contents, "email")
    except Exception:  # vobject raises whatever a broken line leads to
        return [[text]]
    return [[name, email, phone, organization] for email in emails or [""]]


def _name(contents):
    name = " ".join(_values(contents, "fn"))
    if name or "n" not in contents:
        return name
    parts = contents["n"][0].value
    return " ".join(filter(None, (clean(str(parts.given)), clean(str(parts.family)))))


def _values(contents, key):
    values = []
    for line in contents.get(key, []):
        value = line.value
        values.append(clean(" ".join(map(str, value)) if isinstance(value, list) else str(value)))
    return list(filter(None, values))
