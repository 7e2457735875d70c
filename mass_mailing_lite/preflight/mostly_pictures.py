from ..tools.page_look import read_page
from .check import Check, register

# Letters of text that one picture needs beside it, and as many as are enough for any number.
FOR_ONE, ENOUGH = 30, 300


@register
class MostlyPictures(Check):
    """Whether a message has words enough beside its pictures.

    Spam filters distrust messages of pictures, and where pictures are not shown nothing is left.
    """

    key = "mostly_pictures"
    sequence = 32

    def get_title(self):
        return self.env._("text beside pictures")

    def get_question(self):
        return self.env._("Does the message have enough text beside its pictures?")

    def look(self, content):
        page = read_page(content.html)
        needed = min(page.pictures * FOR_ONE, ENOUGH)
        return (
            {"pictures": page.pictures, "letters": page.letters} if page.letters < needed else None
        )

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "The text is short beside its pictures: %s. Where pictures are not shown, little is"
                    " left, and spam filters distrust such messages.",
                    self.join_languages(
                        facts,
                        lambda found: self.env._(
                            "pictures: %(pictures)s, letters: %(letters)s",
                            pictures=found["pictures"],
                            letters=found["letters"],
                        ),
                    ),
                ),
                self.env._("Write as text what the message is about, and what is in the pictures."),
                count=max(found["pictures"] for found in facts.values()),
                page="content",
                focus="body_html",
            )
        ]
