"""One mailbox, one identity: the canonical form of a mail address.

Addresses are compared in this form only, in the database and here, and messages are sent to it:

- characters that cannot be seen are left out, and so are Unicode spaces at the edges of a part;
- full-width forms, as input methods type them, and the ideographic full stop are read as the ASCII
  characters that they stand for;
- the domain has its ASCII form by UTS 46 (IDNA 2008), without the dot of the root;
- the local part is in NFC and in lower case. RFC 5321 (section 2.4) lets a host tell ``Anna`` from
  ``anna``, but hosts do not, and people type both. A capital I with a dot, which keyboards in
  Turkish put at the beginning of a line, is an ``i``. Letters that differ stay different: ``ß`` is
  not ``ss``, a dotless ``ı`` is not ``i``, Cyrillic ``а`` is not Latin ``a``.
"""

import re
import unicodedata

import idna

from .characters import BLANKS, INVISIBLE_RANGES, JOINERS, SPACES

MAX_DOMAIN = 253  # characters, RFC 1035 section 2.3.4 without the root's dot

_invisible = re.compile(f"[{INVISIBLE_RANGES}]+")
_joiners = re.compile(f"[{JOINERS}]+")
# Each run of spaces is looked at once: the time is linear.
_beside_at = re.compile(rf"(?<![{SPACES}])[{SPACES}]+(?=[@.])|(?<=@)[{SPACES}]+")
_FULL_WIDTH = {
    **{0xFF01 + offset: 0x21 + offset for offset in range(94)},
    0xFE6B: "@",  # small commercial at
    0x3002: ".",
    0xFF61: ".",
}
# A blank between a name and an address parts them; one within an address, where no name can be
# meant, was typed or pasted by mistake. A name begins with a capital letter, or has other letters.
_in_local = re.compile(rf"(?:^|(?<=[<,;|]))([a-z0-9._+-]+)[{SPACES}]+(?=[a-z0-9._+-]+@)")
_in_domain = re.compile(rf"(@[a-z0-9-]+)[{SPACES}]+(?=[a-z0-9-]+\.)")


def fold(text: str) -> str:
    """Return a text with addresses without invisible characters, and with ASCII for full width.

    Joiners stay, which only a domain may need.
    """
    if text.isascii():
        return text
    text = _invisible.sub("", text.translate(_FULL_WIDTH))
    text = _beside_at.sub("", text.strip(BLANKS))
    return _in_domain.sub(r"\1", _in_local.sub(r"\1", text))


def canonical(address: str) -> str:
    """Return the canonical form of an address, which may be invalid for other reasons.

    ``canonical(canonical(address)) == canonical(address)``. Without an ``@`` the text is a domain.

    :raises UnicodeError: when the domain has no ASCII form
    """
    if address.isascii():
        return address.strip().lower().removesuffix(".")
    local, at, domain = fold(address).rpartition("@")
    local = unicodedata.normalize("NFC", _joiners.sub("", local)).replace("\u0130", "i")
    local = unicodedata.normalize("NFC", local.lower())
    return f"{local}{at}{_ascii(domain).lower().removesuffix('.')}"


def same(address: str) -> str:
    """Return the canonical form of an address, or the address where it has none, to be compared."""
    try:
        return canonical(address)
    except UnicodeError:
        return address


def ascii_domain(address: str) -> str:
    """Return the address with its domain in ASCII, such as ``a@xn--bcher-kva.example``.

    IDNA 2008 (RFC 5891), after the mapping of UTS 46: capital letters, full-width forms and the
    ideographic full stop are read as what they stand for. A domain that is ASCII already is
    returned as it is, and so is the local part.

    :raises idna.IDNAError: (a ``UnicodeError``) when the domain has no such form; its text says why
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}{at}{_ascii(domain)}"


def _ascii(domain: str) -> str:
    """Return a domain in ASCII; a joiner that does not distinguish it is left out."""
    domain = _invisible.sub("", domain)
    if domain.isascii():
        return domain
    if len(domain) > MAX_DOMAIN:  # old versions of idna take time that grows with the square
        raise idna.IDNAError("Domain too long")
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        visible = _joiners.sub("", domain)
        if visible == domain:
            raise
        return visible if visible.isascii() else idna.encode(visible, uts46=True).decode()
