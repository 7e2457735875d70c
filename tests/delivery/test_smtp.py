"""A session against a server that answers as the test says."""

import smtplib

import pytest
from delivery.outcome import DEFERRED, NOT_SENT, REFUSED, SENT, UNCERTAIN
from delivery.smtp.envelope import Envelope
from delivery.smtp.session import Session
from scripted_server import CLOSE, RESET, SILENCE, Say

PLAIN = ("SIZE 10240000", "8BITMIME", "SMTPUTF8")


def kinds(outcomes):
    return [outcome.kind for outcome in outcomes]


def on(verb, number, said):
    """Answer the verb's n-th occurrence (from 0) so, everything else as usual."""
    return lambda v, line, count: said if v == verb and count == number else None


def always(verb, said):
    return lambda v, line, count: said if v == verb else None


# What is transmitted


@pytest.mark.parametrize("extensions", [("PIPELINING",), PLAIN, ()])
def test_every_message_arrives_once_and_unchanged(serve, connect, envelopes, extensions):
    server = serve(extensions=extensions)
    batch = envelopes(20, data=b"Subject: x\r\n\r\n.\r\n..two\r\nend.\r\n")
    session = connect(server)
    outcomes = session.send(batch)
    assert kinds(outcomes) == [SENT] * 20
    assert outcomes[0].text == "Ok: queued"
    assert outcomes[0].enhanced == "2.0.0"
    assert [recipients for _s, recipients, _c in server.ledger] == [e.recipients for e in batch]
    transmitted = b"Subject: x\r\n\r\n..\r\n...two\r\nend.\r\n"
    assert {content for _s, _r, content in server.ledger} == {transmitted}


class RecordingSocket:
    """A socket that keeps what each call of ``send`` gave to the network."""

    def __init__(self, sock):
        self._sock = sock
        self.sent = []

    def send(self, octets):
        count = self._sock.send(octets)
        self.sent.append(bytes(octets[:count]))
        return count

    def __getattr__(self, name):
        return getattr(self._sock, name)


def test_next_message_is_announced_behind_the_end_of_data(serve, envelopes):
    server = serve(extensions=("PIPELINING",))
    smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
    smtp.ehlo()
    smtp.sock = sock = RecordingSocket(smtp.sock)
    session = Session(smtp, 30, 30)
    batch = envelopes(3)
    assert kinds(session.send(batch)) == [SENT] * 3
    session.close()
    first, second, third = (
        b"MAIL FROM:<news@example.com>\r\nRCPT TO:<%s>\r\nDATA\r\n" % e.recipients[0].encode()
        for e in batch
    )
    content = batch[0].data + b".\r\n"
    assert sock.sent == [first, content + second, content + third, content, b"QUIT\r\n"]


def test_each_command_waits_for_its_reply_without_pipelining(serve, connect, envelopes):
    server = serve(extensions=PLAIN)
    session = connect(server)
    assert not session.pipelining
    session.send(envelopes(3))
    assert all(len(group) == 1 for group in server.groups)


def test_server_that_knows_no_ehlo_gets_plain_mail(serve, connect, envelopes):
    server = serve(always("EHLO", b"502 5.5.2 unknown\r\n"))
    assert kinds(connect(server).send(envelopes(2))) == [SENT] * 2
    assert "MAIL FROM:<news@example.com>" in server.commands


def test_size_body_and_smtputf8_are_declared_where_offered(serve, connect):
    server = serve()
    envelope = Envelope(1, "news@example.com", ("zoë@example.com",), b"a\r\n", eight_bit=True)
    assert kinds(connect(server).send([envelope])) == [SENT]
    assert "MAIL FROM:<news@example.com> SIZE=3 BODY=8BITMIME SMTPUTF8" in server.commands
    assert "RCPT TO:<zoë@example.com>" in server.commands


def test_missing_line_end_is_added_before_the_end_of_data(serve, connect, envelopes):
    server = serve()
    connect(server).send(envelopes(1, data=b".Subject: x"))
    assert server.ledger[0][2] == b"..Subject: x\r\n"


def test_data_that_is_free_of_dots_goes_as_it_is(serve, connect, envelopes):
    server = serve()
    connect(server).send(envelopes(2, data=b"Subject: x\r\n\r\nhello\r\n", dot_free=True))
    assert server.ledger[1][2] == b"Subject: x\r\n\r\nhello\r\n"


def test_message_larger_than_socket_buffers_arrives(serve, connect, envelopes):
    server = serve()
    data = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 250_000
    assert kinds(connect(server).send(envelopes(2, data=data))) == [SENT] * 2
    assert server.ledger[1][2] == data


