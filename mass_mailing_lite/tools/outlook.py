"""Conditional comments, which only Outlook reads: kept as they were written, byte for byte.

Outlook draws with Word's engine. Designs write a second version for it into comments::

    <!--[if mso]> … <![endif]-->                  for Outlook alone
    <!--[if !mso]><!--> … <!--<![endif]-->        for all others
    <![if !mso]> … <![endif]>                     the same, shorter

Odoo's sanitizer leaves comments in place, but not as they were: it drops those at the beginning of a
body, takes ``<!-->`` for an empty comment, removes elements such as ``<o:PixelsPerInch>`` in them, and
makes ``<!--[if !mso]-->`` of the short form. So they are taken out before, each replaced by a comment
that no sanitizer minds, and put back behind. Only comments that end where every parser ends them are
taken, and none in which an old Internet Explorer would run a program.

Style sheets in a body are kept in the same way: they are stored as XML, in which ``a > b`` becomes
``a &gt; b``, and ``a &amp;gt; b`` the next time, which no mail program understands.
"""

import re
import secrets
from collections import Counter

from lxml import etree, html

_OPENING = re.compile(r"<!--\s{0,9}\[if [^\[\]<>]{1,200}\]>", re.IGNORECASE)
_REVEALED = re.compile(r"<!\[if [^\[\]<>]{1,200}\]>", re.IGNORECASE)
_REVEALED_END = re.compile(r"<!\[endif\]>", re.IGNORECASE)
# What closes the first form, and the second one as a whole.
_CLOSING = re.compile(r"<!\[endif\]\s{0,9}-->\Z", re.IGNORECASE)
_FOR_OTHERS = re.compile(r"<!-{2}\s{0,9}-{0,2}>\Z")
_FOR_OTHERS_END = re.compile(r"<!--\s{0,9}<!\[endif\]\s{0,9}-->", re.IGNORECASE)
_MOST_IN_CLOSING = 40  # characters that the two patterns above may take
_PROGRAM = re.compile(
    r"<\s{0,9}(?:script|iframe|frame|object|embed|applet)\b"
    r"|[\s/\"']on(?:abort|activate|before|blur|change|click|copy|cut|dblclick|drag|drop|error|filter"
    r"|finish|focus|help|input|key|load|mouse|paste|pointer|property|readystate|reset|resize|scroll"
    r"|select|start|submit|toggle|unload|wheel)[a-z]{0,20}\s{0,9}="
    r"|(?:java|vb)script\s{0,9}:|:\s{0,9}expression\s{0,9}\(|-moz-binding",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s*")
_BEGIN = re.compile(r"<!--|<!|<style(?:\s[^<>]{0,500})?>", re.IGNORECASE)
_STYLE_END = re.compile(r"</style\s{0,9}>", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"[&>]")
# What stands in the place of what was taken out: a comment, in a style sheet one of CSS.
_NAME = re.compile(r"outlook [0-9a-f]{16} \d{1,7}")
_MARK = re.compile(rf"<!--({_NAME.pattern})-->|/\*({_NAME.pattern})\*/")
_COMMENT, _STYLE = "<!--%s-->", "/*%s*/"


class Masked:
    """HTML without its conditional comments and style sheets.

    :ivar str text: HTML with a mark in place of each
    :ivar str leading: conditional comments before everything else, where a parser would drop them
    """

    def __init__(self, text, leading="", kept=None):
        self.text = text
        self.leading = leading
        self._kept = kept or {}

    def __bool__(self):
        return bool(self._kept or self.leading)

    def restore(self, text):
        """Return HTML with all that was taken out back in its place."""
        if not self._kept:
            return text
        return _MARK.sub(lambda mark: self._kept.get(mark[1] or mark[2], mark[0]), text)

    def is_whole(self, text):
        """Tell whether the marks in HTML stand where the comments and style sheets may stand again.

        They are not inside of an attribute, for instance, whose quotation marks they could close.

        :param str text: HTML as a serializer wrote it
        """
        found = Counter(name for name in _NAME.findall(text) if name in self._kept)
        if not found:
            return True
        tree = html.fragment_fromstring(text, create_parent="div")
        places = Counter(one.text for one in tree.iter(etree.Comment))
        places.update((one.text or "").strip("/*") for one in tree.iter("style"))
        return all(found[name] == places[name] == 1 for name in found)


def mask(source):
    """Return HTML as ``Masked``; linear.

    :param str source: HTML, however broken
    """
    kept, pieces, leading, position = {}, [], "", 0
    first = _BLANKS.match(source).end()
    key = secrets.token_hex(8)
    for start, end, form in _find(source):
        piece = source[start:end]
        if form == _COMMENT and _PROGRAM.search(piece):
            piece = ""
        if start == first:
            # Nothing but comments and blanks until here.
            leading += source[position:start] + piece
            first = _BLANKS.match(source, end).end()
        else:
            name = f"outlook {key} {len(kept)}"
            pieces += [source[position:start], form % name]
            kept[name] = piece
        position = end
    return Masked("".join((*pieces, source[position:])), leading, kept)


def mask_whole(source):
    """Return a body that was sanitized as ``Masked``; from a broken one nothing is taken out.

    :param str source: HTML as a serializer wrote it
    """
    masked = mask(source)
    return masked if masked.is_whole(masked.text) else Masked(source)


def _find(source):
    """Yield (start, end, form of the mark) of conditional comments and style sheets, in order."""
    position = 0
    while match := _BEGIN.search(source, position):
        start, position = match.span()
        if match[0] == "<!--":
            position = _end_of_comment(source, start)
            if position < 0:
                return
            if _is_conditional(source, start, position):
                yield start, position, _COMMENT
        elif match[0].startswith("<!"):
            if end := _REVEALED.match(source, start) or _REVEALED_END.match(source, start):
                position = end.end()
                yield start, position, _COMMENT
        else:
            start, position = position, source.find("<", position)
            if position < 0:
                return
            # What a serializer of XML would write in another way.
            if _AMBIGUOUS.search(source, start, position) and _STYLE_END.match(source, position):
                yield start, position, _STYLE


def _end_of_comment(source, start):
    """Return where a comment ends as the HTML standard says, -1 when it does not."""
    for empty in ("<!-->", "<!--->"):
        if source.startswith(empty, start):
            return start + len(empty)
    end = source.find("-->", start + 4)
    return end + 3 if end >= 0 else -1


def _is_conditional(source, start, end):
    if _FOR_OTHERS_END.fullmatch(source, start, end):
        return True
    opening = _OPENING.match(source, start, end)
    if not opening or "--!>" in source[start:end]:
        return False
    closing = source[max(opening.end(), end - _MOST_IN_CLOSING) : end]
    return bool(
        _CLOSING.search(closing) or _FOR_OTHERS.fullmatch(source[opening.end() : end].strip())
    )
