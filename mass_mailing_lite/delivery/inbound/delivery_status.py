"""Delivery status notifications (RFC 3464), recipient by recipient."""

import re

from . import mime
from .status import make_status

_ESCAPE = re.compile(r"\\x\{([0-9A-F]{2,6})\}")
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")

_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def read(message):
    """Return a list of ``status.Status``; empty when the message is not such a notification."""
    # The second is for internationalized addresses (RFC 6533).
    part = mime.find_part(message, "message/delivery-status", "message/global-delivery-status")
    if part is None:
        return []
    text = mime.plain_text(message)
    return [
        status for group in mime.carried(part) if (status := _read_group(group, text)) is not None
    ]


def _read_group(fields, text):
    """Return the status of one recipient; None for the fields about the whole message."""
    found = [
        address
        for name in ("Final-Recipient", "Original-Recipient", "X-Actual-Recipient")
        for address in mime.addresses(_unescape(mime.header(fields, name).partition(";")[2]))[:1]
    ]
    action = mime.header(fields, "Action").partition("(")[0].strip().lower()
    if not found or action not in ACTIONS:
        return None
    named = _CODE.search(mime.header(fields, "Status"))
    reason = mime.header(fields, "Diagnostic-Code")
    reason = reason.partition(";")[2].strip() or reason
    if not reason.strip():
        reason = _find_explanation(text, found)
    return make_status(found, action, named[0] if named else "", reason)


def _unescape(address):
    """Return an international address without the escapes of RFC 6533, section 3."""

    def unescape(found):
        code = int(found[1], 16)
        is_letter = 0x80 <= code < 0xD800 or 0xDFFF < code < 0x110000
        return chr(code) if is_letter else found[0]

    return _ESCAPE.sub(unescape, address)


def _find_explanation(text, addresses):
    """Return the lines after a recipient's address in the human-readable part, or ``""``.

    Exim gives no diagnostic code for what it refuses itself.
    """
    for address in addresses:
        place = text.lower().find(address)
        if place >= 0:
            rest = text[place + len(address) :].lstrip(">:. \t")
            return re.split(r"\n\s*\n", rest.strip("\n"))[0].strip()
    return ""
