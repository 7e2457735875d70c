"""Names of a sending address (PTR), and whether they lead back to it."""

from typing import NamedTuple

from .lookup import FOUND, Lookup

MAX_NAMES = 10  # RFC 7208, section 5.5


class ReverseName(NamedTuple):
    """The names of an address.

    :ivar status: what the DNS said about them, see ``lookup.Answer``
    :ivar names: host names
    :ivar confirmed: of these, those that have the address
    :ivar is_known: false when the DNS did not say whether a name has it
    """

    status: str
    names: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    is_known: bool = True


def find_names(lookup: Lookup, address: str) -> ReverseName:
    """Return the names of an address, and those that are confirmed by it. It raises nothing."""
    answer = lookup.ask_names(address)
    if answer.status != FOUND:
        return ReverseName(answer.status, is_known=answer.is_known)
    names = answer.records[:MAX_NAMES]
    kind = "AAAA" if ":" in address else "A"
    answers = [lookup.ask(name, kind) for name in names]
    confirmed = tuple(
        name for name, found in zip(names, answers, strict=True) if address in found.records
    )
    is_known = bool(confirmed) or all(found.is_known for found in answers)
    return ReverseName(answer.status, names, confirmed, is_known)
