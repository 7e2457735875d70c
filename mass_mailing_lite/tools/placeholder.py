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
    "HTML", "TEXT", "Placeholder", "UnsupportedTemplate",
    "find_placeholders", "split_inline", "substitute_placeholders",
]  # fmt: skip

# As in Odoo: the shortest match without a line break.
_INLINE = re.compile(r"\{\{(?P<path>.+?)(?:\|{3}\s*(?P<fallback>.*?))?\}\}")
_PATH = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)


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
    for match in _INLINE.finditer(source):
        yield source[position : match.start()]
        position = match.end()
        # Odoo renders an empty expression as nothing.
        if match["path"].strip():
            yield match["path"], _unquote(match["fallback"] or "")
    yield source[position:]


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
    if not _PATH.fullmatch(path):
        raise UnsupportedTemplate(path)
    return Placeholder(path, fallback)
