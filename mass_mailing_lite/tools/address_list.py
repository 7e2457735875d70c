"""Reads addresses from a text that a person typed or pasted; each piece of it becomes an entry.

Separators are line breaks, commas, semicolons, bars and tabs; blanks, slashes and the word "and"
between addresses without names. ``mailbox`` reads a line; in a row copied from a spreadsheet the
name is in the cell beside the address. Addresses follow RFC 5321, sections 4.1.2 and 4.5.3.1, with
international domains and local parts (RFC 6531). What cannot be seen is no part of an address; see
``delivery.address``.
"""

import re
from dataclasses import dataclass, replace

from ..delivery.address import canonical, fold, same
from ..delivery.characters import CONTROL
from . import mailbox

LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
HEADER_LINE = re.compile(r"[\n\r][ \t]*(?!mailto:)[A-Za-z][A-Za-z-]{0,40}:(?!//)", re.IGNORECASE)
# Categories Co, Cs and the mark of a broken encoding; unassigned characters are found by name.
NEVER_IN_ADDRESS = re.compile(
    r'[\s<>(),;:\\"\[\]\ufffd\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]'
)
WRAPPERS = ('""', "''", "()", "[]", "“”", "„“", "‘’", "«»")
# Between two addresses, in the languages of the screens and some more.
CONNECTORS = frozenset(
    [
        "/",
        "&",
        "+",
        "-",
        "–",
        "—",
        "and",
        "und",
        "et",
        "y",
        "e",
        "i",
        "oraz",
        "и",
        "та",
        "і",
        "or",
        "oder",
        "ou",
        "o",
        "u",
        "lub",
        "или",
        "або",
    ]
)
SLASHES = re.compile(r"[/&]")
LOOSE_SEPARATOR = re.compile(r"[\s:()<>\[\]/&]+")

# What can be wrong with a text; the caller has the sentences for users.
NO_AT, TWO_AT, NO_LOCAL_PART, NO_DOMAIN = "no_at", "two_at", "no_local_part", "no_domain"
INCOMPLETE_DOMAIN, MISPLACED_DOT = "incomplete_domain", "misplaced_dot"
CHARACTER, CONTROL_CHARACTER, TOO_LONG = mailbox.CHARACTER, "control_character", "too_long"
SEVERAL, CODED = mailbox.SEVERAL, "coded"
# What can be wrong with a row of a file.
NO_ADDRESS, NO_NUMBER = "no_address", "no_number"
OPEN_QUOTE, MOVED_CELLS = "open_quote", "moved_cells"
PROBLEMS = (
    NO_AT,
    TWO_AT,
    NO_LOCAL_PART,
    NO_DOMAIN,
    INCOMPLETE_DOMAIN,
    MISPLACED_DOT,
    CHARACTER,
    CONTROL_CHARACTER,
    TOO_LONG,
    NO_ADDRESS,
    NO_NUMBER,
    OPEN_QUOTE,
    MOVED_CELLS,
    SEVERAL,
    CODED,
)


@dataclass(frozen=True)
class Entry:
    """One address, or one text that is not an address: then ``problem`` says why.

    :ivar line: number of the line, from 1
    :ivar text: the piece as typed
    :ivar problem: one of ``PROBLEMS``, or None
    """

    line: int
    text: str
    name: str = ""
    address: str = ""
    problem: str | None = None


def read_field(text, first=""):
    """Read a contact's e-mail field, in which people write one address, several, or none.

    :param first: the address that Odoo has found in it, which is the contact's where it is one
    :return: ``(address, further)``: the address of the contact in its canonical form, ``""`` where
        there is none; and a list of ``(text, address)`` of the other entries, in their order, with
        ``""`` where an entry is no address
    """
    text = (text or "").strip()
    entries = [
        replace(entry, address=entry.address and canonical(entry.address))
        for one in ([] if _has_hidden_lines(text) else parse(text))
        if "@" in one.text
        for entry in _read_loosely(one)
    ]
    addresses = [entry.address for entry in entries if entry.address]
    typed, first = first or "", same(first or "")
    own = first if first in addresses else next(iter(addresses), "")
    if not own and text.count("@") == 1 and not CONTROL.search(text) and not _get_problem(typed):
        own = first  # in a form that only Odoo reads
    further = {}
    for entry in entries:
        if entry.address != own or not own:
            further.setdefault(entry.address or entry.text, (entry.text, entry.address))
    return own, list(further.values()) if own else []


def _read_loosely(entry):
    """Return the addresses among other words (``Jane a@… and John b@…``), else the entry.

    It is then unknown whose name is whose; a contact has one already.
    """
    pieces = [piece for piece in LOOSE_SEPARATOR.split(entry.text) if "@" in piece]
    if not entry.problem or len(pieces) < 2:
        return [entry]
    found = [one for piece in pieces for one in parse_line(piece, entry.line)]
    return [entry] if any(one.problem for one in found) else found


def _has_hidden_lines(text):
    """Tell whether a text has control characters that do not separate addresses from each other.

    A line break before anything else is an attempt to add a header.
    """
    if not CONTROL.search(text):
        return False
    pieces = [piece for piece in re.split(r"[\s,;]+", text) if piece]
    return any(normalize(mailbox.clean_address(piece.strip("<>")))[1] for piece in pieces)


def parse(text):
    """Return the entries of a text, in its order."""
    entries = []
    for number, line in enumerate(LINE_BREAK.split(text or ""), 1):
        cells = [cell.strip() for cell in line.split("\t")]
        cells = [cell for cell in cells if cell]
        if len(cells) > 1:
            entries += parse_row(cells, number)
        elif cells:
            entries += parse_line(cells[0], number)
    return entries


