"""An SMTP server that notes every message it accepts, and misbehaves at any stage as a test says."""

import contextlib
import re
import socket
import ssl
import struct
import threading
import time
from typing import NamedTuple

EXTENSIONS = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
USUAL = {
    "connect": "220 mx.example.com ESMTP",
    "mail": "250 2.1.0 Ok",
    "rcpt": "250 2.1.5 Ok",
    "data": "354 Go ahead",
    "content": "250 2.0.0 Ok: queued",
    "auth": "235 2.7.0 Welcome",
    "tls": "220 2.0.0 Go ahead",
}
ADDRESS = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)
GROUP_PATIENCE = 0.2  # seconds in which the rest of a pipelined group comes

# What a misbehaving server does instead of answering.
CLOSE, RESET, SILENCE, HALF = "close", "reset", "silence", "half"


class Entry(NamedTuple):
    """One accepted message: when (monotonic seconds), and for whom."""

    moment: float
    address: str


class Ledger:
    """A server on loopback, for a `with` block.

    :param misbehave: called as ``misbehave(stage, address)`` before each reply; returns a reply
        like ``"550 5.1.1 No"``, one of CLOSE, RESET, SILENCE and HALF, or None for the usual
        reply. Stages are ``connect``, ``tls``, ``auth``, ``mail``, ``rcpt``, ``data``, ``part``
        (the content has begun) and ``content`` (its end); the address is empty before ``mail``
    :param offers: extensions beside the usual ones, such as ``AUTH PLAIN LOGIN``
    :param most: messages on one connection, after which the server closes it
    :param certificate: ``(file, key file)`` for STARTTLS
    :ivar entries: the accepted messages in order; noted before the reply is given, as a real
        server stores a message before it answers for it
    """

    def __init__(self, misbehave=None, offers=(), most=None, certificate=None):
        self.misbehave = misbehave or (lambda stage, address: None)
        self.offers, self.most = offers, most
        self.entries = []
        self.connections = 0
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    @property
    def open_count(self):
        """Connections that are open at the moment."""
        return len(self._open)

    def addresses(self):
        """Return for whom messages were accepted, in order."""
        return [entry.address for entry in list(self.entries)]

    def moments(self, domain=""):
        """Return when messages were accepted, of one domain or of all, in order."""
        return sorted(
            entry.moment for entry in list(self.entries) if entry.address.endswith(domain)
        )

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(sock)
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        conversation = Conversation(self, sock)
        with contextlib.suppress(OSError, EOFError):
            conversation.run()
        with contextlib.suppress(OSError, ValueError):
            self._open.remove(sock)
        with contextlib.suppress(OSError):
            conversation.sock.shutdown(socket.SHUT_RDWR)
        conversation.sock.close()


class Conversation:
    """What one connection of a ledger hears and says."""

    def __init__(self, ledger, sock):
        self.ledger, self.sock, self.buffer = ledger, sock, b""
        self.address, self.accepted = "", 0

    def run(self):
        """Converse until one side closes."""
        if not self._say("connect"):
            return
        while True:
            line = self._line()
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                self._greet()
            elif verb == b"STAR":
                self._begin_tls()
            elif verb == b"AUTH":
                self._log_in(line)
            elif verb == b"MAIL":
                self.address = ""
                self._say("mail", self._coming_address())
            elif verb == b"RCPT":
                address = ADDRESS.match(line)[1].decode().lower()
                self.address = address if self._say("rcpt", address) else ""
            elif verb == b"DATA":
                self._data()
            elif verb == b"QUIT":
                self._send(b"221 2.0.0 Bye\r\n")
                return
            else:
                self._send(b"250 2.0.0 Ok\r\n")
            if self.ledger.most and self.accepted >= self.ledger.most:
                return

    def _greet(self):
        names = ["mx.example.com", *EXTENSIONS, *self.ledger.offers]
        if self.ledger.tls and not isinstance(self.sock, ssl.SSLSocket):
            names.append("STARTTLS")
        lines = [f"250-{name}\r\n" for name in names[:-1]]
        self._send("".join([*lines, f"250 {names[-1]}\r\n"]).encode())

    def _begin_tls(self):
        if self._say("tls"):
            self.sock = self.ledger.tls.wrap_socket(self.sock, server_side=True)

    def _log_in(self, line):
        if b" PLAIN " not in line.upper():
            self._send(b"334 VXNlcm5hbWU6\r\n")
            self._line()
            self._send(b"334 UGFzc3dvcmQ6\r\n")
            self._line()
        self._say("auth")

    def _data(self):
        if not self.address:
            self._send(b"554 5.5.1 No valid recipients\r\n")
            return
        address = self.address
        if not self._say("data", address):
            return
        if said := self.ledger.misbehave("part", address):
            self._fill()
            self._misbehave(said)
        while b"\r\n.\r\n" not in self.buffer:
            self._fill()
        _content, _dot, self.buffer = self.buffer.partition(b"\r\n.\r\n")
        said = self.ledger.misbehave("content", address)
        if said is None or said in (RESET, SILENCE, HALF):
            self.ledger.entries.append(Entry(time.monotonic(), address))
            self.accepted += 1
        self._answer("content", said)

    def _coming_address(self):
        """Return the recipient of the transaction that begins, if the client sends groups."""
        until = time.monotonic() + GROUP_PATIENCE
        while not (found := ADDRESS.search(self.buffer)) and time.monotonic() < until:
            self._fill()
        return found[1].decode().lower() if found else ""

    def _say(self, stage, address=""):
        """Give the reply of a stage; return whether it is positive."""
        return self._answer(stage, self.ledger.misbehave(stage, address))

    def _answer(self, stage, said):
        if said in (CLOSE, RESET, SILENCE, HALF):
            self._misbehave(said)
        reply = said or USUAL[stage]
        self._send(f"{reply}\r\n".encode())
        if reply.startswith("421"):
            raise EOFError
        return reply[0] in "23"

    def _misbehave(self, said):
        if said == HALF:
            self._send(b"25")
        while said == SILENCE:
            self._fill()
        if said == RESET:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        raise EOFError

    def _send(self, octets):
        self.sock.sendall(octets)

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        line, _break, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _fill(self):
        octets = self.sock.recv(65536)
        if not octets:
            raise EOFError
        self.buffer += octets