def test_each_message_has_its_own_sender(serve, connect):
    server = serve()
    senders = ["news@example.com", "shop@example.com", "", "news@example.com"]
    batch = [Envelope(n, name, ("a@example.com",), b"x\r\n") for n, name in enumerate(senders)]
    assert kinds(connect(server).send(batch)) == [SENT] * 4
    assert [sender for sender, _recipients, _data in server.ledger] == senders


def test_null_reverse_path_is_sent_as_such(serve, connect):
    server = serve()
    assert kinds(connect(server).send([Envelope(1, "", ("a@example.com",), b"x\r\n")])) == [SENT]
    assert server.commands[1].startswith("MAIL FROM:<>")


# Refused before anything is transmitted


@pytest.mark.parametrize(
    "address",
    ["", "a b@example.com", "a@example.com>\r\nDATA", "<a@example.com", "a\x00@example.com",
     "a@example.com\n", "a@exam\u2028ple.com", "a\ud800@example.com"],
)  # fmt: skip
def test_address_that_would_break_the_command_is_refused(serve, connect, envelopes, address):
    server = serve()
    good = envelopes(2)
    bad = Envelope("bad", "news@example.com", (address,), b"x\r\n")
    outcomes = connect(server).send([good[0], bad, good[1]])
    assert kinds(outcomes) == [SENT, REFUSED, SENT]
    assert (outcomes[1].stage, outcomes[1].failure_type) == ("rcpt", "address_unknown")
    assert len(server.ledger) == 2


def test_bad_sender_is_not_the_recipients_fault(serve, connect):
    bad = Envelope(1, "news@example.com>\r\nRSET", ("a@example.com",), b"x\r\n")
    (outcome,) = connect(serve()).send([bad])
    assert (outcome.kind, outcome.failure_type) == (NOT_SENT, "sender_refused")


def test_message_over_the_servers_limit_is_not_sent(serve, connect, envelopes):
    server = serve(extensions=("PIPELINING", "SIZE 100"))
    (outcome,) = connect(server).send(envelopes(1, data=b"x" * 99 + b"\r\n"))
    assert (outcome.kind, outcome.failure_type) == (NOT_SENT, "too_large")
    assert "101" in outcome.text
    assert "100" in outcome.text
    assert kinds(connect(server).send(envelopes(1, data=b"x" * 98 + b"\r\n"))) == [SENT]


def test_size_zero_means_no_limit(serve, connect, envelopes):
    server = serve(extensions=("SIZE 0",))
    assert kinds(connect(server).send(envelopes(1))) == [SENT]


def test_address_beyond_ascii_needs_smtputf8(serve, connect):
    server = serve(extensions=("PIPELINING", "8BITMIME"))
    envelope = Envelope(1, "news@example.com", ("zoë@example.com",), b"x\r\n")
    (outcome,) = connect(server).send([envelope])
    assert (outcome.kind, outcome.failure_type) == (REFUSED, "smtputf8")


def test_eight_bit_content_needs_8bitmime(serve, connect, envelopes):
    server = serve(extensions=("PIPELINING",))
    (outcome,) = connect(server).send(envelopes(1, data=b"\xff\r\n", eight_bit=True))
    assert (outcome.kind, outcome.failure_type) == (NOT_SENT, "content")
    assert server.ledger == []


# Refusals


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize(("code", "kind"), [(b"450 4.2.1", DEFERRED), (b"550 5.1.1", REFUSED)])
def test_refused_recipient_leaves_the_others_alone(
    serve, connect, envelopes, extensions, code, kind
):
    server = serve(on("RCPT", 1, code + b" No\r\n"), extensions=extensions)
    session = connect(server)
    outcomes = session.send(envelopes(3))
    assert kinds(outcomes) == [SENT, kind, SENT]
    assert outcomes[1].stage == "rcpt"
    assert session.usable
    assert [r for _s, r, _c in server.ledger] == [("user0@example.com",), ("user2@example.com",)]


def test_single_dot_ends_data_that_was_granted_without_recipient(serve, connect, envelopes):
    server = serve(on("RCPT", 1, b"550 5.1.1 No such user\r\n"))
    outcomes = connect(server).send(envelopes(3))
    assert kinds(outcomes) == [SENT, REFUSED, SENT]
    assert outcomes[1].text == "No such user"
    assert "RSET" not in server.commands
    assert len(server.ledger) == 2


def test_last_message_refused_with_data_granted_leaves_a_clean_session(serve, connect, envelopes):
    server = serve(always("RCPT", b"550 5.1.1 No such user\r\n"))
    session = connect(server)
    assert kinds(session.send(envelopes(2))) == [REFUSED] * 2
    assert session.usable


