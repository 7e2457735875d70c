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
_NAME = re.compile(r"outlook [0-9a-f]{16} \d{1,7}")


class Masked:
    """HTML without its conditional comments.

    :ivar str text: HTML with a plain comment in place of each conditional one
    :ivar str leading: conditional comments before everything else, where a parser would drop them
    """

    def __init__(self, text, leading="", kept=None):
        self.text = text
        self.leading = leading
        self._kept = kept or {}

    def __bool__(self):
        return bool(self._kept or self.leading)

    def restore(self, text):
        """Return HTML with the comments back in their places."""
        for mark, comment in self._find_marks(text):
            text = text.replace(mark, comment)
        return text

    def is_whole(self, text):
        """Tell whether the marks in HTML are comments, where the conditional ones may stand again.

        They are not inside of an attribute, for instance, whose quotation marks they could close.

        :param str text: HTML as a serializer wrote it
        """
        if not self._kept:
            return True
        tree = html.fragment_fromstring(text, create_parent="div")
        comments = Counter(f"<!--{one.text}-->" for one in tree.iter(etree.Comment))
        found = Counter(mark for mark, _comment in self._find_marks(text))
        names = Counter(f"<!--{name}-->" for name in _NAME.findall(text))
        return all(comments[mark] == names[mark] == 1 for mark in found)

    def _find_marks(self, text):
        marks = [f"<!--{name}-->" for name in _NAME.findall(text)] if self._kept else ()
        return [(mark, self._kept[mark]) for mark in marks if mark in self._kept]


def mask(source):
    """Return HTML as ``Masked``; linear.

    :param str source: HTML, however broken
    """
    kept, pieces, leading, position = {}, [], "", 0
    first = _BLANKS.match(source).end()
    name = secrets.token_hex(8)
    for start, end in _find(source):
        comment = "" if _PROGRAM.search(source, start, end) else source[start:end]
        if start == first:
            # Nothing but comments and blanks until here.
            leading += source[position:start] + comment
            first = _BLANKS.match(source, end).end()
        else:
            mark = f"<!--outlook {name} {len(kept)}-->"
            pieces += [source[position:start], mark]
            kept[mark] = comment
        position = end
    return Masked("".join((*pieces, source[position:])), leading, kept)


def mask_whole(source):
    """Return a body that was sanitized as ``Masked``; from a broken one nothing is taken out.

    :param str source: HTML as a serializer wrote it
    """
    masked = mask(source)
    return masked if masked.is_whole(masked.text) else Masked(source)


def _find(source):
    """Yield (start, end) of the conditional comments, in order."""
    position = source.find("<!")
    while position >= 0:
        end = position + 2
        if source.startswith("<!--", position):
            end = _end_of_comment(source, position)
            if end < 0:
                return
            if _is_conditional(source, position, end):
                yield position, end
        elif match := _REVEALED.match(source, position) or _REVEALED_END.match(source, position):
            end = match.end()
            yield position, end
        position = source.find("<!", end)


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
