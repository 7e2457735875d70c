"""SpamAssassin's server is asked for a score by its protocol."""

import socket
import threading

import pytest
from delivery.ask import spamd
from hypothesis import given
from hypothesis import strategies as st

GOOD = (
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: 27\r\nSpam: False ; 2.1 / 5.0\r\n\r\n"
    b"HTML_IMAGE_ONLY_04,MISSING_MID"
)


@pytest.fixture
def serve_spamd():
    """Start a server with one answer; return its port and what it was sent."""
    listeners = []

    def start(answer):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        came = []

        def run():
            connection, _peer = listener.accept()
            with connection:
                octets = b""
                while part := connection.recv(65536):
                    octets += part
                came.append(octets)
                for part in answer if isinstance(answer, list) else [answer]:
                    connection.sendall(part)

        threading.Thread(target=run, daemon=True).start()
        return listener.getsockname()[1], came

    yield start
    for listener in listeners:
        listener.close()


def test_a_message_gets_a_score_and_the_names_of_rules(serve_spamd):
    port, came = serve_spamd(GOOD)
    message = b"Subject: x\r\n\r\nHello\r\n"
    score = spamd.ask("127.0.0.1", port, message)
    assert score == spamd.Score(2.1, 5.0, ("HTML_IMAGE_ONLY_04", "MISSING_MID"))
    assert came == [b"SYMBOLS SPAMC/1.5\r\nContent-length: 21\r\n\r\n" + message]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"SPAMD/1.0 76 Bad header line: (EOF during headers)\r\n",
        b"SPAMD/1.1 0 EX_OK\r\n\r\nA,B",
        b"SPAMD/1.1 0 EX_OK\r\nSpam: maybe\r\n\r\n",
        [b"SPAMD/1.1 0 EX_OK\r\nX: ", *([b"a" * 65536] * 2)],
    ],
)
def test_an_answer_without_a_score_is_refused(serve_spamd, answer):
    port, _came = serve_spamd(answer)
    with pytest.raises(spamd.SpamdError):
        spamd.ask("127.0.0.1", port, b"x")


def test_a_server_that_is_not_there_is_refused():
    with socket.socket() as held, pytest.raises(spamd.SpamdError):
        held.bind(("127.0.0.1", 0))  # and does not listen
        spamd.ask("127.0.0.1", held.getsockname()[1], b"x")


def test_a_silent_server_has_a_limit_of_time():
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(spamd.SpamdError):
        spamd.ask("127.0.0.1", listener.getsockname()[1], b"x", seconds=0.3)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost", ("localhost", 783)),
        (" spam.example.com:11333 ", ("spam.example.com", 11333)),
        ("[::1]:783", ("::1", 783)),
        ("10.0.0.7", ("10.0.0.7", 783)),
    ],
)
def test_an_address_has_a_port_where_it_is_another_one(text, address):
    assert spamd.read_address(text) == address


@pytest.mark.parametrize("text", ["", ":783", "http://x", "x:0", "x:99999", "a b", "::1", "x:y"])
def test_other_texts_are_no_address(text):
    with pytest.raises(ValueError):
        spamd.read_address(text)


@given(st.binary(max_size=200))
def test_each_answer_is_a_score_or_refused(octets):
    for answer in (octets, b"SPAMD/1.1 0 EX_OK\r\nSpam: " + octets):
        try:
            score = spamd.read_answer(answer)
        except spamd.SpamdError:
            continue
        assert isinstance(score.score, float)
