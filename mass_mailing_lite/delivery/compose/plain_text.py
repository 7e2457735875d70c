"""The plain text of an HTML body, for the text/plain part; like a typed letter, not Markdown.

Blank lines separate paragraphs, headings begin with ``#``, list items with a dash or their number.
A row of a data table is one line, its cells separated by a bar; the cells of a layout table follow
one another. The address of a link stands after its text in angle brackets (RFC 3986, appendix C),
and alone when the text is the address. A picture becomes its alternative text; what is hidden is
omitted, in whichever way (see ``hidden``).

Compared with what exists, on the addon's own templates, 19 kB of them joined, and small cases:

* ``inscriptis`` 2.7: 4 to 6 times the time. It sets layout tables as columns beside each other and
  pads each line with blanks to the width of the longest paragraph. It ignores ``start`` of a list.
* ``html2text`` 2025.4: 6 to 8 times the time. Layout tables become ``|`` and ``---``; without
  tables it joins the cells of data tables (``Chair120``). It shows hidden text such as the
  preheader, and Markdown such as ``**bold**``.
* Odoo's ``html2plaintext``: about the same time. It loses lists and the indentation of ``pre``,
  shows hidden text, names pictures by their file (``abc [1]`` for a tracking pixel, ``None [1]``
  for a linked picture), leaves a lone ``**`` after a heading, and puts all addresses at the end.
"""

import re
import unicodedata
from contextlib import suppress
from functools import lru_cache
from urllib.parse import unquote

from lxml import etree

from .hidden import is_hidden, remove_hidden_text

_WHITESPACE = re.compile(r"[ \t\r\n\f]+")
_BLANKS = re.compile(r"  +")
_BLANK_LINES = re.compile(r"\n{3,}")
_SKIPPED = frozenset({"head", "script", "style", "title", "template"})
_HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "#### ", "h6": "#### "}
# Blocks with a blank line around them, and those that only begin a new line.
_PARAGRAPHS = frozenset(("p", "dl", "table", "blockquote", "ul", "ol", "pre", "hr", *_HEADINGS))
_LINES = frozenset(
    (
        *("div", "section", "article", "header", "footer", "center", "address"),
        *("li", "tr", "td", "th", "dt", "dd", "caption"),
    )
)
_BLOCKS = _PARAGRAPHS | _LINES
# Links: schemes that are not shown, and those of numbers.
_SCHEME = re.compile(r"(?:mailto|tel|sms):", re.IGNORECASE)
_NUMBER = re.compile(r"(?:tel|sms):", re.IGNORECASE)
_DIGITS = re.compile(r"\+?[\d\s()/.\-\u2010-\u2013]{5,40}")
_WEB = re.compile(r"(?:https?:)?(?://)?(?:www\.)?")
# Characters that parsed HTML cannot hold: a blank that is kept, and the beginning of a line.
_KEPT = "\0"
_NEW_LINE = "\x01"
_NEW_LINES = re.compile(r"\x01{2,}")


