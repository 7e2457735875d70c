"""Inbound mail: failures, delays, complaints, automatic and personal answers."""

import email
import email.policy
from pathlib import Path

import pytest
from delivery.inbound import inbound_mail
from delivery.inbound.inbound_mail import AUTOMATIC, COMPLAINT, DELAYED, FAILED, PERSONAL, SETTLED
from delivery.inbound.status import make_status
from hypothesis import given, settings
from hypothesis import strategies as st

SAMPLES = Path(__file__).parents[2] / "mass_mailing_lite" / "tests" / "bounces"
OURS = "<4711.0f8fad5b-d9cb-469f-a165-70867728950e@odoo.example.com>"

# file: final for the address, failure type, how the reason begins
FAILURES = {
    "postfix_unknown": (True, "address_unknown", "550 5.1.1 <anna@example.com>: Recipient"),
    "postfix_expired": (False, "network", "4.4.1 connect to mail.example.com"),
    "exchange_online": (True, "address_unknown", "550 5.1.10 RESOLVER.ADR.RecipientNotFound;"),
    "exchange_full": (True, "mailbox_full", "554 5.2.2 mailbox full;"),
    "gmail_unknown": (True, "address_unknown", "550 5.1.1 The email account that you tried to"),
    "sendmail_moved": (True, "mailbox_unavailable", "550 5.2.1 Mailbox disabled"),
    "qmail_unknown": (True, "address_unknown", "550 5.1.1 192.0.2.7 does not like recipient"),
    "qmail_queue": (False, "network", "4.4.3 CNAME lookup failed"),
    "amazon_ses": (True, "address_unknown", "550 5.1.1 user does not exist"),
    "zimbra_quota": (False, "mailbox_full", "452 4.2.2 Over quota"),
    "policy_refused": (False, "policy", "550 5.7.1 Service refused"),
    "free_text": (True, "address_unknown", "550 5.0.0 anna@example.com SMTP error"),
    "encoded_status": (True, "address_unknown", "550 5.1.1 No such user"),
}
OTHERS = {
    "postfix_delay": DELAYED,
    "yahoo_complaint": COMPLAINT,
    "aol_complaint": COMPLAINT,
    "complaint_withdrawn": SETTLED,
    "vacation": AUTOMATIC,
    "vacation_exchange": AUTOMATIC,
    "vacation_old": AUTOMATIC,
    "suppress_all": AUTOMATIC,
    "suppress_some": AUTOMATIC,
    "suppress_reports": PERSONAL,
    "postmaster_person": PERSONAL,
    "mailer_daemon_person": PERSONAL,
    "read_receipt": SETTLED,
    "delivered": SETTLED,
}


def parse(data):
    return email.message_from_bytes(data, policy=email.policy.SMTP)


def sample(name):
    return parse((SAMPLES / f"{name}.eml").read_bytes())


def test_every_sample_is_tested():
    assert {path.stem for path in SAMPLES.glob("*.eml")} == set(FAILURES) | set(OTHERS)


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_read_with_its_reason(name):
    final, kind, words = FAILURES[name]
    found = inbound_mail.read(sample(name))
    assert found.kind is FAILED
    [status] = found.failures
    assert "anna@example.com" in status.addresses
    assert (status.is_final_for_address, status.failure_type) == (final, kind)
    assert status.words.startswith(words)
    assert "\n" not in status.words


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_failure_is_not_taken_for_one(name):
    found = inbound_mail.read(sample(name))
    assert found.kind is OTHERS[name]
    assert not found.failures


@pytest.mark.parametrize("name", sorted({*FAILURES, *OTHERS} - {"amazon_ses", "read_receipt"}))
def test_it_says_which_message_it_is_about(name):
    assert OURS in inbound_mail.read(sample(name)).message_ids


def test_a_service_that_renames_messages_does_not_say_which_one():
    found = inbound_mail.read(sample("amazon_ses"))
    assert OURS not in found.message_ids
    assert found.failures[0].addresses == ("anna@example.com",)


def test_an_answer_by_a_person_names_the_nearest_message_first():
    found = inbound_mail.read(
        parse(
            b"From: anna@example.com\nIn-Reply-To: <b@example.com>\n"
            b"References: <a@example.com>\n <b@example.com>\n\nYes, please. 550 5.1.1\n"
        )
    )
    assert found.kind is PERSONAL
    assert found.message_ids == ("<b@example.com>", "<a@example.com>")


def test_a_person_at_a_mailing_list_is_a_person():
    answer = b"From: anna@example.com\nPrecedence: list\nAuto-Submitted: no\n\nYes\n"
    assert inbound_mail.read(parse(answer)).kind is PERSONAL


def test_several_recipients_are_told_apart():
    group = (
        "Final-Recipient: rfc822; {}@example.com\nAction: {}\nStatus: {}\n"
        "Diagnostic-Code: smtp; {} {} Words for {}\n\n"
    )
    groups = [
        ("anna", "delivered", "2.0.0", 250),
        ("boris", "failed", "5.1.1", 550),
        ("copies", "failed", "4.2.2", 452),
    ]
    fields = "".join(
        group.format(who, action, status, code, status, who) for who, action, status, code in groups
    )
    found = inbound_mail.read(
        parse(
            "From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; boundary=b\n\n--b\n"
            f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{fields}--b--\n".encode()
        )
    )
    assert found.kind is FAILED
    assert [(s.addresses, s.is_permanent, s.words) for s in found.failures] == [
        (("boris@example.com",), True, "550 5.1.1 Words for boris"),
        (("copies@example.com",), False, "452 4.2.2 Words for copies"),
    ]


