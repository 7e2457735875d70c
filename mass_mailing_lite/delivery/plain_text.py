"""The text/plain part, made from the HTML one so that it reads as if somebody had typed it.

Paragraphs are separated by blank lines, headings marked by ``#``, list items begin with a dash or
their number, cells of a data table are joined in a line; tables that only place things fall apart
into their cells. A link's address stands behind its text in angle brackets (RFC 3986, appendix C).
Pictures give their alternative text, what is hidden gives nothing.
"""

import re

from lxml import etree

_BLANKS = re.compile(r"[ \t\r\f]+")
_WHITESPACE = re.compile(r"[ \t\r\n\f]+")
_SPARE_LINES = re.compile(r"\n{3,}")
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SKIPPED = frozenset({"head", "script", "style", "title", "template"})
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "#### ", "h6": "#### "}
# Blocks with a blank line around them, and those that only begin a new line.
_PARAGRAPHS = frozenset(("p", "dl", "table", "blockquote", "ul", "ol", "pre", "hr", *_HEADINGS))
_LINES = frozenset(
    ("div", "li", "tr", "td", "th", "dt", "dd", "section", "article", "header", "footer")
    + ("center", "address", "caption")
)
_BLOCKS = _PARAGRAPHS | _LINES
# No parsed HTML can hold these: a blank that stays, and "what follows begins a line".
_KEPT = "\0"
_NEW_LINE = "\x01"
_NEW_LINES = re.compile(r" *\x01[ \x01]*")


def html_to_text(source: str) -> str:
    """Return HTML as plain text, without line breaks around it.

    :param source: a fragment or a document; broken HTML is read as browsers do
    """
    if not source or not source.strip():
        return ""
    tree = etree.fromstring(f"<body>{source}</body>", parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return ""
    try:
        text = "".join(_content(tree))
    except RecursionError:  # nested a thousand times, by accident or by intent
        text = " ".join(tree.itertext())
    return _tidy(text).replace(_KEPT, " ")


def _tidy(text) -> str:
    """Return text with its spare blanks and blank lines removed."""
    text = _NEW_LINES.sub(_NEW_LINE, text).replace("\n" + _NEW_LINE, "\n")
    text = text.replace(_NEW_LINE, "\n")
    lines = (_BLANKS.sub(" ", line).strip(" ") for line in text.split("\n"))
    return _SPARE_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def _content(element):
    """Yield the pieces of an element's content."""
    yield _fold(element.text)
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SKIPPED and not _is_hidden(child):
            yield from _RENDERERS.get(child.tag, _flow)(child)
        yield _fold(child.tail)


def _fold(text) -> str:
    return _WHITESPACE.sub(" ", text) if text else ""


def _is_hidden(element) -> bool:
    style = element.get("style")
    return bool(style) and bool(_HIDDEN.search(style))


def _flow(element):
    gap = "\n\n" if element.tag in _PARAGRAPHS else _NEW_LINE if element.tag in _LINES else ""
    yield gap
    yield from _content(element)
    yield gap


def _line(element) -> str:
    return _WHITESPACE.sub(" ", "".join(_content(element))).strip()


def _break(_element):
    yield "\n"


def _rule(_element):
    yield "\n\n" + "-" * 40 + "\n\n"


def _picture(element):
    yield _fold(element.get("alt"))


def _heading(element):
    if text := _line(element):
        yield f"\n\n{_HEADINGS[element.tag]}{text}\n\n"


def _preformatted(element):
    text = "".join(element.itertext()).strip("\n").replace(" ", _KEPT)
    yield f"\n\n{text}\n\n"


def _link(element):
    text, address = _line(element), (element.get("href") or "").strip()
    shown = address.removeprefix("mailto:").removeprefix("tel:")
    if not address or address.startswith("#"):
        yield text
    elif not text or text in (address, shown):
        yield shown
    else:
        yield f"{text} <{shown}>"


def _list(element):
    start = element.get("start", "")
    number = int(start) if start.isascii() and start.isdecimal() else 1
    yield "\n\n"
    for item in element:
        if item.tag == "li":
            bullet = f"{number}. " if element.tag == "ol" else "- "
            number += 1
            lines = [line for line in _tidy("".join(_content(item))).split("\n") if line]
            yield f"\n{bullet}" + f"\n{_KEPT * len(bullet)}".join(lines)
    yield "\n\n"


def _table(element):
    if not _holds_data(element):
        yield from _flow(element)
        return
    yield "\n\n"
    for row in element.iter("tr"):
        cells = [_line(cell) for cell in row if cell.tag in ("td", "th")]
        if any(cells):
            yield "\n" + " | ".join(cells)
    yield "\n\n"


def _holds_data(table) -> bool:
    """Tell whether a table holds data in rows; most tables in mail only place things."""
    if table.get("role") == "presentation":
        return False
    rows = [[cell for cell in row if cell.tag in ("td", "th")] for row in table.iter("tr")]
    return any(len(row) > 1 for row in rows) and not any(
        inner.tag in _BLOCKS for row in rows for cell in row for inner in cell.iterdescendants()
    )


_RENDERERS = {
    "a": _link,
    "br": _break,
    "hr": _rule,
    "img": _picture,
    "ol": _list,
    "pre": _preformatted,
    "table": _table,
    "ul": _list,
    **dict.fromkeys(_HEADINGS, _heading),
}
