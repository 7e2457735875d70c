"""A small web server on loopback that answers as the test says, well or badly.

Used by tests with and without Odoo.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time

RESET = "reset"
SILENCE = "silence"


def page(status=200, headers=(), body=b""):
    """Return the octets of an answer."""
    lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def redirect(target, status=302, headers=()):
    """Return the octets of a redirect."""
    return page(status, [("Location", target), *headers])


class WebServer:
    """Listens on loopback.

    :param answer: called with (method, path); returns octets, an iterable of octets, which are sent
        until the other side closes, ``RESET`` or ``SILENCE``
    :param context: an ``ssl.SSLContext`` for https
    :ivar requests: (method, path, value of Host) of all that came, in order
    :ivar at_once: requests for which an answer was made at the same time, the most
    :ivar sent: octets of all answers
    """

    def __init__(self, answer=None, context=None, host="127.0.0.1"):
        self._answer = answer or (lambda method, path: page())
        self._context = context
        self._lock = threading.Lock()
        self._open = 0
        self.requests = []
        self.heads = []
        self.at_once = 0
        self.sent = 0
        self._stopped = threading.Event()
        self._listener = socket.create_server((host, 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path="/", host="127.0.0.1", scheme=None):
        """Return the address of a page."""
        scheme = scheme or ("https" if self._context else "http")
        return f"{scheme}://{host}:{self.port}{path}"

    def stop(self):
        self._stopped.set()
        # Wakes up accept(), which does not notice that the socket was closed.
        with contextlib.suppress(OSError):
            socket.create_connection(self._listener.getsockname(), timeout=1).close()
        self._listener.close()

    def _accept(self):
        while not self._stopped.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.settimeout(60)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self._answer_one(connection)

    def _answer_one(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            octets = connection.recv(65536)
            if not octets:
                return
            head += octets
        lines = head.decode("latin-1").split("\r\n")
        method, path, _version = lines[0].split(" ", 2)
        hosts = [line[5:].strip() for line in lines if line.lower().startswith("host:")]
        with self._lock:
            self.requests.append((method, path, ", ".join(hosts)))
            self.heads.append(head)
            self._open += 1
            self.at_once = max(self.at_once, self._open)
        try:
            answer = self._answer(method, path)
        finally:
            # Before it is sent: the other side may ask again as soon as it has read it.
            with self._lock:
                self._open -= 1
        self._send(connection, answer)

    def _send(self, connection, answer):
        if answer == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer == SILENCE:
            self._stopped.wait(10)
        else:
            for octets in [answer] if isinstance(answer, bytes) else answer:
                connection.sendall(octets)
                self.sent += len(octets)
                if self._stopped.is_set():
                    return


def drip(octets, seconds=0.02):
    """Yield single octets, with a pause between them."""
    for octet in octets:
        yield bytes([octet])
        time.sleep(seconds)


def repeat(octets, start=b""):
    """Yield octets without end."""
    yield start
    while True:
        yield octets


def make_certificate(folder, name="localhost", days=30):
    """Return an ``ssl.SSLContext`` of a server with a certificate that only it signed itself.

    The certificate is ``folder / "certificate.pem"``.
    """
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=90))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
