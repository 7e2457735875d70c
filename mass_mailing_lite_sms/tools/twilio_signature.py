"""The signature of a request of Twilio (Twilio Docs, "Webhooks security").

HMAC-SHA1 with the account's token over the whole URL and, in the order of their names, each POST
parameter with its value, in base64.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence

#: The path that Twilio calls with each SMS that came back.
ANSWER_PATH = "/partner_mailing/sms/twilio"


def get_answer_address(base_url: str, query: str = "") -> str:
    """Return the address that Twilio calls, which is a part of what it signs.

    Made from the database's own address: behind a proxy, the request has another one.

    :param query: what follows the question mark of the request
    """
    address = base_url.rstrip("/") + ANSWER_PATH
    return f"{address}?{query}" if query else address


def make_signature(token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """Return the signature.

    :param url: as it was entered at Twilio, with the query
    :param fields: {name: values}; equal values of a name count once, as in Twilio's own libraries
    """
    signed = url + "".join(
        name + value for name in sorted(fields) for value in sorted(set(fields[name]))
    )
    # A lone surrogate, which no request of Twilio has, must not be an error.
    digest = hmac.digest(token.encode(), signed.encode(errors="replace"), "sha1")
    return base64.b64encode(digest).decode()


def is_signed(
    signature: str, token: str | None, url: str, fields: Mapping[str, Sequence[str]]
) -> bool:
    """Tell whether a signature is that of the token; compared in constant time."""
    if not token:
        return False
    own = make_signature(token, url, fields)
    return hmac.compare_digest(own.encode(), signature.encode(errors="replace"))
