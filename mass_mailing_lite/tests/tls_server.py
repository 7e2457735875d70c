"""A mail server that speaks TLS and tells which connections have resumed a session."""

import contextlib
import socket
import threading


class TlsServer:
    """A mail server that accepts short messages, over TLS from the first octet or by STARTTLS.

    :param contexts: an ``ssl.SSLContext`` for each connection, the last one for all that follow
    :ivar reused: whether each connection has resumed a session
    """

    def __init__(self, *contexts, starttls=False):
        self._contexts = list(contexts)
        self.starttls = starttls
        self.reused = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _address = self._socket.accept()
                sock.settimeout(60)
                context = self._contexts[0] if len(self._contexts) == 1 else self._contexts.pop(0)
                threading.Thread(target=self._converse, args=(sock, context), daemon=True).start()

    def _converse(self, sock, context):
        with sock, contextlib.suppress(OSError):
            self._greet(sock, context)

    def _greet(self, sock, context):
        if self.starttls:
            sock.sendall(b"220 ready\r\n")
            while (command := sock.recv(1000)) != b"STARTTLS\r\n":
                sock.sendall(b"250-ready\r\n250 STARTTLS\r\n" if command else b"")
            sock.sendall(b"220 go ahead\r\n")
        with context.wrap_socket(sock, server_side=True) as secured:
            self.reused.append(secured.session_reused)
            if not self.starttls:
                secured.sendall(b"220 ready\r\n")
            while octets := secured.recv(16384):
                secured.sendall(b"354 Go ahead\r\n" if octets == b"DATA\r\n" else b"250 Ok\r\n")
