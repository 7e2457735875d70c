"""Web addresses in a text that has no markup, such as an SMS.

A phone makes a link of what begins with ``http://``, ``https://`` or ``www.``, up to the next blank.
Marks of the sentence around it are no part of it.
"""

import re
from collections.abc import Callable

MAX_ADDRESS = 2000  # characters; no SMS is longer
# At a place where no word goes on. Each sign is looked at once.
_LINK = re.compile(
    rf"(?<![\w@/.-])(?:https?://|www\.)[^\s<>\"'«»“”„]{{1,{MAX_ADDRESS}}}", re.IGNORECASE
)
_SENTENCE = ".,;:!?…*_~|"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def replace_links(text: str, replace: Callable[[str], str | None]) -> str:
    """Return the text with other links.

    :param replace: an address with its scheme -> what stands in its place; None for what stays
    """

    def put(match):
        found = match[0]
        shown = _strip(found)
        new = replace(complete(shown)) if _has_host(shown) else None
        return found if new is None else new + found[len(shown) :]

    return _LINK.sub(put, text)


def find_links(text: str) -> list[str]:
    """Return the addresses in a text, with their schemes, in order."""
    found: list[str] = []
    replace_links(text, found.append)
    return found


def complete(address: str) -> str:
    """Return an address with its scheme: phones open ``www.example.com`` by HTTP or HTTPS."""
    return f"https://{address}" if address[:4].lower() == "www." else address


def _strip(text: str) -> str:
    """Return a link without the marks that end the sentence, and brackets that nothing opens."""
    end = len(text)
    opened = {sign: text.count(sign) for sign in _PAIRS.values()}
    closed = {sign: text.count(sign) for sign in _PAIRS}
    while end and (last := text[end - 1]):
        if last in _PAIRS and closed[last] > opened[_PAIRS[last]]:
            closed[last] -= 1
        elif last not in _SENTENCE:
            break
        end -= 1
    return text[:end]


def _has_host(text: str) -> bool:
    """Tell whether something stands behind the beginning of a link."""
    host = text.partition("://")[2] if "://" in text[:8] else text[4:]
    return bool(host) and (host[0].isalnum() or host[0] == "[")
