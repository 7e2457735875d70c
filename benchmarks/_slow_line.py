"""Connections with a round trip of a given time: forwards a port of loopback with a delay.

`python -m benchmarks._slow_line PORT_BEHIND SECONDS` prints its port and serves until it is ended.
Octets are delayed by half the round trip in each direction. Each piece has a delay of its own, so
the round trip is long, and the throughput is that of loopback.
"""

import asyncio
import sys

CHUNK = 65536


async def forward(reader, writer, delay):
    """Pass on what is read, each piece ``delay`` seconds after it came."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def write():
        while (piece := await queue.get())[1]:
            due, octets = piece
            await asyncio.sleep(max(0.0, due - loop.time()))
            writer.write(octets)
        writer.close()

    writing = asyncio.ensure_future(write())
    try:
        while octets := await reader.read(CHUNK):
            queue.put_nowait((loop.time() + delay, octets))
    except ConnectionError:
        pass
    queue.put_nowait((0.0, b""))
    await writing


async def serve(port_behind, round_trip):
    """Listen on a free port and forward each connection."""

    async def connect(reader, writer):
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port_behind)
        delay = round_trip / 2
        await asyncio.gather(
            forward(reader, behind_writer, delay), forward(behind_reader, writer, delay)
        )

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
