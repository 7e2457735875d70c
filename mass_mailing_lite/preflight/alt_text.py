from ..tools.page_look import name_address, read_page
from .check import Check, register

MOST = 5  # pictures that are named


@register
class AltText(Check):
    """Whether pictures say in words what they show: many programs show pictures only when asked."""

    key = "alt_text"
    sequence = 33

    def get_title(self):
        return self.env._("descriptions of pictures")

    def get_question(self):
        return self.env._("Do pictures say in words what they show?")

    def look(self, content):
        found = read_page(content.html).undescribed
        return {"count": len(found), "items": [*map(name_address, found[:MOST])]} if found else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Pictures without a description, which says nothing where pictures are not shown or"
                    " are read aloud: %s.",
                    self.join_languages(facts, self._name_items),
                ),
                self.env._(
                    "Click on the picture, and write what it shows under Description. Words that are in"
                    " the picture belong there."
                ),
                count=sum(found["count"] for found in facts.values()),
                page="content",
                focus="body_html",
            )
        ]

    def _name_items(self, found):
        named = [name or self.env._("picture") for name in found["items"]]
        if found["count"] > len(named):
            named.append(self.env._("%s more", found["count"] - len(named)))
        return ", ".join(named)
