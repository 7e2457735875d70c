"""Addresses and domains that an administrator allows, as a list that people type."""

import re
from typing import NamedTuple

from ..delivery.address import same
from . import address_list

MAX_TEXT = 20_000  # characters
SEPARATORS = re.compile(r"[\n\r,;]")
DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63}){1,20}")


class Allowed(NamedTuple):
    """What a list allows: canonical addresses and domains; and its entries that are neither."""

    addresses: frozenset
    domains: frozenset
    wrong: tuple

    def allows(self, address):
        """Tell whether a canonical address is listed, or its domain."""
        _local, at, domain = address.rpartition("@")
        return address in self.addresses or bool(at and domain in self.domains)


def read(text):
    """Return the ``Allowed`` of a text: one entry a line, or separated by commas or semicolons.

    An entry is an address, perhaps with its name (``Anna <anna@example.com>``), or a domain, as
    ``example.com``, ``@example.com`` or ``*@example.com``: without the domains below it.
    """
    text = text or ""
    addresses, domains, wrong = set(), set(), []
    if len(text) > MAX_TEXT:
        wrong.append(text[:40])
    for piece in SEPARATORS.split(text[:MAX_TEXT]):
        entry = piece.strip()
        if not entry:
            continue
        if entry.endswith(">") and "<" in entry:
            address = entry[entry.rindex("<") + 1 : -1].strip()
        else:
            address = entry
        domain = address.removeprefix("*").removeprefix("@")
        if "@" in domain:
            if address.split() == [address] and address_list.is_address(address):
                addresses.add(same(address))
            else:
                wrong.append(entry)
        elif DOMAIN.fullmatch(domain) and address_list.is_address(f"name@{domain}"):
            domains.add(same(f"name@{domain}").rpartition("@")[2])
        else:
            wrong.append(entry)
    return Allowed(frozenset(addresses), frozenset(domains), tuple(wrong))
