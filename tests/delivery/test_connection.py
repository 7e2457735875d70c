"""Octets to a socket and replies from it, without a server."""

import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from delivery.smtp.connection import (
    JOIN_LIMIT,
    LINE_LIMIT,
    REPLY_LIMIT,
    Connection,
    Reply,
    SmtpConnectionError,
    describe,
)
from delivery.smtp.tls_stream import RECORD


class FakeSocket:
    """Keeps what each write gives it, and fails after a number of octets.

    :param packets: what each ``recv`` returns; an exception is raised
    """

    def __init__(self, packets=(), room=10**9):
        self._packets = list(packets)
        self._room = room
        self.calls = []
        self.timeouts = []

    def settimeout(self, seconds):
        self.timeouts.append(seconds)

    def send(self, octets):
        count = min(len(octets), self._room)
        if not count:
            raise ConnectionResetError(104, "Connection reset by peer")
        self._room -= count
        self.calls.append(octets[:count])
        return count

    def sendmsg(self, pieces):
        return self.send(b"".join(pieces))

    def recv(self, count):
        packet = self._packets.pop(0) if self._packets else b""
        if isinstance(packet, Exception):
            raise packet
        return packet


class FakeTlsSocket(FakeSocket):
    def getpeercert(self):
        return {}

    def sendall(self, octets):
        if len(octets) > self._room:
            raise ssl.SSLError(1, "broken")
        self._room -= len(octets)
        self.calls.append(octets)


class CountedSocket(socket.socket):
    """A real socket that keeps the names of the methods that set its time limits."""

    settings = ()

    def settimeout(self, seconds):
        self.settings += ("settimeout",)
        super().settimeout(seconds)

    def setsockopt(self, *args):
        self.settings += ("setsockopt",)
        super().setsockopt(*args)


@pytest.fixture
def pair():
    sockets = socket.socketpair()
    yield sockets
    for one in sockets:
        one.close()


# Writing


def test_small_pieces_leave_together_and_large_ones_are_not_copied():
    sock = FakeSocket()
    Connection(sock, 5).send(b"content", b".\r\n", b"MAIL")
    assert [bytes(call) for call in sock.calls] == [b"content.\r\nMAIL"]
    assert set(sock.timeouts) == {5}


def test_large_piece_leaves_without_a_copy():
    large = b"x" * (JOIN_LIMIT + 1)
    sock = FakeSocket()
    Connection(sock, 5).send(large)
    assert sock.calls[0].obj is large


class CountingSocket:
    """A socket that counts the writes."""

    def __init__(self, sock):
        self._sock = sock
        self.writes = 0

    def __getattr__(self, name):
        return getattr(self._sock, name)

    def sendmsg(self, pieces):
        self.writes += 1
        return self._sock.sendmsg(pieces)


def receive(sock, count):
    received = bytearray()
    while len(received) < count and (octets := sock.recv(1 << 20)):
        received += octets
    return bytes(received)


@pytest.mark.timeout(100)
def test_large_message_leaves_with_what_surrounds_it(pair):
    pieces = [b"head" * 4000, b"x" * 100_000, b".\r\n", b"MAIL\r\n"]
    for one in pair:  # or the system would take a part
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    sock = CountingSocket(pair[0])
    Connection(sock, 5).send(*pieces)
    assert sock.writes == 1
    assert receive(pair[1], sum(map(len, pieces))) == b"".join(pieces)


@pytest.mark.timeout(100)
def test_pieces_arrive_in_order_through_a_narrow_socket(pair):
    pieces = [bytes([number]) * size for number, size in enumerate((1, 0, 300_000, 3, 70_000, 2))]
    total = sum(map(len, pieces))
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ThreadPoolExecutor(1) as other:
        received = other.submit(receive, pair[1], total)
        Connection(pair[0], 30).send(*pieces)
        assert received.result(60) == b"".join(pieces)


