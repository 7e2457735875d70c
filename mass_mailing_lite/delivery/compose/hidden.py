"""What an e-mail hides from those who read it: preheaders, versions for phones, tracking.

Mail programs each understand other declarations, so templates combine several; one that hides in
all programs but Outlook, or in Outlook alone, is enough here. Styles are read as CSS declares:
without regard to case and comments, the last declaration wins, ``!important`` before others.

Two ways are no more than half of one:

* ``font-size: 0`` hides the text around columns (templates of MJML have it everywhere), and shows
  pictures and elements that set a size of their own.
* ``mso-hide: all`` is on preheaders, and on buttons, of which Outlook has its own version.
"""

import re
from functools import lru_cache

from lxml import etree

_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
# Declarations end with semicolons; those in brackets and quotation marks are part of a value.
_DECLARATION = re.compile(
    r"(?<![\w-])([a-z-]{1,40})\s{0,20}:((?:[^;(\"']|\([^)]*(?:\)|$)|\"[^\"]*(?:\"|$)|'[^']*(?:'|$))*)"
)
_ZERO = re.compile(r"[+-]?(?:0+(?:\.0*)?|\.0+)(?:[a-z]{1,4}|%)?")
_SIZE_IN_FONT = re.compile(
    r"(?:^|\s)((?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(?:[a-z]{1,4}|%)?)(?=[\s/])"
)
_RELATIVE = re.compile(r".*\d\s*(?:em|ex|ch|%)|larger|smaller|inherit|unset")
_SIZES = ("width", "height")

# What a style does: it shows the element; hides it; hides it unless it is or has a link; hides its
# text; cuts what is larger than the element.
SHOWN, HIDDEN, UNLESS_LINK, WITHOUT_TEXT, CUT = range(5)


def is_hidden(element) -> bool:
    """Tell whether a child of a shown element is hidden.

    :param element: an lxml element
    """
    style = element.get("style")
    if style is not None:
        effect = get_effect(style)
        if effect == HIDDEN:
            return True
        if effect == UNLESS_LINK:
            return element.tag != "a" and next(element.iter("a"), None) is None
        if effect == CUT and _has_no_size(element):
            return True
    if element.tag == "img" and _has_no_size(element):
        return True
    return element.get("hidden") is not None


def remove_hidden_text(tree):
    """Remove from a tree the text of those elements that hide nothing but text.

    :param tree: an lxml element
    """
    for element in tree.iter(etree.Element):
        style = element.get("style")
        if style is not None and get_effect(style) == WITHOUT_TEXT:
            _remove_text(element)


@lru_cache(maxsize=1024)
def get_effect(style: str) -> int:
    """Return what the value of an attribute ``style`` does: one of the constants above."""
    declared = _read(style)
    if (
        declared.get("display") == "none"
        or declared.get("visibility") in ("hidden", "collapse")
        or _is_zero(declared.get("opacity"))
        or _is_zero(declared.get("max-height"))
        or (
            _hides_overflow(declared)
            and any(_is_zero(declared.get(name)) for name in ("max-width", *_SIZES))
        )
    ):
        return HIDDEN
    if declared.get("mso-hide") == "all":
        return UNLESS_LINK
    size = declared.get("font-size")
    if _is_zero(size):
        return WITHOUT_TEXT
    if _hides_overflow(declared):
        return CUT
    return SHOWN


def _read(style):
    """Return {property: value} of the declarations, in lower case."""
    declared, important = {}, set()
    for name, value in _DECLARATION.findall(_COMMENT.sub(" ", style.lower())):
        text, mark, rest = value.partition("!")
        is_important = bool(mark) and rest.strip() == "important"
        size = _SIZE_IN_FONT.search(text) if name == "font" else None
        key, kept = ("font-size", size[1]) if size else (name, text.strip())
        if is_important or key not in important:
            declared[key] = kept
        if is_important:
            important.add(key)
    return declared


def _hides_overflow(declared):
    return any(
        value in ("hidden", "clip")
        for name in ("overflow", "overflow-x", "overflow-y")
        for value in declared.get(name, "").split()
    )


def _has_no_size(element):
    return element.get("width") == "0" or element.get("height") == "0"


def _is_zero(value):
    return value is not None and bool(_ZERO.fullmatch(value))


def _remove_text(element):
    """Remove the text of an element and of those in it, up to those with a size of their own."""
    element.text = None
    for child in element:
        child.tail = None
        if type(child.tag) is str and not _has_own_size(child.get("style") or ""):
            _remove_text(child)


@lru_cache(maxsize=256)
def _has_own_size(style):
    size = _read(style).get("font-size")
    return size is not None and not _is_zero(size) and not _RELATIVE.fullmatch(size)
