"""A small SMTP server that fails as the test says, and keeps a list of what it accepted."""

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass

PIPELINING = ("PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
DEFAULT = {
    "CONNECT": b"220 mx.example.com ESMTP\r\n",
    "HELO": b"250 mx.example.com\r\n",
    "MAIL": b"250 2.1.0 Ok\r\n",
    "RCPT": b"250 2.1.5 Ok\r\n",
    "DATA": b"354 Go ahead\r\n",
    "CONTENT": b"250 2.0.0 Ok: queued\r\n",
    "RSET": b"250 2.0.0 Ok\r\n",
    "QUIT": b"221 2.0.0 Bye\r\n",
}


@dataclass
class Say:
    """An answer that is more than octets.

    ``drip``: seconds between single octets;
    ``then``: ``"close"``, ``"reset"`` or ``"hang"`` afterwards
    """

    octets: bytes = b""
    then: str = ""
    delay: float = 0.0
    drip: float | None = None


CLOSE = Say(then="close")
RESET = Say(then="reset")
SILENCE = Say(then="hang")


class ScriptedServer:
    """Listens on loopback.

    :param answer: called with (verb, line, how many of this verb came before on this server);
        returns octets, a :class:`Say`, or ``None`` for the usual answer. Verbs are SMTP's, and
        ``CONNECT``, ``CONTENT`` (end of data), ``PART`` (the first octets of content came)
    :ivar commands: all lines that came, in order
    :ivar groups: the lines of each packet that came, content left out
    :ivar ledger: (sender, recipients, content as it came over the connection) of accepted messages
    """

    def __init__(self, answer=None, extensions=PIPELINING):
        self._answer = answer or (lambda verb, line, count: None)
        self._extensions = extensions
        self._lock = threading.Lock()
        self._counts = {}
        self.commands, self.groups, self.ledger, self.connections = [], [], [], 0
        self._open = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        for sock in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(sock)
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        with contextlib.suppress(OSError, EOFError):
            _Conversation(self, sock).run()
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()

    def answer(self, verb, line=""):
        with self._lock:
            count = self._counts.get(verb, 0)
            self._counts[verb] = count + 1
        said = self._answer(verb, line, count)
        if said is None and verb == "EHLO":
            names = ["mx.example.com", *self._extensions]
            last = len(names) - 1
            said = "".join(
                f"250{' ' if i == last else '-'}{name}\r\n" for i, name in enumerate(names)
            ).encode()
        if said is None and line == "0 recipients":
            return b"554 5.5.1 No valid recipients\r\n"
        return said if said is not None else DEFAULT.get(verb, b"502 5.5.1 What?\r\n")


class _Conversation:
    def __init__(self, server, sock):
        self.server, self.sock, self.buffer = server, sock, b""
        self.sender, self.recipients = None, []

    def run(self):
        self._say(self.server.answer("CONNECT"))
        while True:
            line = self._line()
            verb = line.partition(" ")[0].upper()
            self.server.commands.append(line)
            said = self.server.answer(verb, line)
            self._say(said)
            positive = _octets(said).startswith((b"2", b"3"))
            if verb == "QUIT":
                return
            if verb in ("MAIL", "RSET"):
                self.sender, self.recipients = line[11:].partition(">")[0], []
            if verb == "RCPT" and positive:
                self.recipients.append(line[9:].partition(">")[0])
            if verb == "DATA" and _octets(said).startswith(b"354"):
                self._content()

    def _content(self):
        part = self.server.answer("PART")
        if isinstance(part, Say):
            self._fill()
            self._say(part)
        while not self.buffer.startswith(b".\r\n") and b"\r\n.\r\n" not in self.buffer:
            self._fill()
        if self.buffer.startswith(b".\r\n"):
            content, self.buffer = b"", self.buffer[3:]
        else:
            content, _dot, self.buffer = self.buffer.partition(b"\r\n.\r\n")
            content += b"\r\n"
        self._note_group()
        said = self.server.answer("CONTENT", f"{len(self.recipients)} recipients")
        # As a real server does: accepted first, then said.
        if _octets(said).startswith(b"2"):
            self.server.ledger.append((self.sender, tuple(self.recipients), content))
        self._say(said)

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
            self._note_group()
        line, _break, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8")

    def _fill(self):
        octets = self.sock.recv(65536)
        if not octets:
            raise EOFError
        self.buffer += octets

    def _note_group(self):
        lines = [line.split(b" ")[0].decode("latin-1") for line in self.buffer.splitlines()]
        if lines:
            self.server.groups.append(lines)

    def _say(self, said):
        said = said if isinstance(said, Say) else Say(said)
        time.sleep(said.delay)
        if said.drip is None:
            self.sock.sendall(said.octets)
        else:
            for octet in said.octets:
                self.sock.sendall(bytes([octet]))
                time.sleep(said.drip)
        while said.then == "hang":
            self._fill()
        if said.then == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        if said.then:
            raise EOFError


def _octets(said):
    return said.octets if isinstance(said, Say) else said
