from urllib.parse import urlsplit

from ..tools import link_problem
from .check import INFO, Check, register
from .dead_link import clean, is_asked
from .local_link import find_all

MOST = 5  # addresses that are named


@register
class InsecureLink(Check):
    """Whether links and pictures are asked for without encryption, where it costs one letter."""

    key = "insecure_link"
    level = INFO
    sequence = 62

    def get_title(self):
        return self.env._("links by http")

    def get_question(self):
        return self.env._("Do all links and pictures begin with https?")

    def look(self, content):
        found, own = {}, get_host(content.base_url)
        main = content.texts.get(self.mailing._get_transport().main_text) or ""
        addresses = [address for _words, address, _is_picture in find_all(content.html)]
        for address in map(clean, [*addresses, *link_problem.find_plain_links(main)]):
            # What leads to this database, or to a network of one's own, has a check of its own.
            if (
                address[:5].lower() == "http:"
                and is_asked(address)
                and get_host(address) != own
                and not link_problem.find_problem(address)
            ):
                found[address[:120]] = True
        return {"count": len(found), "items": [*found][:MOST]} if found else None

    def describe(self, facts):
        if not facts:
            return []
        return [
            self.make_finding(
                self.env._(
                    "Addresses with http in place of https: %s. Browsers call such pages not secure, and"
                    " some mail programs do not show such pictures.",
                    self.join_languages(facts, self._name_items),
                ),
                self.env._("Write https, and open the address once to see that it works."),
                count=sum(found["count"] for found in facts.values()),
                page="content",
                focus=self.mailing._get_transport().main_text,
            )
        ]

    def _name_items(self, found):
        named = list(found["items"])
        if found["count"] > len(named):
            named.append(self.env._("%s more", found["count"] - len(named)))
        return ", ".join(named)


def get_host(address):
    """Return the host of an address, "" when it has none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:  # half a bracket
        return ""
