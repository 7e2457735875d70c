"""What arrived is read without trust: statements, signatures, and the address it came from."""

import base64

import dkim
import pytest
from addon.tools.domain import arrived, proof, signature
from addon.tools.domain.lookup import Lookup
from addon.tools.domain.reverse_name import find_names
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dns_server import SERVFAIL
from hypothesis import given
from hypothesis import strategies as st

MESSAGE = (
    b"From: News <news@shop.example>\r\nTo: ada@mail.example\r\nSubject: Hello\r\n"
    b"Date: Fri, 06 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n\r\nHello\r\n"
)
GMAIL = """Delivered-To: ada@mail.example
Received: by 2002:a05:6a20:0:0:0:0:1 with SMTP id x1csp1; Fri, 6 Nov 2026 02:00:01 -0800 (PST)
ARC-Authentication-Results: i=1; mx.google.example;
       dkim=pass header.i=@shop.example header.s=s1 header.b=AbCd;
       spf=pass (google.example: domain of bounce@shop.example designates 192.0.2.7 as permitted
       sender) smtp.mailfrom=bounce@shop.example;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=shop.example
Return-Path: <bounce@shop.example>
Received: from mail.shop.example (mail.shop.example. [192.0.2.7])
        by mx.google.example with ESMTPS id a; Fri, 06 Nov 2026 02:00:00 -0800 (PST)
Received-SPF: pass (google.example: domain of bounce@shop.example designates 192.0.2.7 as permitted
 sender) client-ip=192.0.2.7;
Authentication-Results: mx.google.example;
       dkim=pass header.i=@shop.example header.s=s1 header.b=AbCd;
       spf=pass (google.example: domain of bounce@shop.example designates 192.0.2.7 as permitted
       sender) smtp.mailfrom=bounce@shop.example;
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=shop.example
From: News <news@shop.example>
Subject: Hello

Authentication-Results: evil.example; dkim=pass header.d=other.example
"""


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(key, domain="shop.example", message=MESSAGE):
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return dkim.sign(message, b"s1", domain.encode(), pem) + message


def publish(name_server, key, domain="shop.example"):
    octets = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"
    name_server.add(f"s1._domainkey.{domain}", "TXT", record)


def test_a_signature_is_verified_with_the_key_in_the_dns(name_server, key):
    publish(name_server, key)
    [found] = signature.verify(Lookup(), sign(key))
    assert found == ("shop.example", "s1", "pass", "", "")


def test_a_changed_message_a_missing_key_and_a_silent_dns_are_told_apart(name_server, key):
    signed = sign(key)
    [missing] = signature.verify(Lookup(), signed)
    assert (missing.result, missing.problem) == ("permerror", "no_key")
    publish(name_server, key)
    for changed in (signed + b"more\r\n", signed.replace(b"Subject: Hello", b"Subject: Bye")):
        [found] = signature.verify(Lookup(), changed)
        assert found.result in ("fail", "permerror")
        assert found.problem == "changed"
    name_server.records = {"s1._domainkey.shop.example": SERVFAIL}
    [found] = signature.verify(Lookup(), signed)
    assert (found.result, found.problem) == ("temperror", "no_answer")


def test_each_of_several_signatures_is_verified(name_server, key):
    publish(name_server, key)
    twice = sign(key, "host.example", sign(key))
    assert [(one.domain, one.result) for one in signature.verify(Lookup(), twice)] == [
        ("host.example", "permerror"),
        ("shop.example", "pass"),
    ]


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no header",
        b"DKIM-Signature: \r\n\r\n",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=" + b"a." * 20_000 + b"; s=x\r\n\r\nx",
        b"DKIM-Signature: " + b"v=1;" * 2_000 + b"\r\n\r\nx",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=\xff; s=\xfe; b=x; bh=x; h=from\r\n\r\nx",
        b"DKIM-Signature: v=1; d=a.example; s=x; l=99999999999999999999; b=; bh=; h=\r\n\r\nx",
        b"DKIM-Signature: d=a.example\r\n" * 4_000 + b"\r\nx",
    ],
)
def test_hostile_signatures_pass_nothing_and_raise_nothing(name_server, message):
    found = signature.verify(Lookup(), message)
    assert all(one.result != "pass" for one in found)
    assert len(found) <= 5
    assert len(name_server.questions) <= 5


def test_without_dkimpy_no_signature_is_claimed(name_server, key, monkeypatch):
    publish(name_server, key)
    monkeypatch.setattr(signature, "dkim", None)
    assert not signature.is_available()
    assert signature.verify(Lookup(), sign(key)) == ()


def test_the_statements_of_a_server_are_read_from_the_headers_alone():
    found = arrived.read(GMAIL)
    assert {one.server for one in found.statements} == {"mx.google.example"}
    by_method = {one.method: one for one in found.statements}
    assert by_method["dkim"].properties["header.i"] == "@shop.example"
    assert by_method["spf"].properties["smtp.mailfrom"] == "bounce@shop.example"
    assert by_method["dmarc"].result == "pass"
    assert found.address == "192.0.2.7"
    assert found.get("from") == "News <news@shop.example>"


