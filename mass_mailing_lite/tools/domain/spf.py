"""Who may send mail in the name of a domain: SPF (RFC 7208), judged by pyspf."""

import ipaddress
import re
from typing import NamedTuple

from .lookup import FOUND, INVALID, Lookup

try:
    import spf as pyspf
except Exception:  # without a DNS library pyspf fails in ways of its own
    pyspf = None

MAX_LOOKUPS = 10  # RFC 7208, section 4.6.4
# Octets of a record. 450 fit into one packet (RFC 7208, section 3.4); the time that pyspf takes grows
# with the square of it.
MAX_RECORD = 4096
# The "dummy address" of IPv4 (RFC 7600), from which no mail comes: all terms are read for it.
NO_SENDER = "192.0.0.8"

PASS, NONE, PERMERROR, TEMPERROR = "pass", "none", "permerror", "temperror"

_is_spf = re.compile(rb"v=spf1(?: |$)", re.IGNORECASE)


class Result(NamedTuple):
    """The result for one address.

    :ivar result: ``pass``, ``fail``, ``softfail``, ``neutral``, ``none``, ``permerror`` or
        ``temperror`` (RFC 7208, section 2.6)
    :ivar reason: in English: what is wrong with a record, or the explanation of the domain
    :ivar lookups: terms that ask the DNS, at most ten of which are allowed
    :ivar void_lookups: questions to which there were no records, at most two of which are allowed
    """

    result: str
    reason: str = ""
    lookups: int = 0
    void_lookups: int = 0


class Policy(NamedTuple):
    """The SPF records of a domain, whatever the address is.

    :ivar status: what the DNS said about TXT records, see ``lookup.Answer``
    :ivar records: of SPF, one in a domain that is in order
    :ivar problem: in English, why the record is not valid; empty when it is
    :ivar lookups: of all its terms, as far as they could be counted
    """

    status: str
    records: tuple[str, ...] = ()
    problem: str = ""
    lookups: int = 0
    void_lookups: int = 0


def is_available() -> bool:
    """Tell whether SPF can be judged: the module ``spf`` (pyspf) is installed."""
    return pyspf is not None


def check(lookup: Lookup, address: str, sender: str, helo: str = "") -> Result:
    """Return whether an address may send for the domain of an envelope sender. It raises nothing.

    :param helo: name with which the sending host greets
    """
    if pyspf is None:
        return Result(TEMPERROR)
    return _run(lookup, address, sender, helo, strict=True)


def read_policy(lookup: Lookup, domain: str) -> Policy:
    """Return the SPF records of a domain, and what is wrong with them. It raises nothing."""
    answer = lookup.ask(domain, "TXT")
    if answer.status != FOUND:
        return Policy(answer.status)
    found = filter(_is_spf.match, answer.records)
    # The DNS returns several in any order.
    records = tuple(sorted(record.decode("ascii", "backslashreplace") for record in found))
    if len(records) != 1 or pyspf is None:
        return Policy(answer.status, records)
    strict = check(lookup, NO_SENDER, f"postmaster@{domain}")
    # All terms are counted, also those after the tenth, so that one can tell how many to remove.
    counted = _run(lookup, NO_SENDER, f"postmaster@{domain}", "", strict=False)
    problem = strict.reason if strict.result in (PERMERROR, TEMPERROR) else ""
    lookups = max(strict.lookups, counted.lookups)
    return Policy(answer.status, records, problem, lookups, strict.void_lookups)


def add_term(record: str, term: str) -> str:
    """Return an SPF record with one more mechanism, such as ``ip4:192.0.2.1``.

    It stands before the mechanism ``all``, behind which nothing is read, and before ``redirect``.
    """
    terms = record.split()
    for position, one in enumerate(terms):
        if one.lower().lstrip("+-~?") == "all" or one.lower().startswith("redirect="):
            return " ".join([*terms[:position], term, *terms[position:]])
    return " ".join([*terms, term])


def join(records) -> str:
    """Return one SPF record with the terms of several, and the mildest of what they say at the end."""
    terms, ends = {}, []
    for record in records:
        for term in record.split()[1:]:
            if term.lower().lstrip("+-~?") == "all":
                ends.append(term)
            else:
                terms[term] = None
    end = next((one for one in ("?all", "~all", "-all") if one in map(str.lower, ends)), "~all")
    return " ".join(["v=spf1", *terms, end])


def make_term(address: str) -> str:
    """Return the mechanism for one IP address."""
    version = ipaddress.ip_address(address).version
    return f"ip{version}:{address}" if version == 6 else f"ip4:{address}"


def _run(lookup, address, sender, helo, strict):
    """Judge by pyspf, whose exceptions for odd records are as many as odd records."""
    try:
        query = _make_query(lookup, address, sender, helo, strict)
        result, _code, reason = query.check()
    except RecursionError:
        return Result(PERMERROR, "Too many levels of recursion")
    except Exception as error:  # pyspf reads what a stranger wrote
        return Result(PERMERROR, f"{type(error).__name__}: {error}"[:300])
    return Result(result, str(reason)[:1000], query.lookups, query.void_lookups)


def _make_query(lookup, address, sender, helo, strict):
    """Return pyspf's query, which asks ``lookup`` in place of its own DNS library."""

    class Query(pyspf.query):
        def dns(self, name, qtype, cnames=None, ignore_void=False):
            answer = lookup.ask(str(name), qtype)
            if answer.status == INVALID:
                return []
            if not answer.is_known:
                raise pyspf.TempError(f"DNS did not answer: {name}")
            records = [_adapt(record, qtype, name) for record in answer.records]
            if not records and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > pyspf.MAX_VOID_LOOKUPS:
                    raise pyspf.PermError(f"Void lookup limit of {pyspf.MAX_VOID_LOOKUPS} exceeded")
            return records

    return Query(address, sender, helo, strict=strict)


def _adapt(record, kind, name):
    """Return a record as pyspf takes it: a TXT record as a tuple of strings."""
    if kind != "TXT":
        return tuple(record) if kind == "MX" else record
    if len(record) > MAX_RECORD and _is_spf.match(record):
        raise pyspf.PermError(f"The record of {name} is longer than {MAX_RECORD} octets")
    return (record[:MAX_RECORD],)
