"""The line by which a message is known in an inbox: who it is from, its subject, its first words.

Mail programs show the hidden preview text of a message, and go on with the text of its body while
there is room: about 40 characters of a subject and 90 of a text on a phone, some more on a desk.
They read the text of the page as it stands, so the alternative text of pictures is no part of it.
"""

import re
from email.utils import parseaddr
from typing import NamedTuple

from lxml import etree

MAX_TEXT = 200  # characters; two lines of a phone have 90

_SKIPPED = frozenset({"head", "script", "style", "title", "template"})
_BLOCKS = frozenset(
    ("address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer", "h1", "h2",
     "h3", "h4", "h5", "h6", "header", "hr", "li", "ol", "p", "pre", "section", "table", "td", "th",
     "tr", "ul")
)  # fmt: skip
# Signs without width, by which templates keep the body out of the line.
_INVISIBLE = re.compile(r"[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060\ufeff]")


class InboxLine(NamedTuple):
    """What an inbox shows of one message.

    :ivar sender: name of the sender, the address when there is none
    :ivar initials: one or two letters, for the picture of a sender without one
    :ivar text: the preview text, then the first words of the body
    :ivar has_preview: whether the message has a preview text
    """

    sender: str
    initials: str
    subject: str
    text: str
    has_preview: bool


def read_inbox_line(sender: str, subject: str, preview: str, page: str) -> InboxLine:
    """Return the line of one message.

    :param sender: the From header, decoded
    :param preview: the preview text, as this recipient gets it
    :param page: HTML of the body, or of the whole message with the preview text in it
    """
    name, address = parseaddr(sender or "")
    preview, words = _shorten(preview), _read_words(page)
    if preview and not words.startswith(preview):
        words = f"{preview} {words}"
    return InboxLine(
        sender=name or address or sender or "",
        initials=get_initials(name or address),
        subject=_shorten(subject),
        text=words[:MAX_TEXT].strip(),
        has_preview=bool(preview),
    )


def get_initials(name: str) -> str:
    """Return the first letters of the first and of the last word of a name, in upper case."""
    words = re.findall(r"[^\W\d_][\w'-]*", name.partition("@")[0])
    ends = [words[0], *words[1:][-1:]] if words else []
    return "".join(word[0] for word in ends).upper()


def _shorten(text: str) -> str:
    return " ".join(_INVISIBLE.sub("", text or "").split())


def _read_words(page: str) -> str:
    """Return the first words of a page: not more is read than the line needs."""
    if not (page or "").strip():
        return ""
    tree = etree.fromstring(page, parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return ""
    texts: list[str] = []
    size = 0
    skipped = None
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        if event == "start":
            if skipped is None and element.tag in _SKIPPED:
                skipped = element
            text = element.text if skipped is None and type(element.tag) is str else ""
            gap = element.tag in _BLOCKS
        else:
            if element is skipped:
                skipped = None
            text = element.tail if skipped is None else ""
            gap = element.tag in _BLOCKS
        if gap:
            texts.append(" ")
        if text:
            texts.append(text)
            size += len(text)
        # Blanks and signs without width are not counted as words.
        if size > 20 * MAX_TEXT and len(_shorten("".join(texts))) > MAX_TEXT:
            break
    return _shorten("".join(texts))
