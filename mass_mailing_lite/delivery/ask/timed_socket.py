"""A connection that ends at a point of time, however slowly and however much the other side sends."""

import io
import socket
import time


class TooMuchError(OSError):
    """The other side sent more than is read."""


class TimedSocket:
    """A connected socket whose every step fits into the time that is left.

    A timeout of a socket is one of each step: a server that sends one octet a second never
    exceeds it.

    :param until: point of time of ``time.monotonic`` at which the connection ends
    :param size: octets that are read at most
    """

    def __init__(self, connection: socket.socket, until: float, size: int):
        self._connection = connection
        self._until = until
        self._left = size

    def sendall(self, data) -> None:
        self._allow_rest()
        self._connection.sendall(data)

    def read_into(self, buffer) -> int:
        """Read what has come into a buffer, and return the number of octets, 0 at the end."""
        if self._left <= 0:
            raise TooMuchError("the answer is longer than what is read")
        self._allow_rest()
        count = self._connection.recv_into(memoryview(buffer)[: self._left])
        self._left -= count
        return count

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """Return a file to read from, as ``http.client`` asks for it."""
        if mode != "rb":
            raise ValueError(mode)
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        self._connection.close()

    def _allow_rest(self):
        self._connection.settimeout(get_rest(self._until))


class _Reader(io.RawIOBase):
    """The raw file under ``TimedSocket.makefile``."""

    def __init__(self, connection: TimedSocket):
        self._source = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        return self._source.read_into(buffer)


def connect(addresses: list[tuple], until: float, each: float) -> socket.socket:
    """Connect to the first of some addresses that answers.

    :param addresses: ``(family, socket address)``
    :param each: seconds for each of them
    :raises OSError: of the last one
    """
    error: OSError = TimeoutError()
    for family, address in addresses:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(min(each, get_rest(until)))
            connection.connect(address)
        except OSError as failure:
            connection.close()
            error = failure
        else:
            return connection
    raise error


def get_rest(until: float) -> float:
    """Return the seconds until a point of time.

    :raises TimeoutError: when it has passed
    """
    rest = until - time.monotonic()
    if rest <= 0:
        raise TimeoutError
    return rest
