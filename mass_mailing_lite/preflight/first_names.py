import re

from odoo.tools.misc import formatLang

from ..tools.person_name import PARTS
from .check import INFO, PEOPLE, Check, register
from .list_names import ListNames

# A placeholder that shows a part of a name.
PART = re.compile(rf"object\.(?:{'|'.join(PARTS)})\b")
# One without a fallback: {{ object.x }} in a subject, an element without content in a body.
BARE = re.compile(
    rf"\{{\{{\s{{0,9}}object\.(?:{'|'.join(PARTS)})\s{{0,9}}\}}\}}"
    rf"|t-out=\"object\.(?:{'|'.join(PARTS)})\"\s{{0,9}}(?:/>|>\s{{0,9}}</)"
)
ONLY_SHOWN, SHOWN_BARE = 1, 2


@register
class FirstNames(Check):
    """How many recipients get the fallback of a first name or surname, and whose name is unclear.

    Names are one text in Odoo; the parts are read by rules, which leave out what they do not know.
    """

    key = "first_names"
    kind = PEOPLE
    sequence = 41

    def get_title(self):
        return self.env._("first names")

    def get_question(self):
        return self.env._("Is the first name or surname of a recipient not known or unclear?")

    def ask_list(self, facts):
        return self.mailing._get_name_parts() or None

    def look_at_list(self):
        return ListNames(self.mailing, self.mailing._get_name_parts()).get_facts()

    def look(self, content):
        texts = [content.source, *content.texts.values()]
        if any(map(BARE.search, texts)):
            return SHOWN_BARE
        return ONLY_SHOWN if any(map(PART.search, texts)) else None

    def describe(self, facts):
        counts = self.list_facts
        if not facts or not counts or not counts["fallback"]:
            return []
        message = self.env._(
            "Recipients whose first name or surname is not known, so that they get the fallback:"
            " %(count)s.",
            count=formatLang(self.env, counts["fallback"], digits=0),
        )
        if counts["unsure"]:
            unclear = self.env._(
                "Unclear names: %(count)s, such as %(names)s.",
                count=formatLang(self.env, counts["unsure"], digits=0),
                names=", ".join(f'"{name}"' for name in counts["names"]),
            )
            message = f"{message} {unclear}"
        label = self.env._("See These Recipients")
        if counts["unsure"]:
            label = self.env._("See Unclear Names")
        is_bare = SHOWN_BARE in facts.values()
        if is_bare:
            bare = self.env._("A placeholder has no fallback: they read nothing in its place.")
            message = f"{message} {bare}"
        return [
            {
                **self.make_finding(
                    message,
                    self.env._("Click on the placeholder and write a text for When Empty.")
                    if is_bare
                    else self.env._(
                        "Read the text with the fallback in their place, or correct the contacts and"
                        " load the recipients again."
                    ),
                    count=counts["fallback"],
                    is_personal=bool(counts["unsure"]),
                    action="action_open_unclear_names",
                    is_view=True,
                    label=label,
                ),
                **({} if counts["unsure"] or is_bare else {"level": INFO}),
            }
        ]
