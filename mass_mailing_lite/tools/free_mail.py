"""Domains of large free mailbox providers, and the mail servers that send for them.

A message from such a domain through another server fails DMARC: the provider cannot have signed it.
A domain that is missing here only means that nothing is said about it.
"""

from typing import NamedTuple


class Provider(NamedTuple):
    """A provider of mailboxes.

    :ivar domains: of its addresses
    :ivar hosts: domains of its own mail servers
    """

    domains: frozenset[str]
    hosts: tuple[str, ...]


def _make(domains, *hosts):
    return Provider(frozenset(domains.split()), hosts)


PROVIDERS = (
    _make("gmail.com googlemail.com", "gmail.com", "google.com", "googlemail.com"),
    _make(
        "outlook.com outlook.es outlook.fr outlook.de hotmail.com hotmail.es hotmail.fr hotmail.de"
        " live.com live.fr msn.com",
        "outlook.com", "office365.com", "live.com",
    ),
    _make("yahoo.com yahoo.es yahoo.fr yahoo.de yahoo.co.uk ymail.com aol.com", "yahoo.com", "aol.com"),
    _make("icloud.com me.com mac.com", "me.com", "icloud.com"),
    _make("gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.es gmx.fr", "gmx.net", "gmx.com"),
    _make("web.de", "web.de"),
    _make("t-online.de", "t-online.de"),
    _make("orange.fr wanadoo.fr", "orange.fr"),
    _make("free.fr", "free.fr"),
    _make("laposte.net", "laposte.net"),
    _make("wp.pl o2.pl", "wp.pl", "o2.pl"),
    _make("onet.pl op.pl vp.pl", "onet.pl"),
    _make("interia.pl", "interia.pl"),
    _make("mail.ru bk.ru inbox.ru list.ru", "mail.ru"),
    _make("yandex.ru yandex.com ya.ru", "yandex.ru", "yandex.com", "yandex.net"),
    _make("rambler.ru", "rambler.ru"),
    _make("ukr.net", "ukr.net"),
    _make("proton.me protonmail.com", "proton.me", "protonmail.ch"),
)  # fmt: skip


def find_provider(domain: str) -> Provider | None:
    """Return the provider of a domain in its canonical form, None when it is none of these."""
    return next((one for one in PROVIDERS if domain in one.domains), None)
