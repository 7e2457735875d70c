"""A balancer in front of several Odoo hosts: a connection goes to the next host that answers."""

import asyncio
import contextlib
import itertools
import threading

CHUNK = 65536


class Balancer:
    """A TCP balancer on loopback, in a thread of its own.

    :param ports: the ports on loopback that it forwards to
    :ivar port: the port that it listens on
    """

    def __init__(self, ports):
        self._turns = itertools.cycle(ports)
        self._count = len(ports)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = None

    def __enter__(self):
        self._thread.start()
        starting = asyncio.start_server(self._forward, "127.0.0.1", 0)
        server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_exc):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _forward(self, reader, writer):
        for _try in range(self._count):
            with contextlib.suppress(OSError):
                behind = await asyncio.open_connection("127.0.0.1", next(self._turns))
                break
        else:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, behind[1]), self._pump(behind[0], writer))

    async def _pump(self, reader, writer):
        with contextlib.suppress(OSError):
            while octets := await reader.read(CHUNK):
                writer.write(octets)
                await writer.drain()
        writer.close()
