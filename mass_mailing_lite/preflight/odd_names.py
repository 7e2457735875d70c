import re

from .check import Check, register

# A placeholder that shows the name of the contact.
NAME = re.compile(r"object\.(?:name|display_name|complete_name|commercial_company_name)\b")


@register
class OddNames(Check):
    """Whether names of contacts, which stand in the text, are addresses, links or sentences.

    A contact may have written the name, on a form of the web site for instance.
    """

    key = "odd_names"
    sequence = 40

    def look(self, content):
        texts = [content.source, *content.texts.values()]
        return True if any(map(NAME.search, texts)) else None

    def describe(self, facts):
        odd = (self.mailing.list_facts or {}).get(self.key)
        if not facts or not odd:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Recipients whose name looks like an address, a link or a sentence:"
                    " %(count)s. %(names)s",
                    count=odd["count"],
                    names=", ".join(f'"{name}"' for name in odd["names"]),
                ),
                self.env._(
                    "The text shows these names. Correct the contacts and load the recipients again,"
                    " or exclude them."
                ),
                count=odd["count"],
                page="recipients",
            )
        ]
