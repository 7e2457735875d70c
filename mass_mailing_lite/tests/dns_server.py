"""A real name server on loopback, for tests of what is read in the DNS."""

import contextlib
import socketserver
import struct
import threading

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

# A name that has one of these instead of records: no answer at all; an answer that is no message.
SILENCE, GARBAGE = "silence", "garbage"
SERVFAIL, REFUSED = dns.rcode.SERVFAIL, dns.rcode.REFUSED
ANY = "*"  # in place of a type: the code for all types that a name does not have


class DnsServer:
    """Answers questions about names of its own, by UDP and TCP, and follows aliases.

    A name that it does not have does not exist (NXDOMAIN), one with records of other types or with
    names below it has no data. An answer that is too long for UDP is truncated.

    :param records: {name: {type: [record as in a zone file]}}; the text of a TXT record needs no
        quotes and may be octets. Instead of the types: ``SILENCE``, ``GARBAGE``, or a code such as
        ``SERVFAIL``
    :ivar questions: list of ``(name, type, "udp" | "tcp")``
    """

    def __init__(self, records=None):
        self.records = dict(records or {})
        self.questions = []
        self._tcp, self._udp = _listen()
        self.port = self._tcp.server_address[1]
        self._tcp.answer = self._udp.answer = self._answer
        self._threads = []

    @property
    def address(self):
        return "127.0.0.1", self.port

    def __enter__(self):
        for server in (self._tcp, self._udp):
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(self, *_exc):
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def add(self, name, kind, *records):
        """Add records of one type to a name."""
        self.records.setdefault(name, {}).setdefault(kind, []).extend(records)

    def _answer(self, wire, protocol):
        """Return the octets of the answer to a question, None for silence."""
        question = dns.message.from_wire(wire)
        asked = question.question[0]
        kind = dns.rdatatype.to_text(asked.rdtype)
        name = _key(asked.name)
        self.questions.append((name, kind, protocol))
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        for _alias in range(20):
            entry = self.records.get(name)
            if entry == SILENCE:
                return None
            if entry == GARBAGE:
                return wire[:2] + b"\xff" * 20
            if isinstance(entry, int):
                response.set_rcode(entry)
                break
            if entry is None:
                if not any(other.endswith(f".{name}") for other in self.records):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                break
            if "CNAME" in entry and kind != "CNAME":
                response.answer.append(_rrset(name, "CNAME", entry["CNAME"]))
                name = entry["CNAME"][0].rstrip(".").lower()
                continue
            if entry.get(kind):
                response.answer.append(_rrset(name, kind, entry[kind]))
            elif ANY in entry:
                response.set_rcode(entry[ANY])
            break
        if protocol == "tcp":
            return response.to_wire(max_size=65535)
        try:
            return response.to_wire(max_size=question.payload or 512)
        except dns.exception.TooBig:
            response.answer.clear()
            response.flags |= dns.flags.TC
            return response.to_wire()


def _listen():
    """Return a server of each protocol, on one port: what is free for one may not be for the other."""
    taken = []
    try:
        while True:
            tcp = _TcpServer(("127.0.0.1", 0), _TcpHandler)
            try:
                return tcp, _UdpServer(tcp.server_address, _UdpHandler)
            except OSError:
                if len(taken) == 100:
                    raise
                taken.append(tcp)  # held, so that another port comes next
    finally:
        for tcp in taken:
            tcp.server_close()


def _key(name):
    return name.to_text(omit_final_dot=True).lower()


def _rrset(name, kind, records):
    if kind == "TXT":
        records = [_quote(record) for record in records]
    return dns.rrset.from_text(dns.name.from_text(name), 60, "IN", kind, *records)


def _quote(text):
    """Return a text as strings of 255 octets, as zone files write them."""
    octets = text.encode() if isinstance(text, str) else text
    pieces = [octets[at : at + 255] for at in range(0, len(octets), 255)] or [b""]
    return " ".join('"' + "".join(f"\\{octet:03d}" for octet in piece) + '"' for piece in pieces)


class _UdpServer(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self):
        octets, socket = self.request
        if answer := self.server.answer(octets, "udp"):
            with contextlib.suppress(OSError):
                socket.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    def handle(self):
        while size := self.rfile.read(2):
            octets = self.rfile.read(struct.unpack("!H", size)[0])
            answer = self.server.answer(octets, "tcp")
            if answer is None:
                return
            self.wfile.write(struct.pack("!H", len(answer)) + answer)
