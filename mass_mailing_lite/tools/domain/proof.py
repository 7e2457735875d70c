"""What a test that arrived proves about its sender: from its source, or from its headers alone."""

import re
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any

from ...delivery.address import same
from . import dmarc, signature
from .arrived import MAX_HEADER, Arrived, read
from .lookup import Lookup

TOKEN_HEADER = "X-Mailing-Sender-Check"  # noqa: S105
MAX_SOURCE = signature.MAX_MESSAGE
MAX_PARTS = 20

_token = re.compile(r"[A-Za-z0-9_-]{20,60}")
# How a server says that a message came to it encrypted (RFC 3848; other words of the same).
_encrypted = re.compile(
    r"\bwith (?:UTF8)?(?:E|L)SMTPSA?\b|\bversion=TLS|\busing TLS|\(TLS", re.IGNORECASE
)
# Messages are octets: what is written is what was read.
_exact = policy.SMTP.clone(refold_source="none", cte_type="8bit", max_line_length=None)


def read_proof(lookup: Lookup, source: bytes, from_domain: str, dkim_mode: str) -> dict[str, Any]:
    """Return what the source of a message proves, as JSON. It raises nothing.

    Keys: ``from`` (domain of the From address; empty without one), ``is_ours`` (it is the domain
    that was asked about), ``address`` (from which it came), ``is_encrypted`` (None: not told),
    ``signatures`` (verified here), ``statements`` (of other servers: server, method, result, domain,
    is_aligned), ``is_whole`` (with a body, so that signatures can be verified).

    :param dkim_mode: alignment that the domain asks for, ``r`` or ``s``
    """
    arrived = read(source[:MAX_HEADER].decode("utf-8", "backslashreplace"))
    found = same(parseaddr(arrived.get("from")[:1000])[1].rpartition("@")[2])
    stated = [_describe(lookup, one, from_domain, dkim_mode) for one in arrived.statements]
    named = [one["domain"] for one in stated if one["method"] == "dmarc" and one["domain"]]
    found = found or (named[0] if named else "")
    is_whole = _has_body(source)
    signatures = signature.verify(lookup, _with_line_ends(source)) if is_whole else ()
    return {
        "from": found[:253],
        "is_ours": found == same(from_domain),
        "address": arrived.address,
        "is_encrypted": _is_encrypted(arrived),
        "is_whole": is_whole,
        "signatures": [
            {
                **one._asdict(),
                "is_aligned": dmarc.is_aligned(lookup, dkim_mode, from_domain, one.domain),
            }
            for one in signatures
        ],
        "statements": stated,
    }


def _describe(lookup, statement, from_domain, dkim_mode):
    properties = statement.properties
    domain = {
        "dkim": properties.get("header.d") or properties.get("header.i", ""),
        "spf": properties.get("smtp.mailfrom") or properties.get("smtp.helo", ""),
        "dmarc": properties.get("header.from", ""),
    }.get(statement.method, "")
    domain = same(domain.rpartition("@")[2][:253])
    return {
        "server": statement.server[:253],
        "method": statement.method[:30],
        "result": statement.result[:30],
        "domain": domain,
        "is_aligned": bool(domain) and dmarc.is_aligned(lookup, dkim_mode, from_domain, domain),
    }


def _has_body(source: bytes) -> bool:
    text = source.lstrip().replace(b"\r\n", b"\n")
    header, _blank, body = text.partition(b"\n\n")
    return bool(body.strip()) and b":" in header


def _with_line_ends(source: bytes) -> bytes:
    """Return a source with CRLF, as messages travel, and without blank lines that were pasted."""
    return source.lstrip().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _is_encrypted(arrived: Arrived) -> bool | None:
    """Tell whether the message came encrypted to the servers of its recipient; None: not told."""
    for name, value in arrived.fields:
        if name == "received" and arrived.address and arrived.address in value:
            return bool(_encrypted.search(value))
    return None


def find_test(source: bytes) -> tuple[str, bytes]:
    """Return (token, octets) of a test of ours: the message itself, or one that is attached to it.

    :return: empty ones when there is none
    """
    if len(source) > MAX_SOURCE or TOKEN_HEADER.lower().encode() not in source.lower():
        return "", b""
    message = message_from_bytes(source, policy=policy.compat32)
    if message.get_content_type() == "multipart/report":
        return "", b""  # of a test that was not delivered
    if token := _get_token(message):
        return token, source
    for number, part in enumerate(message.walk()):
        if number > MAX_PARTS:
            break
        if part.get_content_type() == "message/rfc822" and part.is_multipart():
            attached = part.get_payload(0)
            if "Received" in attached and (token := _get_token(attached)):
                return token, attached.as_bytes(policy=_exact)
    return "", b""


def _get_token(message) -> str:
    text = str(message.get(TOKEN_HEADER, "")).strip()
    return text if _token.fullmatch(text) else ""
