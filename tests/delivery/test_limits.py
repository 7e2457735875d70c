"""Servers that limit connections, messages of a session, or messages in a time."""

import math
import random
import smtplib
import threading
from collections import Counter

import pytest
from delivery.outcome import DEFERRED, NOT_SENT, REFUSED, SENT, UNCERTAIN, from_reply
from delivery.smtp import limit
from delivery.smtp.limit import Capacity
from delivery.smtp.pool import Pool
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_server import CLOSE, GREETING, SESSION, LimitingServer, Say

COUNT = 24
CONNECTIONS = (1, 2, 3, 4, 8)
MESSAGES = (1, 2, 3, 7, 10, 100)


@pytest.fixture
def limiting():
    """Start servers with limits; they end with the test."""
    servers = []

    def start(*args, **options):
        servers.append(LimitingServer(*args, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def pool(server, connections, **options):
    def connect():
        smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
        smtp.ehlo_or_helo_if_needed()
        return smtp

    return Pool(connect, connections, timeout=30, final_timeout=30, **options)


def send(sender, envelopes, claim=5):
    """Send as the worker does, in small claims; return {key: outcome}."""
    outcomes, waiting = {}, list(envelopes)
    while waiting or sender.open_count:
        while waiting and sender.open_count < claim:
            sender.put([waiting.pop(0)])
        for envelope, outcome in sender.collect(1, 0.025):
            assert envelope.key not in outcomes
            outcomes[envelope.key] = outcome
    return outcomes


def number(line):
    """Return the number of the user that a RCPT names."""
    return int(line.partition("user")[2].partition("@")[0])


def arrivals(server):
    return Counter(recipients[0] for _sender, recipients, _content in server.ledger)


def check(server, outcomes, used, count, messages, lost=0):
    """Nobody twice, nobody forgotten, and no more connections tried than that needs."""
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    assert set(kinds) <= ({SENT, UNCERTAIN} if lost else {SENT}), outcomes
    assert kinds[UNCERTAIN] <= lost
    assert max(arrivals(server).values()) == 1
    assert len(server.ledger) == count - kinds[UNCERTAIN]
    assert server.attempts <= 2 * math.ceil(count / messages) + 2 * used


def cases(kinds):
    """Return each kind of limit with several sizes; the seed keeps the tests' names."""
    drawn, found = random.Random(16), []
    for kind in kinds:
        for pipelining in (True, False):
            used, allowed = drawn.choice(CONNECTIONS), drawn.choice(CONNECTIONS)
            found.append((kind, used, allowed, drawn.choice(MESSAGES), pipelining))
        found.append((kind, 4, 1, 3, True))
    return found


@pytest.mark.parametrize(("end", "used", "allowed", "messages", "pipelining"), cases(SESSION))
def test_each_way_to_end_a_session_is_followed_by_another_one(
    limiting, envelopes, end, used, allowed, messages, pipelining
):
    server = limiting(allowed, messages, end=end, pipelining=pipelining)
    with pool(server, used) as sender:
        outcomes = send(sender, envelopes(COUNT))
    check(server, outcomes, used, COUNT, messages)


@pytest.mark.parametrize(("refuse", "used", "allowed", "messages", "pipelining"), cases(GREETING))
def test_each_way_to_refuse_a_connection_leaves_those_that_are_served(
    limiting, envelopes, refuse, used, allowed, messages, pipelining
):
    server = limiting(allowed, messages, refuse=refuse, pipelining=pipelining)
    with pool(server, used) as sender:
        outcomes = send(sender, envelopes(COUNT))
    check(server, outcomes, used, COUNT, messages)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # has no state
)
@given(
    st.sampled_from(GREETING),
    st.sampled_from(SESSION),
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(1, 100),
    st.booleans(),
)
def test_any_limits_together_are_borne(envelopes, refuse, end, used, allowed, messages, pipelining):
    server = LimitingServer(allowed, messages, refuse, end, pipelining=pipelining)
    try:
        with pool(server, used) as sender:
            outcomes = send(sender, envelopes(40), claim=used + 3)
        check(server, outcomes, used, 40, messages)
    finally:
        server.stop()


def test_a_server_that_allows_fewer_connections_later_gets_fewer(limiting, envelopes):
    server = limiting(lambda accepted: 4 if accepted < 20 else 1, 5)
    capacity = Capacity()
    with pool(server, 4, capacity=capacity) as sender:
        outcomes = send(sender, envelopes(60))
    check(server, outcomes, 4, 60, 5)
    assert capacity.connections == 1
    assert capacity.in_use == 0


def test_what_one_pool_has_learned_the_next_one_knows(limiting, envelopes):
    server, capacity = limiting(2), Capacity()
    for _mailing in range(4):
        with pool(server, 8, capacity=capacity) as sender:
            assert len(send(sender, envelopes(30))) == 30
    assert capacity.connections == 2
    assert server.attempts <= 2 * 4 + 1


def test_one_more_connection_is_tried_after_a_while_then_after_longer():
    capacity = Capacity()
    too_many = from_reply("greeting", 421, "Too many connections")
    assert not capacity.is_full
    capacity.opened()
    capacity.refused(too_many)
    assert (capacity.connections, capacity.is_full) == (1, True)
    assert capacity._pause == limit.RECONNECT_PAUSE
    capacity._again_at = 1e-9
    assert not capacity.is_full
    capacity.refused(too_many)
    assert capacity.is_full
    assert capacity._pause == 2 * limit.RECONNECT_PAUSE
    capacity._again_at = 1e-9
    capacity.opened()
    assert capacity.is_full, "one more, not two"
    assert capacity.connections == 1
    capacity.granted()
    assert capacity.connections == 2
    assert capacity._pause == limit.RECONNECT_PAUSE


def test_a_server_that_is_down_teaches_no_number_of_connections():
    capacity = Capacity()
    capacity.refused(from_reply("greeting", 421, "4.3.2 System shuts down"))
    assert capacity.connections is None
    capacity.refused(from_reply("greeting", 421, "4.7.0 Too many connections"))
    assert capacity.connections == 1


def test_sessions_that_brought_nothing_teach_nothing(limiting, envelopes):
    server, capacity = limiting(), Capacity()
    with pool(server, 8, capacity=capacity) as sender:
        sender.transmit(envelopes(8))
    assert capacity.connections is None
    assert capacity.in_use == 0


def test_a_session_ends_itself_where_the_server_would_cut_it(limiting, envelopes):
    """Without a final reply at the limit each session loses a message; but not for long."""
    server = limiting(1, 4, end=("CONTENT", b"", "close"))
    with pool(server, 1) as sender:
        outcomes = send(sender, envelopes(100))
    check(server, outcomes, 1, 100, 4, lost=3)
    assert server.commands.count("QUIT") > 10


def test_a_server_that_never_replies_at_the_end_is_not_fed_for_ever(limiting, envelopes):
    server = limiting(further=lambda verb, _line, _count: CLOSE if verb == "CONTENT" else None)
    with pool(server, 2) as sender:
        outcomes = sender.transmit(envelopes(30))
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert kinds[UNCERTAIN] <= 4
    assert kinds[NOT_SENT] == 30 - kinds[UNCERTAIN]


def test_sessions_counted_over_all_connections_end_in_a_wait(limiting, envelopes):
    server = limiting(2, 3, window=4)
    with pool(server, 4) as sender:
        outcomes = sender.transmit(envelopes(40))
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert kinds == {SENT: 12, NOT_SENT: 28}
    assert limit.is_limit(sender.failure)
    assert server.attempts <= 4 + 2 + len(limit.RETRY_PAUSES) + 1


@pytest.mark.parametrize("stage", ["RCPT", "CONTENT"])
def test_messages_counted_over_all_sessions_stop_the_queue(limiting, envelopes, stage):
    words = b"450 4.7.1 Error: too many messages from 192.0.2.1\r\n"
    server = limiting()
    server._further = lambda verb, _line, _count: (
        words if verb == stage and len(server.ledger) >= 10 else None
    )
    with pool(server, 1) as sender:
        outcomes = sender.transmit(envelopes(60))
    kinds = Counter(outcome.kind for outcome in outcomes)
    assert kinds[SENT] == 10
    assert kinds[DEFERRED] <= 4, "the recipients are not the reason"
    assert kinds[NOT_SENT] >= 46
    assert server.attempts == 2


@pytest.mark.timeout(100)
def test_a_session_that_ends_after_another_one_was_refused_for_good_holds_nothing(
    limiting, envelopes
):
    sessions = []

    def answer(verb, _line, _count):
        if verb == "EHLO":
            sessions.append(threading.current_thread())  # a number may be given to another one
        is_first = sessions[:1] == [threading.current_thread()]
        if verb == "MAIL" and not is_first:
            return Say(b"550 5.7.1 Sender refused\r\n", delay=0.1)
        if verb == "CONTENT" and is_first:
            ends = len(server.ledger) >= 2
            return Say(b"421 Enough\r\n", "close", 0.1) if ends else Say(b"250 Ok\r\n", delay=0.1)
        return None

    server = limiting(further=answer)
    with pool(server, 2) as sender:
        outcomes = sender.transmit(envelopes(10))
    assert {outcome.kind for outcome in outcomes} == {SENT, NOT_SENT}
    assert max(arrivals(server).values()) == 1


def test_errors_counted_by_the_server_end_a_session_too(limiting, envelopes):
    """Postfix: 421 after too many errors, also in reply to RSET."""

    def unknown(verb, line, _count):
        return b"550 5.1.1 No such user\r\n" if verb == "RCPT" and number(line) % 2 else None

    for end in (("RSET", b"421 4.7.0 Error: too many errors\r\n", "close"), ("RSET", b"", "close")):
        server = limiting(2, 4, end=end, counted="RSET", further=unknown)
        with pool(server, 3) as sender:
            outcomes = send(sender, envelopes(60))
        kinds = Counter(outcome.kind for outcome in outcomes.values())
        assert kinds == {SENT: 30, REFUSED: 30}
        assert max(arrivals(server).values()) == 1
        assert server.attempts <= 20


def test_copies_that_a_session_has_no_room_for_go_with_their_message(limiting, envelopes):
    words = b"452 4.5.3 Too many recipients\r\n"
    server = limiting(1, 7, end=("RCPT", words, ""), counted="RCPT")
    copies = ("boss@example.com", "archive@example.com")
    batch = [e._replace(recipients=e.recipients + copies) for e in envelopes(20)]
    with pool(server, 2) as sender:
        outcomes = send(sender, batch)
    assert {(o.kind, o.text) for o in outcomes.values()} == {(SENT, "Ok: queued")}
    assert all(recipients[1:] == copies for _sender, recipients, _content in server.ledger)
    assert len(server.ledger) == 20


def test_a_limit_of_each_message_costs_no_session_for_each(limiting, envelopes):
    """A server that takes two recipients a message says what others say of a session."""
    taken = {}

    def answer(verb, _line, _count):
        thread = threading.get_ident()
        taken[thread] = 0 if verb == "MAIL" else taken.get(thread, 0) + (verb == "RCPT")
        is_more = verb == "RCPT" and taken[thread] > 2
        return b"452 4.5.3 Too many recipients\r\n" if is_more else None

    server = limiting(further=answer)
    copies = ("boss@example.com", "archive@example.com")
    batch = [e._replace(recipients=e.recipients + copies) for e in envelopes(30)]
    with pool(server, 1) as sender:
        outcomes = send(sender, batch)
    assert {outcome.kind for outcome in outcomes.values()} == {SENT}
    assert len(server.ledger) == 30
    assert server.attempts <= 2


def refuse_first(addresses, reply):
    """Return an answer that refuses recipients at their first delivery."""
    seen = set()

    def answer(verb, line, _count):
        if verb == "RCPT" and line not in seen and any(f"<{a}@" in line for a in addresses):
            seen.add(line)
            return reply
        return None

    return answer


@pytest.mark.parametrize(
    "reply",
    [
        b"450 4.7.1 Greylisted: too many new senders\r\n",
        b"450 4.2.0 Please try again later\r\n",
        b"451 4.7.1 Try again later\r\n",
        b"450 4.2.1 The user is receiving mail too quickly, rate limit exceeded\r\n",
        b"452 4.2.2 Mailbox full: quota exceeded\r\n",
        b"451 Temporary local problem\r\n",
    ],
)
def test_a_recipient_that_is_greylisted_is_deferred_alone(limiting, envelopes, reply):
    server = limiting(further=refuse_first(["user5", "user9"], reply))
    with pool(server, 1) as sender:
        outcomes = send(sender, envelopes(20))
    assert [key for key, outcome in sorted(outcomes.items()) if outcome.kind is DEFERRED] == [5, 9]
    assert len(server.ledger) == 18
    assert server.attempts == 1


def test_a_server_that_greylists_everybody_is_asked_once_for_each(limiting, envelopes):
    everybody = [f"user{number}" for number in range(20)]
    server = limiting(further=refuse_first(everybody, b"451 4.7.1 Try again later\r\n"))
    with pool(server, 2) as sender:
        outcomes = sender.transmit(envelopes(20))
    assert {outcome.kind for outcome in outcomes} == {DEFERRED}
    assert server.attempts <= 2


def test_what_every_session_says_of_some_recipients_is_their_own(limiting, envelopes):
    def own(verb, line, _count):
        is_odd = verb == "RCPT" and number(line) % 4 > 1
        return b"450 4.7.0 Limit of messages for this domain exceeded\r\n" if is_odd else None

    server = limiting(further=own)
    with pool(server, 1) as sender:
        outcomes = send(sender, envelopes(80))
    kinds = Counter(outcome.kind for outcome in outcomes.values())
    assert kinds == {SENT: 40, DEFERRED: 40}
    assert server.attempts <= 3, "it is asked in another session once, not for each"


@pytest.mark.parametrize(
    ("stage", "code", "text", "is_one"),
    [
        ("greeting", 421, "4.7.0 Too many connections from 192.0.2.1", True),
        ("greeting", 554, "Too many concurrent sessions", True),
        ("greeting", 421, "4.3.2 Service shutting down", False),
        ("greeting", 554, "5.7.1 You are not welcome", False),
        ("mail", 450, "4.7.1 Error: too much mail from 192.0.2.1", True),
        ("mail", 421, "4.7.28 Unusual amount of mail", True),
        ("mail", 452, "4.5.3 No more", True),
        ("mail", 451, "4.7.1 Come back later", False),
        ("mail", 550, "5.7.1 Sender rejected", False),
        ("login", 454, "4.7.0 Too many login attempts", False),
        ("tls", 454, "4.7.0 TLS not available: limit", False),
    ],
)
def test_words_and_codes_tell_a_limit_from_a_fault(stage, code, text, is_one):
    assert limit.is_limit(from_reply(stage, code, text)) is is_one


def test_a_reply_after_the_limit_does_not_hold_the_next_messages_back(limiting, envelopes):
    slow = Say(b"250 2.0.0 Ok\r\n", delay=0.02)
    server = limiting(3, 2, further=lambda verb, _line, _count: slow if verb == "CONTENT" else None)
    with pool(server, 8) as sender:
        outcomes = send(sender, envelopes(40), claim=12)
    check(server, outcomes, 8, 40, 2)
    assert server.most_open <= 3
