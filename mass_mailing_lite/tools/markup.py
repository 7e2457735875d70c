"""HTML that parsers and patterns of others cannot bear: nested too deep, or full of open tags."""

from lxml import etree

# "<" without a ">" between them. Some of Odoo's patterns read on from each of them to the end.
MAX_OPEN = 100


class _Depth:
    """Target of a parser that counts, and builds no tree."""

    def __init__(self):
        self.now = self.most = 0

    def start(self, _tag, _attributes):
        self.now += 1
        self.most = max(self.most, self.now)

    def end(self, _tag):
        self.now -= 1

    def close(self):
        return self.most


def has_open_tags(text):
    """Tell whether so many tags do not end that Odoo's patterns take too long; linear.

    :param str text: HTML, however broken
    """
    return any(piece.count("<") > MAX_OPEN for piece in text.split(">"))


def measure_depth(text):
    """Return the number of elements in each other at the deepest place; ``html`` and ``body`` count.

    Linear: 2 MB take 0.1 s.

    :param str text: HTML, however broken
    """
    parser = etree.HTMLParser(target=_Depth())
    # NUL and halves of characters are none for libxml2.
    parser.feed(text.encode("utf-8", "replace").replace(b"\0", b""))
    return parser.close()
