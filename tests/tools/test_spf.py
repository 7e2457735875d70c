"""SPF is judged as RFC 7208 asks, whatever a domain publishes."""

import pytest
import yaml
from addon.tools.domain import spf
from addon.tools.domain.lookup import FOUND, NO_DATA, NO_NAME, Lookup
from dns_server import ANY, SERVFAIL, SILENCE
from hypothesis import given
from hypothesis import strategies as st

from devtools import spf_suite
from devtools.console import Failure

SENDER = "news@shop.example"


@pytest.fixture(scope="module")
def suite():
    """The published test suite of RFC 7208: [(records of the DNS, {name: test})]."""
    try:
        path = spf_suite.find()
    except Failure as error:
        pytest.skip(f"The test suite of RFC 7208 cannot be had: {error}")
    with path.open(encoding="utf-8") as file:
        scenarios = list(yaml.safe_load_all(file))
    return [(read_zone(one["zonedata"]), one["tests"]) for one in scenarios]


def read_zone(data):
    """Return the records of a scenario as ``DnsServer`` takes them.

    A record of the old type SPF stands for one of TXT, unless the name has TXT records.
    """
    records = {}
    for name, entries in data.items():
        kinds = records.setdefault(name.lower().replace(" ", r"\032"), {})
        maps = [entry for entry in entries if entry != "TIMEOUT"]
        replaced = "NONE" if any("TXT" in entry for entry in maps) else "TXT"
        for entry in maps:
            for kind, value in entry.items():
                real = replaced if kind == "SPF" else kind
                if "NONE" not in (real, value):
                    kinds.setdefault(real, []).append(write(real, value))
        if len(maps) < len(entries):
            kinds[ANY] = SERVFAIL
    return records


def write(kind, value):
    """Return the value of a record as in a zone file."""
    if kind == "MX":
        return f"{value[0]} {value[1].rstrip('.')}."
    if kind in ("PTR", "CNAME"):
        return f"{value.rstrip('.')}."
    return "".join(value)


def test_the_published_suite_of_rfc_7208_passes(name_server, suite):
    different, count = [], 0
    for records, tests in suite:
        name_server.records = records
        for name, test in tests.items():
            wanted = test["result"] if isinstance(test["result"], list) else [test["result"]]
            look = Lookup()
            got = spf.check(look, test["host"], test["mailfrom"], test["helo"])
            count += 1
            if got.result not in wanted:
                different.append((name, wanted, got))
            explanation = test.get("explanation")
            if explanation not in (None, "DEFAULT") and got.reason != explanation:
                different.append((name, explanation, got))
    assert count > 150
    assert different == []


def judge(name_server, record, address="192.0.2.1", **others):
    name_server.records = {"shop.example": {"TXT": [record]}, **others}
    return spf.check(Lookup(), address, SENDER)


def test_a_sender_that_the_record_names_passes(name_server):
    assert judge(name_server, "v=spf1 ip4:192.0.2.0/24 -all").result == "pass"
    assert judge(name_server, "v=spf1 ip4:198.51.100.1 -all").result == "fail"
    assert judge(name_server, "v=spf1 ip4:198.51.100.1 ~all").result == "softfail"
    assert judge(name_server, "v=spf1 ip6:2001:db8::/32 -all", "2001:db8::5").result == "pass"
    name_server.records = {}
    assert spf.check(Lookup(), "192.0.2.1", SENDER).result == "none"


def test_look_ups_are_counted_beyond_the_limit(name_server):
    others = {f"p{n}.example": {"TXT": ["v=spf1 ip4:198.51.100.1 -all"]} for n in range(13)}
    includes = " ".join(f"include:{name}" for name in others)
    name_server.records = {"shop.example": {"TXT": [f"v=spf1 {includes} -all"]}, **others}
    policy = spf.read_policy(Lookup(), "shop.example")
    assert policy.lookups == 13
    assert "Too many DNS lookups" in policy.problem
    assert spf.check(Lookup(), "192.0.2.1", SENDER).result == "permerror"


def test_void_look_ups_are_counted(name_server):
    policy = read(name_server, "v=spf1 a:a.example a:b.example a:c.example -all")
    assert "Void lookup limit of 2" in policy.problem
    policy = read(name_server, "v=spf1 a:a.example a:b.example -all")
    assert (policy.problem, policy.void_lookups) == ("", 2)


