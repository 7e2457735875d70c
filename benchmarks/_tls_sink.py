"""A sink that accepts and discards messages: in the clear, by STARTTLS, and over TLS.

``python -m benchmarks._tls_sink FOLDER`` makes a certificate in the folder and prints three ports.
Postfix's smtp-sink speaks no TLS. This one looks at what it receives as a whole, not octet by octet
as smtp-sink does, so it needs less of the processor, and one program takes all three.
"""

import re
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

SIZE = 65536  # octets that are received at once
HELLO = b"250-sink\r\n250-PIPELINING\r\n%s250 8BITMIME\r\n"
REPLIES = {
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 Go ahead\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
}
END = b"\r\n.\r\n"

_command = re.compile(rb"([^\r\n]*)\r\n")


def main(folder):
    """Listen on three ports until the program is ended."""
    context = make_context(Path(folder))
    ports = []
    for encryption in ("none", "starttls", "ssl"):
        listening = socket.create_server(("127.0.0.1", 0), backlog=100)
        ports.append(listening.getsockname()[1])
        arguments = (listening, encryption, context)
        threading.Thread(target=accept, args=arguments).start()
    print(*ports, flush=True)


def make_context(folder):
    """Return the context of a server with a certificate for localhost."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def accept(listening, encryption, context):
    """Serve the connections of one port, each in a thread."""
    while True:
        sock, _address = listening.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(sock, encryption, context), daemon=True).start()


def serve(sock, encryption, context):
    """Serve one connection until the client ends it."""
    try:
        if encryption == "ssl":
            sock = context.wrap_socket(sock, server_side=True)
        sock.sendall(b"220 sink ESMTP\r\n")
        if encryption == "starttls" and converse(sock, offer=b"250-STARTTLS\r\n"):
            sock = context.wrap_socket(sock, server_side=True)
            converse(sock)
        elif encryption != "starttls":
            converse(sock)
    except OSError:
        pass  # the client has gone
    finally:
        sock.close()


def converse(sock, offer=b""):
    """Answer commands and discard messages; return whether TLS is to begin."""
    received = b""
    while octets := sock.recv(SIZE):
        received += octets
        replies, at = b"", 0
        while match := _command.match(received, at):
            at = match.end()
            verb = match[1][:4].upper()
            if verb == b"STAR":
                sock.sendall(b"220 Go ahead\r\n")
                return True
            if verb == b"QUIT":
                sock.sendall(replies + b"221 Bye\r\n")
                return False
            replies += HELLO % offer if verb in (b"EHLO", b"HELO") else REPLIES[verb]
            if verb == b"DATA":
                sock.sendall(replies)
                at, received = 0, discard(sock, received[at:])
                replies = b"250 2.0.0 Ok: queued\r\n"
        received = received[at:]
        if replies:
            sock.sendall(replies)
    return False


def discard(sock, received):
    """Discard a message; return what follows its end."""
    while (end := received.find(END)) < 0:
        # The end may come in two parts.
        if not (octets := sock.recv(SIZE)):
            raise ConnectionError
        received = received[-4:] + octets
    return received[end + len(END) :]


if __name__ == "__main__":
    main(sys.argv[1])
