"""TLS in memory, against OpenSSL on the other end of a pair of sockets."""

import select
import socket
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from delivery.smtp.connection import Connection, Reply, SmtpConnectionError
from delivery.smtp.tls_stream import RECORD, TlsStream
from hostile_web import make_certificate

REPLY = b"250-mx.example.com\r\n250 2.0.0 Ok\r\n"
READ = Reply(250, "mx.example.com\n2.0.0 Ok")
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=VERSIONS, ids=str)
def version(request):
    return request.param


def client_context(version=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.minimum_version = context.maximum_version = version
    return context


class Server:
    """The other end: OpenSSL in memory, so that a test decides which octets come when.

    :ivar stream: the client's ``TlsStream``
    :ivar received: what the client has sent, decrypted by ``read``
    """

    def __init__(self, context, version=None):
        ours, self.sock = socket.socketpair()
        ours.settimeout(30)
        self.sock.settimeout(30)
        self.received = b""
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        handshake = threading.Thread(target=self._shake_hands)
        handshake.start()
        self.stream = TlsStream(ours, client_context(version), "localhost")
        handshake.join(30)

    def _shake_hands(self):
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.sock.sendall(self._outgoing.read())
                self._incoming.write(self.sock.recv(65536))
        if self.tls.version() == "TLSv1.2":
            self.sock.sendall(self._outgoing.read())
        # Tickets of TLS 1.3 come with the first reply.

    def encrypt(self, octets):
        if octets:
            self.tls.write(octets)
        return self._outgoing.read()

    def say(self, octets, size=1 << 20):
        """Send, in packets of ``size``."""
        encrypted = self.encrypt(octets)
        for begin in range(0, len(encrypted), size):
            self.sock.sendall(encrypted[begin : begin + size])

    def read(self, count):
        """Return ``count`` octets that the client has sent."""
        while len(self.received) < count:
            try:
                self.received += self.tls.read(RECORD)
            except ssl.SSLWantReadError:
                self._incoming.write(self.sock.recv(65536))
        found, self.received = self.received[:count], self.received[count:]
        return found

    def close(self):
        self.sock.close()
        self.stream.close()


@pytest.fixture
def server(certificate, version):
    made = Server(certificate, version)
    yield made
    made.close()


# As smtplib uses it


def test_a_file_reads_line_by_line_and_what_is_sent_arrives(server):
    server.stream.sendall(b"EHLO client.example.com\r\n" + b"x" * 3 * RECORD)
    assert server.read(25 + 3 * RECORD).startswith(b"EHLO client")
    server.say(REPLY)
    with server.stream.makefile("rb") as file:
        assert [file.readline(), file.readline()] == REPLY.splitlines(keepends=True)
    with pytest.raises(ValueError, match="'wb'"):
        server.stream.makefile("wb")


def test_no_method_sends_in_the_clear(server):
    for name in ("send", "sendmsg", "sendto", "sendfile", "recv_into", "read", "write"):
        assert not hasattr(server.stream, name)
    assert server.stream.getpeercert(binary_form=True)
    assert server.stream.version().startswith("TLSv1.")
    assert server.stream.cipher()[2] >= 128


@pytest.mark.parametrize("says_goodbye", [False, True])
def test_end_of_the_connection_is_the_end_of_the_file(server, says_goodbye):
    if says_goodbye:
        with pytest.raises(ssl.SSLWantReadError):
            server.tls.unwrap()
        server.sock.sendall(server.encrypt(b""))
    server.sock.close()
    assert server.stream.makefile().read() == b""


def test_handshake_that_fails_closes_the_socket(certificate):
    ours, theirs = socket.socketpair()
    theirs.sendall(b"220 mx.example.com ESMTP\r\n")  # a server that speaks no TLS
    with pytest.raises(ssl.SSLError):
        TlsStream(ours, client_context(), "localhost")
    assert ours.fileno() == -1
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(OSError):
        TlsStream(ours, client_context(), "localhost")
    assert ours.fileno() == -1


def test_server_is_told_why_its_certificate_is_refused(certificate):
    ours, theirs = socket.socketpair()
    alerts = []

    def serve():
        try:
            certificate.wrap_socket(theirs, server_side=True).recv(1)
        except ssl.SSLError as error:
            alerts.append(error.reason)

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(ssl.SSLCertVerificationError):
        TlsStream(ours, ssl.create_default_context(), "localhost")
    thread.join(30)
    assert alerts == ["TLSV1_ALERT_UNKNOWN_CA"]


def test_silent_server_ends_the_handshake_when_the_time_is_over():
    ours, theirs = socket.socketpair()
    ours.settimeout(0.05)
    with pytest.raises(TimeoutError):
        TlsStream(ours, client_context(), "localhost")
    theirs.close()


# As a connection uses it


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
def test_reply_comes_whole_in_whichever_packets_its_records_come(server, size):
    connection = Connection(server.stream, 30)
    with ThreadPoolExecutor(1) as other:
        other.submit(server.say, REPLY + b"2", size)
        assert connection.read_reply() == READ
        other.submit(server.say, b"50 2.1.0 A line in two records\r\n250 2.1.5 Ok\r\n", size)
        assert connection.read_reply() == Reply(250, "2.1.0 A line in two records")
        assert connection.has_unread
        assert connection.read_reply() == Reply(250, "2.1.5 Ok")
    assert connection.is_quiet()


def test_pieces_arrive_as_they_are(server):
    pieces = [b"a" * 12_000, b"b" * 5 * RECORD, b"", b".\r\n", b"MAIL"]
    connection = Connection(server.stream, 30)
    sent = threading.Thread(target=connection.send, args=pieces)
    sent.start()
    assert server.read(sum(map(len, pieces))) == b"".join(pieces)
    sent.join(30)
    connection.send(*pieces[3:])
    assert server.read(7) == b".\r\nMAIL"


@pytest.mark.parametrize("says_goodbye", [False, True])
def test_reply_before_the_end_is_read_and_then_the_connection_is_closed(server, says_goodbye):
    connection = Connection(server.stream, 30)
    octets = server.encrypt(b"421 4.3.2 Bye\r\n")
    if says_goodbye:
        with pytest.raises(ssl.SSLWantReadError):
            server.tls.unwrap()
        octets += server.encrypt(b"")
    server.sock.sendall(octets)
    server.sock.shutdown(socket.SHUT_WR)
    assert connection.read_reply() == Reply(421, "4.3.2 Bye")
    with pytest.raises(SmtpConnectionError, match="closed the connection"):
        connection.read_reply()


def test_reply_that_was_changed_on_its_way_is_none(server):
    octets = bytearray(server.encrypt(REPLY))
    octets[-20] ^= 1
    server.sock.sendall(octets)
    with pytest.raises(SmtpConnectionError, match="decryption failed or bad record mac"):
        Connection(server.stream, 30).read_reply()


def test_reply_before_a_fault_is_read_although_both_come_together(server):
    fault = bytearray(server.encrypt(REPLY) + server.encrypt(REPLY))
    fault[-20] ^= 1
    server.sock.sendall(fault)
    connection = Connection(server.stream, 30)
    assert connection.read_reply() == READ
    with pytest.raises(SmtpConnectionError):
        connection.read_reply()


def test_tickets_are_no_reply_and_take_none_of_the_time(server):
    connection = Connection(server.stream, 0.2)
    server.sock.sendall(server.encrypt(b""))  # the tickets of TLS 1.3
    with pytest.raises(SmtpConnectionError, match="did not answer in time"):
        connection.read_reply()
    server.say(REPLY)
    assert connection.read_reply() == READ


class Narrow:
    """A socket that takes a number of octets and then fails."""

    def __init__(self, room):
        self.room = room

    def settimeout(self, seconds):
        pass

    def send(self, octets):
        if not self.room:
            raise ConnectionResetError(104, "Connection reset by peer")
        count = min(len(octets), self.room)
        self.room -= count
        return count


@pytest.mark.parametrize(
    ("records", "further", "counted"), [(0, 0, 0), (0, 5, 0), (1, 0, 1), (3, RECORD, 3)]
)
def test_failed_write_counts_whole_records(server, records, further, counted):
    # A record without its last octet cannot be decrypted by the server.
    overhead = len(server.stream.encrypt(b"x" * RECORD)) - RECORD
    stream = server.stream
    plain, stream.socket = stream.socket, Narrow(records * (RECORD + overhead) + further)
    with pytest.raises(SmtpConnectionError, match="reset by peer") as caught:
        Connection(stream, 30).send(b"a" * (10 * RECORD))
    stream.socket = plain
    assert caught.value.sent == counted * RECORD


# Against a program of others


@pytest.fixture
def openssl(tmp_path, version):
    """Start ``openssl s_server``, which does at any time what a server may do, by letters."""
    make_certificate(tmp_path)
    name = {ssl.TLSVersion.TLSv1_2: "-tls1_2", ssl.TLSVersion.TLSv1_3: "-tls1_3"}[version]
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-crlf", name,
         "-cert", tmp_path / "certificate.pem", "-key", tmp_path / "certificate.pem"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    lines = iter(process.stdout.readline, b"")
    port = next(int(line.rsplit(b":", 1)[1]) for line in lines if line.startswith(b"ACCEPT"))
    yield process, port, lines
    process.kill()
    process.communicate()


@pytest.mark.timeout(100)
def test_server_that_changes_its_keys_in_the_middle_is_followed(openssl, version):
    process, port, lines = openssl
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    stream = TlsStream(sock, client_context(version), "localhost")
    connection = Connection(stream, 30)
    # New keys of both sides (RFC 8446, section 4.6.3), or a new handshake (RFC 5246, 7.4.1.1).
    change = b"K\n" if version is ssl.TLSVersion.TLSv1_3 else b"R\n"

    def type_line(line):
        process.stdin.write(line)
        process.stdin.flush()

    type_line(b"220 Ready\n")
    assert connection.read_reply() == Reply(220, "Ready")
    for number in range(3):
        type_line(change)
        # Until it has done that, it takes what follows for a part of the command.
        assert select.select([sock], [], [], 30)[0]
        type_line(b"250 %d\n" % number)
        assert connection.read_reply() == Reply(250, str(number))
        said = b"said after change %d\r\n" % number
        connection.send(said)
        assert any(said.strip() in line for line in lines)
    stream.close()