def read(name_server, *records):
    name_server.records = {"shop.example": {"TXT": list(records)}}
    return spf.read_policy(Lookup(), "shop.example")


def test_what_the_domain_has_is_told_from_what_it_has_not(name_server):
    policy = read(name_server, "v=spf1 mx -all", "google-site-verification=x", "V=SPF10 no")
    assert policy.status == FOUND
    assert policy.records == ("v=spf1 mx -all",)
    assert len(read(name_server, "v=spf1 mx -all", "v=spf1 a -all").records) == 2
    assert read(name_server, "nothing").records == ()
    name_server.records = {"a.shop.example": {"A": ["192.0.2.1"]}}
    assert spf.read_policy(Lookup(), "shop.example").status == NO_DATA
    name_server.records = {}
    assert spf.read_policy(Lookup(), "shop.example").status == NO_NAME


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 include:shop.example -all",
        "v=spf1 redirect=shop.example",
        "v=spf1 include:other.example -all",
        "v=spf1 " + "a " * 2000,
        "v=spf1 " + "ip4:192.0.2.1 " * 4000,
        "v=spf1 exists:" + "%{i}." * 700 + "example -all",
        "v=spf1 exists:%{l1r+-/._=}.%{d2}.%{h}.example exp=%{p}.shop.example -all",
        b"v=spf1 \xff\xfe\xfd -all",
        "v=spf1 exists:" + "%" * 3000,
        "v=spf1 a:" + "." * 3000,
        "v=spf1 mx:%{d} ip4:999.1.1.1/99 -all",
        "v=spf1 ip4: ip6: a: mx: ptr: exists: include: redirect=",
        "v=spf1 \0 -all",
    ],
)
def test_a_hostile_record_costs_little_and_passes_nobody(name_server, record):
    loop = {"other.example": {"TXT": ["v=spf1 include:shop.example -all"]}}
    assert judge(name_server, record, "198.51.100.77", **loop).result != "pass"
    assert len(name_server.questions) < 200
    spf.read_policy(Lookup(), "shop.example")


def test_silent_servers_end_the_look_and_nothing_is_claimed(name_server):
    name_server.records = {
        "shop.example": {"TXT": ["v=spf1 include:silent.example -all"]},
        "silent.example": SILENCE,
    }
    look = Lookup(seconds=0.4)
    assert spf.check(look, "192.0.2.1", SENDER).result == "temperror"


@given(st.binary(max_size=300))
def test_whatever_is_published_raises_nothing(octets):
    class Fixed(Lookup):
        def ask(self, name, kind):
            from addon.tools.domain.lookup import Answer

            return Answer(FOUND, (b"v=spf1 " + octets,)) if kind == "TXT" else Answer(NO_DATA)

    look = Fixed(nameservers=["127.0.0.1"])
    assert spf.check(look, "192.0.2.1", SENDER).result
    spf.read_policy(look, "shop.example")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 mx -all", "v=spf1 mx ip4:192.0.2.1 -all"),
        ("v=spf1 mx ~ALL exp=e.example", "v=spf1 mx ip4:192.0.2.1 ~ALL exp=e.example"),
        ("v=spf1 redirect=a.example", "v=spf1 ip4:192.0.2.1 redirect=a.example"),
        ("v=spf1", "v=spf1 ip4:192.0.2.1"),
        ("v=spf1  a   all", "v=spf1 a ip4:192.0.2.1 all"),
        ("v=spf1 include:all.example ?all", "v=spf1 include:all.example ip4:192.0.2.1 ?all"),
    ],
)
def test_the_missing_term_is_put_where_it_is_read(name_server, record, expected):
    assert spf.add_term(record, spf.make_term("192.0.2.1")) == expected
    included = {"all.example": {"TXT": ["v=spf1 -all"]}}
    assert judge(name_server, expected, **included).result == "pass"


def test_without_pyspf_nothing_is_claimed(name_server, monkeypatch):
    monkeypatch.setattr(spf, "pyspf", None)
    assert not spf.is_available()
    assert judge(name_server, "v=spf1 ip4:192.0.2.0/24 -all").result == "temperror"


def test_several_records_become_one_with_the_mildest_end():
    assert spf.join(["v=spf1 mx -all", "v=spf1 a mx ~all"]) == "v=spf1 mx a ~all"
    assert spf.join(["v=spf1 mx", "v=spf1 a"]) == "v=spf1 mx a ~all"
