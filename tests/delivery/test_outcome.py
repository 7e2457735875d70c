"""What a server's reply means for the recipient, the mailing and the next try."""

import pytest
from delivery.outcome import (
    DEFERRED,
    FAILURE_TYPES,
    NOT_SENT,
    REFUSED,
    SENT,
    STAGES,
    TEXT_LIMIT,
    UNCERTAIN,
    Outcome,
    clean,
    from_reply,
    split_enhanced,
)

# Replies as Postfix, Exim, Exchange and the large providers give them.
REPLIES = [
    # stage, code, text, kind, failure type
    ("rcpt", 550, "5.1.1 <a@example.com>: Recipient address rejected: User unknown", REFUSED,
     "address_unknown"),
    ("rcpt", 550, "No such user here", REFUSED, "address_unknown"),
    ("rcpt", 553, "5.1.3 bad address syntax", REFUSED, "address_unknown"),
    ("rcpt", 556, "5.1.10 Recipient address has null MX", REFUSED, "address_unknown"),
    ("rcpt", 550, "5.1.2 Host unknown", REFUSED, "address_unknown"),
    ("rcpt", 550, "5.2.1 The account is disabled", REFUSED, "mailbox_unavailable"),
    ("rcpt", 552, "5.2.2 The mailbox is full", REFUSED, "mailbox_full"),
    ("rcpt", 452, "4.2.2 The mailbox is over quota", DEFERRED, "mailbox_full"),
    ("rcpt", 452, "Insufficient system storage", DEFERRED, "mailbox_full"),
    ("rcpt", 450, "Mailbox busy", DEFERRED, "mailbox_unavailable"),
    ("rcpt", 450, "4.2.0 <a@example.com>: Greylisted, try again in 300 seconds", DEFERRED,
     "greylisted"),
    ("rcpt", 451, "4.7.1 Graylisting in action", DEFERRED, "greylisted"),
    ("rcpt", 451, "Local error in processing", DEFERRED, "server"),
    ("rcpt", 452, "4.5.3 Too many recipients", DEFERRED, "rate_limited"),
    ("rcpt", 450, "4.7.1 Error: too much mail from 192.0.2.1", DEFERRED, "rate_limited"),
    ("rcpt", 450, "4.2.1 receiving mail at a rate that prevents delivery", DEFERRED,
     "mailbox_unavailable"),
    ("rcpt", 550, "5.7.28 mail flood", REFUSED, "rate_limited"),
    ("rcpt", 554, "5.7.1 <a@example.net>: Relay access denied", REFUSED, "relay_denied"),
    ("rcpt", 550, "relay not permitted", REFUSED, "relay_denied"),
    ("rcpt", 550, "5.7.1 blocked by policy", REFUSED, "policy"),
    ("rcpt", 554, "Denied", REFUSED, "policy"),
    ("rcpt", 553, "5.6.7 Non-ASCII addresses not permitted", REFUSED, "smtputf8"),
    ("rcpt", 450, "4.4.3 temporary lookup failure", DEFERRED, "network"),
    ("rcpt", 450, "4.1.0 Greylisted", DEFERRED, "greylisted"),
    ("rcpt", 550, "5.1.0 Sender address rejected", REFUSED, "sender_refused"),
    ("rcpt", 552, "over quota", REFUSED, "mailbox_full"),
    # held against the sender, the client or the server, though said at RCPT
    ("rcpt", 550, "5.1.8 <n@example.com>: Sender address rejected: Domain not found", NOT_SENT,
     "sender_refused"),
    ("rcpt", 553, "5.7.1 <n@example.com>: Sender address rejected: not owned by user u", NOT_SENT,
     "sender_refused"),
    ("rcpt", 550, "Sender verify failed", NOT_SENT, "sender_refused"),
    ("rcpt", 550, "5.5.0 Sender denied", NOT_SENT, "sender_refused"),
    ("rcpt", 550, "5.7.8 Bad credentials", NOT_SENT, "login"),
    ("rcpt", 550, "5.7.9 Mechanism too weak", NOT_SENT, "login"),
    ("rcpt", 550, "5.7.11 Encryption required", NOT_SENT, "tls"),
    ("rcpt", 550, "5.7.12 Password change required", NOT_SENT, "login"),
    ("rcpt", 550, "5.7.13 User account disabled", NOT_SENT, "login"),
    ("rcpt", 550, "5.7.14 Trust relationship required", NOT_SENT, "login"),
    ("rcpt", 550, "5.1.7 Bad sender address", NOT_SENT, "sender_refused"),
    ("rcpt", 554, "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example",
     NOT_SENT, "policy"),
    ("rcpt", 530, "5.7.0 Authentication required", NOT_SENT, "login"),
    ("rcpt", 530, "Authentication required", NOT_SENT, "login"),
    ("rcpt", 550, "5.7.26 Unauthenticated email is not accepted due to DMARC policy", NOT_SENT,
     "sender_refused"),
    ("rcpt", 421, "4.7.0 Too many errors", NOT_SENT, "rate_limited"),
    ("rcpt", 421, "4.3.2 Shutting down", NOT_SENT, "server"),
    # before any recipient
    ("mail", 550, "5.7.1 not allowed", NOT_SENT, "sender_refused"),
    ("mail", 553, "sender rejected", NOT_SENT, "sender_refused"),
    ("mail", 452, "4.3.1 Insufficient system storage", NOT_SENT, "server"),
    ("mail", 552, "5.3.4 Message size exceeds fixed limit", NOT_SENT, "too_large"),
    ("mail", 552, "too big", NOT_SENT, "too_large"),
    ("mail", 530, "5.7.0 Must issue a STARTTLS command first", NOT_SENT, "tls"),
    ("mail", 450, "4.7.1 rate limit exceeded", NOT_SENT, "rate_limited"),
    ("mail", 501, "5.1.7 Bad sender address syntax", NOT_SENT, "sender_refused"),
    ("greeting", 554, "5.7.1 No SMTP service here", NOT_SENT, "server"),
    ("login", 535, "5.7.8 Credentials rejected", NOT_SENT, "login"),
    ("tls", 454, "TLS not available", NOT_SENT, "tls"),
    # content
    ("data", 554, "5.5.1 Error: no valid recipients", REFUSED, "server"),
    ("data", 451, "4.7.1 Greylisted", DEFERRED, "greylisted"),
    ("data", 503, "Bad sequence", NOT_SENT, "server"),
    ("end_of_data", 250, "2.0.0 Ok: queued as 42", SENT, ""),
    ("end_of_data", 554, "5.7.1 Spam message rejected", REFUSED, "policy"),
    ("end_of_data", 550, "5.6.0 Bad MIME", REFUSED, "content"),
    ("end_of_data", 554, "Transaction failed", REFUSED, "content"),
    ("end_of_data", 550, "rejected", REFUSED, "policy"),
    ("end_of_data", 552, "5.3.4 Message too big", NOT_SENT, "too_large"),
    ("end_of_data", 552, "5.2.3 Message too big for this mailbox", REFUSED, "too_large"),
    ("end_of_data", 552, "5.2.2 Mailbox full", REFUSED, "mailbox_full"),
    ("end_of_data", 452, "4.3.1 Disk full", NOT_SENT, "server"),
    ("end_of_data", 452, "Disk full", NOT_SENT, "server"),
    ("end_of_data", 451, "4.3.0 Error: queue file write error", NOT_SENT, "server"),
    ("end_of_data", 451, "Try again", DEFERRED, "server"),
    ("end_of_data", 421, "4.3.0 Shutting down", NOT_SENT, "server"),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "code", "text", "kind", "failure"), REPLIES)
