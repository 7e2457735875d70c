"""Plain placeholders in a text or in HTML, found and replaced without evaluating anything.

The syntax is Odoo's: ``{{ object.name ||| fallback }}`` in texts (inline templates),
``<t t-out="object.name">fallback</t>`` in HTML (QWeb). Whatever is more than a plain placeholder
raises ``UnsupportedTemplate``: then the caller lets Odoo render. So each form that is accepted here
must give exactly what Odoo gives, and whatever is doubtful is refused.

All that Odoo's ``mail.render.mixin`` allows to users who are no template editors is accepted.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .qweb_syntax import UnsupportedTemplate, split_html

TEXT = "text"
HTML = "html"

__all__ = [
    "HTML", "TEXT", "Placeholder", "UnsupportedTemplate",
    "find_placeholders", "substitute_placeholders",
]  # fmt: skip

# As in Odoo: no line break inside, the shortest match; blanks after ||| do not count, those before
# }} do ("{{ object.name ||| you }}!" falls back on "you !").
_INLINE = re.compile(r"\{\{(?P<path>.+?)(?:\|{3}\s*(?P<fallback>.*?))?\}\}")
_PATH = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)


class Placeholder(NamedTuple):
    """What the recipient's contact puts here.

    :ivar path: attribute path, ``"object.company_id.name"``
    :ivar fallback: plain text used where the path's value is empty; quotation marks, if any, are
        part of it, as in Odoo
    """

    path: str
    fallback: str


def find_placeholders(source: str, kind: str) -> list[Placeholder]:
    """Return the placeholders of a template in order, repeated ones repeatedly.

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
    """Return the template with a mark for each placeholder; all else stays as it is.

    :param source: the template as the user wrote it
    :param kind: ``TEXT`` (inline template) or ``HTML`` (QWeb)
    :param allowed: the attribute paths that may be used, like ``{"object.name"}``
    :param marker: is called for each placeholder in order and returns what stands there instead
    :raises UnsupportedTemplate: when it holds more than plain placeholders, or a path not allowed
    """
    pieces = _split(source, kind)
    for piece in pieces:
        if isinstance(piece, Placeholder) and piece.path not in allowed:
            raise UnsupportedTemplate(piece.path)
    return "".join(marker(piece) if isinstance(piece, Placeholder) else piece for piece in pieces)


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

    Odoo's own renderer keeps both, ``"colleague" `` for ``||| "colleague" }}``. Nobody who writes
    that means them, and what is meant literally can be put in two pairs.
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
