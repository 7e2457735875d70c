"""Transactions on a socket that takes a given number of octets and then fails."""

from collections import deque

import pytest
from delivery.outcome import DEFERRED, NOT_SENT, REFUSED, SENT, UNCERTAIN
from delivery.smtp.connection import Connection
from delivery.smtp.extensions import Extensions
from delivery.smtp.transaction import Transactions

OPENED = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go ahead\r\n"
QUEUED = b"250 2.0.0 Queued\r\n"


class FakeSocket:
    """A socket without a network.

    :param replies: what each ``recv`` returns; after the last one the server has closed
    :param room: octets that can be sent before writing fails
    """

    def __init__(self, replies, room=10**9):
        self._replies = deque(replies)
        self._room = room
        self.sent = b""

    def settimeout(self, seconds):
        pass

    def send(self, octets):
        count = min(len(octets), self._room - len(self.sent))
        if not count:
            raise BrokenPipeError(32, "Broken pipe")
        self.sent += bytes(octets[:count])
        return count

    def sendmsg(self, pieces):
        return self.send(b"".join(pieces))

    def recv(self, count):
        return self._replies.popleft() if self._replies else b""


class Source:
    """Gives a list of messages and keeps their outcomes by key."""

    def __init__(self, batch):
        self._remaining = deque(batch)
        self.taken = 0
        self.outcomes = {}

    def take(self, wait):
        self.taken += bool(self._remaining)
        return self._remaining.popleft() if self._remaining else None

    def settle(self, envelope, outcome):
        assert envelope.key not in self.outcomes
        self.outcomes[envelope.key] = outcome


def run(sock, batch, features=("pipelining",)):
    """Transmit a batch; return source, transactions, and whether the connection is usable."""
    source = Source(batch)
    transactions = Transactions(
        Connection(sock, 1.0), Extensions(dict.fromkeys(features, "")), 1.0, source
    )
    usable = transactions.run()
    return source, transactions, usable


def commands(envelope):
    address = envelope.recipients[0]
    return f"MAIL FROM:<news@example.com>\r\nRCPT TO:<{address}>\r\nDATA\r\n".encode()


def kinds(source):
    return [source.outcomes[key].kind for key in sorted(source.outcomes)]


# Replies in one packet


def test_reply_and_those_to_the_next_group_may_come_together(envelopes):
    batch = envelopes(3)
    sock = FakeSocket([OPENED, QUEUED + OPENED, QUEUED + OPENED, QUEUED])
    source, transactions, usable = run(sock, batch)
    assert kinds(source) == [SENT] * 3
    assert transactions.stop_reason is None
    assert usable
    content = batch[0].data + b".\r\n"
    assert sock.sent == b"".join(commands(envelope) + content for envelope in batch)


@pytest.mark.parametrize("packet", [QUEUED + OPENED + QUEUED, QUEUED + OPENED * 2])
def test_more_replies_than_commands_end_the_connection(envelopes, packet):
    source, _transactions, usable = run(FakeSocket([OPENED, packet]), envelopes(3))
    assert kinds(source)[1:] == [NOT_SENT, NOT_SENT]
    assert "more replies" in source.outcomes[1].text
    assert not usable


def test_reply_too_few_makes_the_message_before_uncertain(envelopes):
    """The reply to its end may be missing, and that to MAIL be taken for it."""
    source, _transactions, usable = run(FakeSocket([OPENED, OPENED]), envelopes(3))
    assert kinds(source) == [UNCERTAIN, NOT_SENT, NOT_SENT]
    assert not usable


# Writing fails


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ([QUEUED], SENT),
        ([b"450 4.2.1 Later\r\n"], DEFERRED),
        ([b"550 5.7.1 No\r\n"], REFUSED),
        ([b"421 4.3.2 Closing\r\n"], NOT_SENT),
        ([], UNCERTAIN),
        ([b"25"], UNCERTAIN),
        ([b"354 What\r\n"], UNCERTAIN),
    ],
)
@pytest.mark.parametrize("more", [0, 1, 20])
def test_message_transmitted_whole_is_settled_by_its_reply(envelopes, after, kind, more):
    """The next message's commands fail; the content before them may have arrived."""
    batch = envelopes(3)
    content = batch[0].data + b".\r\n"
    sock = FakeSocket([OPENED, *after], len(commands(batch[0]) + content) + more)
    source, transactions, usable = run(sock, batch)
    assert sock.sent.endswith((content + commands(batch[1]))[: len(content) + more])
    assert kinds(source) == [kind, NOT_SENT]
    assert transactions.stop_reason.kind is NOT_SENT
    assert not usable


@pytest.mark.parametrize("more", [0, 20])
def test_large_message_transmitted_whole_is_settled_by_its_reply(envelopes, more):
    """It is written in pieces, and all of them count."""
    batch = envelopes(2, data=b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 10_000)
    room = len(commands(batch[0]) + batch[0].data + b".\r\n") + more
    source, _transactions, _usable = run(FakeSocket([OPENED, QUEUED], room), batch)
    assert kinds(source) == [SENT, NOT_SENT]


