"""WebSocket clients that know several addresses of a service and come back wherever they can when they are closed.

python3 reconnecting.py [--host NAME] COUNT HOST:PORT...   opens COUNT WebSockets at /echo, spread over the addresses, and says "ready". A client that is
closed tries the addresses in turn, beginning behind the one where it was. For each line of standard input, once all are open, says what
has happened since the last: "refused R most M codes CODE=N ...": how often a client found every address refusing, how often the client
reconnected that did so most, and the statuses that connections were closed with, 1006 for none. Ends with its standard input. NAME is what
they call each of the addresses.
"""

import asyncio
import collections
import resource
import sys

arguments = sys.argv[1:]
name = arguments[1] if arguments[0] == "--host" else None
count, *addresses = arguments[2:] if name else arguments
count = int(count)
addresses = [address.rsplit(":", 1) for address in addresses]
# So many handshakes at a time: fewer than a listener's backlog.
at_once = asyncio.Semaphore(128)
reconnects = [0] * count
is_open = [False] * count
codes = collections.Counter()
refused = 0


async def connect(host, port):
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(
            f"GET /echo HTTP/1.1\r\nHost: {name or f'{host}:{port}'}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(head)
        return reader, writer
    except BaseException:
        writer.close()
        raise


async def status_of_close(reader, writer):
    """Waits for the close frame and answers it."""
    try:
        while True:
            head = await reader.readexactly(2)
            payload = await reader.readexactly(head[1])
            if head[0] == 0x88:
                writer.write(b"\x88\x82\0\0\0\0" + payload[:2])
                return int.from_bytes(payload[:2], "big")
    except (OSError, EOFError):
        return 1006
    finally:
        writer.close()


async def run(number):
    global refused
    at = number % len(addresses)
    begun = False
    while True:
        async with at_once:
            streams = None
            for _ in addresses:
                try:
                    streams = await connect(*addresses[at])
                    break
                except (OSError, EOFError):
                    at = (at + 1) % len(addresses)
        if streams is None:
            refused += 1
            await asyncio.sleep(0.1)
            continue
        reconnects[number] += begun
        begun = is_open[number] = True
        status = await status_of_close(*streams)
        is_open[number] = False
        codes[status] += 1
        at = (at + 1) % len(addresses)


async def all_open():
    while not all(is_open):
        await asyncio.sleep(0.02)


async def main():
    global refused
    clients = [asyncio.create_task(run(number)) for number in range(count)]
    await all_open()
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        await all_open()
        print(f"refused {refused} most {max(reconnects)} codes", *(f"{code}={codes[code]}" for code in sorted(codes)), flush=True)
        reconnects[:] = [0] * count
        codes.clear()
        refused = 0
    for client in clients:
        client.cancel()


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
asyncio.run(main())
