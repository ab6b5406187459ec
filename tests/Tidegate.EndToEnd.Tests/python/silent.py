"""Opens connections to an HTTP port and says nothing on them.

python3 silent.py PORT COUNT UPGRADED   of COUNT connections, UPGRADED become WebSockets (at /echo) first. Says "holding N" once they are
open, and "ended N" (how many the server has closed by then) for each line of standard input. Ends with its standard input.
"""

import errno
import resource
import selectors
import socket
import sys

port, count, upgraded = (int(argument) for argument in sys.argv[1:])
REQUEST = (
    f"GET /echo HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()
# So many connections at a time: fewer than a listener's backlog.
AT_ONCE = 256
# Of each source address, so that ports do not run out.
FOR_EACH_ADDRESS = 4000


def connect(number):
    client = socket.socket()
    client.setblocking(False)
    client.bind((f"127.0.1.{1 + number // FOR_EACH_ADDRESS}", 0))
    if client.connect_ex(("127.0.0.1", port)) not in (0, errno.EINPROGRESS):
        raise OSError("connect failed")
    return client


limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
selector = selectors.DefaultSelector()
clients = []
started = opened = 0
while opened < count:
    while started < count and started - opened < AT_ONCE:
        client = connect(started)
        selector.register(client, selectors.EVENT_WRITE, started)
        clients.append(client)
        started += 1
    for key, events in selector.select():
        if events & selectors.EVENT_WRITE:
            error = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, errno.errorcode[error])
            if key.data < upgraded:
                key.fileobj.send(REQUEST)
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
                continue
        else:
            answer = key.fileobj.recv(4096)
            if not answer.startswith(b"HTTP/1.1 101 ") or not answer.endswith(b"\r\n\r\n"):
                raise OSError(f"no WebSocket: {answer!r}")
        selector.unregister(key.fileobj)
        opened += 1

print(f"holding {opened}", flush=True)
for line in sys.stdin:
    ended = 0
    for client in clients:
        try:
            ended += client.recv(1) == b""
        except BlockingIOError:
            pass
        except ConnectionError:
            ended += 1
    print(f"ended {ended}", flush=True)
