"""Questions to the DNS: bounded in time and number, and each asked once in a look."""

import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, NamedTuple

from ...delivery.address import canonical

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.rdatatype
    import dns.resolver
    import dns.reversename
except ImportError:
    dns = None

# What became of a question:
# there are records; the name exists and has none of this type; no such name (NXDOMAIN); no answer
# that says so, another time there may be one; the text cannot be a name of the DNS.
FOUND, NO_DATA, NO_NAME, FAILED, INVALID = "found", "no_data", "no_name", "failed", "invalid"

# Environment variable with "address:port" of a name server, or NOBODY, for an Odoo under test.
TEST_SERVER = "MAILING_TEST_NAMESERVER"
NOBODY = "none"

CONTROL = ("com", "NS")  # what each name server of the internet knows
MAX_ALIASES = 8  # CNAMEs that are followed, each with a question of its own
EDNS_PAYLOAD = 1232  # octets that pass without fragments


class Answer(NamedTuple):
    """What the DNS said.

    :ivar status: ``FOUND``, ``NO_DATA``, ``NO_NAME``, ``FAILED`` or ``INVALID``
    :ivar records: of ``FOUND``. Octets for TXT, the strings of a record joined; ``Exchange`` for
        MX, the preferred one first; for all other types text, and host names in lower case without
        the last dot.
    :ivar name: the name that has the records, after all aliases (CNAME)
    """

    status: str
    records: tuple = ()
    name: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the DNS said what there is, or that there is nothing."""
        return self.status in (FOUND, NO_DATA, NO_NAME)


class Exchange(NamedTuple):
    """A record of type MX. The host of the null MX (RFC 7505) is empty."""

    preference: int
    host: str


class Lookup:
    """One look into the DNS. It can be used by several threads.

    Answers are kept as long as the object. After ``seconds`` or ``max_questions`` it asks nothing
    more, and each new question is answered ``FAILED``: a domain whose servers are silent, or that
    refers to ever more domains, costs no more than that.

    :param seconds: for the whole look
    :param seconds_each: for one question
    :param nameservers: addresses; by default those of the system
    """

    #: ``(address, port)`` of the name server that all looks of this process ask, set by tests.
    test_server: ClassVar[tuple[str, int] | None] = None

    def __init__(
        self,
        seconds: float = 20,
        seconds_each: float = 4,
        max_questions: int = 500,
        nameservers: Iterable[str] = (),
        port: int = 53,
    ):
        self._seconds_each = seconds_each
        self._max_questions = max_questions
        self._end = time.monotonic() + seconds
        self._answers: dict[tuple[str, str], Answer] = {}
        self._count = 0
        self._lock = threading.Lock()
        servers, port = self.get_test_server() or (list(nameservers), port)
        self._resolver = None if servers == [NOBODY] else _make_resolver(servers, port)

    @classmethod
    def get_test_server(cls) -> tuple[list[str], int] | None:
        """Return ``([address], port)`` of the name server that a test named, None outside of tests.

        With ``NOBODY`` as the address no server is asked, and nothing is known.
        """
        if cls.test_server:
            return [cls.test_server[0]], cls.test_server[1]
        if text := os.environ.get(TEST_SERVER):
            address, _colon, port = text.rpartition(":")
            return ([address], int(port)) if address else ([NOBODY], 0)
        return None

    def ask(self, name: str, kind: str) -> Answer:
        """Return the answer to one question. It raises nothing.

        :param name: in Unicode or ASCII, without or with the last dot
        :param kind: type of the records, such as ``MX``
        """
        try:
            name = canonical(name)
        except UnicodeError:
            return Answer(INVALID)
        key = name, kind
        if key not in self._answers:
            self._answers[key] = self._follow(name, kind)
        return self._answers[key]

    def is_cut_off(self) -> bool:
        """Tell whether the name server seems to know nothing of the internet.

        One inside a closed network may say that no domain exists. So where it has found nothing in
        this look, it is asked for a domain that does.
        """
        if any(answer.status == FOUND for answer in self._answers.values()):
            return False
        return self.ask(*CONTROL).status != FOUND

    def ask_all(self, questions: Iterable[tuple[str, str]], threads: int = 8):
        """Return {question: answer} of several questions, asked at the same time."""
        questions = list(dict.fromkeys(questions))
        with ThreadPoolExecutor(max_workers=threads) as pool:
            answers = pool.map(lambda question: self.ask(*question), questions)
            return dict(zip(questions, answers, strict=True))

    def ask_names(self, address: str) -> Answer:
        """Return the host names of an IP address (PTR)."""
        if dns is None:
            return Answer(FAILED)
        try:
            name = dns.reversename.from_address(address).to_text(omit_final_dot=True)
        except (dns.exception.DNSException, ValueError):
            return Answer(INVALID)
        return self.ask(name, "PTR")

    def _follow(self, name: str, kind: str) -> Answer:
        """Ask, and follow aliases that the name server did not follow."""
        seen = set()
        while len(seen) <= MAX_ALIASES:
            answer = self._ask(name, kind)
            if answer.status != NO_DATA or answer.name == name or kind == "CNAME":
                return answer
            seen.add(name)
            name = answer.name
            if name in seen:
                break
        return Answer(NO_DATA)  # aliases that lead nowhere

    def _ask(self, name: str, kind: str) -> Answer:
        if self._resolver is None:
            return Answer(FAILED)
        try:
            question = dns.name.from_text(name or ".")
        except (dns.exception.DNSException, UnicodeError, ValueError):
            return Answer(INVALID)
        with self._lock:
            self._count += 1
            left = self._end - time.monotonic()
            if self._count > self._max_questions or left <= 0:
                return Answer(FAILED)
        try:
            answer = self._resolver.resolve(
                question,
                kind,
                raise_on_no_answer=False,
                search=False,
                lifetime=min(left, self._seconds_each),
            )
        except dns.resolver.NXDOMAIN:
            return Answer(NO_NAME, name=name)
        except dns.resolver.NoNameservers as error:
            return Answer(NO_DATA if _is_loop(error) else FAILED, name=name)
        except (dns.exception.DNSException, OSError, ValueError, EOFError):
            # No answer, an error of the server, an answer that is no message of the DNS.
            return Answer(FAILED, name=name)
        canonical_name = _read_name(answer.canonical_name)
        if answer.rrset is None:
            return Answer(NO_DATA, name=canonical_name)
        return Answer(FOUND, _read_records(answer.rrset), canonical_name)


def is_available() -> bool:
    """Tell whether the DNS can be asked: the module ``dns`` (dnspython) is installed."""
    return dns is not None


def _make_resolver(nameservers: list[str], port: int):
    """Return dnspython's resolver; None where it, or an address of a name server, is missing."""
    if dns is None:
        return None
    try:
        resolver = dns.resolver.Resolver(configure=not nameservers)
    except (dns.exception.DNSException, OSError):
        return None
    if nameservers:
        resolver.nameservers = nameservers
        resolver.port = port
    resolver.timeout = 2  # for one try
    resolver.retry_servfail = False
    resolver.use_edns(0, 0, EDNS_PAYLOAD)
    return resolver


def _is_loop(error) -> bool:
    """Tell whether a name server answered with aliases that lead to each other."""
    attempts = error.kwargs.get("errors") or ()
    return any(isinstance(part, dns.message.ChainTooLong) for one in attempts for part in one)


def _read_records(rrset) -> tuple[Any, ...]:
    kind = dns.rdatatype.to_text(rrset.rdtype)
    if kind == "TXT":
        return tuple(b"".join(record.strings) for record in rrset)
    if kind == "MX":
        found = [Exchange(record.preference, _read_name(record.exchange)) for record in rrset]
        return tuple(sorted(found))
    if kind in ("PTR", "CNAME", "NS"):
        return tuple(_read_name(record.target) for record in rrset)
    return tuple(record.to_text() for record in rrset)


def _read_name(name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")
