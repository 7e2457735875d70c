"""Whether the address of a header List-Unsubscribe answers one click (RFC 8058, section 3.2)."""

import http.client
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from ..link_problem import is_private_host
from .lookup import NOBODY, Lookup

SECONDS = 5
BODY = b"List-Unsubscribe=One-Click"
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "Mailing sender check",
}

# It answers as it must; the address is not https; no recipient can reach it; it did not answer;
# its certificate is not valid; it answered with a redirect, or another code.
ANSWERS, NO_HTTPS, PRIVATE, SILENT, CERTIFICATE, REDIRECT, REFUSED = (
    "answers", "no_https", "private", "silent", "certificate", "redirect", "refused",
)  # fmt: skip


class OneClick(NamedTuple):
    """What became of the request.

    :ivar status: one of the above
    :ivar code: of HTTP, 0 without an answer
    """

    status: str
    code: int = 0


def ask(url: str) -> OneClick:
    """Send the request of a mail program to an address; it raises nothing.

    It goes to the host of the address only, follows no redirect and reads no body. The host is that
    of this database, which an administrator wrote.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return OneClick(SILENT)
    test_server = Lookup.get_test_server()
    if test_server and test_server[0] == [NOBODY]:
        return OneClick(SILENT)
    if not host or parts.scheme not in ("http", "https"):
        return OneClick(NO_HTTPS)
    if is_private_host(host) and not test_server:  # a test has nothing but loopback
        return OneClick(PRIVATE)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, port, timeout=SECONDS, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    try:
        connection.request("POST", parts.path or "/", body=BODY, headers=HEADERS)
        code = connection.getresponse().status
    except ssl.SSLCertVerificationError:
        return OneClick(CERTIFICATE)
    except (TimeoutError, OSError, http.client.HTTPException, ValueError):
        return OneClick(SILENT)
    finally:
        connection.close()
    if parts.scheme != "https":
        return OneClick(NO_HTTPS, code)
    if 300 <= code < 400:
        return OneClick(REDIRECT, code)
    return OneClick(ANSWERS if 200 <= code < 300 else REFUSED, code)