def parse_row(cells, number):
    """Return the entries of the cells of one spreadsheet row.

    The only address of a row takes its name from the cell to the left, or in the first cell from
    the one to the right. Other cells are ignored.
    """
    places = [place for place, cell in enumerate(cells) if "@" in cell]
    if not places:
        return [Entry(number, "\t".join(cells), problem=NO_AT)]
    entries = [entry for place in places for entry in parse_line(cells[place], number)]
    if len(entries) == 1 and not entries[0].name:
        place = places[0]
        beside = cells[place - 1] if place else cells[1]
        entry = entries[0]
        return [Entry(number, entry.text, _clean_name(beside), entry.address, entry.problem)]
    return entries


def parse_line(line, number=1):
    """Return the entries of one line without tabs."""
    if not line.isascii():
        line = fold(line)
    entries = []
    for found in mailbox.read(line):
        for one in _divide(found):
            entry = _make_entry(one, number)
            entries.append(_without_connector(entry) if entries else entry)
    return entries


def _divide(found):
    """Return the mailboxes of a piece whose addresses are joined by a word or a slash."""
    if found.text.count("@") < 2 or not (found.problem or found.address.count("@") > 1):
        return [found]
    words = found.text.split()
    addresses = [word for word in words if word.lower() not in CONNECTORS]
    if len(addresses) < len(words) and all("@" in word for word in addresses):
        return [one for word in addresses for one in mailbox.read(word)]
    parts = SLASHES.split(found.text)
    if len(parts) > 1 and all("@" in part.strip(" @") for part in parts):
        return [one for part in parts for one in mailbox.read(part.strip())]
    return [found]


def _without_connector(entry):
    """Return an entry without the word that joins it to the one before: ``and John``."""
    first, _blank, rest = entry.name.partition(" ")
    return replace(entry, name=rest) if first in CONNECTORS else entry


def _make_entry(found, number):
    if found.problem:
        return Entry(number, found.text, problem=found.problem)
    try:
        name = mailbox.decode_name(found.name)
    except ValueError:
        return Entry(number, found.text, problem=CODED)
    address, problem = normalize(found.address)
    if not problem and CONTROL.search(name):
        return Entry(number, found.text, problem=CONTROL_CHARACTER)
    return Entry(number, found.text, name, address, problem)


def normalize(text):
    """Return ``(address, problem)``: one of the two is set.

    The address is as people read it: an international domain in its own letters. What cannot be
    seen is gone, and what is ASCII is in lower case. ``delivery.address.canonical`` has the form
    that is compared.
    """
    text = fold(text)
    problem = _get_problem(text)
    if problem:
        return "", problem
    local, domain = text.split("@")
    return f"{local.lower() if local.isascii() else local}@{domain.lower()}", None


def _unwrap(text):
    """Return a text without quotation marks or brackets around it."""
    for opening, closing in WRAPPERS:
        if len(text) > 2 and text[0] == opening and text[-1] == closing:
            text = text[1:-1]
    return text


def _clean_name(text):
    text = CONTROL.sub(" ", text).strip()
    return _unwrap(text).replace('\\"', '"').strip()


def _get_problem(text):
    """Return what is wrong with an address, one of ``PROBLEMS``, or None."""
    local, at, domain = text.partition("@")
    labels = domain.split(".")
    checks = (
        (CONTROL_CHARACTER, CONTROL.search(text)),
        (NO_AT, not at),
        (TWO_AT, "@" in domain),
        (NO_LOCAL_PART, not local),
        (NO_DOMAIN, not domain),
        (CHARACTER, NEVER_IN_ADDRESS.search(text)),
        (MISPLACED_DOT, "" in local.split(".") or (len(labels) > 1 and "" in labels)),
        (INCOMPLETE_DOMAIN, len(labels) < 2 or len(labels[-1]) < 2),
        # A parser of headers reads an encoded word, wherever it stands.
        (CODED, "=?" in text),
    )
    problem = next((problem for problem, is_so in checks if is_so), None)
    return problem or _get_problem_as_sent(text)


def _get_problem_as_sent(text):
    """Return what keeps an address from being sent, or None; lengths are those of the form sent."""
    try:
        address = canonical(text)
    except UnicodeError as error:
        return TOO_LONG if "too long" in str(error) else CHARACTER
    local, _at, domain = address.encode("utf-8", "replace").rpartition(b"@")
    is_too_long = (
        len(local) > 64
        or len(local) + 1 + len(domain) > 254
        or any(len(label) > 63 for label in domain.split(b"."))
    )
    return TOO_LONG if is_too_long else None


def named(entry, name):
    """Return the entry with this name, if it has none."""
    return entry if entry.name else replace(entry, name=_clean_name(name))


def format_entry(entry):
    """Return a text that ``parse`` reads as the same name and address."""
    return mailbox.write(CONTROL.sub(" ", entry.name).strip(), entry.address)


def parse_cell(text, number=1):
    """Return the entries of one cell of a file, which may have several lines.

    Between addresses, some address books write three colons. A line that is the header of a message
    (``Bcc: …``) is no second address: somebody tried to add one.
    """
    if HEADER_LINE.search(text):
        return [Entry(number, text, problem=CONTROL_CHARACTER)]
    return [entry for line in _lines(text) for entry in parse_line(line, number)]


def _lines(text):
    return LINE_BREAK.split(text.replace(" ::: ", "\n"))


def is_address(text):
    """Tell whether a text is one address, maybe with its name, and nothing else."""
    if "@" not in text or len(text) > 1000:
        return False
    entries = parse_line(text)
    return len(entries) == 1 and not entries[0].problem


def is_list(text):
    """Tell whether a line is one or more addresses, maybe with their names, and nothing else."""
    if "@" not in text:
        return False
    return all(not entry.problem for line in _lines(text) for entry in parse_line(line))
