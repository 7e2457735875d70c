"""Mail addresses in the form that the network uses."""

import idna


def ascii_domain(address: str) -> str:
    """Return the address with its domain in the form of the DNS (RFC 5891, mapped by UTS 46).

    :raises idna.IDNAError: when the domain has no such form
    """
    local, _at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"
