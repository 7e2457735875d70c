"""Opaque tokens for links that belong to one recipient and identify it.

A token does not reveal the number in it, and cannot be made without the database's secret::

    key = LinkKey(secret, "unsubscribe")      # made once, kept
    token = key.make(recipient_id)            # 32 characters of base64url, 3 µs
    key.parse(token)                          # recipient_id; None for anything but such a token

A token is valid for one purpose and one secret only. A number always has the same token, so a
message that is made again has the same links.

The construction is a synthetic initialization vector (Rogaway and Shrimpton, "Deterministic
Authenticated-Encryption", 2006) over 64 bits with HMAC-SHA256 (RFC 2104) as the only primitive::

    tag    = HMAC(k1, number)[:16]
    hidden = number XOR HMAC(k2, tag)[:8]
    token  = base64url(tag + hidden)
"""

import hmac
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

TAG = 16  # octets; RFC 2104 asks for half the hash at least
NUMBER = 8  # octets, signed
LENGTH = (TAG + NUMBER) * 4 // 3

# 24 octets are exactly 32 characters without padding, so each token has one spelling.
_is_token = re.compile(rf"[A-Za-z0-9_-]{{{LENGTH}}}").fullmatch
_BLOCK = sha256().block_size
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class LinkSlot(NamedTuple):
    """A slot of a compiled message that the recipient's token goes into.

    :ivar purpose: what the link does, as in :class:`LinkKey`
    """

    purpose: str


class LinkKey:
    """Makes and reads the tokens of one purpose; immutable, so threads may share it.

    :param secret: the database's secret; only keys derived from it are kept
    :param purpose: what the link does, ``"unsubscribe"`` say
    """

    __slots__ = ("_hide", "_sign")

    def __init__(self, secret: str, purpose: str) -> None:
        root = hmac.digest(secret.encode(), b"mass_mailing_lite link " + purpose.encode(), "sha256")
        self._sign = _hmac(hmac.digest(root, b"sign", "sha256"))
        self._hide = _hmac(hmac.digest(root, b"hide", "sha256"))

    def make(self, number: int) -> str:
        """Return the token of a number.

        :param number: from -2**63 to 2**63 - 1
        :raises OverflowError: for other numbers
        """
        tag = self._sign(number.to_bytes(NUMBER, "big", signed=True))[:TAG]
        hidden = number ^ int.from_bytes(self._hide(tag)[:NUMBER], "big", signed=True)
        octets = tag + hidden.to_bytes(NUMBER, "big", signed=True)
        # urlsafe_b64encode, inlined
        return b2a_base64(octets, newline=False).translate(_URL_SAFE).decode()

    def parse(self, token: str) -> int | None:
        """Return the number that a token was made from; ``None`` when this key did not make it."""
        if not _is_token(token):
            return None
        octets = urlsafe_b64decode(token)
        tag = octets[:TAG]
        mask = int.from_bytes(self._hide(tag)[:NUMBER], "big")
        plain = (int.from_bytes(octets[TAG:], "big") ^ mask).to_bytes(NUMBER, "big")
        if not hmac.compare_digest(self._sign(plain)[:TAG], tag):
            return None
        return int.from_bytes(plain, "big", signed=True)


def _hmac(key: bytes) -> Callable[[bytes], bytes]:
    """Return a function that computes HMAC-SHA256 with this key.

    It hashes the key once, here: a call takes 0.7 µs, one of ``hmac.digest`` 1.9 µs.
    """
    padded = key.ljust(_BLOCK, b"\0")
    new_inner = sha256(bytes(octet ^ 0x36 for octet in padded)).copy
    new_outer = sha256(bytes(octet ^ 0x5C for octet in padded)).copy

    def compute(message: bytes) -> bytes:
        inner = new_inner()
        inner.update(message)
        outer = new_outer()
        outer.update(inner.digest())
        return outer.digest()

    return compute
