"""The DNS is asked with care: what it does not say is told from what there is not."""

import pytest
from addon.tools.domain import lookup as module
from addon.tools.domain.lookup import (
    FAILED,
    FOUND,
    INVALID,
    NO_DATA,
    NO_NAME,
    TEST_SERVER,
    Answer,
    Exchange,
    Lookup,
)
from addon.tools.domain.mail_hosts import (
    NO_DOMAIN,
    NO_HOST,
    REFUSES,
    TAKES,
    UNKNOWN,
    MailHosts,
    find_mail_hosts,
)
from dns_server import GARBAGE, REFUSED, SERVFAIL, SILENCE


def test_records_are_read_by_their_types(name_server):
    name_server.records["shop.example"] = {
        "MX": ["20 b.shop.example.", "10 A.Shop.Example."],
        "TXT": ["v=spf1 -all", b"\xff\xfe", "x" * 700],
        "A": ["192.0.2.1"],
        "AAAA": ["2001:db8::1"],
    }
    name_server.add("1.2.0.192.in-addr.arpa", "PTR", "Mail.Shop.example.")
    look = Lookup()
    assert look.ask("shop.example", "MX").records == (
        Exchange(10, "a.shop.example"),
        Exchange(20, "b.shop.example"),
    )
    assert set(look.ask("Shop.Example.", "TXT").records) == {
        b"v=spf1 -all",
        b"\xff\xfe",
        b"x" * 700,
    }
    assert look.ask("shop.example", "A").records == ("192.0.2.1",)
    assert look.ask("shop.example", "AAAA").records == ("2001:db8::1",)
    assert look.ask_names("192.0.2.1").records == ("mail.shop.example",)
    assert look.ask_names("no address").status == INVALID


def test_what_is_not_there_is_told_from_what_was_not_answered(name_server):
    name_server.records = {
        "shop.example": {"A": ["192.0.2.1"]},
        "a.b.example": {"A": ["192.0.2.1"]},
        "broken.example": SERVFAIL,
        "refuses.example": REFUSED,
        "silent.example": SILENCE,
        "garbage.example": GARBAGE,
    }
    hasty, patient = Lookup(seconds_each=0.2), Lookup(seconds_each=20)
    for name in ("silent.example", "garbage.example"):
        assert hasty.ask(name, "MX").status == FAILED, name
    for name, status in (
        ("shop.example", NO_DATA),
        ("b.example", NO_DATA),
        ("none.example", NO_NAME),
        ("broken.example", FAILED),
        ("refuses.example", FAILED),
        ("a..example", INVALID),
        ("x" * 64 + ".example", INVALID),
        (".".join(["x" * 60] * 5), INVALID),
        ("xn--\u2603-.example", INVALID),
    ):
        assert patient.ask(name, "MX").status == status, name


def test_an_international_domain_is_asked_in_ascii(name_server):
    name_server.add("xn--bcher-kva.example", "A", "192.0.2.1")
    assert Lookup().ask("Bücher.example", "A").status == FOUND


def test_a_long_answer_comes_by_tcp(name_server):
    name_server.add("long.example", "TXT", "y" * 60_000)
    assert Lookup().ask("long.example", "TXT").records == (b"y" * 60_000,)
    assert [protocol for *_question, protocol in name_server.questions] == ["udp", "tcp"]


def test_aliases_are_followed_and_loops_end(name_server):
    name_server.records = {
        "shop.example": {"CNAME": ["www.example."]},
        "www.example": {"CNAME": ["host.example."]},
        "host.example": {"A": ["192.0.2.1"]},
        "one.example": {"CNAME": ["two.example."]},
        "two.example": {"CNAME": ["one.example."]},
        "lost.example": {"CNAME": ["none.example."]},
    }
    look = Lookup(seconds_each=20)
    assert look.ask("shop.example", "A") == Answer(FOUND, ("192.0.2.1",), "host.example")
    assert look.ask("one.example", "A").status == NO_DATA
    assert look.ask("lost.example", "A").status == NO_NAME


def test_each_question_is_asked_once_in_a_look(name_server):
    name_server.add("shop.example", "A", "192.0.2.1")
    look = Lookup()
    look.ask_all([("shop.example", "A"), ("shop.example", "A"), ("SHOP.example.", "A")])
    look.ask("shop.example", "A")
    assert len({question[:2] for question in name_server.questions}) == 1
    asked = len(name_server.questions)
    look.ask("shop.example", "A")
    assert len(name_server.questions) == asked
    Lookup().ask("shop.example", "A")
    assert len(name_server.questions) == asked + 1


def test_many_questions_are_asked_at_the_same_time(name_server):
    questions = [(f"{number}.example", "MX") for number in range(40)]
    for name, _kind in questions:
        name_server.add(name, "MX", f"0 mail.{name}.")
    answers = Lookup().ask_all(questions)
    assert list(answers) == questions
    assert answers["7.example", "MX"].records == (Exchange(0, "mail.7.example"),)


def test_a_look_has_an_end_whatever_the_servers_do(name_server):
    name_server.add("shop.example", "A", "192.0.2.1")
    look = Lookup(max_questions=2)
    assert [look.ask(f"{n}.example", "A").status for n in range(3)] == [NO_NAME, NO_NAME, FAILED]
    assert look.ask("0.example", "A").status == NO_NAME, "what it knows it still knows"
    late = Lookup(seconds=0)
    assert late.ask("shop.example", "A").status == FAILED
    assert len(name_server.questions) == 2


def test_the_harness_names_the_server_by_environment_too(name_server, monkeypatch):
    monkeypatch.setattr(Lookup, "test_server", None)
    monkeypatch.setenv(TEST_SERVER, f"127.0.0.1:{name_server.port}")
    assert Lookup().ask("none.example", "A").status == NO_NAME


def test_without_dnspython_nothing_is_known_and_nothing_breaks(name_server, monkeypatch):
    monkeypatch.setattr(module, "dns", None)
    assert not module.is_available()
    assert Lookup().ask("shop.example", "A").status == FAILED
    assert Lookup().ask_names("192.0.2.1").status == FAILED


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"MX": ["10 mx.shop.example."]}, MailHosts(TAKES, ("mx.shop.example",), has_mx=True)),
        ({"MX": ["0 ."], "A": ["192.0.2.1"]}, MailHosts(REFUSES, has_mx=True)),
        ({"A": ["192.0.2.1"]}, MailHosts(TAKES, ("shop.example",))),
        ({"AAAA": ["2001:db8::1"]}, MailHosts(TAKES, ("shop.example",))),
        ({"TXT": ["nothing"]}, MailHosts(NO_HOST)),
        (None, MailHosts(NO_DOMAIN)),
        (SERVFAIL, MailHosts(UNKNOWN)),
    ],
)
def test_whether_a_domain_takes_mail(name_server, records, expected):
    if records is not None:
        name_server.records["shop.example"] = records
    assert find_mail_hosts(Lookup(seconds_each=20), "shop.example") == expected


def test_a_name_server_that_knows_nothing_of_the_internet_is_not_believed(name_server):
    look = Lookup()
    look.ask("shop.example", "MX")
    assert look.is_cut_off()
    name_server.add("shop.example", "A", "192.0.2.1")
    look = Lookup()
    look.ask("shop.example", "A")
    assert not look.is_cut_off()
    name_server.add("com", "NS", "a.servers.example.")
    look = Lookup()
    look.ask("none.example", "A")
    assert not look.is_cut_off(), "it knows the internet"
