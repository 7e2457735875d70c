"""The form of a mail address that DNS and SMTP understand."""

import idna

MAX_DOMAIN = 253  # characters, RFC 1035 section 2.3.4 without the root's dot


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
    if len(domain) > MAX_DOMAIN:  # old versions of idna take time that grows with the square
        raise idna.IDNAError("Domain too long")
    return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
