"""The DMARC policy of a domain is found where receivers find it."""

import pytest
from addon.tools.domain import dmarc
from addon.tools.domain.lookup import FAILED, FOUND, Lookup
from dns_server import SERVFAIL
from hypothesis import given
from hypothesis import strategies as st


def publish(name_server, records):
    name_server.records = {
        f"_dmarc.{name}": {"TXT": texts if isinstance(texts, list) else [texts]}
        for name, texts in records.items()
    }


def test_the_record_of_the_domain_holds(name_server):
    publish(
        name_server,
        {"shop.example": "v=DMARC1; p=quarantine; rua=mailto:a@shop.example, mailto:b@x.example"},
    )
    policy = dmarc.read_policy(Lookup(), "Shop.example")
    assert (policy.status, policy.domain, policy.policy, policy.problem) == (
        FOUND,
        "shop.example",
        "quarantine",
        "",
    )
    assert policy.reports == ("mailto:a@shop.example", "mailto:b@x.example")
    assert (policy.spf_mode, policy.dkim_mode) == ("r", "r")


def test_the_record_of_the_organization_holds_for_domains_below(name_server):
    publish(name_server, {"shop.example": "v=DMARC1; p=reject; sp=none; adkim=s; aspf=s"})
    policy = dmarc.read_policy(Lookup(), "news.mail.shop.example")
    assert (policy.domain, policy.policy) == ("shop.example", "none")
    assert (policy.spf_mode, policy.dkim_mode) == ("s", "s")
    assert policy.organization == "shop.example"
    assert dmarc.read_policy(Lookup(), "shop.example").policy == "reject"


def test_a_public_suffix_is_no_organization(name_server):
    publish(name_server, {"co.example": "v=DMARC1; p=reject; psd=y"})
    policy = dmarc.read_policy(Lookup(), "news.shop.co.example")
    assert policy.organization == "shop.co.example"
    assert policy.status != FOUND
    assert dmarc.find_organization(Lookup(), "other.co.example") == "other.co.example"


def test_a_deep_domain_costs_eight_questions(name_server):
    name_server.records = {}
    dmarc.read_policy(Lookup(), ".".join("abcdefghijklmnop") + ".shop.example")
    assert len(name_server.questions) == 8


@pytest.mark.parametrize(
    ("texts", "problem", "policy"),
    [
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "several", ""),
        ("v=DMARC1; rua=mailto:a@shop.example", "no_policy", "none"),
        ("v=DMARC1", "no_policy", ""),
        ("v=DMARC1; p=rejekt", "bad_policy", ""),
        ("v=DMARC1; p=none; nonsense", "bad_tag", "none"),
        ("V = DMARC1 ;p = NONE;", "", "none"),
    ],
)
def test_what_is_wrong_with_a_record_is_told(name_server, texts, problem, policy):
    publish(name_server, {"shop.example": texts})
    found = dmarc.read_policy(Lookup(), "shop.example")
    assert (found.status, found.problem, found.policy) == (FOUND, problem, policy)


@pytest.mark.parametrize("text", ["v=DMARC2; p=none", "p=none; v=DMARC1", "v=spf1 -all", b"\xff"])
def test_other_records_are_none_of_dmarc(name_server, text):
    publish(name_server, {"shop.example": [text]})
    assert dmarc.read_policy(Lookup(), "shop.example").status != FOUND


def test_no_answer_is_not_no_record(name_server):
    name_server.records = {"_dmarc.shop.example": SERVFAIL}
    assert dmarc.read_policy(Lookup(), "shop.example").status == FAILED


def test_alignment_is_relaxed_or_strict(name_server):
    publish(name_server, {"shop.example": "v=DMARC1; p=none", "host.example": "v=DMARC1; p=none"})
    look = Lookup()
    assert dmarc.is_aligned(look, "r", "news.shop.example", "bounce.shop.example")
    assert not dmarc.is_aligned(look, "s", "news.shop.example", "bounce.shop.example")
    assert dmarc.is_aligned(look, "s", "shop.example", "SHOP.example")
    assert not dmarc.is_aligned(look, "r", "shop.example", "host.example")
    assert not dmarc.is_aligned(look, "r", "shop.example", "notshop.example")
    name_server.records = {}
    assert dmarc.is_aligned(Lookup(), "r", "shop.example", "bounce.shop.example")
    assert not dmarc.is_aligned(Lookup(), "r", "a.example", "b.example")


@given(st.text(max_size=200))
def test_whatever_is_published_is_read(text):
    dmarc.read_tags(text)
    dmarc.is_dmarc(text.encode())
