"""Names and addresses in a text that a person typed or pasted: RFC 5322, section 3.4, and more.

What follows the standard is read by the standard: quoted texts, quoted pairs, comments, coded words
(RFC 2047), angle brackets. Python's and Odoo's parsers read that as well, but they read
``Doe, Jane <jane@example.com>`` as two mailboxes, and lose what follows an unclosed quotation mark.
Here a comma may stand in a name, a quotation mark or bracket without its partner is an ordinary
sign, and addresses may come as ``mailto:`` links, in full-width letters, or with invisible signs.

Each sign is looked at a bounded number of times, so the time grows with the length of the text and
no faster. Whether an address is valid is not judged here: see ``address_list`` and ``address_field``.
"""

import re
import unicodedata
from itertools import chain, dropwhile
from typing import NamedTuple
from urllib.parse import unquote

from ..delivery.address import fold
from ..delivery.characters import CONTROL, JOINERS
from ..delivery.compose.encoded_word import decode_words

_FULL_WIDTH_SYNTAX = {ord(sign) + 0xFEE0: sign for sign in '<>,;@"()|'} | {0x3001: ","}
_COMMAS = ",\uff0c\u3001"
# Joiners shape letters of several scripts, and join emoji: in a name they mean something.
_NO_JOINERS = dict.fromkeys(map(ord, JOINERS))

_TOKEN = re.compile(
    r"""(?P<coded>=\?[^?\s]{1,40}\?[bBqQ]\?[^?\s]*\?=)
    | (?P<blank>\s+)
    | (?P<separator>[,;|])
    | (?P<angle><[^<>]*>)
    | (?P<bracket>[<>()])
    | (?P<pair>\\["\\()<>,;])
    | (?P<quote>")
    | (?P<word>[^\s,;|<>()\\"]+|\\)""",
    re.VERBOSE,
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
_AFTER_QUOTED = re.compile(r"$|[\s,;|<(@.)>'\]]")  # what a closing quotation mark stands before
# Nearly all pieces of most lists; what this reads is read alike, and 20 times slower, without it.
_USUAL = re.compile(
    r"""(?:(?:(?P<name>[^\W\d_][\w .-]*)|"(?P<quoted>[^"\\]*)"[ ]*)(?=<))?
    (?P<bracket><)?(?P<address>[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)(?(bracket)>)""",
    re.VERBOSE,
)
_ADDRESS_LIKE = re.compile(r"[^@]+@[^@.]+\.[^@]+")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9 .,-]*")
_HEADER_NAME = re.compile(r"(?:from|reply-to|to|cc|bcc):", re.IGNORECASE)
_WRAPPERS = ('""', "''", "()", "[]", "“”", "„“", "‘’")
_NAME_WRAPPERS = ("''", '""', "“”", "„“", "‘’")
_LEFT_BEHIND = frozenset("'\".>)]}”’")  # what may stand behind an address and says nothing


# What can be wrong with a piece; `address_list` has the other problems of addresses.
SEVERAL, CHARACTER = "several", "character"


class Mailbox(NamedTuple):
    """A name and an address, not judged.

    :ivar text: the piece as typed
    :ivar name: as typed, without quoting; see :func:`decode_name`
    :ivar address: empty when there is none
    :ivar problem: ``SEVERAL``, when it is unclear which address of the piece is meant, or
        ``CHARACTER``, when blanks make it unclear what belongs to the address
    """

    text: str
    name: str = ""
    address: str = ""
    problem: str | None = None


class _Token(NamedTuple):
    kind: str
    start: int
    end: int
    text: str  # as read: unquoted, unescaped
    has_at: bool


def read(text, one=False):
    """Return the mailboxes of a text without line breaks, in its order.

    :param one: the text is meant to be one mailbox: then commas, semicolons and bars separate
        nothing as long as the text has one address
    """
    if usual := _USUAL.fullmatch(text):
        name = usual["name"] or usual["quoted"] or ""
        return [_without_repetition(text, name.strip(), usual["address"])]
    groups = _join_names(_split(_with_comments(text, _tokens(text))))
    if one and len(groups) > 1 and sum(map(_has_at, groups)) == 1:
        last = next(place for place, group in enumerate(groups) if _has_at(group))
        groups = [list(chain.from_iterable(groups[: last + 1])), *groups[last + 1 :]]
    return [mailbox for group in groups for mailbox in _read_group(text, group)]


def write(name, address):
    """Return ``"Name" <address>``, which :func:`read` and Odoo read as this name and address."""
    if not name:
        return address
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def decode_name(name):
    """Return a name as mail programs show it: coded words read, blanks single, nothing invisible.

    :raises ValueError: when it has coded words that cannot be read
    """
    if _PLAIN_NAME.fullmatch(name):
        return " ".join(name.split())
    name = decode_words(name)
    name = "".join(
        sign
        for sign in unicodedata.normalize("NFC", name)
        if sign in JOINERS or unicodedata.category(sign) != "Cf"
    )
    if not CONTROL.search(name):
        name = " ".join(name.split())
    return _unwrap(name.strip(f" {JOINERS}"), _NAME_WRAPPERS)


