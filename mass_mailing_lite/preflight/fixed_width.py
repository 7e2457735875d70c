from ..tools.page_look import MAX_WIDTH, read_page
from .check import Check, register


@register
class FixedWidth(Check):
    """Whether something is so wide that readers on a phone move the page from side to side."""

    key = "fixed_width"
    sequence = 35

    def get_title(self):
        return self.env._("width")

    def get_question(self):
        return self.env._("Does the message fit on a phone?")

    def look(self, content):
        wide = read_page(content.html).wide
        return {"count": len(wide), "widest": list(wide[0])} if wide else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Too wide for a phone: %(widest)s. Up to %(limit)s pixels fit.",
                    widest=self.join_languages(facts, self._name_widest),
                    limit=MAX_WIDTH,
                ),
                self.env._(
                    "Give the table or picture a width of 100 %, or, in the code view, replace the"
                    " width in pixels by max-width."
                ),
                count=sum(found["count"] for found in facts.values()),
                page="content",
                focus="body_html",
            )
        ]

    def _name_widest(self, found):
        tag, width = found["widest"]
        if tag in ("table", "td", "th", "tr"):
            return self.env._("a table of %s pixels", width)
        if tag == "img":
            return self.env._("a picture of %s pixels", width)
        return self.env._("a part of %s pixels", width)
