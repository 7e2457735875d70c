"""Addresses and domains that an administrator allows, as a list that people type."""

import re
from functools import lru_cache
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


@lru_cache(maxsize=32)
def read(text):
    """Return the ``Allowed`` of a text: one entry a line, or separated by commas or semicolons.

    See :func:`read_entry` for what an entry is.
    """
    text = text or ""
    wrong = [text[:40]] if len(text) > MAX_TEXT else []
    found, unread = _collect(split(text))
    return found._replace(wrong=(*wrong, *unread))


def read_all(entries):
    """Return the ``Allowed`` of entries that are apart already."""
    found, wrong = _collect(entries)
    return found._replace(wrong=tuple(wrong))


def split(text):
    """Return the entries of a text, as typed."""
    pieces = (piece.strip() for piece in SEPARATORS.split((text or "")[:MAX_TEXT]))
    return [piece for piece in pieces if piece]


def read_entry(entry):
    """Return ``(address, domain)`` of an entry: one of them, in canonical form, and an empty text.

    An entry is an address, perhaps with its name (``Anna <anna@example.com>``), or a domain, as
    ``example.com``, ``@example.com`` or ``*@example.com``: without the domains below it. Both are
    empty when it is neither.
    """
    address = entry = entry.strip()
    if entry.endswith(">") and "<" in entry:
        address = entry[entry.rindex("<") + 1 : -1].strip()
    domain = address.removeprefix("*").removeprefix("@")
    if "@" in domain:
        is_one = address.split() == [address] and address_list.is_address(address)
        return (same(address), "") if is_one else ("", "")
    if DOMAIN.fullmatch(domain) and address_list.is_address(f"name@{domain}"):
        return "", same(f"name@{domain}").rpartition("@")[2]
    return "", ""


def _collect(entries):
    addresses, domains, wrong = set(), set(), []
    for entry in entries:
        address, domain = read_entry(entry)
        if address:
            addresses.add(address)
        elif domain:
            domains.add(domain)
        else:
            wrong.append(entry)
    return Allowed(frozenset(addresses), frozenset(domains), ()), wrong