@pytest.mark.parametrize("room", [0, 1, JOIN_LIMIT, JOIN_LIMIT + 10, 2 * JOIN_LIMIT + 1])
def test_failed_write_says_how_many_octets_were_sent(room):
    pieces = [b"a" * JOIN_LIMIT, b"b" * JOIN_LIMIT, b"cc"]
    with pytest.raises(SmtpConnectionError, match="reset by peer") as caught:
        Connection(FakeSocket(room=room), 5).send(*pieces)
    assert caught.value.sent == room
    assert caught.value.reply is None


@pytest.mark.parametrize(("room", "sent"), [(0, 0), (RECORD, 1), (3 * RECORD - 1, 2)])
def test_failed_write_over_tls_counts_whole_records(room, sent):
    sock = FakeTlsSocket(room=room)
    with pytest.raises(SmtpConnectionError) as caught:
        Connection(sock, 5).send(b"a" * (10 * RECORD))
    assert caught.value.sent == sent * RECORD
    assert all(len(call) == RECORD for call in sock.calls)


@pytest.mark.parametrize(
    "sizes",
    [
        (2 * RECORD + 5,),
        (5, 2 * RECORD),
        (12_000, JOIN_LIMIT, 3, 70),
        (RECORD, JOIN_LIMIT, 0, RECORD, 1),
    ],
)
def test_all_octets_are_written_over_tls_in_full_records(sizes):
    sock = FakeTlsSocket()
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    Connection(sock, 5).send(*pieces)
    assert b"".join(sock.calls) == b"".join(pieces)
    whole, rest = divmod(sum(sizes), RECORD)
    assert [len(call) for call in sock.calls] == [RECORD] * whole + [rest] * bool(rest)


def test_message_of_usual_size_is_one_record():
    sock = FakeTlsSocket()
    Connection(sock, 5).send(b"content" * 1700, b".\r\n", b"MAIL\r\nRCPT\r\nDATA\r\n")
    assert len(sock.calls) == 1


@pytest.mark.timeout(100)
def test_write_to_a_peer_that_does_not_read_ends_in_time(pair):
    begun = time.monotonic()
    with pytest.raises(SmtpConnectionError, match="timed out"):
        Connection(pair[0], 0.2).send(b"x" * 10_000_000)
    assert time.monotonic() - begun < 30


# Reading


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"250 2.0.0 Ok\r\n", Reply(250, "2.0.0 Ok")),
        (b"250 2.0.0 Ok\n", Reply(250, "2.0.0 Ok")),
        (b"250\r\n", Reply(250, "")),
        (b"250 \r\n", Reply(250, "")),
        (b"250  two  blanks \r\n", Reply(250, "two  blanks")),
        (b"250 x\r\n", Reply(250, "x")),
        (b"599 x\r\n", Reply(599, "x")),
        (b"250-one\r\n250-two\r\n250 three\r\n", Reply(250, "one\ntwo\nthree")),
        (b"250-one\r\n250\r\n", Reply(250, "one\n")),
        ("550 Größe\r\n".encode(), Reply(550, "Größe")),
        (b"550 \xff\r\n", Reply(550, "\ufffd")),
        (b"250 " + b"x" * 512 + b"\r\n", Reply(250, "x" * 512)),
        (b"250 " + b"x" * 513 + b"\r\n", Reply(250, "x" * 513)),
        (b"250 " + b"x" * (LINE_LIMIT - 6) + b"\r\n", Reply(250, "x" * (LINE_LIMIT - 6))),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_reply_is_read_from_any_packets(octets, reply, size):
    packets = [octets[start : start + size] for start in range(0, len(octets), size)]
    connection = Connection(FakeSocket(packets), 5)
    assert connection.read_reply() == reply
    assert not connection.has_unread


def test_replies_in_one_packet_are_read_one_by_one():
    connection = Connection(FakeSocket([b"250 a\r\n250-b\r\n250 c\r\n354 d\r\n"]), 5)
    assert connection.read_reply() == (250, "a")
    assert connection.read_reply() == (250, "b\nc")
    assert connection.has_unread
    assert not connection.is_quiet()
    assert connection.read_reply() == (354, "d")
    assert not connection.has_unread