def test_transaction_is_reset_when_data_is_refused_after_a_refused_recipient(
    serve, connect, envelopes
):
    def answer(verb, line, count):
        if verb == "RCPT" and count == 0:
            return b"550 5.1.1 No such user\r\n"
        return b"554 5.5.1 No valid recipients\r\n" if verb == "DATA" and count == 0 else None

    server = serve(answer)
    assert kinds(connect(server).send(envelopes(2))) == [REFUSED, SENT]
    assert ["RSET", "MAIL", "RCPT", "DATA"] in server.groups


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_refused_sender_ends_the_batch_but_not_the_session(serve, connect, envelopes, extensions):
    server = serve(
        lambda verb, line, count: {
            "MAIL": b"550 5.7.1 You may not send\r\n",
            "RCPT": b"503 5.5.1 Need MAIL\r\n",
            "DATA": b"503 5.5.1 Need RCPT\r\n",
        }.get(verb),
        extensions=extensions,
    )
    session = connect(server)
    outcomes = session.send(envelopes(4))
    assert kinds(outcomes) == [NOT_SENT] * 4
    assert {outcome.failure_type for outcome in outcomes} == {"sender_refused"}
    assert {outcome.text for outcome in outcomes} == {"You may not send"}
    assert sum(command.startswith("MAIL") for command in server.commands) == 1
    assert session.usable


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize("verb", ["DATA", "CONTENT"])
@pytest.mark.parametrize(("code", "kind"), [(b"451 4.7.1", DEFERRED), (b"554 5.6.0", REFUSED)])
def test_refused_content_concerns_that_message_only(
    serve, connect, envelopes, extensions, verb, code, kind
):
    server = serve(on(verb, 1, code + b" No\r\n"), extensions=extensions)
    session = connect(server)
    assert kinds(session.send(envelopes(3))) == [SENT, kind, SENT]
    assert session.usable
    assert len(server.ledger) == 2


def test_message_opened_behind_a_server_level_refusal_is_still_sent(serve, connect, envelopes):
    server = serve(on("CONTENT", 0, b"452 4.3.1 Disk full\r\n"))
    outcomes = connect(server).send(envelopes(4))
    assert kinds(outcomes) == [NOT_SENT, SENT, NOT_SENT, NOT_SENT]
    assert outcomes[3].text == "Disk full"


# Copies


def test_refused_first_recipient_keeps_the_copies_from_being_sent(serve, connect):
    server = serve(on("RCPT", 0, b"550 5.1.1 No\r\n"))
    envelope = Envelope(1, "news@example.com", ("a@example.com", "cc@example.com"), b"x\r\n")
    assert kinds(connect(server).send([envelope, envelope._replace(key=2)])) == [REFUSED, SENT]
    assert len(server.ledger) == 1
    assert "RSET" in server.commands


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_refused_copy_is_noted_and_the_message_sent(serve, connect, extensions):
    server = serve(on("RCPT", 1, b"550 5.1.1 No\r\n"), extensions=extensions)
    envelope = Envelope(1, "news@example.com", ("a@example.com", "cc@example.com"), b"x\r\n")
    (outcome,) = connect(server).send([envelope])
    assert outcome.kind is SENT
    assert "copy to cc@example.com refused: 550" in outcome.text


# The connection is lost


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize("fault", [CLOSE, RESET, Say(b"25", then="close")])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_nothing_is_uncertain_when_the_connection_is_lost_before_content(
    serve, connect, envelopes, extensions, fault, verb
):
    server = serve(on(verb, 1, fault), extensions=extensions)
    session = connect(server)
    outcomes = session.send(envelopes(4))
    assert kinds(outcomes) == [SENT] + [NOT_SENT] * 3
    assert {outcome.failure_type for outcome in outcomes[1:]} == {"network"}
    assert not session.usable
    assert len(server.ledger) == 1


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize(
    "fault", [CLOSE, RESET, Say(b"250 2.0.0 O", then="close"), b"rubbish\r\n", b"354 More\r\n"]
)
def test_message_without_final_reply_is_uncertain(serve, connect, envelopes, extensions, fault):
    server = serve(on("CONTENT", 1, fault), extensions=extensions)
    session = connect(server)
    outcomes = session.send(envelopes(4))
    assert kinds(outcomes) == [SENT, UNCERTAIN, NOT_SENT, NOT_SENT]
    assert outcomes[1].stage == "end_of_data"
    assert not session.usable


def test_silence_at_the_end_of_data_is_uncertain_after_the_final_timeout(serve, connect, envelopes):
    server = serve(on("CONTENT", 0, SILENCE))
    outcomes = connect(server, final_timeout=0.3).send(envelopes(2))
    assert kinds(outcomes) == [UNCERTAIN, NOT_SENT]
    assert "in time" in outcomes[0].text


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_silence_before_content_is_not_sent(serve, connect, envelopes, verb):
    server = serve(on(verb, 0, SILENCE), extensions=())
    outcomes = connect(server, timeout=0.3).send(envelopes(2))
    assert kinds(outcomes) == [NOT_SENT, NOT_SENT]


