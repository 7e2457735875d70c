from lxml import etree
from lxml.html import defs

from ..tools.leftover import find_leftovers
from ..tools.placeholder_kind import to_elements, to_inline
from .check import Check, register

MOST = 5  # placeholders that are named

BODY = "body_html"
# Elements whose text is shown as it was typed: an example of a program is no placeholder.
CODE = frozenset({"code", "pre", "kbd", "samp", "script", "style"})
INLINE = frozenset(
    ("a", "abbr", "b", "big", "del", "em", "font", "i", "ins", "mark", "o", "q", "s", "small", "span",
     "strong", "sub", "sup", "t", "tt", "u", "wbr")
)  # fmt: skip
# Attributes that are shown, those that lead somewhere, and those that QWeb fills.
SHOWN = ("alt", "title")
ADDRESSES = ("href", "src")
FILLED = ("t-out", "t-esc", "t-field")


@register
class LiteralPlaceholder(Check):
    """Whether recipients would read a placeholder in place of their name."""

    key = "literal_placeholder"
    sequence = 10

    def get_title(self):
        return self.env._("placeholders as text")

    def get_question(self):
        return self.env._("Would recipients read a placeholder in place of their name?")

    def look(self, content):
        facts = {}
        for name, text in content.texts.items():
            self._note(facts, name, text, to_inline, find_in_text)
        if content.source:
            self._note(facts, BODY, content.source, to_elements, find_in_body)
        return facts

    def _note(self, facts, name, source, convert, find):
        """Note what a source has.

        ``found`` names different placeholders, up to ``MOST`` of ``count``. ``wrong`` places have
        one of the wrong kind, which the button turns into the right one; after that ``left``
        different ones would still be there.
        """
        converted, wrong = convert(source, self.mailing._is_allowed)
        found = list(dict.fromkeys(find(source)))
        if found or wrong:
            left = len(set(find(converted))) if wrong else len(found)
            facts[name] = {
                "found": found[:MOST], "count": len(found), "wrong": wrong, "left": left
            }  # fmt: skip

    def describe(self, facts):
        findings = []
        for name in dict.fromkeys(name for found in facts.values() for name in found):
            having = {lang: found[name] for lang, found in facts.items() if name in found}
            findings.append(self._describe_field(name, having))
        return findings

    def _describe_field(self, name, having):
        wrong = sum(found["wrong"] for found in having.values())
        # Facts that were stored before the upgrade do not say what is left.
        left = sum(found.get("left", found["count"] - found["wrong"]) for found in having.values())
        message = self.env._(
            'Recipients would read this in the field "%(field)s" as it stands: %(placeholders)s.',
            field=self.mailing._fields[name]._description_string(self.env),
            placeholders=self.join_languages(having, self._name_found),
        )
        place = {"focus": name}
        if name == self.mailing._get_transport().main_text:
            place["page"] = "content"
        remedies = []
        if wrong:
            remedies.append(
                self.env._(
                    "Press the button: placeholders of the wrong kind then show the recipient's own"
                    " data."
                )
            )
            place.update(
                action="action_convert_placeholders", label=self.env._("Turn into Placeholders")
            )
        if left > 0:
            remedies.append(self._get_remedy(name))
        count = sum(found["count"] or found["wrong"] for found in having.values())
        return self.make_finding(message, " ".join(remedies), count=count, **place)

    def _get_remedy(self, name):
        if name == BODY:
            return self.env._(
                "Replace it: type / where the recipient's name or other data belong, and choose a"
                " placeholder."
            )
        return self.env._(
            "Replace it: type # where the recipient's name or other data belong, and choose a"
            " placeholder."
        )

    def _name_found(self, found):
        """Return the placeholders of one field in words."""
        named = ", ".join(found["found"]) or self.env._("placeholders")
        more = found["count"] - len(found["found"])
        if not more:
            return named
        return self.env._("%(placeholders)s and %(more)s more", placeholders=named, more=more)


def is_inline(placeholder):
    """Tell whether a text is an inline placeholder, whose kind is right in a subject."""
    return placeholder.startswith("{{") and placeholder.endswith("}}")


def find_in_text(text):
    """Yield the placeholders of other programs in a subject.

    The inline kind is right there, and refused with a reason when it does not exist.
    """
    return (one for one in find_leftovers(text) if not is_inline(one))


def find_in_body(source):
    """Yield the placeholders of other programs in a body as it is stored."""
    tree = etree.fromstring(f"<body>{source}</body>", parser=etree.HTMLParser(huge_tree=True))
    if tree is None:
        return
    texts, addresses = [""], []
    read_texts(tree, texts, addresses)
    for text in texts:
        yield from find_leftovers(text)
    for address in addresses:
        # Brackets and braces are also parts of addresses.
        yield from find_leftovers(address, only_certain=True)


def read_texts(element, texts, addresses):
    """Collect what is read of an element: one text for a block, whatever is bold in it.

    :param texts: list whose last text is continued
    :param addresses: list of the addresses of links and pictures
    """
    texts[-1] += element.text or ""
    for child in element:
        tag = child.tag
        if type(tag) is str and tag not in CODE:
            addresses += filter(None, map(child.get, ADDRESSES))
            # Before the others: an attribute is no part of the text.
            texts[:0] = filter(None, map(child.get, SHOWN))
            if not any(name in child.attrib for name in FILLED):
                is_block = tag not in INLINE
                if tag not in defs.tags and tag not in INLINE:
                    texts[-1] += f"<{tag}>"  # <<name>> that was typed into the code view
                    is_block = False
                if is_block:
                    texts.append("")
                read_texts(child, texts, addresses)
                if is_block:
                    texts.append("")
        texts[-1] += child.tail or ""
