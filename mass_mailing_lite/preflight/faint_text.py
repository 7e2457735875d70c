from ..tools.page_look import read_page
from .check import Check, register

MOST = 3  # passages that are named


@register
class FaintText(Check):
    """Whether words have nearly the colour of what is behind them."""

    key = "faint_text"
    sequence = 34

    def get_title(self):
        return self.env._("contrast")

    def get_question(self):
        return self.env._("Do words differ enough from their background?")

    def look(self, content):
        faint = read_page(content.html).faint
        return {"count": len(faint), "items": [*map(list, faint[:MOST])]} if faint else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._("Words that hardly differ from their background: %s.",
                    self.join_languages(facts, self._name_items)),
                self.env._("Choose a darker or lighter colour for the words or for the background."),
                count=sum(found["count"] for found in facts.values()),
                page="content",
                focus="body_html",
            )
        ]  # fmt: skip

    def _name_items(self, found):
        named = [
            self.env._("“%(words)s” (%(colour)s on %(background)s)", words=words, colour=colour,
                background=behind)
            for words, colour, behind in found["items"]
        ]  # fmt: skip
        if found["count"] > len(named):
            named.append(self.env._("%s more", found["count"] - len(named)))
        return ", ".join(named)
