"""The hosts that take the mail of a domain (RFC 5321, section 5.1; RFC 7505)."""

from typing import NamedTuple

from .lookup import FOUND, INVALID, NO_NAME, Lookup

# It takes mail; it says that it takes none (null MX); it has neither MX nor address; there is no
# such domain; the DNS did not say.
TAKES, REFUSES, NO_HOST, NO_DOMAIN, UNKNOWN = "takes", "refuses", "no_host", "no_domain", "unknown"


class MailHosts(NamedTuple):
    """Whether a domain takes mail.

    :ivar status: ``TAKES``, ``REFUSES``, ``NO_HOST``, ``NO_DOMAIN`` or ``UNKNOWN``
    :ivar hosts: names of the hosts, the preferred one first
    :ivar has_mx: false where mail goes to the address of the domain itself
    """

    status: str
    hosts: tuple[str, ...] = ()
    has_mx: bool = False


def find_mail_hosts(lookup: Lookup, domain: str) -> MailHosts:
    """Return whether and where a domain takes mail. It raises nothing."""
    answer = lookup.ask(domain, "MX")
    if answer.status == FOUND:
        hosts = tuple(exchange.host for exchange in answer.records if exchange.host)
        return MailHosts(TAKES if hosts else REFUSES, hosts, has_mx=True)
    if answer.status in (NO_NAME, INVALID):
        return MailHosts(NO_DOMAIN)
    if not answer.is_known:
        return MailHosts(UNKNOWN)
    # Without MX mail goes to the address of the domain.
    addresses = [lookup.ask(domain, kind) for kind in ("A", "AAAA")]
    if any(one.status == FOUND for one in addresses):
        return MailHosts(TAKES, (answer.name,))
    if all(one.is_known for one in addresses):
        return MailHosts(NO_HOST)
    return MailHosts(UNKNOWN)
