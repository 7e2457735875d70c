"""What a reader sees of HTML, to tell whether a design and the body made of it say the same."""

import re
import unicodedata
from collections import Counter
from typing import NamedTuple

from lxml import etree

_WORD = re.compile(r"[^\W_]+")
_SKIPPED = frozenset({"head", "script", "style", "svg", "title", "template"})
_VALUES = ("t-out", "t-esc", "t-field")


class Wording(NamedTuple):
    """Words, with placeholders among them, and addresses of links and how often each is there."""

    words: Counter
    links: Counter


def read(source: str) -> Wording:
    """Return what HTML says, without comments, styles and the order of its parts.

    A placeholder is its expression, whatever its fallback.
    """
    words, links = Counter(), Counter()
    if source.strip():
        parser = etree.HTMLParser(huge_tree=True)
        # NUL and halves of characters are none for libxml2.
        data = f"<body>{source}</body>".encode("utf-8", "replace").replace(b"\0", b"")
        tree = etree.fromstring(data, parser=parser)
        if tree is not None:
            _walk(tree, words, links)
    return Wording(words, links)


def _walk(tree, words, links):
    skipped = None
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment")):
        if event == "comment":
            if skipped is None:
                _add(element.tail, words)
        elif event == "start":
            if skipped is not None:
                continue
            if element.tag in _SKIPPED or any(name in element.attrib for name in _VALUES):
                skipped = element
                words.update(
                    f"{{{element.get(name).strip()}}}" for name in _VALUES if name in element.attrib
                )
                continue
            if element.tag == "a" and (address := (element.get("href") or "").strip()):
                links[address] += 1
            _add(element.text, words)
        else:
            if skipped is element:
                skipped = None
            if skipped is None:
                _add(element.tail, words)


def _add(text, words):
    if text:
        words.update(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def get_differences(design: str, body: str, most: int = 5) -> tuple[list[str], list[str]]:
    """Return what only the design says, and what only the body says: words and links, the first few.

    A text that the body has more often than the design is none: blocks for phones repeat one.
    """
    ours, theirs = read(design), read(body)
    only = [
        [
            *(word for word in one.words if word not in other.words),
            *(link for link in one.links if link not in other.links),
        ]
        for one, other in ((ours, theirs), (theirs, ours))
    ]
    return only[0][:most], only[1][:most]
