"""A message as Gmail shows it on the web: what is publicly known of how it rewrites HTML.

Gmail publishes no list of what it does; these rules were found by people who sent mail to themselves:

* Clipped: of the message's source, 102 KB are shown (email-bugs 41), and then no ``<style>`` (56).
* ``<style>`` counts in the head alone (caniemail: html-style). Those beyond 16 KB together are removed
  (90); one with an at-rule in another at-rule is removed as a whole (21), and so is one with rules in
  rules, or with colours written with blanks (caniemail: css-nesting, css-rgb).
* No external style sheets, ``@import``, ``@font-face``, ``@keyframes``, ``@supports``. ``@media`` asks
  for width, orientation and resolution only (Google: CSS support; caniemail: css-at-media).
* Rules with pseudo-classes (but ``:hover``), pseudo-elements or attribute selectors are dropped.
* Classes and ids get a prefix, in selectors too; ``<body>`` becomes a ``<div>``, so rules for it go.
* Properties are removed that caniemail found removed: ``position``, ``box-shadow``, ``transform`` and so
  on, declarations of variables, negative margins and indents, ``list-style`` with a picture,
  ``background-position`` with several values, ``!IMPORTANT`` in capitals (13).
* An inline style with a colour written with blanks, ``rgb(0 0 0)``, is removed as a whole (css-rgb).
* Comments, so all that Outlook alone reads, scripts, ``srcset``, ``hidden``, pictures in the address
  itself and as SVG are removed; ``<picture>``, ``<video>``, ``<main>``, ``<nav>`` and others become
  ``<u>`` without a line (caniemail: html-picture, html-semantics, image-base64, image-svg).

Sources: https://github.com/hteumeuleu/email-bugs/issues (the numbers), https://www.caniemail.com and
https://developers.google.com/workspace/gmail/design/css. Rules that are only about the app, about
forms, or about what no picture shows are left out.
"""

import re

from lxml import etree, html

CLIP = 102 * 1024  # bytes of the HTML
STYLE = 16 * 1024  # characters of all <style> together
PREFIX = "m_19"

REMOVED_PROPERTIES = frozenset(
    [
        "accent-color",
        "align-items",
        "animation",
        "animation-delay",
        "animation-duration",
        "animation-name",
        "aspect-ratio",
        "backdrop-filter",
        "block-size",
        "border-image",
        "bottom",
        "box-shadow",
        "clip-path",
        "color-scheme",
        "cursor",
        "filter",
        "flex-direction",
        "flex-wrap",
        "font-stretch",
        "grid-template",
        "grid-template-areas",
        "grid-template-columns",
        "grid-template-rows",
        "hyphens",
        "inline-size",
        "inset",
        "justify-content",
        "left",
        "list-style-image",
        "margin-block",
        "margin-block-end",
        "margin-block-start",
        "margin-inline",
        "margin-inline-end",
        "margin-inline-start",
        "mask-image",
        "max-block-size",
        "max-inline-size",
        "min-block-size",
        "min-inline-size",
        "outline-offset",
        "overflow-block",
        "overflow-inline",
        "overflow-wrap",
        "padding-block",
        "padding-block-end",
        "padding-block-start",
        "padding-inline",
        "padding-inline-end",
        "padding-inline-start",
        "position",
        "resize",
        "right",
        "row-gap",
        "scroll-snap-align",
        "scroll-snap-type",
        "shape-margin",
        "shape-outside",
        "tab-size",
        "text-decoration-skip-ink",
        "text-decoration-thickness",
        "text-emphasis-position",
        "text-shadow",
        "text-underline-offset",
        "text-wrap",
        "top",
        "transform",
        "transform-origin",
        "transition",
        "user-select",
        "visibility",
        "white-space-collapse",
        "z-index",
    ]
)
REMOVED = ("script", "link", "meta", "base", "title", "object", "embed", "iframe", "frame", "svg")
REPLACED = [
    "picture",
    "source",
    "video",
    "audio",
    "track",
    "main",
    "nav",
    "details",
    "summary",
    "dialog",
    "meter",
    "progress",
    "ruby",
    "rp",
    "rt",
    "bdi",
    "marquee",
]
MEDIA = re.compile(
    r"(?:only\s+)?(?:screen|all)?(?:\s*and\s*)?(?:\(\s*(?:(?:min-|max-)?(?:device-)?width|orientation"
    r"|(?:min-|max-)?resolution)\s*:[^()]+\)(?:\s*and\s*)?)*",
    re.IGNORECASE,
)
MODERN_COLOR = re.compile(
    r"\b(?:rgb|hsl)a?\(\s*[\d.]+%?\s+[\d.]+%?\s+[\d.]+|\b(?:ok)?(?:lab|lch)\("
)
NEGATIVE = re.compile(r"(?:^|\s)-\s*[\d.]")
SPECIAL_SELECTOR = re.compile(r":(?!hover\b)|\[(?!class~=)")
NAMES = re.compile(r"([.#])(-?[A-Za-z_][\w-]*)")
BODY = re.compile(r"(?<![\w.#-])(?:html|body|:root)\b", re.IGNORECASE)