@pytest.mark.parametrize("missing", [1, 3, 30])
def test_message_not_transmitted_whole_is_not_sent(envelopes, missing):
    """Without its end the server cannot have accepted it, whatever it says."""
    batch = envelopes(3)
    room = len(commands(batch[0]) + batch[0].data + b".\r\n") - missing
    source, _transactions, usable = run(FakeSocket([OPENED], room), batch)
    assert kinds(source) == [NOT_SENT, NOT_SENT]
    assert source.outcomes[0].stage == "end_of_data"
    assert source.outcomes[0].failure_type == "network"
    assert "Broken pipe" in source.outcomes[0].text
    assert not usable


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"552 5.2.3 Too large for this mailbox\r\n", REFUSED),
        (b"552 5.3.4 Too large\r\n", NOT_SENT),
        (b"421 4.3.2 Closing\r\n", NOT_SENT),
        (b"400 No\r\n", DEFERRED),
    ],
)
def test_server_that_closes_during_content_says_why(envelopes, reply, kind):
    batch = envelopes(2)
    room = len(commands(batch[0])) + 10
    source, _transactions, usable = run(FakeSocket([OPENED, reply], room), batch)
    assert kinds(source)[0] is kind
    assert source.outcomes[0].code == int(reply[:3])
    assert source.outcomes[0].stage == "end_of_data"
    assert not usable


def test_server_that_closes_before_the_first_message_says_why(envelopes):
    source, transactions, usable = run(FakeSocket([b"421 4.7.0 Busy\r\n"], 5), envelopes(2))
    assert kinds(source) == [NOT_SENT]
    assert (source.outcomes[0].code, source.outcomes[0].enhanced) == (421, "4.7.0")
    assert transactions.stop_reason.code == 421
    assert not usable


def test_positive_reply_before_a_failed_write_says_nothing(envelopes):
    source, _transactions, usable = run(FakeSocket([b"250 2.1.0 Ok\r\n"], 5), envelopes(1))
    assert (source.outcomes[0].kind, source.outcomes[0].code) == (NOT_SENT, None)
    assert not usable


def test_messages_that_were_not_begun_have_not_come_beyond_mail(envelopes):
    replies = [OPENED, QUEUED + b"250 2.1.0 Ok\r\n"]
    source, transactions, _usable = run(FakeSocket(replies), envelopes(4))
    assert kinds(source) == [SENT, NOT_SENT, NOT_SENT]
    assert [source.outcomes[key].stage for key in range(3)] == ["end_of_data", "rcpt", "mail"]
    assert transactions.stop_reason.stage == "mail"


# A refusal that concerns all messages


def test_no_further_message_is_taken_after_a_refusal_that_concerns_all(envelopes):
    """One more was taken while the server worked; it gets the same outcome."""
    refused = b"550 5.7.1 You may not send\r\n503 5.5.1 No\r\n503 5.5.1 No\r\n"
    sock = FakeSocket([refused, b"250 Ok\r\n"])
    source, transactions, usable = run(sock, envelopes(5))
    assert source.taken == 2
    assert list(source.outcomes.values()) == [transactions.stop_reason] * 2
    assert transactions.stop_reason.text == "You may not send"
    assert sock.sent == commands(envelopes(1)[0]) + b"RSET\r\n"
    assert usable


# Replies on the border


@pytest.mark.parametrize("code", [400, 599])
def test_each_code_from_400_refuses_the_sender(envelopes, code):
    sock = FakeSocket([f"{code} No\r\n".encode(), b"250 Ok\r\n"])
    source, transactions, usable = run(sock, envelopes(1), ())
    assert (source.outcomes[0].kind, source.outcomes[0].stage) == (NOT_SENT, "mail")
    assert transactions.stop_reason.code == code
    assert usable
    assert sock.sent == b"MAIL FROM:<news@example.com>\r\nRSET\r\n"


def test_copy_refused_with_400_is_noted(envelopes):
    [envelope] = envelopes(1)
    envelope = envelope._replace(recipients=("a@example.com", "cc@example.com"))
    sock = FakeSocket([b"250 Ok\r\n250 Ok\r\n400 Later\r\n", b"354 Go\r\n", b"250 Queued\r\n"])
    source, _transactions, _usable = run(sock, [envelope])
    assert source.outcomes[0].kind is SENT
    assert source.outcomes[0].text == "Queued; copy to cc@example.com refused: 400 Later"


@pytest.mark.parametrize("code", [400, 499, 500, 599])
@pytest.mark.parametrize("features", [("pipelining",), ()])
def test_each_code_from_400_is_a_refusal(envelopes, code, features):
    no = f"{code} No\r\n".encode()
    sock = FakeSocket([b"250 Ok\r\n", no, b"554 No\r\n", b"250 Ok\r\n"][: 4 if features else 2])
    if not features:
        sock._replies.append(b"250 Ok\r\n")
    source, _transactions, usable = run(sock, envelopes(1), features)
    assert kinds(source) == [DEFERRED if code < 500 else REFUSED]
    assert source.outcomes[0].stage == "rcpt"
    assert usable
    assert sock.sent.endswith(b"RSET\r\n")
