"""What a reader sees of an HTML body: words, pictures, colours and widths.

Only what stands in the elements themselves is read (attributes, ``style``): mail programs drop
style sheets, and authors colour words in the editor, which writes it there. What a class or a
background picture may colour is not judged.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Any, NamedTuple

from lxml import etree
from PIL import ImageColor

MIN_CONTRAST = 3.0  # WCAG 2.2, 1.4.3 for large text; less is hard to read in any size
MAX_WIDTH = 640  # pixels; the width for which e-mail is made is 600
SMALL = 100  # pixels; a picture of this width and height or less is an icon
SPACER = 3  # pixels; a picture of this size is not seen
MAX_NAMED = 5
MAX_QUOTE = 40  # characters
POINT = 4 / 3  # pixels

_SKIPPED = frozenset({"head", "script", "style", "title", "template", "noscript"})
_LENGTH = re.compile(r"\s{0,9}(\d{1,6}(?:\.\d{1,4})?)\s{0,9}(px|pt|%|)", re.IGNORECASE)
_TOKEN = re.compile(r"rgba?\([^()]{1,60}\)|hsla?\([^()]{1,60}\)|[^\s,]{1,40}")
_ALPHA = re.compile(
    r"(rgb|hsl)a?\(\s{0,9}([\d.%]{1,9})[\s,]{1,9}([\d.%]{1,9})[\s,]{1,9}([\d.%]{1,9})"
    r"(?:[\s,/]{1,9}([\d.]{1,9})(%?))?\s{0,9}\)"
)
# Classes by which editors and frameworks colour: what they do is in a style sheet.
_COLOUR_CLASS = re.compile(r"(?:^|\s)(?:o_cc|text-|bg-|btn|alert|badge|card)")
# The last part of a file's name: no description of what is in it.
_FILE_NAME = re.compile(
    r"\s{0,9}[^\s/]{1,200}\.(?:png|jpe?g|gif|webp|svg|bmp)\s{0,9}", re.IGNORECASE
)

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


class PageLook(NamedTuple):
    """What is seen of a body.

    :ivar letters: of the text that is seen; one of Chinese, Japanese or Korean counts as two
    :ivar pictures: those that are larger than an icon
    :ivar undescribed: addresses of pictures that say nothing where pictures are not shown
    :ivar faint: (words, colour, colour behind them) of text that hardly differs from what is behind
        it; colours as ``#rrggbb``
    :ivar wide: (element, pixels) of what is wider than a phone, the widest first
    """

    letters: int
    pictures: int
    undescribed: tuple[str, ...]
    faint: tuple[tuple[str, str, str], ...]
    wide: tuple[tuple[str, int], ...]


EMPTY = PageLook(0, 0, (), (), ())


class _State(NamedTuple):
    """What an element hands on to those within it; a colour that is not known is None."""

    colour: tuple[int, int, int] | None = BLACK
    behind: tuple[int, int, int] | None = WHITE
    is_link: bool = False


# Several checks ask for the same body, one after the other.
@lru_cache(maxsize=4)
def read_page(source: str) -> PageLook:
    """Return what is seen of an HTML body; linear."""
    if not source.strip():
        return EMPTY
    parser = etree.HTMLParser(huge_tree=True, remove_comments=True)
    text = source.encode("utf-8", "replace").replace(b"\0", b"").decode()
    tree = etree.fromstring(f"<body>{text}</body>", parser=parser)
    if tree is None:
        return EMPTY
    reader = _Reader(is_responsive="@media" in source)
    reader.look_at(tree)
    return PageLook(
        reader.letters,
        reader.pictures,
        tuple(dict.fromkeys(reader.undescribed)),
        tuple(dict.fromkeys(reader.faint)),
        tuple(sorted(dict.fromkeys(reader.wide), key=lambda one: -one[1])),
    )


class _Reader:
    """Reads a tree without recursion, however deep it is."""

    def __init__(self, is_responsive):
        self.is_responsive = is_responsive
        self.letters = self.pictures = 0
        self.undescribed: list[str] = []
        self.faint: list[tuple[str, str, str]] = []
        self.wide: list[tuple[str, int]] = []

    def look_at(self, tree):
        stack: list[tuple[Any, _State]] = [(tree, _State())]
        while stack:
            item, state = stack.pop()
            if isinstance(item, str):
                self._read_text(item, state)
                continue
            if isinstance(item.tag, str) and item.tag not in _SKIPPED:
                style = read_style(item.get("style", ""))
                if not is_hidden(item, style):
                    inner = self._enter(item, style, state)
                    # The last one first: a stack gives back what was put on it last.
                    for child in reversed(item):
                        if child.tail:
                            stack.append((child.tail, inner))
                        stack.append((child, inner))
                    if item.text:
                        stack.append((item.text, inner))

    def _enter(self, element, style, state):
        tag = element.tag
        self._read_width(element, style)
        if tag == "img":
            self._read_picture(element, style, state)
        colour, behind = state.colour, state.behind
        if tag == "a" and "href" in element.attrib:
            colour = None  # that of links, which differs from program to program
        has_class = bool(_COLOUR_CLASS.search(element.get("class", "")))
        if has_class:
            colour = behind = None
        own_behind = style.get("background-color") or style.get("background")
        own_behind = own_behind or element.get("bgcolor")
        if own_behind or "background-image" in style or element.get("background"):
            behind = self._read_behind(element, style, own_behind or "", behind)
        own_colour = style.get("color") or (element.get("color") if tag == "font" else None)
        own_colour = own_colour or (element.get("text") if tag == "body" else None)
        if own_colour and own_colour != "inherit":
            colour = read_colour(own_colour, behind)
        is_link = state.is_link or (tag == "a" and not any(map(str.strip, element.itertext())))
        return _State(colour, behind, is_link)

    def _read_behind(self, element, style, value, behind):
        pictures = (value, style.get("background-image", ""), element.get("background") or "none")
        if any("(" in text and not text.startswith(("rgb", "hsl")) for text in pictures[:2]):
            return None  # url(…), linear-gradient(…)
        if pictures[2] != "none":
            return None
        if value in ("none", "inherit", "initial", "transparent", ""):
            return behind
        for token in _TOKEN.findall(value):
            if (colour := read_colour(token, behind)) is not None:
                return colour
        return None

    def _read_text(self, text, state):
        count = count_letters(text)
        self.letters += count
        if not count or state.colour is None or state.behind is None:
            return
        if get_contrast(state.colour, state.behind) < MIN_CONTRAST:
            words = " ".join(text[: 4 * MAX_QUOTE].split())
            quote = words if len(words) <= MAX_QUOTE else f"{words[: MAX_QUOTE - 1].rstrip()}…"
            self.faint.append((quote, to_hex(state.colour), to_hex(state.behind)))

    def _read_picture(self, element, style, state):
        sizes = [
            read_pixels(style.get(name) or element.get(name) or "") for name in ("width", "height")
        ]
        if any(size is not None and size <= SPACER for size in sizes):
            return
        if not all(size is not None and size <= SMALL for size in sizes):
            self.pictures += 1
        if element.get("role") in ("presentation", "none") or element.get("aria-hidden") == "true":
            return
        if any(name in element.attrib for name in ("t-att-alt", "t-attf-alt")):
            return
        words = element.get("alt")
        # An empty one is right for an ornament, but not for what one can click on.
        is_ornament = words is not None and not words.strip() and not state.is_link
        if not is_ornament and not describes(words or ""):
            self.undescribed.append(element.get("src") or "")

    def _read_width(self, element, style):
        if self.is_responsive and element.get("class"):
            return  # a style sheet may make it narrow on a phone
        least, most = read_pixels(style.get("min-width", "")), style.get("max-width", "")
        fixed = read_pixels(style.get("width") or element.get("width") or "")
        is_bounded = (
            "%" in most or "vw" in most or (read_pixels(most) or MAX_WIDTH + 1) <= MAX_WIDTH
        )
        if element.tag == "img" and re.search(
            r"(?:^|\s)img-fluid(?:\s|$)", element.get("class", "")
        ):
            is_bounded = True
        if is_bounded:
            fixed = None
        width = max(least or 0, fixed or 0)
        if width > MAX_WIDTH:
            self.wide.append((element.tag, round(width)))


# The same few styles and colours stand in most elements of a page.
@lru_cache(maxsize=512)
def read_style(text: str) -> dict[str, str]:
    """Return {property: value} of a ``style``, in lower case and without ``!important``."""
    found = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            value = value.strip().lower().removesuffix("!important").rstrip()
            found[name.strip().lower()] = value
    return found


def is_hidden(element, style: dict[str, str]) -> bool:
    """Tell whether an element is not shown, such as a hidden preview text."""
    if "hidden" in element.attrib:
        return True
    if not style:
        return False
    if style.get("display") == "none":
        return True
    if style.get("visibility") == "hidden" or style.get("mso-hide") == "all":
        return True
    return any(
        style.get(name, "").startswith("0") and not read_number(style[name])
        for name in ("font-size", "opacity", "max-height", "max-width")
    )


def read_number(text: str) -> float:
    match = re.match(r"\d{1,9}(?:\.\d{1,9})?", text)
    return float(match[0]) if match else 0.0


@lru_cache(maxsize=512)
def read_pixels(text: str) -> float | None:
    """Return a length in pixels, None when it is none or a share of what is around it."""
    match = _LENGTH.fullmatch(text.strip()[:40])
    if not match or match[2] == "%":
        return None
    return float(match[1]) * (POINT if match[2].lower() == "pt" else 1)


@lru_cache(maxsize=512)
def read_colour(text: str, behind=None) -> tuple[int, int, int] | None:
    """Return red, green and blue of a CSS colour, None when it is none that is known.

    :param behind: the colour that shines through where it is transparent
    """
    text, alpha = text.strip().lower()[:80], 1.0
    if match := _ALPHA.fullmatch(text):
        red, green, blue = (part.split(".")[0] for part in match.groups()[1:4])
        sign = "%" if match[1] == "rgb" and match[2].endswith("%") and "%" not in red else ""
        text = f"{match[1]}({red}{sign}, {green}{sign}, {blue}{sign})"
        alpha = min(float(match[5]) / (100 if match[6] else 1), 1) if is_number(match[5]) else 1.0
    try:
        colour = ImageColor.getrgb(text)
    except ValueError:
        return None
    if len(colour) == 4:
        alpha = colour[3] / 255
    if alpha < 1 and behind is None:
        return None
    mixed = zip(colour[:3], behind or WHITE, strict=True)
    red, green, blue = (
        max(0, min(255, round(own * alpha + other * (1 - alpha)))) for own, other in mixed
    )
    return red, green, blue


def is_number(text: str | None) -> bool:
    return bool(text) and bool(re.fullmatch(r"\d{0,9}(?:\.\d{1,9})?|\d{1,9}\.", text))


def to_hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


@lru_cache(maxsize=512)
def get_contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((get_luminance(one), get_luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def get_luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, from 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def count_letters(text: str) -> int:
    """Return how many letters and figures a text has; those as wide as two count twice."""
    if text.isascii():
        return sum(map(str.isalnum, text))
    return sum(
        2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text if char.isalnum()
    )


def describes(text: str) -> bool:
    """Tell whether an alternative text says what a picture shows."""
    return any(map(str.isalnum, text)) and not _FILE_NAME.fullmatch(text)


def name_address(address: str) -> str:
    """Return the last part of an address, by which an author knows a picture."""
    if address[:5].lower() == "data:":
        return ""
    path = re.split(r"[?#]", address.strip(), maxsplit=1)[0].rstrip("/")
    return path.rpartition("/")[2][:60]