def rewrite(page):
    """Return a message's HTML as Gmail puts it into its own page.

    :param str page: the HTML part, as it was received
    """
    octets = page.encode()
    is_clipped = len(octets) > CLIP
    if is_clipped:
        page = octets[:CLIP].decode(errors="ignore")
        page = page[: page.rfind("<")] if page.rfind("<") > page.rfind(">") else page
    tree = html.document_fromstring(page)
    etree.strip_tags(tree, etree.Comment)
    style = "" if is_clipped else _rewrite_styles(tree)
    for element in list(tree.iter(*REMOVED, "style")):
        element.drop_tree()
    for element in list(tree.iter(*REPLACED)):
        element.tag = "u"
        element.attrib.clear()
        element.set("style", "text-decoration: none")
    body = tree.find("body")
    for element in body.iter(etree.Element):
        _rewrite_attributes(element)
    body.tag = "div"
    content = html.tostring(body, encoding="unicode")
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><style>{style}</style></head>'
        '<body style="margin: 0"><div style="font: small/1.5 Arial, Helvetica, sans-serif;'
        f' overflow-x: auto; word-wrap: break-word">{content}</div></body></html>'
    )


def _rewrite_styles(tree):
    """Return the rules that are left of all ``<style>`` in the head."""
    left, size = [], 0
    head = tree.find("head")
    for element in head.iter("style") if head is not None else ():
        css = element.text or ""
        size += len(css)
        if size > STYLE:
            break
        media = element.get("media")
        rules = _rewrite_rules(css)
        if rules is not None:
            left.append(f"@media {media} {{{rules}}}" if media else rules)
    return "\n".join(left)


def _rewrite_rules(css, is_nested=False):
    """Return what is left of a style sheet; None when the whole of it is removed."""
    if MODERN_COLOR.search(css):
        return None
    left = []
    for prelude, block in split_rules(css):
        if prelude.startswith("@"):
            if is_nested:
                return None
            name, _blank, query = prelude.partition(" ")
            if name.lower() != "@media":
                continue
            rules = _rewrite_rules(block, is_nested=True)
            if rules is None:
                return None
            if all(MEDIA.fullmatch(one.strip()) for one in query.split(",")):
                left.append(f"{prelude} {{{rules}}}")
        elif block is not None:
            if "{" in block:
                return None
            if not SPECIAL_SELECTOR.search(prelude) and not BODY.search(prelude):
                selector = NAMES.sub(rf"\1{PREFIX}\2", prelude)
                left.append(f"{selector} {{{rewrite_declarations(block)}}}")
    return "\n".join(left)


def split_rules(css):
    """Yield (prelude, block) of the rules of a style sheet; the block is None without braces."""
    css = re.sub(r"/\*.*?(?:\*/|$)", " ", css, flags=re.DOTALL)
    depth, start, prelude = 0, 0, ""
    for match in re.finditer(r"[{};]|\"[^\"]*\"|'[^']*'", css):
        sign = match[0]
        if sign == "{":
            depth += 1
            if depth == 1:
                prelude, start = css[start : match.start()].strip(), match.end()
        elif sign == "}" and depth:
            depth -= 1
            if not depth:
                yield prelude, css[start : match.start()]
                start = match.end()
        elif sign == ";" and not depth:
            yield css[start : match.start()].strip(), None
            start = match.end()


def rewrite_declarations(style):
    """Return the declarations of a style that Gmail leaves."""
    return "; ".join(
        f"{name}: {value}" for name, value in split_declarations(style) if _is_kept(name, value)
    )


def split_declarations(style):
    """Yield (property in lower case, value) of a style's declarations."""
    style = re.sub(r"/\*.*?(?:\*/|$)", " ", style, flags=re.DOTALL)
    pattern = r"(?:[^;\"'(]|\"[^\"]*(?:\"|$)|'[^']*(?:'|$)|\((?:[^()\"']|\"[^\"]*\"|'[^']*'|\([^()]*\))*(?:\)|$))+"
    for declaration in re.findall(pattern, style):
        name, colon, value = declaration.partition(":")
        if colon and value.strip():
            yield name.strip().lower(), value.strip()


def _is_kept(name, value):
    if name in REMOVED_PROPERTIES or name.startswith("-"):
        return False
    if name.startswith(("margin", "text-indent")) and NEGATIVE.search(value):
        return False
    if name == "list-style" and "url(" in value:
        return False
    if name == "background-position" and "," in value:
        return False
    return "!" not in value or "!important" in value.replace(" ", "")


def _rewrite_attributes(element):
    for name in ("srcset", "hidden", "onclick"):
        element.attrib.pop(name, None)
    if names := element.get("class"):
        element.set("class", " ".join(f"{PREFIX}{name}" for name in names.split()))
    if name := element.get("id"):
        element.set("id", f"{PREFIX}{name}")
    if style := element.get("style"):
        if MODERN_COLOR.search(style):
            del element.attrib["style"]
        else:
            element.set("style", rewrite_declarations(style))
    source = element.get("src") or ""
    if source.startswith("data:") or source.partition("?")[0].endswith(".svg"):
        del element.attrib["src"]
