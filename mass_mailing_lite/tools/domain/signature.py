"""Signatures of a message (DKIM, RFC 6376), verified by dkimpy with keys from the DNS."""

import logging
from typing import NamedTuple

from .lookup import FOUND, Lookup

try:
    import dkim
except Exception:  # without a DNS library dkimpy fails in ways of its own
    dkim = None

MAX_MESSAGE = 4_000_000  # octets
MAX_HEADER = 200_000  # octets of all headers
MAX_SIGNATURES = 5
MAX_FIELD = 10_000  # octets of one signature
MIN_KEY_BITS = 1024  # RFC 8301, section 3.2

PASS, FAIL, TEMPERROR, PERMERROR = "pass", "fail", "temperror", "permerror"
# Why a signature did not pass: the DNS has no key of this name; the message or the key is not the one
# that was signed with; the DNS did not answer; the signature cannot be read.
NO_KEY, CHANGED, NO_ANSWER, UNREADABLE = "no_key", "changed", "no_answer", "unreadable"

# dkimpy logs as errors what a stranger did wrong.
_quiet = logging.Logger("dkimpy", logging.CRITICAL + 1)


class Signature(NamedTuple):
    """A DKIM signature.

    :ivar domain: that signed (``d=``)
    :ivar selector: ``s=``; the key is in the DNS at ``selector._domainkey.domain``
    :ivar result: ``pass``, ``fail``, ``permerror``, or ``temperror`` when the DNS did not answer
    :ivar problem: ``no_key``, ``changed``, ``no_answer`` or ``unreadable``
    :ivar detail: the words of dkimpy
    """

    domain: str
    selector: str
    result: str
    problem: str = ""
    detail: str = ""


def is_available() -> bool:
    """Tell whether signatures can be verified: the module ``dkim`` (dkimpy) is installed."""
    return dkim is not None


def verify(lookup: Lookup, message: bytes) -> tuple[Signature, ...]:
    """Return the signatures of a message, with what became of each. It raises nothing.

    :param message: as it arrived, octet for octet
    """
    header = message.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    if dkim is None or len(message) > MAX_MESSAGE or len(header) > MAX_HEADER:
        return ()
    fields = _find_signatures(header)
    return tuple(
        _verify(lookup, message, number, field)
        for number, field in enumerate(fields[:MAX_SIGNATURES])
    )


def _find_signatures(header: bytes) -> list[bytes]:
    """Return the values of the signatures, unfolded, in their order."""
    found = []
    current = None
    for line in header.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            if current is not None:
                current.append(line)
            continue
        current = None
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"dkim-signature":
            current = [value]
            found.append(current)
    return [b"".join(lines) for lines in found]


def _verify(lookup, message, number, field):
    tags = {}
    for text in field[:MAX_FIELD].split(b";"):
        name, _equals, value = text.partition(b"=")
        tags.setdefault(name.strip(), b"".join(value.split()).decode("ascii", "backslashreplace"))
    domain, selector = tags.get(b"d", "")[:253].lower(), tags.get(b"s", "")[:253].lower()
    if len(field) > MAX_FIELD:
        return Signature(domain, selector, PERMERROR, UNREADABLE)
    answers = []

    def find_key(name, timeout=5):
        answers.append(lookup.ask(name.decode("ascii", "backslashreplace"), "TXT"))
        return answers[-1].records[0] if answers[-1].status == FOUND else None

    try:
        verifier = dkim.DKIM(message, logger=_quiet, minkey=MIN_KEY_BITS)
        if verifier.verify(idx=number, dnsfunc=find_key):
            return Signature(domain, selector, PASS)
        detail = ""
    except Exception as error:  # dkimpy reads what a stranger wrote
        detail = str(error)[:300]
    if not answers:
        return Signature(domain, selector, PERMERROR, UNREADABLE, detail)
    if not answers[-1].is_known:
        return Signature(domain, selector, TEMPERROR, NO_ANSWER, detail)
    if answers[-1].status != FOUND:
        return Signature(domain, selector, PERMERROR, NO_KEY, detail)
    return Signature(domain, selector, FAIL, CHANGED, detail)
