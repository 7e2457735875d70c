"""Placeholders of the wrong kind, turned into the right one.

A subject has inline placeholders, ``{{ object.name ||| reader }}``; a body has elements,
``<t t-out="object.name">reader</t>``. Who types the one into the other sends it as it stands. See
:mod:`.placeholder`.
"""

import html
import re
from collections.abc import Callable
from typing import NamedTuple

LONGEST_TAG = 10_000  # characters that are looked back at, so that a long body takes linear time

_PATH = re.compile(r"object(?:\.[A-Za-z_]\w*)+", re.ASCII)
# As Odoo's users write a fallback: ``||| reader``, or as in Python, ``or "reader"``.
_OR = re.compile(
    r"(?<!\s)\s{1,20}or\s{1,20}([\"'\u201c\u201d\u201e\u2018\u2019])(.{0,200})[\"'\u201c\u201d\u2018\u2019]"
)
_QUOTES = "\"'\u201c\u201d\u201e\u00ab\u00bb\u2018\u2019"
# Signs that editors put between others, and that no path has.
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2060\ufeff]")
_INLINE = re.compile(r"\{\{((?:[^{}<]|<[^<>]*>){1,400})\}\}")
_ELEMENT = re.compile(
    rf"<(\w{{1,20}})\s+t-(?:out|esc|field)\s*=\s*[{_QUOTES}]([^<>{_QUOTES}]{{1,200}})[{_QUOTES}]\s*"
    r"(?:/\s*>|>([^<>]{0,200})</\1\s*>)"
)
# In a body that is stored: comments, tags, and the text between them.
_COMMENT = re.compile(r"(<!--.*?(?:-->|\Z))", re.DOTALL)
# The name is taken whole: a shorter one, with the rest of it in what follows, is not tried.
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)(?![^\s/<>])([^<>]*)>")
_ESCAPED_ELEMENT = re.compile(
    r"&lt;\w{1,20}\s+t-(?:out|esc|field)\b(?:(?!&lt;|&gt;)[^<>]){0,240}?"
    r"(?:/\s*&gt;|&gt;(?:(?!&lt;)[^<>]){0,200}&lt;/\w{1,20}\s*&gt;)"
)


class Converted(NamedTuple):
    """A text, and how many placeholders in it were turned into the right kind."""

    source: str
    count: int


def to_inline(text: str, is_known: Callable[[str], bool]) -> Converted:
    """Return a subject with inline placeholders in place of elements.

    :param is_known: tells whether a path (``object.name``) may be used; others stay as they are
    """
    count = 0

    def convert(match: re.Match[str]) -> str:
        nonlocal count
        parts = _read(match[2], match[3] or "")
        if not parts or not is_known(parts[0]):
            return match[0]
        count += 1
        path, fallback = parts
        return f"{{{{ {path} ||| {fallback} }}}}" if fallback else f"{{{{ {path} }}}}"

    if _ESCAPED_ELEMENT.search(text):
        text = html.unescape(text)
    return Converted(_ELEMENT.sub(convert, text), count)


def to_elements(source: str, is_known: Callable[[str], bool]) -> Converted:
    """Return a body, as it is stored, with elements in place of inline placeholders in its text.

    Elements that were typed as text become elements, too. What stands in an attribute stays: an
    element has no place there.
    """
    count = 0

    def convert(content: str, fallback: str, otherwise: str) -> str:
        nonlocal count
        parts = _read(content, fallback)
        if not parts or not is_known(parts[0]):
            return otherwise
        count += 1
        path, kept = parts
        return f'<t t-out="{path}">{html.escape(kept, quote=False)}</t>'

    def convert_inline(match: re.Match[str]) -> str:
        if _is_in_tag(match) or not _is_balanced(match[1]):
            return match[0]
        content = html.unescape(_TAG.sub("", match[1]))
        path, _bars, fallback = content.partition("|||")
        return convert(path, fallback, match[0])

    def convert_element(match: re.Match[str]) -> str:
        element = _ELEMENT.fullmatch(html.unescape(match[0]))
        if not element or _is_in_tag(match):
            return match[0]
        return convert(element[2], element[3] or "", match[0])

    parts = _COMMENT.split(source)
    for position in range(0, len(parts), 2):
        part = _INLINE.sub(convert_inline, parts[position])
        parts[position] = _ESCAPED_ELEMENT.sub(convert_element, part)
    return Converted("".join(parts), count)


def _read(content: str, fallback: str) -> tuple[str, str] | None:
    """Return (path, fallback) of what was typed, None when it is no plain placeholder."""
    path = _INVISIBLE.sub("", content).replace("\xa0", " ").strip()
    if match := _OR.search(path):
        path, fallback = path[: match.start()], fallback or match[2]
    fallback = html.unescape(fallback).replace("\xa0", " ").strip()
    if len(fallback) > 1 and fallback[0] in _QUOTES and fallback[-1] in _QUOTES:
        fallback = fallback[1:-1].strip()
    if not _PATH.fullmatch(path):
        return None
    # What would end the placeholder itself.
    return path, re.sub(r"[{}<>]", "", fallback)


def _is_in_tag(match: re.Match[str]) -> bool:
    """Tell whether a match is inside a tag, in an attribute: serializers escape ``<`` there."""
    begin, end = max(0, match.start() - LONGEST_TAG), match.start()
    return match.string.rfind("<", begin, end) > match.string.rfind(">", begin, end)


def _is_balanced(source: str) -> bool:
    """Tell whether each tag in a source is closed in it, so that it can be left out."""
    opened: list[str] = []
    for closing, name, rest in _TAG.findall(source):
        if closing:
            if not opened or opened.pop() != name:
                return False
        elif not rest.endswith("/") and name != "br":
            opened.append(name)
    return not opened