def test_reply_that_comes_slowly_has_to_end_in_time(serve, connect, envelopes):
    server = serve(on("MAIL", 0, Say(b"250 " + b"x" * 500, drip=0.05)))
    outcomes = connect(server, timeout=0.4).send(envelopes(1))
    assert kinds(outcomes) == [NOT_SENT]


@pytest.mark.parametrize("fault", [CLOSE, RESET])
def test_content_cut_off_half_way_is_surely_not_sent(serve, connect, envelopes, fault):
    server = serve(on("PART", 1, fault))
    big = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 500_000
    outcomes = connect(server).send(envelopes(3, data=big))
    assert kinds(outcomes) == [SENT, NOT_SENT, NOT_SENT]


def test_last_reply_of_a_server_that_closes_during_content_is_kept(serve, connect, envelopes):
    server = serve(on("PART", 0, Say(b"421 4.3.0 Going down\r\n", then="close", delay=0.1)))
    big = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 500_000
    outcomes = connect(server).send(envelopes(2, data=big))
    assert kinds(outcomes) == [NOT_SENT] * 2


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "CONTENT"])
def test_421_ends_the_session_and_nothing_is_lost(serve, connect, envelopes, extensions, verb):
    server = serve(
        on(verb, 1, Say(b"421 4.3.2 Shutting down\r\n", then="close")), extensions=extensions
    )
    session = connect(server)
    outcomes = session.send(envelopes(4))
    assert kinds(outcomes) == [SENT] + [NOT_SENT] * 3
    assert (outcomes[1].code, outcomes[1].enhanced) == (421, "4.3.2")
    assert outcomes[3].text == "Shutting down"
    assert not session.usable
    assert kinds(session.send(envelopes(2))) == [NOT_SENT] * 2


def test_server_that_has_closed_while_idle_is_noticed(serve, connect, envelopes):
    server = serve(on("CONTENT", 0, Say(b"250 Ok\r\n421 4.4.2 Idle\r\n", then="close")))
    session = connect(server)
    assert kinds(session.send(envelopes(1))) == [SENT]
    assert not session.usable


# Replies of all shapes


@pytest.mark.parametrize("extensions", [("PIPELINING",), ()])
def test_split_and_multi_line_replies_are_read(serve, connect, envelopes, extensions):
    said = {
        "MAIL": Say(b"250-2.1.0 Sender\r\n250 2.1.0 Ok\r\n", drip=0.001),
        "RCPT": Say(b"250 2.1.5 Ok\n", delay=0.01),
        "CONTENT": Say(b"250-2.0.0 Thank\r\n250-2.0.0 you\r\n250 2.0.0 much\r\n", drip=0.001),
    }
    server = serve(lambda verb, line, count: said.get(verb), extensions=extensions)
    outcomes = connect(server).send(envelopes(3))
    assert kinds(outcomes) == [SENT] * 3
    assert outcomes[0].text == "Thank you much"


@pytest.mark.parametrize("code", [b"250\r\n", b"250 \r\n"])
def test_reply_without_words_is_read(serve, connect, envelopes, code):
    assert kinds(connect(serve(always("CONTENT", code))).send(envelopes(2))) == [SENT] * 2


@pytest.mark.parametrize(
    "said",
    [b"hello\r\n", b"999 what\r\n", b"250-a\r\n550 b\r\n", b"2500 x\r\n", b"x" * 10000,
     b"250-x\r\n" * 20000, b"354 go\r\n", b"\x00\xff\xfe\r\n"],
)  # fmt: skip
def test_garbage_instead_of_a_reply_is_not_the_recipients_fault(serve, connect, envelopes, said):
    session = connect(serve(always("MAIL", said)))
    assert kinds(session.send(envelopes(2))) == [NOT_SENT] * 2
    assert not session.usable


def test_server_that_sends_too_many_replies_is_left(serve, connect, envelopes):
    server = serve(on("DATA", 0, b"354 go\r\n250 2.0.0 queued\r\n"))
    session = connect(server)
    assert kinds(session.send(envelopes(2))) == [NOT_SENT] * 2
    assert not session.usable
    assert server.ledger == []


def test_message_whose_final_reply_was_skipped_is_uncertain(serve, connect, envelopes):
    session = connect(serve(on("CONTENT", 1, b"")))
    outcomes = session.send(envelopes(4))
    assert kinds(outcomes) == [SENT, UNCERTAIN, NOT_SENT, NOT_SENT]
    assert not session.usable


def test_closing_says_quit(serve, connect, envelopes):
    server = serve()
    session = connect(server)
    session.send(envelopes(1))
    session.close()
    assert server.commands[-1] == "QUIT"
    assert not session.usable


def test_empty_batch_does_nothing(serve, connect):
    assert connect(serve()).send([]) == []
