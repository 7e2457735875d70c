"""All that the DNS says about one sender: where answers go, and whether receivers accept its mail."""

import ipaddress
from typing import Any, NamedTuple

from ...delivery.address import same
from . import dmarc, spf
from .arrived import is_public
from .lookup import FOUND, Lookup, is_available
from .mail_hosts import find_mail_hosts
from .reverse_name import find_names

MAX_ADDRESSES = 8  # of the mail server

# Outgoing mail servers of large providers, and the mechanism of SPF that they ask for: messages leave
# from other addresses than that of the server.
INCLUDES = {
    "smtp.gmail.com": "include:_spf.google.com",
    "smtp-relay.gmail.com": "include:_spf.google.com",
    "smtp.office365.com": "include:spf.protection.outlook.com",
    "smtp.sendgrid.net": "include:sendgrid.net",
    "smtp.mailgun.org": "include:mailgun.org",
    "smtp.eu.mailgun.org": "include:mailgun.org",
    "smtp-relay.brevo.com": "include:spf.brevo.com",
    "smtp.zoho.com": "include:zohomail.com",
    "smtp.zoho.eu": "include:zohomail.eu",
    "mail.infomaniak.com": "include:spf.infomaniak.ch",
}


class Question(NamedTuple):
    """What is asked about a sender.

    :ivar from_domain: of the From address
    :ivar envelope_domain: of the envelope sender, which gets bounces
    :ivar reply_domain: of the address for replies
    :ivar host: name or address of the outgoing mail server
    """

    from_domain: str
    envelope_domain: str
    reply_domain: str
    host: str


def look_at(lookup: Lookup, question: Question, seen_address: str = "") -> dict[str, Any]:
    """Return the facts as JSON; it raises nothing.

    :param seen_address: from which a test arrived, better known than the address of the mail server

    Keys: ``mx``, ``spf``, ``dmarc``, ``ptr``; empty without dnspython, and where the name server knows
    nothing of the internet.
    """
    if not is_available():
        return {}
    addresses, source = _find_addresses(lookup, question.host, seen_address)
    facts = {
        "mx": {
            domain: find_mail_hosts(lookup, domain)._asdict()
            for domain in dict.fromkeys(filter(None, question[:3]))
        },
        "spf": _look_at_spf(lookup, question, addresses, source),
        "dmarc": _look_at_dmarc(lookup, question),
        "ptr": {
            "source": source,
            "names": {
                one: find_names(lookup, one)._asdict() for one in addresses if is_public(one)
            },
        },
    }
    return {} if lookup.is_cut_off() else facts


def _find_addresses(lookup, host, seen):
    """Return (addresses, where they are from: ``test``, ``host``)."""
    if seen:
        return [seen], "test"
    host = host.strip("[]")
    if literal := _read_literal(host):
        return [literal], "host"
    if not host or host == "localhost" or host.endswith(".localhost"):
        return [], "host"
    answers = [lookup.ask(host, kind) for kind in ("A", "AAAA")]
    found = [one for answer in answers for one in answer.records if answer.status == FOUND]
    return found[:MAX_ADDRESSES], "host"


def _read_literal(host):
    """Return the address that stands in place of a host's name, or None."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _look_at_spf(lookup, question, addresses, source):
    """Return the SPF records of the domains, and the result of each address.

    Receivers check the envelope sender. The From domain is looked at, too: a bounce has no envelope
    sender, and some servers put the From address there.
    """
    domains = dict.fromkeys(filter(None, (question.envelope_domain, question.from_domain)))
    return {
        "source": source,
        "host": question.host,
        "include": INCLUDES.get(same(question.host), ""),
        "is_available": spf.is_available(),
        "domains": {
            domain: {
                **spf.read_policy(lookup, domain)._asdict(),
                "results": {
                    one: spf.check(
                        lookup, one, f"postmaster@{domain}", question.host or domain
                    )._asdict()
                    for one in addresses
                },
            }
            for domain in domains
        },
    }


def _look_at_dmarc(lookup, question):
    policy = dmarc.read_policy(lookup, question.from_domain)
    return {
        **policy._asdict(),
        "from": question.from_domain,
        "envelope": question.envelope_domain,
        "is_spf_aligned": dmarc.is_aligned(
            lookup, policy.spf_mode, question.from_domain, question.envelope_domain
        ),
    }
