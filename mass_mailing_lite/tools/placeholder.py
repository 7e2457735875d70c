"""Plain placeholders in a text or in HTML, found and replaced without evaluating anything.

The syntax is Odoo's: ``{{ object.name ||| fallback }}`` in texts (inline templates),
``<t t-out="object.name">fallback</t>`` in HTML (QWeb). A template with anything else raises
``UnsupportedTemplate``, and the caller lets Odoo render it. So what is accepted here must have the
same result as in Odoo, and doubtful cases are refused. The one exception is a fallback in texts:
the blanks and quotation marks around it are dropped (see :func:`_unquote`).

Everything is accepted that Odoo's ``mail.render.mixin`` allows to users who are not template
editors.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .qweb_syntax import UnsupportedTemplate, split_html

TEXT = "text"
HTML = "html"

__all__ = [
    "HTML", "PATH", "TEXT", "Placeholder", "UnsupportedTemplate",
    "find_placeholders", "split_inline", "substitute_placeholders",
]  # fmt: skip

_BLANKS = re.compile(r"\s*")
PATH = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)


class Placeholder(NamedTuple):
    """A place for a value of the recipient's contact.

    :ivar path: attribute path such as ``"object.company_id.name"``
    :ivar fallback: plain text for an empty value, without blanks and quotation marks around it
    """

    path: str
    fallback: str


def find_placeholders(source: str, kind: str) -> list[Placeholder]:
    """Return all placeholders of a template in order, also equal ones.

    :param source: the template as the user wrote it
    :param kind: ``TEXT`` (inline template) or ``HTML`` (QWeb)
    :raises UnsupportedTemplate: when it holds more than plain placeholders
    """
    return [piece for piece in _split(source, kind) if isinstance(piece, Placeholder)]


def substitute_placeholders(
    source: str,
    kind: str,
    allowed: frozenset[str],
    marker: Callable[[Placeholder], str],
) -> str:
    """Return the template with another text for each placeholder; the rest is not changed.

    :param source: the template as the user wrote it
    :param kind: ``TEXT`` (inline template) or ``HTML`` (QWeb)
    :param allowed: the attribute paths that may be used, like ``{"object.name"}``
    :param marker: called for each placeholder in order; returns the text that replaces it
    :raises UnsupportedTemplate: when it holds more than plain placeholders, or a path not allowed
    """
    pieces = _split(source, kind)
    for piece in pieces:
        if isinstance(piece, Placeholder) and piece.path not in allowed:
            raise UnsupportedTemplate(piece.path)
    return "".join(marker(piece) if isinstance(piece, Placeholder) else piece for piece in pieces)


def split_inline(source: str) -> list["str | Placeholder"]:
    """Return a text cut into literal text and placeholders, for people to read.

    Nothing is refused: what is no path is a ``Placeholder`` whose path is the whole expression.
    """
    return [
        piece if isinstance(piece, str) else Placeholder(piece[0].strip(), piece[1])
        for piece in _split_text(source)
        if piece
    ]


def _split(source: str, kind: str) -> list["str | Placeholder"]:
    """Cut a template into literal text and placeholders."""
    if kind == TEXT:
        pieces = _split_text(source)
    elif kind == HTML:
        pieces = split_html(source)
    else:
        raise ValueError(f"kind must be {TEXT!r} or {HTML!r}, not {kind!r}")
    return [piece if isinstance(piece, str) else _placeholder(*piece) for piece in pieces]


def _split_text(source: str) -> Iterator["str | tuple[str, str]"]:
    position = 0
    for start, path, fallback, end in _find_inline(source):
        yield source[position:start]
        position = end
        # Odoo renders an empty expression as nothing.
        if path.strip():
            yield path, _unquote(fallback)
    yield source[position:]


def _find_inline(source: str) -> Iterator[tuple[int, str, str, int]]:
    """Yield (start, path, fallback, end) of all that stands in double braces.

    As Odoo's ``{{(.+?)(|||\\s*(.*?))?}}`` finds it: the shortest, with a line break only behind the
    bars. That pattern takes the square of the time for ``{{`` after ``{{``, and its cube for bars
    between them; here each sign is looked for once.
    """
    find = _Finder(source)
    start = source.find("{{")
    while start >= 0:
        end_of_line = find("\n", start + 2)
        bars, close = find("|||", start + 3), find("}}", start + 3)
        if close == len(source):
            return
        fallback = close
        if bars < min(close, end_of_line):
            fallback = find.after_blanks(bars + 3)
            close, end_of_line = find("}}", fallback), find("\n", fallback)
        if close < end_of_line:
            path = source[start + 2 : min(bars, close)]
            yield start, path, source[fallback:close], close + 2
            start = source.find("{{", close + 2)
        else:
            start = source.find("{{", start + 1)


class _Finder:
    """Finds signs in a text from places that only grow; asked again, it does not look again."""

    def __init__(self, source: str):
        self._source = source
        self._known: dict[str, int] = {}
        self._blanks = (0, 0)

    def __call__(self, sign: str, begin: int) -> int:
        """Return where the sign is next, the length of the text when there is none."""
        known = self._known.get(sign, -1)
        if known < begin:
            known = self._source.find(sign, begin)
            known = self._known[sign] = len(self._source) if known < 0 else known
        return known

    def after_blanks(self, begin: int) -> int:
        """Return where the blanks at a place end."""
        if self._blanks[0] != begin:
            self._blanks = begin, _BLANKS.match(self._source, begin).end()
        return self._blanks[1]


def _unquote(fallback: str) -> str:
    """Return a fallback without the blanks and quotation marks around it.

    Odoo's own renderer keeps both: ``"colleague" `` for ``||| "colleague" }}``, which no author
    wants to send. An author who wants quotation marks writes two pairs.
    """
    fallback = fallback.strip()
    if len(fallback) > 1 and fallback[0] == fallback[-1] == '"':
        return fallback[1:-1]
    return fallback


def _placeholder(expression: str, fallback: str) -> Placeholder:
    path = expression.strip()
    if not PATH.fullmatch(path):
        raise UnsupportedTemplate(path)
    return Placeholder(path, fallback)
