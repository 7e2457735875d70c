"""Addresses in the attribute ``srcset`` of pictures, found as the HTML standard parses it.

A srcset is a list of candidates, ``address descriptor, address descriptor``. A comma may be part of
an address (``data:image/png;base64,…``, ``/image?size=1,2``) or stand in brackets in a descriptor,
so the list is not split at commas: https://html.spec.whatwg.org/#parsing-a-srcset-attribute.
"""

import html
import re
from collections.abc import Callable

# Values have neither "<" nor the quotation mark around them, as serializers write them.
_ATTRIBUTE = re.compile(r"(?<=\s)(srcset\s*=\s*)(?:\"([^\"<]*)\"|'([^'<]*)')", re.IGNORECASE)
_CANDIDATE = re.compile(r"([\s,]*)(\S+)")
_DESCRIPTORS = re.compile(r"(?:[^,(]|\([^)]*(?:\)|$))*")


def replace_in_srcsets(source: str, replace: Callable[[str], str]) -> str:
    """Return HTML or a QWeb template with other addresses in its srcsets.

    :param replace: called for each address, without HTML escapes; returns the one in its place
    """

    def complete(match: re.Match[str]) -> str:
        value = match[2] if match[3] is None else match[3]
        quote = '"' if match[3] is None else "'"
        changed = replace_addresses(html.unescape(value), replace)
        return f"{match[1]}{quote}{html.escape(changed)}{quote}"

    return _ATTRIBUTE.sub(complete, source)


def replace_addresses(value: str, replace: Callable[[str], str]) -> str:
    """Return the value of a srcset with other addresses; all the rest stays as it is."""
    pieces: list[str] = []
    position = 0
    while match := _CANDIDATE.match(value, position):
        separator, address = match.groups()
        # Commas at the end of an address are no part of it, and end the candidate.
        bare = address.rstrip(",")
        pieces += [separator, replace(bare) if bare else "", address[len(bare) :]]
        position = match.end()
        if bare == address:
            descriptors = _DESCRIPTORS.match(value, position)
            pieces.append(descriptors[0])
            position = descriptors.end()
    return "".join((*pieces, value[position:]))


def find_addresses(value: str) -> list[str]:
    """Return the addresses in the value of a srcset, in order."""
    found: list[str] = []
    replace_addresses(value, lambda address: found.append(address) or address)
    return found
