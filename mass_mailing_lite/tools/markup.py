"""HTML that parsers and patterns of others cannot bear: nested too deep, or full of open tags."""

from lxml import etree

MAX_DEPTH = 200  # elements in each other; tables for layout have 60. libxml2 stops at 256
# "<" without a ">" between them. Some of Odoo's patterns read on from each of them to the end.
MAX_OPEN = 100


def is_bearable(source: str) -> bool:
    """Tell whether HTML can be handed on; its own time grows with the source and no faster."""
    if any(piece.count("<") > MAX_OPEN for piece in source.split(">")):
        return False
    # Fewer tags than that cannot be nested so deep.
    if source.count("<") <= MAX_DEPTH:
        return True
    meter = _DepthMeter()
    parser = etree.HTMLParser(target=meter)
    parser.feed(source)
    parser.close()
    return meter.deepest <= MAX_DEPTH


class _DepthMeter:
    """A target of a parser that keeps how deep elements are nested."""

    def __init__(self):
        self._depth = 0
        self.deepest = 0

    def start(self, _tag, _attributes):
        self._depth += 1
        self.deepest = max(self.deepest, self._depth)

    def end(self, _tag):
        self._depth -= 1

    def data(self, _text):
        """Text has no depth."""

    def close(self):
        return self.deepest
