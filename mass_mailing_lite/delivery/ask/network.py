"""Which computers may be asked: those of the public internet.

An address in a mailing is one that an author typed. Without this rule the author could make the
server look into its own network (server-side request forgery).
"""

import functools
import ipaddress
import socket

# Of the IPv6 space only this part is given to computers of the internet (RFC 4291, IANA).
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# The last 32 bits are the address of an IPv4 computer (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What ``is_global`` of some versions of Python takes for public, and what is public by its number
# alone: protocols of IETF, 6to4 and its relays (RFC 7526), documentation (RFC 9637), the service in
# Azure that gives a machine its secrets.
_REFUSED = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2002::/16", "3fff::/20"),
    )
)

WEB_PORTS = frozenset({80, 443, 8080, 8443})


# It exists as long as there is an internet (RFC 2606).
KNOWN_NAME = "example.com"
# Names that never exist (RFC 2606).
_NEVER = (".example", ".invalid", ".test")


class PrivateAddressError(Exception):
    """A name leads to a computer that is not on the public internet."""


class Network:
    """Finds the addresses of a name, and refuses those that are not public.

    :param allow_loopback: whether this computer may be asked on any port; for tests only
    :param resolve: what finds addresses, with the parameters and result of ``socket.getaddrinfo``,
        which is the default
    """

    def __init__(self, allow_loopback: bool = False, resolve=None):
        self._allow_loopback = allow_loopback
        self._resolve = resolve or socket.getaddrinfo

    def find(self, host: str, port: int) -> list[tuple]:
        """Return ``(family, socket address)`` of a name, all of them checked.

        A connection is made to what is returned here and to nothing else: a name that is resolved
        a second time may then lead elsewhere.

        :raises PrivateAddressError: when one of the addresses is not public
        :raises OSError: when the name has none
        """
        found = []
        for family, _type, _protocol, _name, address in self._resolve(
            host, port, type=socket.SOCK_STREAM
        ):
            if family not in (socket.AF_INET, socket.AF_INET6):
                continue
            # A scope (fe80::1%eth0) is one of the computer's own networks.
            has_scope = family == socket.AF_INET6 and bool(address[3])
            if has_scope or not self.allows(address[0]):
                raise PrivateAddressError(address[0])
            found.append((family, address))
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, host)
        return list(dict.fromkeys(found))

    @functools.cached_property
    def finds_names(self) -> bool:
        """Whether names of the internet are found at all.

        A server without access to it, such as one behind a proxy, gets the answer that no name
        exists.
        """
        try:
            return bool(self._resolve(KNOWN_NAME, 443, type=socket.SOCK_STREAM))
        except OSError:
            return False

    def is_missing(self, host: str) -> bool:
        """Tell whether a name that was not found does not exist."""
        return f".{host}".endswith(_NEVER) or self.finds_names

    def allows(self, address: str) -> bool:
        """Tell whether a computer with this IP address may be asked."""
        if is_public(address):
            return True
        return self._allow_loopback and is_loopback(address)

    def allows_port(self, port: int) -> bool:
        """Tell whether a port is one of web pages: other ports belong to other services."""
        return self._allow_loopback or port in WEB_PORTS


def is_loopback(address: str) -> bool:
    """Tell whether an IP address is of this computer."""
    number = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(number, "ipv4_mapped", None) or number).is_loopback


def is_public(address: str) -> bool:
    """Tell whether an IP address is of a computer on the public internet.

    An IPv4 address that stands in an IPv6 address counts.
    """
    try:
        number = ipaddress.ip_address(address)
    except ValueError:  # with a scope, or no address
        return False
    if isinstance(number, ipaddress.IPv6Address):
        if number in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)))
        if number not in _GLOBAL_UNICAST:  # mapped and compatible IPv4, link-local, multicast …
            return False
    if any(number in network for network in _REFUSED):
        return False
    return number.is_global and not (
        number.is_multicast or number.is_reserved or number.is_private or number.is_link_local
    )
