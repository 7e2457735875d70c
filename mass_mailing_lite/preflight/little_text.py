from ..tools.page_look import read_page
from .check import INFO, Check, register

# A designed newsletter has 4 % of text and more; what was pasted from a word processor, less.
MIN_SHARE = 2  # percent
# A short message is mostly code whatever it says.
MIN_SIZE = 20_000  # characters of HTML


@register
class LittleText(Check):
    """Whether what is read is more than a small part of the HTML."""

    key = "little_text"
    level = INFO
    sequence = 63

    def get_title(self):
        return self.env._("text and HTML")

    def get_question(self):
        return self.env._("Does the HTML have enough text in it?")

    def look(self, content):
        size = len(content.html)
        if size < MIN_SIZE:
            return None
        letters = read_page(content.html).letters
        return {"letters": letters, "size": size} if letters * 100 < size * MIN_SHARE else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "The HTML is long, and little of it is text: %s. Spam filters distrust that.",
                    self.join_languages(facts, self._name_share),
                ),
                self.env._(
                    "Remove formatting that was pasted with the text: in the code view it is in the"
                    " style attributes."
                ),
                count=len(facts),
                page="content",
                focus="body_html",
            )
        ]

    def _name_share(self, found):
        return self.env._(
            "%(letters)s letters of %(size)s characters",
            letters=found["letters"],
            size=found["size"],
        )
