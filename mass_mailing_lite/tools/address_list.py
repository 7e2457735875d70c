"""Reads addresses from a text that a person typed or pasted; each piece of it becomes an entry.

Separators are line breaks, commas, semicolons, bars and tabs, and blanks between addresses without
names. A name may stand before an address in angle brackets, with or without quotation marks, and
may contain a comma (``Doe, Jane <jane@example.com>``). In a row copied from a spreadsheet it is in
the cell beside the address. Addresses follow RFC 5321, sections 4.1.2 and 4.5.3.1, with
international domains and local parts (RFC 6531).
"""

import re
from dataclasses import dataclass, replace

from ..delivery.address import ascii_domain

LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# A piece between separators; quoted texts may contain separators, a closing angle bracket ends it.
PIECE = re.compile(r'(?:"[^"]*"|[^",;|<]|"(?=[^"]*$))*(?:<[^<>]*>|<)?')
BRACKETED = re.compile(r"(.*)<([^<>]*)>\s*", re.DOTALL)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# The replacement character stands for what could not be decoded.
NEVER_IN_ADDRESS = re.compile(r'[\s<>(),;:\\"\[\]\ufffd]')
WRAPPERS = ('""', "''", "()", "[]")

# What can be wrong with a text; the caller has the sentences for users.
NO_AT, TWO_AT, NO_LOCAL_PART, NO_DOMAIN = "no_at", "two_at", "no_local_part", "no_domain"
INCOMPLETE_DOMAIN, MISPLACED_DOT = "incomplete_domain", "misplaced_dot"
CHARACTER, CONTROL_CHARACTER, TOO_LONG = "character", "control_character", "too_long"
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
    entries = []
    for piece in _pieces(line):
        entries += _parse_piece(piece, number)
    return entries


def normalize(text):
    """Return ``(address, problem)``: one of the two is set.

    The address is in lower case, except a local part that is not ASCII, as in Odoo.
    """
    problem = _get_problem(text)
    if problem:
        return "", problem
    local, domain = text.split("@")
    return f"{local.lower() if local.isascii() else local}@{domain.lower()}", None


def _pieces(line):
    """Split a line at separators; join names with a comma."""
    pieces, before = [], ""
    for match in PIECE.finditer(line):
        piece = match.group()
        if before and piece.strip():
            # "Doe" and "Jane <jane@example.com>" are one entry.
            if "@" not in before and piece.rstrip().endswith(">") and _is_name(piece):
                piece = f"{before},{piece}"
            else:
                pieces.append(before)
            before = ""
        if "@" not in piece and piece.strip() and line[match.end() : match.end() + 1] == ",":
            before = piece
        elif piece.strip():
            pieces.append(piece)
    return [*pieces, before] if before else pieces


def _is_name(piece):
    """Tell whether a piece has text before its angle bracket."""
    return bool(piece.partition("<")[0].strip())


def _parse_piece(piece, number):
    piece = piece.strip()
    if match := BRACKETED.fullmatch(piece):
        name, inside = match.groups()
        address, problem = normalize(_unwrap(inside.strip()))
        return [Entry(number, piece, _clean_name(name), address, problem)]
    words = piece.split()
    if sum("@" in word for word in words) == 1 and not any(
        word.startswith("@") or word.endswith("@") for word in words
    ):
        return [_parse_words(words, number)]
    if len(words) > 1 and all("@" in word for word in words):
        return [_parse_words([word], number) for word in words]
    if len(words) > 1 and "@" in piece:
        return [Entry(number, piece, problem=CHARACTER)]
    return [_parse_words([piece], number)]


def _parse_words(words, number):
    """Return the entry of an address with the words of a name before or after it."""
    place = next((place for place, word in enumerate(words) if "@" in word), 0)
    address, problem = normalize(_unwrap(words[place]))
    name = _clean_name(" ".join(words[:place] + words[place + 1 :]))
    return Entry(number, " ".join(words), name, address, problem)


def _unwrap(text):
    """Return an address without quotation marks, brackets and ``mailto:`` around it."""
    for opening, closing in WRAPPERS:
        if len(text) > 2 and text[0] == opening and text[-1] == closing:
            text = text[1:-1]
    return text[7:] if text[:7].lower() == "mailto:" else text


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
    )
    problem = next((problem for problem, is_so in checks if is_so), None)
    return problem or _get_problem_as_sent(text)


def _get_problem_as_sent(text):
    """Return what keeps an address from being sent, or None; lengths are those of the form sent."""
    try:
        address = ascii_domain(text)
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
    name = LINE_BREAK.sub(" ", entry.name).replace('"', "'").strip()
    return f'"{name}" <{entry.address}>' if name else entry.address


def parse_cell(text, number=1):
    """Return the entries of one cell of a file, which may have several lines.

    Between addresses, some address books write three colons.
    """
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
    # Piece by piece: a long text that is none is known by its beginning.
    pieces = (piece for line in _lines(text) for piece in _pieces(line))
    return all(not entry.problem for piece in pieces for entry in _parse_piece(piece, 1))