def test_reply_decides_who_is_at_fault_and_what_is_the_matter(stage, code, text, kind, failure):
    outcome = from_reply(stage, code, text)
    assert (outcome.kind, outcome.failure_type) == (kind, failure)
    assert outcome.code == code
    assert stage in STAGES
    assert failure in ("", *FAILURE_TYPES)


@pytest.mark.parametrize("stage", STAGES)
def test_every_refusal_has_a_known_failure_type(stage):
    for code in [*range(400, 460), *range(500, 560)]:
        for text in ("", "x", "4.0.0 x", "5.9.9 x", "5.7.999"):
            outcome = from_reply(stage, code, text)
            assert outcome.failure_type in FAILURE_TYPES
            assert outcome.kind in (DEFERRED, REFUSED, NOT_SENT)
            assert outcome.kind is not REFUSED or code >= 500
            assert outcome.kind is not DEFERRED or code < 500


def test_outcome_without_reply_is_the_networks_fault():
    assert Outcome(NOT_SENT, "rcpt", text="reset").failure_type == "network"
    assert Outcome(UNCERTAIN, "end_of_data", text="reset").failure_type == "network"


def test_message_that_was_not_made_has_its_own_failure_type():
    assert Outcome(REFUSED, "making", text="no such picture").failure_type == "rendering"


def test_only_sent_and_refused_are_final():
    final = [
        k for k in (SENT, DEFERRED, REFUSED, NOT_SENT, UNCERTAIN) if Outcome(k, "rcpt").is_final
    ]
    assert final == [SENT, REFUSED]


@pytest.mark.parametrize(
    ("text", "enhanced", "words"),
    [
        ("5.1.1 No", "5.1.1", "No"),
        ("5.1.1", "5.1.1", ""),
        ("No", "", "No"),
        ("5.1.1 No\n5.1.1 such\n5.1.1 user", "5.1.1", "No such user"),
        ("192.0.2.1 is blocked", "", "192.0.2.1 is blocked"),
        ("5.1.10.2 no code", "", "5.1.10.2 no code"),
        ("3.1.1 no class", "", "3.1.1 no class"),
        ("a\r\nb\tc\x00d\x1b[31m", "", "a b c d [31m"),
    ],
)
def test_enhanced_code_is_told_from_words(text, enhanced, words):
    assert split_enhanced(text) == (enhanced, words)


def test_words_are_bounded():
    assert len(clean("x" * 10_000)) == TEXT_LIMIT
