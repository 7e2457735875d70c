"""Cuts QWeb HTML into literal HTML and ``t-out`` placeholders, tag by tag.

Tokens follow the HTML standard, section 13.2.5 (tokenization). The source is not parsed into a tree
and serialized again, because that would change what the user wrote. A ``t-out`` element is plain
when it contains only text and, unless its tag is ``t``, has no other attribute. Odoo renders these
without QWeb and keeps ``<b></b>`` for an empty value. Elements with other attributes are rendered
by QWeb, which omits the whole element for an empty value; a slot cannot do that.
"""

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

Piece = str | tuple[str, str]  # literal HTML, or (expression, fallback as plain text)

_MARKUP = re.compile(r"<(?:!--|[A-Za-z/?!])")
_TAG_NAME = re.compile(r"<([A-Za-z][^\s/>]*)")
_ATTRIBUTE = re.compile(
    r"[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>][^\s>]*)))?"
)
_TAG_END = re.compile(r"([\s/]*)>")
_COMMENT_END = re.compile(r"--!?>")
_RAW_TEXT = frozenset({"script", "style"})
_VOID = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    )
)
_DIRECTIVE_IN_RAW_TEXT = re.compile(r"<[A-Za-z][^<>]*\st-[a-z]")


class UnsupportedTemplate(Exception):
    """The template holds more than plain placeholders.

    :ivar expression: the unsupported part, as the user wrote it
    """

    def __init__(self, expression: str):
        super().__init__(expression)
        self.expression = expression


class _Tag(NamedTuple):
    name: str  # lower case
    attributes: dict[str, str]
    closed: bool  # <t/>
    start: int
    end: int


def split_html(source: str, in_comment: bool = False) -> Iterator[Piece]:
    """Yield literal HTML and ``(expression, fallback)``, in the order of the source.

    :raises UnsupportedTemplate: for other directives, and for a ``t-out`` that is not plain
    """
    literal = position = 0
    while match := _MARKUP.search(source, position):
        start = match.start()
        if match[0] == "<!--" and not in_comment:
            body, position = _comment(source, start)
            yield source[literal : body.start]
            # Conditional comments are content for Outlook; Odoo's plain renderer fills them too.
            yield from split_html(source[body], in_comment=True)
            literal = body.stop
        elif tag := _read_tag(source, start):
            position = tag.end
            if not tag.name:
                # The tag is not closed. Parsers read the rest differently, so no directive is
                # allowed.
                if "t-" in source[start:]:
                    raise UnsupportedTemplate(source[start : start + 80])
            elif "t-out" in tag.attributes or "t-esc" in tag.attributes:
                yield source[literal:start]
                placeholder, position = _read_placeholder(source, tag)
                yield from placeholder
                literal = position
            else:
                _check_plain(source, tag)
                if tag.name in _RAW_TEXT and not tag.closed:
                    position = _skip_raw_text(source, tag)
        else:
            position = match.end()
    yield source[literal:]


def _comment(source: str, start: int) -> tuple[slice, int]:
    """Return (slice of the comment's text, position after the comment)."""
    for empty in ("<!-->", "<!--->"):
        if source.startswith(empty, start):
            end = start + len(empty)
            return slice(end, end), end
    end = _COMMENT_END.search(source, start + 4)
    if not end:
        return slice(start + 4, len(source)), len(source)
    return slice(start + 4, end.start()), end.end()


def _read_tag(source: str, start: int) -> _Tag | None:
    """Return the start tag at ``start``; ``None`` for anything else that begins with ``<``.

    The name is empty for a tag that is not closed before the source ends.
    """
    name = _TAG_NAME.match(source, start)
    if not name:
        return None
    attributes: dict[str, str] = {}
    position = name.end()
    while not (end := _TAG_END.match(source, position)):
        attribute = _ATTRIBUTE.match(source, position)
        if not attribute:
            return _Tag("", {}, False, start, len(source))
        value = next((text for text in attribute.groups()[1:] if text is not None), "")
        attributes.setdefault(attribute[1].lower(), html.unescape(value))
        position = attribute.end()
    return _Tag(name[1].lower(), attributes, end[1].endswith("/"), start, end.end())


def _check_plain(source: str, tag: _Tag) -> None:
    """Refuse directives, ``groups``, and ``<t>`` without directives, whose tags QWeb removes."""
    directive = next((name for name in tag.attributes if name.startswith("t-")), None)
    if directive or "groups" in tag.attributes or tag.name == "t":
        raise UnsupportedTemplate(source[tag.start : tag.end])


def _read_placeholder(source: str, tag: _Tag) -> tuple[list[Piece], int]:
    """Return (pieces of a ``t-out`` element, position after it)."""
    attributes = dict(tag.attributes)
    expression = attributes.pop("t-out", None)
    if expression is None:
        expression = attributes.pop("t-esc")
    text_only = tag.name == "t" and not any(
        name.startswith("t-") or name == "groups" for name in attributes
    )
    if (attributes and not text_only) or tag.name in _VOID | _RAW_TEXT:
        raise UnsupportedTemplate(source[tag.start : tag.end])
    fallback, end = "", tag.end
    if not tag.closed:
        content = re.compile(r"([^<>]*)</([A-Za-z][^\s/>]*)\s*>").match(source, tag.end)
        if not content or content[2].lower() != tag.name:
            raise UnsupportedTemplate(source[tag.start : tag.end])
        fallback, end = html.unescape(content[1]).strip(), content.end()
    placeholder: Piece = (expression, fallback)
    if tag.name == "t":
        return [placeholder], end
    return [f"<{tag.name}>", placeholder, f"</{tag.name}>"], end


def _skip_raw_text(source: str, tag: _Tag) -> int:
    """Return the position of the end tag of a script or style; refuse directives before it."""
    end = re.compile(rf"</{tag.name}\b", re.IGNORECASE).search(source, tag.end)
    stop = end.start() if end else len(source)
    if _DIRECTIVE_IN_RAW_TEXT.search(source, tag.end, stop):
        raise UnsupportedTemplate(source[tag.start : tag.end])
    return stop