@pytest.mark.parametrize(
    ("packets", "text"),
    [
        ([b"199 x\r\n"], "not an SMTP reply"),
        ([b"600 x\r\n"], "not an SMTP reply"),
        ([b"25 x\r\n"], "not an SMTP reply"),
        ([b"250x\r\n"], "not an SMTP reply"),
        ([b"\r\n"], "not an SMTP reply"),
        ([b"250-a\r\n251 b\r\n"], "not an SMTP reply"),
        ([b"x" * (LINE_LIMIT + 1)], "line of the server's reply is too long"),
        ([b"250-xxxx\r\n" * (REPLY_LIMIT // 8 + 1)], "server's reply is too long"),
        ([b"250 O"], "closed the connection"),
        ([], "closed the connection"),
        ([TimeoutError("timed out")], "did not answer in time"),
        ([ConnectionResetError(104, "Connection reset by peer")], "reset by peer"),
    ],
)
def test_what_is_not_a_reply_is_an_error(packets, text):
    with pytest.raises(SmtpConnectionError, match=text) as caught:
        Connection(FakeSocket(packets), 5).read_reply()
    assert caught.value.reply is None


def test_reply_of_many_lines_is_read_up_to_its_limit():
    lines = REPLY_LIMIT // 8
    octets = b"250-xxxx\r\n" * (lines - 1) + b"250 xxxx\r\n"
    assert Connection(FakeSocket([octets]), 5).read_reply().text.count("xxxx") == lines


@pytest.mark.timeout(100)
def test_whole_reply_has_to_come_in_the_time_of_this_call(pair):
    connection = Connection(pair[0], 60)
    pair[1].send(b"250-a\r\n250")
    begun = time.monotonic()
    with pytest.raises(SmtpConnectionError, match="in time"):
        connection.read_reply(0.2)
    assert time.monotonic() - begun < 30


def test_time_left_for_a_reply_shrinks_with_each_packet():
    sock = FakeSocket([b"2", b"5", b"0 Ok\r\n"])
    Connection(sock, 60).read_reply()
    assert 60 >= sock.timeouts[0] >= sock.timeouts[1] >= sock.timeouts[2] > 30


def test_plain_socket_keeps_its_limits_from_message_to_message(pair):
    """Python's own limits take two more system calls for each write and each read."""
    with CountedSocket(fileno=pair[0].detach()) as sock:
        connection = Connection(sock, 5)
        sock.settings = ()
        for _message in range(10):
            connection.send(b"content", b".\r\n", b"MAIL")
            pair[1].send(b"250 Ok\r\n250 Ok\r\n")
            connection.read_reply()
            connection.read_reply()
        assert sock.settings == ()
        assert sock.gettimeout() is None
        pair[1].send(b"250 Ok\r\n")
        connection.read_reply(60)  # the final reply has more time
        assert sock.settings == ("setsockopt",)


@pytest.mark.timeout(100)
def test_final_reply_has_its_own_limit(pair):
    connection = Connection(pair[0], 60)
    for _each in range(2):
        with pytest.raises(SmtpConnectionError, match="in time"):
            connection.read_reply(0.05)


# The state of the connection


def test_connection_is_quiet_until_the_server_sends_or_closes(pair):
    connection = Connection(pair[0], 5)
    assert connection.is_quiet()
    pair[1].send(b"421 4.4.2 Idle\r\n")
    assert not connection.is_quiet()
    assert connection.read_reply().code == 421
    assert connection.is_quiet()
    pair[1].close()
    assert not connection.is_quiet()
    pair[0].close()
    assert not connection.is_quiet()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError("timed out"), "The connection timed out"),
        (BlockingIOError(11, "Resource temporarily unavailable"), "The connection timed out"),
        (ConnectionResetError(104, "Reset"), "The connection failed: Reset"),
        (ValueError("odd"), "The connection failed: odd"),
        (ValueError(), "The connection failed: ValueError"),
    ],
)
def test_exception_is_described(error, text):
    assert describe(error) == text
