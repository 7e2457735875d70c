"""The commands that open a transaction, and messages that a server cannot take."""

import pytest
from delivery.outcome import NOT_SENT, REFUSED
from delivery.smtp.envelope import Envelope
from delivery.smtp.extensions import Extensions, UnsupportedMessage

ALL = {"pipelining": "", "size": "1000", "8bitmime": "", "smtputf8": ""}


def open_commands(
    features, size=10, sender="news@example.com", recipient="a@example.com", **fields
):
    envelope = Envelope(1, sender, (recipient,), b"", **fields)
    return [command.decode() for command in Extensions(features).open(envelope, size)]


@pytest.mark.parametrize(
    ("features", "fields", "mail"),
    [
        ({}, {}, "MAIL FROM:<news@example.com>"),
        ({"size": ""}, {}, "MAIL FROM:<news@example.com> SIZE=10"),
        ({"size": "0"}, {}, "MAIL FROM:<news@example.com> SIZE=10"),
        ({"size": "10"}, {}, "MAIL FROM:<news@example.com> SIZE=10"),
        ({"size": "many"}, {}, "MAIL FROM:<news@example.com> SIZE=10"),
        ({"8bitmime": ""}, {}, "MAIL FROM:<news@example.com>"),
        ({"8bitmime": ""}, {"eight_bit": True}, "MAIL FROM:<news@example.com> BODY=8BITMIME"),
        (ALL, {"eight_bit": True}, "MAIL FROM:<news@example.com> SIZE=10 BODY=8BITMIME"),
        ({"smtputf8": ""}, {"smtputf8": True}, "MAIL FROM:<news@example.com> SMTPUTF8"),
        (ALL, {"smtputf8": True}, "MAIL FROM:<news@example.com> SIZE=10 BODY=8BITMIME SMTPUTF8"),
        (ALL, {"sender": ""}, "MAIL FROM:<> SIZE=10"),
    ],
)
def test_parameters_follow_from_what_is_offered_and_needed(features, fields, mail):
    assert open_commands(features, **fields) == [f"{mail}\r\n", "RCPT TO:<a@example.com>\r\n"]


@pytest.mark.parametrize(
    ("features", "fields", "kind", "stage", "enhanced"),
    [
        ({}, {"recipient": "zoë@example.com"}, REFUSED, "rcpt", "5.6.7"),
        ({}, {"smtputf8": True}, REFUSED, "rcpt", "5.6.7"),
        ({}, {"sender": "zoë@example.com"}, NOT_SENT, "mail", "5.6.7"),
        ({}, {"eight_bit": True}, NOT_SENT, "mail", "5.6.3"),
        ({"size": "9"}, {}, NOT_SENT, "mail", "5.3.4"),
        ({}, {"sender": "a b@example.com"}, NOT_SENT, "mail", "5.1.7"),
        ({}, {"recipient": "a b@example.com"}, REFUSED, "rcpt", "5.1.3"),
        ({}, {"recipient": ""}, REFUSED, "rcpt", "5.1.3"),
    ],
)
def test_message_that_the_server_cannot_take_has_an_outcome(
    features, fields, kind, stage, enhanced
):
    with pytest.raises(UnsupportedMessage) as caught:
        open_commands(features, **fields)
    outcome = caught.value.outcome
    assert (outcome.kind, outcome.stage, outcome.code) == (kind, stage, None)
    assert outcome.enhanced == enhanced
    assert str(caught.value) == outcome.text


def test_message_without_recipients_is_refused():
    with pytest.raises(UnsupportedMessage):
        Extensions(ALL).open(Envelope(1, "news@example.com", (), b""), 10)


def test_bad_sender_leaves_the_next_message_its_own():
    extensions = Extensions({})
    good = Envelope(1, "news@example.com", ("a@example.com",), b"")
    with pytest.raises(UnsupportedMessage):
        extensions.open(good._replace(sender="a b"), 10)
    assert extensions.open(good, 10)[0] == b"MAIL FROM:<news@example.com>\r\n"