def html_to_text(source: str) -> str:
    """Return HTML as plain text, without line breaks around it.

    :param source: a fragment or a document; broken HTML is read as browsers do
    """
    if not source or not source.strip():
        return ""
    tree = etree.fromstring(f"<body>{source}</body>", parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return ""
    pieces: list[str] = []
    try:
        remove_hidden_text(tree)
        _content(tree, pieces.append)
    except RecursionError:  # hundreds of nested elements
        pieces = [" ".join(tree.itertext())]
    return _tidy("".join(pieces)).strip(" \n").replace(_KEPT, " ")


def _tidy(text):
    """Return text with single blanks, and with one blank line at most between lines."""
    text = _BLANKS.sub(" ", text)
    for sign in (_NEW_LINE, "\n"):
        text = text.replace(f" {sign}", sign).replace(f"{sign} ", sign)
    text = _NEW_LINES.sub(_NEW_LINE, text).replace("\n" + _NEW_LINE, "\n")
    return _BLANK_LINES.sub("\n\n", text.replace(_NEW_LINE, "\n"))


# Each function below gives its text to ``add``. Generators would take four times as long, and
# templates with logic are converted for each recipient.


def _content(element, add):
    """Add an element's content."""
    if element.text:
        add(_fold(element.text))
    for child in element:
        tag = child.tag
        if type(tag) is str and tag not in _SKIPPED and not is_hidden(child):
            render = _RENDERERS.get(tag)
            if render:
                render(child, add)
            elif tag in _PARAGRAPHS:
                _paragraph(child, add)
            elif tag in _LINES:
                add(_NEW_LINE)
                _content(child, add)
                add(_NEW_LINE)
            else:
                _content(child, add)
        if child.tail:
            add(_fold(child.tail))


def _fold(text):
    if "\n" in text or "\t" in text or "\r" in text or "\f" in text:
        return " " if text.isspace() and text.isascii() else _WHITESPACE.sub(" ", text)
    return text  # _tidy removes other blanks


def _line(element):
    pieces = []
    _content(element, pieces.append)
    return _WHITESPACE.sub(" ", "".join(pieces).replace(_NEW_LINE, " ")).strip()


def _paragraph(element, add):
    add("\n\n")
    _content(element, add)
    add("\n\n")


def _break(_element, add):
    add("\n")


def _rule(_element, add):
    add("\n\n" + "-" * 40 + "\n\n")


def _picture(element, add):
    add(_fold(element.get("alt", "")))


def _heading(element, add):
    if text := _line(element):
        add(f"\n\n{_HEADINGS[element.tag]}{text}\n\n")


def _preformatted(element, add):
    text = "".join(element.itertext()).strip("\n").replace(" ", _KEPT)
    add(f"\n\n{text}\n\n")


def _link(element, add):
    text, address = _line(element), (element.get("href") or "").strip()
    shown = _SCHEME.sub("", address)
    if shown != address:
        shown = unquote(shown.partition("?")[0])  # without the subject of a mailto: link
    if not shown or address.startswith("#"):
        add(text)
    elif not text or text in (address, shown) or _reduce(text) == _reduce(address):
        add(text if text and _NUMBER.match(address) else shown)
    else:
        add(f"{text} <{shown}>")


@lru_cache(maxsize=1024)
def _reduce(address):
    """Return an address without what people leave out or add when they write it as a text.

    ``www.Example.com`` stands for ``https://example.com/``, and so does an address that is broken
    by invisible characters, or percent-encoded; ``+49 (0)30/12`` stands for ``tel:+493012``.
    """
    if _NUMBER.match(address) or _DIGITS.fullmatch(address):
        return re.sub(r"\(0\)|[^\d+]", "", address)
    address = "".join(
        char
        for char in unquote(address)
        if not char.isspace() and unicodedata.category(char) != "Cf"
    )
    address = _SCHEME.sub("", address.strip("<>").casefold())
    if "@" in address:
        address = address.partition("?")[0]
    address = _WEB.sub("", address).rstrip("/.")
    host, slash, path = address.partition("/")
    if "xn--" in host:
        # What cannot be decoded is no name that a person could have written in another way.
        with suppress(UnicodeError):
            host = host.encode().decode("idna")
    return unicodedata.normalize("NFC", host) + slash + path


def _list(element, add):
    start = element.get("start", "")
    number = int(start) if start.isascii() and start.isdecimal() else 1
    add("\n\n")
    for item in element:
        if item.tag == "li" and not is_hidden(item):
            bullet = f"{number}. " if element.tag == "ol" else "- "
            number += 1
            pieces = []
            _content(item, pieces.append)
            lines = [line for line in _tidy("".join(pieces)).strip().split("\n") if line]
            add(f"\n{bullet}" + f"\n{_KEPT * len(bullet)}".join(lines))
    add("\n\n")


def _table(element, add):
    if not _holds_data(element):
        _paragraph(element, add)
        return
    add("\n\n")
    for row in _shown_rows(element):
        cells = [_line(cell) for cell in row if cell.tag in ("td", "th") and not is_hidden(cell)]
        if any(cells):
            add("\n" + " | ".join(cells))
    add("\n\n")


def _shown_rows(table):
    for child in table:
        if type(child.tag) is str and not is_hidden(child):
            if child.tag == "tr":
                yield child
            elif child.tag in ("thead", "tbody", "tfoot"):
                yield from _shown_rows(child)


def _holds_data(table):
    """Tell whether a table holds rows of data; most tables in mail only make a layout."""
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