def test_headers_that_lost_their_indentation_are_read_all_the_same():
    text = "\n".join(line.strip() for line in GMAIL.splitlines())
    assert {one.method for one in arrived.read(text).statements} == {"dkim", "spf", "dmarc"}
    assert arrived.read(GMAIL.replace("\n", "\r\n")) == arrived.read(GMAIL)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mx.example; none", []),
        ("mx.example 1; dkim=pass header.d=a.example", [("mx.example", "dkim", "pass")]),
        ('"mx.example"; dkim = pass (a; b (c)) header.d = x', [("mx.example", "dkim", "pass")]),
        ('mx.example; dkim=fail reason="a; dkim=pass"', [("mx.example", "dkim", "fail")]),
        ("mx.example; dkim/1=PASS", [("mx.example", "dkim", "pass")]),
        ("dkim=pass header.d=a.example", [("", "dkim", "pass")]),
        ("mx.example; (dkim=pass) dkim=none", [("mx.example", "dkim", "none")]),
        ("mx.example; dkim=", []),
        ("", []),
    ],
)
def test_the_header_is_read_as_rfc_8601_defines_it(value, expected):
    found = arrived.read_statements(value)
    assert [(one.server, one.method, one.result) for one in found] == expected


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (
            "Received: from a (b [10.0.0.1]) by c\nReceived: from d (e [192.0.2.9]) by f",
            "192.0.2.9",
        ),
        ("Received: from a ([IPv6:2001:db8::9]) by c", "2001:db8::9"),
        ("Received: from a (HELO b) (192.0.2.9) by c", "192.0.2.9"),
        ("Received: by a ([192.0.2.9])", ""),
        ("Received: from a by b ([192.0.2.9])", ""),
        ("Received-SPF: pass client-ip=192.0.2.8;\nReceived: from a ([192.0.2.9])", "192.0.2.8"),
        ("Authentication-Results: x; iprev=pass policy.iprev=192.0.2.5", "192.0.2.5"),
        ("Received: from localhost (localhost [127.0.0.1])", ""),
        ("Received: from a ([999.2.3.4])", ""),
    ],
)
def test_the_address_is_that_which_the_servers_of_the_recipient_name(headers, address):
    assert arrived.read(headers).address == address


@pytest.mark.parametrize(
    "text",
    [
        "Authentication-Results: " + "(" * 100_000,
        "Authentication-Results: x; " + "dkim=pass " * 20_000,
        "Authentication-Results: x; " + ";" * 100_000,
        "Received: from " + "[1" * 50_000,
        "Received: from " + "." * 100_000,
        "A" * 500_000,
        "\n".join(["x:y"] * 50_000),
        "A:\n" + " " * 300_000,
        "Received-SPF: " + "client-ip=" * 20_000,
        "Authentication-Results: x; spf=pass (" + "1." * 50_000,
    ],
)
def test_hostile_headers_are_read_in_bounds(text):
    found = arrived.read(text)
    assert len(found.fields) <= arrived.MAX_FIELDS
    assert len(found.statements) <= arrived.MAX_STATEMENTS
    assert found.address == ""


@given(st.text(max_size=300))
def test_whatever_is_pasted_is_read(text):
    arrived.read(text)
    arrived.read(f"Authentication-Results: {text}")
    arrived.read(f"Received: from {text}")


def test_a_name_counts_when_it_leads_back_to_the_address(name_server):
    name_server.add("7.2.0.192.in-addr.arpa", "PTR", "mail.shop.example.", "host.example.")
    name_server.add("mail.shop.example", "A", "192.0.2.7")
    found = find_names(Lookup(), "192.0.2.7")
    assert set(found.names) == {"mail.shop.example", "host.example"}
    assert found.confirmed == ("mail.shop.example",)
    name_server.records["mail.shop.example"] = {"A": ["192.0.2.8"]}
    assert find_names(Lookup(), "192.0.2.7").confirmed == ()
    assert find_names(Lookup(), "192.0.2.9").names == ()
    name_server.records["mail.shop.example"] = SERVFAIL
    found = find_names(Lookup(), "192.0.2.7")
    assert not found.is_known


TOKEN = "abcdefghijklmnopqrstuvwxyz"


def test_a_test_of_ours_is_found_alone_and_attached_octet_for_octet():
    ours = f"Received: from a\r\nX-Mailing-Sender-Check: {TOKEN}\r\n".encode() + MESSAGE
    assert proof.find_test(ours) == (TOKEN, ours)
    mail = (
        b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: message/rfc822\r\n\r\n" + ours + b"\r\n--b--\r\n"
    )
    token, octets = proof.find_test(mail)
    assert token == TOKEN
    assert octets.rstrip() == ours.rstrip()


def test_the_signature_of_an_attached_test_is_still_valid(name_server, key):
    publish(name_server, key)
    ours = b"Received: from a\r\n" + sign(
        key, message=f"X-Mailing-Sender-Check: {TOKEN}\r\n".encode() + MESSAGE
    )
    mail = (
        b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n'
        b"Content-Type: message/rfc822\r\n\r\n" + ours + b"\r\n--b--\r\n"
    )
    _token, octets = proof.find_test(mail)
    found = proof.read_proof(Lookup(), octets, "shop.example", "r")
    assert [one["result"] for one in found["signatures"]] == ["pass"]
    assert found["is_ours"]


@given(st.binary(max_size=400))
def test_whatever_comes_in_is_no_test(octets):
    assert proof.find_test(octets) == ("", b"")
    assert proof.find_test(b"X-Mailing-Sender-Check: " + octets)[0] in ("", octets.decode("latin"))


def test_what_a_server_states_about_others_is_not_counted_as_ours(name_server):
    name_server.records = {}
    found = proof.read_proof(Lookup(), GMAIL.encode(), "other.example", "r")
    assert not found["is_ours"]
    assert not any(one["is_aligned"] for one in found["statements"])
    found = proof.read_proof(Lookup(), GMAIL.encode(), "shop.example", "r")
    assert found["is_ours"]
    assert found["is_encrypted"]
    assert found["address"] == "192.0.2.7"
