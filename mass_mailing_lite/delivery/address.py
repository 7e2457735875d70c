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

MAX_DOMAIN = 253  # characters, RFC 1035 section 2.3.4 without the root's dot

# Joiners are invisible, and distinguish domains in some scripts (RFC 5892, appendix A).
_JOINERS = "\u200c\u200d"
# Unicode's category Cf, and its other code points that are ignored in display
# (Default_Ignorable_Code_Point): fillers, variation selectors, tags. And the object replacement
# character, which stands for what a text field could not paste.
_INVISIBLE = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffc\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)


def _characters(ranges):
    """Return the characters of ranges, which are written as in a regular expression."""
    return "".join(
        chr(code)
        for first, last in re.findall("(.)(?:-(.))?", ranges)
        for code in range(ord(first), ord(last or first) + 1)
    )


# Unicode's categories Zs, Zl and Zp without the blank, and the Braille pattern without dots.
SPACES = _characters("\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000")
BLANKS = f" \t\n\v\f\r{SPACES}"
# A field that has nothing else is empty. Without the planes that nobody types, 4,000 characters.
EMPTY = f"{BLANKS}{_JOINERS}{_characters(_INVISIBLE[: _INVISIBLE.index(chr(0x110BD))])}"

_invisible = re.compile(f"[{_INVISIBLE}]+")
_joiners = re.compile(f"[{_JOINERS}]+")
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
