"""The links in the HTML of a message: where they stand, and which of them lead to the web."""

import html
import re
from urllib.parse import quote

from ..delivery.characters import CONTROL

# A link in a body, also in VML, in comments that only Outlook reads. In a tag that has an attribute
# value with ">" or "<" before href, the link is not found and stays as it is.
LINK = re.compile(
    r"(?P<before><(?:a|area|v:\w+)\s[^<>]*?(?<=\s)href\s*=\s*)(?P<quote>[\"'])(?P<url>.*?)(?P=quote)",
    re.IGNORECASE | re.DOTALL,
)
WEB_ADDRESS = re.compile(r"https?://[^\s/]", re.IGNORECASE)
# Links of the addon itself stay as they are: unsubscribing must not depend on a redirect.
OWN_LINK = re.compile(
    r"https?://[^/?#]{1,255}(?:/[^/?#]{1,64}){0,4}?/partner_mailing/",
    re.IGNORECASE,
)
MAX_ADDRESS = 8000  # characters; web servers take as many in a line of a header
# As libxml2 writes addresses into HTML.
KEPT_IN_ADDRESS = "@/:=?;#%&,+-_.!~*'()"
# A slot marker or a placeholder: such an address differs from recipient to recipient.
PERSONAL_PART = re.compile(r"mk[0-9a-f]{16}x\d+km|\{\{|#\{")


def find_links(body: str) -> list[str]:
    """Return the addresses in an HTML body whose clicks can be counted, in order."""
    return [url for match in LINK.finditer(body) if (url := get_address(match))]


def get_address(match: re.Match[str]) -> str | None:
    """Return the address of a link as a browser reads it, None when its clicks are not counted.

    Not counted are addresses that are no web pages (mailto:, tel:, #anchors), those of the addon
    itself, those with a placeholder, and those that are longer than a header may be.
    """
    # Browsers drop line breaks; in the header of a redirect, one would begin another header.
    address = CONTROL.sub("", html.unescape(match["url"])).strip()
    if len(address) > MAX_ADDRESS:
        return None
    if not WEB_ADDRESS.match(address) or OWN_LINK.match(address) or PERSONAL_PART.search(address):
        return None
    return address


def encode_address(address: str) -> str:
    """Return an address with percent-encoding where it is needed; an encoded one stays as it is.

    Links are stored as authors wrote them, and leave percent-encoded.
    """
    return quote(address, safe=KEPT_IN_ADDRESS)