def clean_address(address):
    """Return an address without what was typed around it, in plain letters, without invisible signs."""
    if not address.isascii():
        # A joiner may distinguish a domain, and nothing else.
        local, at, domain = unicodedata.normalize("NFC", fold(address)).rpartition("@")
        address = f"{local.translate(_NO_JOINERS)}{at}{domain}"
    address = _unwrap(address.strip(), _WRAPPERS)
    if address[:7].lower() == "mailto:":
        address = unquote(address[7:].partition("?")[0]).strip()
    return address


def _tokens(text):
    """Return the tokens of a text; quoted texts are one token each."""
    line = text.translate(_FULL_WIDTH_SYNTAX)
    tokens, place, may_be_quoted = [], 0, True
    while place < len(line):
        match = _TOKEN.match(line, place)
        kind, end = match.lastgroup, match.end()
        read_as = text[place:end]
        if kind == "quote":
            kind = "stray"
            if may_be_quoted and _begins_word(line, place):
                quoted = _QUOTED.match(line, place)
                # Without a partner now, no later quotation mark has one either.
                may_be_quoted = bool(quoted)
                if quoted and _AFTER_QUOTED.match(line, quoted.end()):
                    kind, end = "quoted", quoted.end()
                    read_as = _PAIR.sub(r"\1", text[place + 1 : end - 1])
        elif kind == "pair":
            read_as = text[place + 1]
        elif kind in ("bracket", "angle"):
            read_as = match.group()
        tokens.append(_Token(kind, place, end, read_as, "@" in line[place:end]))
        place = end
    return tokens


def _begins_word(line, place):
    before = line[place - 1 : place]
    if not before or before in ",;|<(>['" or before.isspace():
        return True
    return unicodedata.category(before) == "Cf"


def _with_comments(text, tokens):
    """Make one token of each comment; brackets without a partner become stray.

    What holds an address in angle brackets, or several addresses, is no comment.
    """
    partner, opened = {}, []
    # Number of angle brackets, of separators and of @ before each token.
    counts = [(0, 0, 0)]
    for number, token in enumerate(tokens):
        angles, separators, ats = counts[-1]
        counts.append(
            (
                angles + (token.kind == "angle"),
                separators + (token.kind == "separator"),
                ats + token.has_at,
            )
        )
        if token.kind == "bracket" and token.text == "(":
            opened.append(number)
        elif token.kind == "bracket" and token.text == ")" and opened:
            partner[opened.pop()] = number
    result, number = [], 0
    while number < len(tokens):
        token, last = tokens[number], partner.get(number)
        if last is not None:
            angles, separators, ats = (
                after - before for after, before in zip(counts[last], counts[number], strict=True)
            )
            if not angles and not (separators and ats):
                end = tokens[last].end
                inside = text[token.start : end]
                result.append(_Token("comment", token.start, end, inside, bool(ats)))
                number = last + 1
                continue
        result.append(token._replace(kind="stray") if token.kind == "bracket" else token)
        number += 1
    return result


def _split(tokens):
    """Return groups of tokens: a separator ends a group, and so does an address in brackets."""
    groups, group, is_closed = [], [], False
    addresses = [token.start for token in tokens if token.kind == "angle" and token.has_at]
    last_address = addresses[-1] if addresses else -1
    for token in tokens:
        if token.kind == "separator":
            groups.append([*group, token])
            group, is_closed = [], False
            continue
        if is_closed and not _is_left_behind(token):
            groups.append(group)
            group, is_closed = [], False
        group.append(token)
        # Angle brackets without an address before others with one are part of a name.
        if token.kind == "angle" and (token.has_at or token.start > last_address):
            is_closed = True
    groups.append(group)
    return [group for group in groups if any(map(_says_something, group))]


def _is_left_behind(token):
    return token.kind in ("blank", "comment", "stray") or not set(token.text) - _LEFT_BEHIND


def _says_something(token):
    if token.kind in ("blank", "separator", "stray"):
        return False
    return token.kind == "quoted" or bool(set(token.text) - _LEFT_BEHIND)


def _join_names(groups):
    """Join groups that a comma in a name has divided: ``Doe, Jane <jane@example.com>``."""
    joined, waiting = [], []
    for group in groups:
        if waiting and _closing_angle(group) is not None and _has_name(group):
            joined.append([*chain.from_iterable(waiting), *group])
            waiting = []
        elif not _has_at(group) and group[-1].text in _COMMAS and _closing_angle(group) is None:
            waiting.append(group)
        else:
            joined += [*waiting, group]
            waiting = []
    return joined + waiting


def _has_at(group):
    return any(token.has_at for token in group)


