"""Clients of emulated WebSockets behind something that gives each request to the next member that answers, whoever has the session.

python3 emulated.py COUNT HOST:PORT...   opens COUNT sessions at http://public.example/echo and says "ready". For each line of standard input
every client sends a message and fetches it again, and then it says "echoed N ended M": M have had a request that was refused, now or
before, and do no more. Whoever refuses connections is passed over. Ends with its standard input.
"""

import http.client
import itertools
import sys

count = int(sys.argv[1])
turns = itertools.cycle(sys.argv[2:])
RECONNECT = b"\x0101\xff"


def request(method, path, body=None):
    for _ in sys.argv[2:]:
        connection = http.client.HTTPConnection(next(turns), timeout=60)
        try:
            connection.connect()
        except ConnectionRefusedError:
            continue
        try:
            connection.request(method, path, body, {"Host": "public.example", "Connection": "close", "X-WebSocket-Version": "wseb-1.0"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()
    return 0, b""


def opened():
    status, body = request("GET", "/echo/;e/cbm")
    assert status == 201, (status, body)
    return [line[line.index("/echo") :] for line in body.decode().split()]


def echoes(up, down, message):
    frame = b"\x81" + bytes([len(message)]) + message
    if request("POST", up, frame + RECONNECT)[0] != 200:
        return False
    return request("GET", down + "?.ki=p") == (200, frame + RECONNECT)


sessions = [opened() for _ in range(count)]
ended = 0
print("ready", flush=True)
for line in sys.stdin:
    going = []
    for number, (up, down) in enumerate(sessions):
        if echoes(up, down, b"%d" % number):
            going.append((up, down))
    ended += len(sessions) - len(going)
    sessions = going
    print(f"echoed {len(going)} ended {ended}", flush=True)
