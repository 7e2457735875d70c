"""Sample content: which passages of a text are still those of the templates that are shipped.

A passage is a sentence, a line or the address of a link. It is recognized by its *key*, a hash of its
letters and digits: blanks, punctuation, capitals, formatting and elements around it do not matter,
so a passage that was copied, pasted or saved by an editor is still recognized. One that was rewritten
is not. Placeholders and their fallbacks are no part of it.

``data/sample_passages.json`` has the keys of all passages of the templates, in all languages, of this
version and of earlier ones. Passages that a real mailing may well keep ("Dear reader", "With kind
regards") are not in it.
"""

import hashlib
import json
import re
import unicodedata
from functools import cache
from pathlib import Path

from lxml import etree

FILE = Path(__file__).parent.parent / "data" / "sample_passages.json"
KEY_LENGTH = 16  # hexadecimal digits: by chance, one text in 10^16 would be taken for a sample
SHORTEST = 6  # letters and digits; what is shorter may stand in any mailing

#: Elements within a line. All others end one.
INLINE = frozenset(
    ("a", "abbr", "b", "big", "del", "em", "font", "i", "ins", "mark", "q", "s", "small", "span",
     "strong", "sub", "sup", "t", "tt", "u", "wbr")
)  # fmt: skip
#: Elements whose content no reader sees.
HIDDEN = frozenset({"head", "script", "style", "title"})
FILLED = ("t-out", "t-esc", "t-field")

# A sentence ends in a mark with a blank after it.
_SENTENCE_END = re.compile(r"(?<=[.!?\u2026])\s+")
_INLINE_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,400}\}\}")
_SCHEME = re.compile(r"https?://(?:www\.)?", re.IGNORECASE)


def normalize(text: str) -> str:
    """Return the letters and digits of a text, without capitals, in compatibility form (NFKC)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if char.isalnum())


def get_key(passage: str) -> str | None:
    """Return the key of a sentence or line; None where it is too short or has only one word."""
    normal = normalize(passage)
    words = [word for word in passage.split() if normalize(word)]
    if len(normal) < SHORTEST or normal.isdecimal() or len(words) < 2:
        return None
    return hashlib.sha256(normal.encode()).hexdigest()[:KEY_LENGTH]


def get_link_key(address: str) -> str | None:
    """Return the key of a web address; None for another one. Scheme and last slash do not matter."""
    address = address.strip()
    scheme = _SCHEME.match(address)
    if not scheme:
        return None
    rest = address[scheme.end() :].rstrip("/").casefold()
    return hashlib.sha256(f"link {rest}".encode()).hexdigest()[:KEY_LENGTH]


def split_sentences(line: str) -> list[str]:
    """Return the sentences of a line."""
    return [part for part in _SENTENCE_END.split(line.strip()) if part]


def read_text(text: str) -> list[str]:
    """Return the lines of a subject or another text, without inline placeholders."""
    return [line for line in _INLINE_PLACEHOLDER.sub(" ", text).splitlines() if line.strip()]


def read_html(source: str) -> tuple[list[str], list[str]]:
    """Return the lines that a reader sees, and the addresses of links.

    :param source: body as it is stored
    """
    lines, links = [""], []
    if not source.strip():
        return [], []
    tree = etree.fromstring(f"<body>{source}</body>", parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return [], []
    skipped = 0  # depth within an element that is not read
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi"):
            lines[-1] += "" if skipped else element.tail or ""
            continue
        tag = element.tag
        is_skipped = tag in HIDDEN or any(name in element.attrib for name in FILLED)
        if event == "start":
            skipped += is_skipped
            if not skipped:
                if tag not in INLINE:
                    lines.append("")
                lines[-1] += element.text or ""
                if href := element.get("href"):
                    links.append(href)
            continue
        skipped -= is_skipped
        if not skipped:
            if tag not in INLINE:
                lines.append("")
            # A placeholder stands between two words.
            lines[-1] += (" " if is_skipped else "") + (element.tail or "")
    return [line for line in lines if line.strip()], links


@cache
def get_known_keys() -> frozenset[str]:
    """Return the keys of all sample passages."""
    return frozenset(json.loads(FILE.read_text()))


def find_samples(lines: list[str], links: list[str] = ()) -> dict[str, str]:
    """Return the sample passages: {key: the passage as it stands in the text}, in their order.

    :param lines: what a reader sees
    :param links: addresses
    """
    known, found = get_known_keys(), {}
    for line in lines:
        for sentence in split_sentences(line):
            key = get_key(sentence)
            if key in known:
                found.setdefault(key, " ".join(sentence.split()))
    for address in links:
        key = get_link_key(address)
        if key in known:
            found.setdefault(key, address.strip())
    return found
