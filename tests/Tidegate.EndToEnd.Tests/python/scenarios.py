"""What every client has to get right; this one is the Python package websockets.

python3 scenarios.py SCENARIO URL [ARGUMENT…]   ends with exit code 0, or says what was wrong.
"""

import asyncio
import sys

import websockets

# Around the borders of the three length forms of a frame, and what a message may be at most.
SIZES = (0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024)


def text(size):
    return "aé漢😀" * (size // 10) + "x" * (size % 10)


def binary(size):
    return bytes((i * 31 + (i >> 8)) & 0xFF for i in range(size))


def pieces(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def connect(url, **options):
    return websockets.connect(url, **{"compression": None, "max_size": 1 << 22, "ping_interval": None, "open_timeout": 60, "close_timeout": 60, **options})


async def echoes(client):
    for size in SIZES:
        for message in (text(size), binary(size)):
            await client.send(message)
            back = await client.recv()
            assert type(back) is type(message) and back == message, f"{type(message).__name__} of {size} bytes"


async def echo(url):
    async with connect(url) as client:
        await echoes(client)
        await client.close(1000)
        assert client.close_code == 1000, client.close_code


async def fragments(url):
    async with connect(url) as client:
        for size in (8, 1000, 20000):
            for message in (text(size), binary(size)):
                await client.send(pieces(message, 7))
                assert await client.recv() == message, f"{type(message).__name__} of {size} bytes"


async def ping(url):
    async with connect(url) as client:
        for size in (0, 1, 125):
            await (await client.ping(binary(size)))
        await client.pong(b"unasked")
        await client.send("still here")
        assert await client.recv() == "still here"


async def close_here(url, code, reason):
    async with connect(url) as client:
        await client.send("before")
        assert await client.recv() == "before"
        await client.close(int(code), reason)
        assert client.close_code == int(code), client.close_code


async def close_there(url, code, reason):
    async with connect(url) as client:
        await client.send(f"close {code} {reason}")
        await client.wait_closed()
        assert (client.close_code, client.close_reason) == (int(code), reason), (client.close_code, client.close_reason)


async def too_big(url):
    async with connect(url) as client:
        try:
            await client.send(binary(1024 * 1024 + 1))
            await client.recv()
        except websockets.ConnectionClosed:
            pass
        await client.wait_closed()
        assert client.close_code == 1009, client.close_code


async def subprotocol(url):
    async with connect(url, subprotocols=["v9.chat", "v1.chat", "v2.chat"]) as client:
        assert client.subprotocol == "v2.chat", client.subprotocol
    async with connect(url, subprotocols=["v1.chat"]) as client:
        assert client.subprotocol == "v1.chat", client.subprotocol


async def deflate(url, outcome):
    async with connect(url, compression="deflate") as client:
        assert bool(client.extensions) == (outcome == "agreed"), client.extensions
        await echoes(client)


async def many(url):
    async def talk(number):
        async with connect(url) as client:
            for i in range(20):
                await client.send(f"{number}/{i}")
                assert await client.recv() == f"{number}/{i}"

    await asyncio.gather(*(talk(number) for number in range(100)))


SCENARIOS = {
    "echo": echo, "fragments": fragments, "ping": ping, "close-here": close_here, "close-there": close_there, "too-big": too_big,
    "subprotocol": subprotocol, "deflate": deflate, "many": many,
}

asyncio.run(SCENARIOS[sys.argv[1]](*sys.argv[2:]))
