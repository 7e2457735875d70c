"""What a domain asks receivers to do with mail in its name: DMARC (RFC 9989, before RFC 7489).

The organizational domain is found by the walk up the tree of RFC 9989, section 4.10, which needs no
list of public suffixes. checkdmarc would do more (reports, BIMI, MTA-STS), and asks for a dozen
packages and that list; what is needed here is one record of ``tag=value`` pairs.
"""

from typing import NamedTuple

from ...delivery.address import same
from .lookup import FOUND, Lookup

MAX_LABELS = 8  # RFC 9989, section 4.10: the walk asks so many names at most
MAX_RECORD = 4096
POLICIES = ("none", "quarantine", "reject")
STRICT, RELAXED = "s", "r"


class Policy(NamedTuple):
    """The DMARC policy that holds for a From domain.

    :ivar status: what the DNS said; ``FOUND`` also for the record of a domain above
    :ivar domain: name of the domain that has the record
    :ivar records: of DMARC at that name, one in a domain that is in order
    :ivar policy: ``none``, ``quarantine``, ``reject``; empty when the record is not valid
    :ivar problem: key of what is wrong: ``several``, ``no_policy``, ``bad_policy``, ``bad_tag``
    :ivar detail: the text that is wrong
    :ivar reports: addresses (URIs) for aggregate reports
    :ivar spf_mode: ``r`` (relaxed) or ``s`` (strict) alignment with the envelope sender
    :ivar dkim_mode: the same with the signing domain
    :ivar organization: organizational domain of the From domain
    """

    status: str
    domain: str = ""
    records: tuple[str, ...] = ()
    policy: str = ""
    problem: str = ""
    detail: str = ""
    reports: tuple[str, ...] = ()
    spf_mode: str = RELAXED
    dkim_mode: str = RELAXED
    organization: str = ""


def read_policy(lookup: Lookup, domain: str) -> Policy:
    """Return the policy for mail from a domain. It raises nothing."""
    domain = same(domain)
    walked, failed = _walk(lookup, domain)
    organization = _choose_organization(domain, walked)
    if failed:
        return Policy(failed, organization=organization)
    # The record of the domain itself, else of its organization.
    for name in dict.fromkeys((domain, organization)):
        records = walked.get(name, ())
        if records:
            break
    else:
        return Policy("no_data", organization=organization)
    policy = Policy(FOUND, name, records, organization=organization)
    if len(records) > 1:
        return policy._replace(problem="several")
    return _read(policy, records[0], is_above=name != domain)


def find_organization(lookup: Lookup, domain: str) -> str:
    """Return the organizational domain of a domain; the domain itself where no record tells."""
    domain = same(domain)
    return _choose_organization(domain, _walk(lookup, domain)[0])


def is_aligned(lookup: Lookup, mode: str, from_domain: str, other: str) -> bool:
    """Tell whether another domain of a message is aligned with that of the From address.

    :param mode: ``r`` or ``s``
    """
    from_domain, other = same(from_domain), same(other)
    if from_domain == other:
        return True
    if mode == STRICT:
        return False
    organization = find_organization(lookup, from_domain)
    if organization == find_organization(lookup, other):
        return True
    # No record tells what the organization is: at least one domain is below the other.
    return other.endswith(f".{from_domain}") or from_domain.endswith(f".{other}")


def _walk(lookup, domain):
    """Return ({name: its DMARC records} from the domain upwards, status of a question that failed)."""
    labels = domain.split(".")
    names = [domain]
    above = labels[1:] if len(labels) <= MAX_LABELS else labels[-(MAX_LABELS - 1) :]
    names += [".".join(above[at:]) for at in range(len(above))]
    found, failed = {}, ""
    for name in names[:MAX_LABELS]:
        answer = lookup.ask(f"_dmarc.{name}", "TXT")
        records = tuple(
            record[:MAX_RECORD].decode("utf-8", "backslashreplace")
            for record in answer.records
            if is_dmarc(record)
        )
        if records:
            found[name] = records
            tags = read_tags(records[0])[0]
            if len(records) == 1 and tags.get("psd", "").lower() in ("n", "y"):
                break
        if name == domain and not answer.is_known:
            failed = answer.status
    return found, failed


def _choose_organization(domain, walked):
    """Return the organizational domain (RFC 9989, section 4.10.2)."""
    valid = {
        name: read_tags(records[0])[0] for name, records in walked.items() if len(records) == 1
    }
    for name, tags in valid.items():
        kind = tags.get("psd", "").lower()
        if kind == "n":
            return name
        if kind == "y" and name != domain:
            below = domain.removesuffix(f".{name}").split(".")
            return f"{below[-1]}.{name}"
    return min(valid, key=lambda name: name.count("."), default=domain)


def is_dmarc(record: bytes) -> bool:
    """Tell whether a TXT record is one of DMARC: its first tag is the version."""
    name, equals, rest = record[:MAX_RECORD].partition(b"=")
    version = rest.partition(b";")[0].strip()
    return bool(equals) and name.strip().lower() == b"v" and version == b"DMARC1"


def read_tags(record: str) -> tuple[dict[str, str], str]:
    """Return ({tag: value}, the first text that is none) of a list of tags (RFC 6376, 3.2)."""
    tags, wrong = {}, ""
    for text in record.split(";"):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name.isalnum():
            wrong = wrong or text.strip()
        else:
            tags.setdefault(name.lower(), value)
    return tags, wrong


def _read(policy, record, is_above):
    tags, wrong = read_tags(record)
    asked = tags.get("p", "").lower()
    reports = tuple(one.strip() for one in tags.get("rua", "").split(",") if one.strip())
    policy = policy._replace(
        reports=reports,
        spf_mode=STRICT if tags.get("aspf", "").lower() == STRICT else RELAXED,
        dkim_mode=STRICT if tags.get("adkim", "").lower() == STRICT else RELAXED,
    )
    if asked not in POLICIES:
        # RFC 9989, section 4.7: such a record counts as p=none if it has an address for reports.
        return policy._replace(
            problem="bad_policy" if asked else "no_policy",
            detail=asked[:100],
            policy="none" if reports else "",
        )
    if is_above and (below := tags.get("sp", "").lower()) in POLICIES:
        asked = below
    return policy._replace(policy=asked, problem="bad_tag" if wrong else "", detail=wrong[:100])