def _closing_angle(group):
    """Return the place of the address in angle brackets, None without one."""
    places = [place for place, token in enumerate(group) if token.kind == "angle"]
    return places[-1] if places else None


def _has_name(group):
    return any(map(_says_something, group[: _closing_angle(group)]))


def _read_group(text, group):
    """Return the mailboxes of one group; more than one where only blanks divide addresses."""
    while group[-1].kind in ("blank", "separator"):
        group = group[:-1]
    while group[0].kind == "blank":
        group = group[1:]
    typed = text[group[0].start : group[-1].end]
    place = _closing_angle(group)
    if place is None:
        return _read_words(text, typed, group)
    address = clean_address(text[group[place].start + 1 : group[place].end - 1])
    before = group[:place]
    if before and _HEADER_NAME.fullmatch(before[0].text):
        before = before[1:]
    others = [clean_address(token.text) for token in before if token.kind == "word"]
    others = [other.lower() for other in others if _ADDRESS_LIKE.fullmatch(other)]
    if set(others) - {address.lower()}:
        return [Mailbox(typed, problem=SEVERAL)]
    comments = [token for token in group[place + 1 :] if token.kind in ("blank", "comment")]
    name = _name([*before, *comments])
    if name.startswith("'") and typed.endswith("'"):
        name = name[1:]
    return [_without_repetition(typed, name, address)]


def _read_words(text, typed, group):
    """Return the mailboxes of a group without angle brackets."""
    words = _words(group)
    if len(words) > 1 and _HEADER_NAME.fullmatch(words[0][0].text) and len(words[0]) == 1:
        group = group[group.index(words.pop(0)[0]) + 1 :]
    if len(words) == 1 and words[0][0].kind == "quoted" and len(words[0]) == 1:
        return _read_quoted(typed, words[0][0])
    with_at = [word for word in words if _has_at(word)]
    raw = [text[word[0].start : word[-1].end] for word in with_at]
    if len(with_at) == 1 and not raw[0].startswith("@") and not raw[0].endswith("@"):
        first, last = with_at[0][0].start, with_at[0][-1].end
        blank = _Token("blank", first, last, " ", False)
        rest = [token if not first <= token.start < last else blank for token in group]
        name = _name(rest, unwrap=True).removesuffix(":")
        return [_without_repetition(typed, name, clean_address(raw[0]))]
    if len(words) > 1 and len(with_at) == len(words):
        return [Mailbox(piece, "", clean_address(piece)) for piece in raw]
    if len(words) > 1 and with_at:
        return [Mailbox(typed, problem=CHARACTER)]
    return [Mailbox(typed, "", clean_address(typed))]


def _read_quoted(typed, token):
    """Return the mailbox of a cell of a CSV file: quotation marks stand around all of it."""
    found = read(token.text) if token.has_at and '"' not in token.text else []
    if len(found) == 1:
        return [found[0]._replace(text=typed)]
    return [Mailbox(typed, "", typed, SEVERAL if found else None)]


def _without_repetition(typed, name, address):
    """Return a mailbox, without a name that only repeats the address."""
    return Mailbox(typed, "" if clean_address(name).lower() == address.lower() else name, address)


def _words(group):
    """Return the runs of tokens between blanks; comments stand alone, stray brackets are passed over."""
    words, word = [], []
    for token in group:
        if token.text == '"' and token.kind == "stray" and word:
            # In the middle of a word it is a slip: what was meant is not known.
            word.append(token)
        elif token.kind in ("blank", "comment", "separator", "stray"):
            words.append(word)
            word = []
            if token.kind == "comment":
                words.append([token])
        else:
            word.append(token)
    words.append(word)
    return [word for word in map(_without_stray_end, words) if word]


def _without_stray_end(word):
    while word and word[-1].kind == "stray":
        word = word[:-1]
    return word


def _name(tokens, unwrap=False):
    """Return a name from tokens.

    :param unwrap: a comment that is all of the name loses its brackets, ``a@example.com (Anna)``
    """
    saying = [token for token in tokens if _says_something(token)]
    if not saying:
        return ""
    if unwrap and len(saying) == 1 and saying[0].kind == "comment":
        return saying[0].text[1:-1].strip()
    edge = ("blank", "separator")
    inner = dropwhile(lambda token: token.kind in edge, tokens)
    inner = list(dropwhile(lambda token: token.kind in edge, reversed(list(inner))))
    return "".join(
        " " if token.kind == "blank" else token.text
        for token in reversed(inner)
        if token.kind != "stray" or token.text in "()"
    )


def _unwrap(text, wrappers):
    """Return a text without pairs of signs around it."""
    wrapped = True
    while wrapped:
        wrapped = False
        for opening, closing in wrappers:
            inside = text[1:-1]
            if inside and text[0] == opening and text[-1] == closing and opening not in inside:
                text, wrapped = inside.strip(), True
    return text