def test_the_better_code_is_taken_and_an_address_is_no_code():
    status = make_status(
        ["a@example.com"], "failed", "5.0.0", "host 192.5.1.1 said: 550 5.2.2 Quota exceeded"
    )
    assert (status.enhanced, status.failure_type) == ("5.2.2", "mailbox_full")
    for text in ("452 4.2.2 Over quota: retry timeout exceeded", "mailbox is full: retry timeout"):
        status = make_status(["a@example.com"], "failed", "5.0.0", text)
        assert (status.is_permanent, status.failure_type) == (False, "mailbox_full")
    status = make_status(["a@example.com"], "failed", "4.4.7", "550 5.1.1 No such user")
    assert status.enhanced == "4.4.7", "what the report says of itself decides"
    assert not status.is_permanent


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted({*FAILURES, *OTHERS})), st.data())
def test_a_damaged_report_raises_nothing(name, data):
    octets = bytearray((SAMPLES / f"{name}.eml").read_bytes())
    for _number in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(octets) - 1))
        octets[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=10))
    inbound_mail.read(parse(bytes(octets)))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_octets_of_any_kind_raise_nothing(octets):
    inbound_mail.read(parse(b"From: mailer-daemon@example.org\n" + octets))


@pytest.mark.parametrize(
    ("reply", "failure_type", "is_final"),
    [
        ("550 5.1.1 No such user, over quota", "address_unknown", True),
        ("550 5.0.0 over quota", "mailbox_full", True),
        ("554 5.3.0 no such user", "address_unknown", True),
        ("550 5.3.0 no such user", "server", False),
        ("550 5.6.0 Bad content", "content", False),
        ("550 5.7.10 Encryption needed", "tls", False),
        ("550 5.7.8 Bad password", "login", False),
        ("552 5.3.4 Too large", "too_large", False),
        ("550 5.7.28 Mail flood", "rate_limited", False),
        ("550 5.1.8 Bad sender", "sender_refused", False),
        ("550 5.6.7 No SMTPUTF8", "smtputf8", False),
        ("550 5.7.1 Relaying denied", "relay_denied", False),
        ("450 4.1.1 Unknown for the moment", "address_unknown", False),
    ],
)
def test_only_a_failure_of_the_address_is_final_for_it(reply, failure_type, is_final):
    status = make_status(["a@example.com"], "failed", "", reply)
    assert (status.failure_type, status.is_final_for_address) == (failure_type, is_final)


def headed(*lines, body="Yes, please.", sender="Anna <anna@example.com>"):
    """Return what an answer with further header lines is taken for."""
    head = [f"From: {sender}", f"In-Reply-To: {OURS}", *lines, "Subject: Re: News"]
    return inbound_mail.read(parse("\n".join([*head, "", body, ""]).encode())).kind


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: Auto-Generated; owner-email=anna@example.com",
        "Auto-Submitted: auto-notified (a comment)",
        "Auto-Submitted: yes",
        "Auto-Submitted: no\nAuto-Submitted: auto-replied",
        "Precedence: auto_reply",
        "Precedence: BULK",
        "Precedence: junk ",
        "X-Autoreply: yes",
        "X-Autorespond: News",
        "X-Auto-Reply: true",
        "X-Vacation: on",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: OOF",
        "X-Auto-Response-Suppress: DR,RN,NRN,OOF,AutoReply",
        "x-auto-response-suppress: dr; autoreply",
        "Return-Path: <>",
        "Return-Path: < >\nAuto-Submitted: no",
    ],
)
def test_an_answer_that_says_so_is_automatic(line):
    assert headed(line) is AUTOMATIC


@pytest.mark.parametrize(
    "line",
    [
        "X-Nothing: 1",
        "Auto-Submitted: no",
        "Auto-Submitted: no (typed by hand)",
        "Auto-Submitted: No; x=1",
        "Precedence: list",
        "Precedence: normal",
        "Precedence: first-class",
        "X-Autoreply: no",
        "X-Auto-Reply: false",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-Auto-Response-Suppress: NDR",
        "X-Auto-Response-Suppress: None",
        "X-Auto-Response-Suppress:",
        "X-Auto-Response-Suppress: All\nAuto-Submitted: no",
        "Precedence: bulk\nAuto-Submitted: no",
    ],
)
def test_an_answer_with_headers_that_persons_have_too_is_personal(line):
    assert headed(line) is PERSONAL


@pytest.mark.parametrize("name", ["postmaster", "Mailer-Daemon", "MAIL-DAEMON", "maildelivery"])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Yes, please.", PERSONAL),
        ("500 pieces, to room 554.\n\n> could not be delivered 550 5.1.1", PERSONAL),
        ("Thanks\n\n-----Original Message-----\nFrom: a@b.example\n550 unknown user", PERSONAL),
        ("", AUTOMATIC),
        ("> News\n> 550 5.1.1 and so on", FAILED),
        ("Your message could not be delivered.", AUTOMATIC),
        (
            "Your message could not be delivered:\n\nanna@example.com\n550 5.1.1 User unknown",
            FAILED,
        ),
        ("Delivery to the following recipient failed: 550 5.1.1", FAILED),
    ],
)
def test_a_mail_systems_name_is_a_person_who_answers_and_a_program_that_reports(name, body, kind):
    assert headed(sender=f"{name} <{name}@example.org>", body=body) is kind


def test_a_mail_system_that_answers_nothing_is_a_program():
    mail = b"From: postmaster@example.org\nSubject: Hello\n\nYour mailbox was moved.\n"
    assert inbound_mail.read(parse(mail)).kind is AUTOMATIC
