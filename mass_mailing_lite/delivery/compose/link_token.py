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
import string
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

# Of short tokens: digits of base 62, which every phone takes for a part of the link.
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SHORT_TAG = 8  # octets: who guesses a billion tokens a second needs 290 years for an even chance
SHORT_TAG_LENGTH = 11  # digits that hold them
MAX_POSITION = len(DIGITS) - 1
# Added to the numbers of samples, so that a preview is as long as a message to one of ten million.
SAMPLES = 10_000_000
_VALUES = {digit: value for value, digit in enumerate(DIGITS)}
_is_short_token = re.compile(
    rf"[0-9A-Za-z]{{{SHORT_TAG_LENGTH + 2},{SHORT_TAG_LENGTH + 12}}}"
).fullmatch
_BLOCK = sha256().block_size
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class LinkSlot(NamedTuple):
    """A slot of a compiled message that the recipient's token goes into.

    :ivar purpose: what the link does, as in :class:`LinkKey`
    :ivar target: what ``make`` takes besides the number: the position in a :class:`ShortLinkKey`
    """

    purpose: str
    target: tuple[int, ...] = ()


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


class ShortLinkKey:
    """Makes and reads short tokens, for messages in which each character costs money.

    One of 16 or 17 characters names a recipient and one of the links of a message, so that a single
    short path serves all of them::

        key = ShortLinkKey(secret, "short")
        token = key.make(recipient_id, position)
        key.parse(token)                          # (recipient_id, position), None

    The construction is that of :class:`LinkKey` with a tag of 64 bits and a number of as many digits
    as it needs. The first digit is the position and can be read by anyone; the tag covers it::

        tag    = HMAC(k1, position || number)[:8]
        hidden = digits of the number, each moved by a digit of HMAC(k2, tag)
        token  = position || tag in 11 digits || hidden

    :param secret: as of :class:`LinkKey`
    :param purpose: as of :class:`LinkKey`
    """

    __slots__ = ("_hide", "_sign")

    def __init__(self, secret: str, purpose: str) -> None:
        root = hmac.digest(secret.encode(), b"mass_mailing_lite link " + purpose.encode(), "sha256")
        self._sign = _hmac(hmac.digest(root, b"sign", "sha256"))
        self._hide = _hmac(hmac.digest(root, b"hide", "sha256"))

    def make(self, number: int, position: int = 0) -> str:
        """Return the token of a number and a position.

        :param number: from -2**62 to 2**62 - 1
        :param position: from 0 to ``MAX_POSITION``
        :raises OverflowError: for other numbers
        :raises IndexError: for other positions
        """
        # Signed numbers become even and odd ones.
        unsigned = 2 * number if number >= 0 else 2 * (SAMPLES - number) - 1
        place = DIGITS[position]
        tag = self._tag(unsigned, place)
        digits = _to_digits(int.from_bytes(tag, "big")).rjust(SHORT_TAG_LENGTH, DIGITS[0])
        return f"{place}{digits}{self._move(_to_digits(unsigned), tag, 1)}"

    def parse(self, token: str) -> tuple[int, int] | None:
        """Return ``(number, position)`` of a token; None when this key did not make it."""
        if not _is_short_token(token):
            return None
        place, rest = token[0], token[1:]
        tag_value = _from_digits(rest[:SHORT_TAG_LENGTH])
        if tag_value >= 1 << 8 * SHORT_TAG:
            return None
        tag = tag_value.to_bytes(SHORT_TAG, "big")
        digits = self._move(rest[SHORT_TAG_LENGTH:], tag, -1)
        unsigned = _from_digits(digits)
        # One spelling for each number: no digits before it that say nothing.
        if unsigned >= 1 << 63 or digits != _to_digits(unsigned):
            return None
        if not hmac.compare_digest(self._tag(unsigned, place), tag):
            return None
        if unsigned % 2:
            return SAMPLES - (unsigned + 1) // 2, _VALUES[place]
        return unsigned // 2, _VALUES[place]

    def _tag(self, unsigned: int, place: str) -> bytes:
        return self._sign(place.encode() + unsigned.to_bytes(8, "big"))[:SHORT_TAG]

    def _move(self, digits: str, tag: bytes, sign: int) -> str:
        """Return digits moved by a key stream, forwards or (``sign`` -1) back."""
        stream = self._hide(tag)
        size = len(DIGITS)
        return "".join(
            DIGITS[(_VALUES[digit] + sign * stream[place]) % size]
            for place, digit in enumerate(digits)
        )


def _to_digits(value: int) -> str:
    digits = ""
    while value or not digits:
        value, digit = divmod(value, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


def _from_digits(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * len(DIGITS) + _VALUES[digit]
    return value


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
