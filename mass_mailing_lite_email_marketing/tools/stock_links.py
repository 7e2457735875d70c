"""Links of Email Marketing's blocks, which lead to our pages instead.

Its footers have ``/unsubscribe_from_list`` and its headers ``/view``, which it completes when it sends.
In messages that it has sent stand ``/mailing/NUMBER/unsubscribe`` and the like.
"""

import html
import re

UNSUBSCRIBE, VIEW = "/partner_mailing/unsubscribe", "/partner_mailing/view"

_HREF = re.compile(r"(\shref\s{0,3}=\s{0,3})([\"'])([^\"'<>]{1,2000})\2", re.IGNORECASE)
# With the language that Odoo's website puts before a path.
_PATH = re.compile(
    r"""
    (?:/[a-z]{2,3}(?:_[A-Za-z@]{2,8})?)?/
    (?:
      (?P<view> view | mailing/(?:\d{1,12}/view|mobile/preview) )
    | unsubscribe_from_list
    | (?:mail/)?mailing/\d{1,12}/(?:confirm_unsubscribe|unsubscribe(?:_oneclick)?)
    | mailing/(?:my|confirm_unsubscribe|feedback|list/update|blocklist/(?:add|remove))
    )
    """,
    re.VERBOSE,
)


def lead_here(body: str, base_url: str) -> str:
    """Return HTML in which links to Email Marketing's pages lead to those of our addon.

    Only links within this database: the same path on another host is a page of others.

    :param base_url: of this database
    """
    if not any(word in body for word in ("unsubscribe", "view", "/mailing/")):
        return body
    base_url = base_url.rstrip("/")

    def change(match: re.Match[str]) -> str:
        address = html.unescape(match[3]).strip()
        if base_url and address.lower().startswith(f"{base_url.lower()}/"):
            address = address[len(base_url) :]
        path = _PATH.fullmatch(re.split(r"[?#]", address, maxsplit=1)[0].rstrip("/"))
        if not path:
            return match[0]
        return f"{match[1]}{match[2]}{VIEW if path['view'] else UNSUBSCRIBE}{match[2]}"

    return _HREF.sub(change, body)
