"""What is behind gateways, and who is in front of them: a feed, a web server, and clients of both that come by a balancer.

services.py ADDRESS BALANCER COUNT    listens at ADDRESS:9000 (a feed of numbers, a line each) and ADDRESS:9001 (HTTP); COUNT WebSockets follow
/feed at BALANCER (host:port). For each line of standard input, waits until every follower has got three more numbers, each the one before
plus one since its session began, fetches ten pages by the balancer, and says "following COUNT pages 10 sessions N".
"""

import http.client
import http.server
import socket
import sys
import threading
import time
import urllib.parse

address, balancer, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
balancer_host, balancer_port = balancer.rsplit(":", 1)
changed = threading.Condition()
received = [0] * count
sessions = [0] * count
UPGRADE = (
    "GET /feed HTTP/1.1\r\nHost: balancer.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
).encode()


def background(target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()


def feed(connection):
    try:
        number = 0
        while True:
            connection.sendall(f"{number}\n".encode())
            number += 1
            time.sleep(0.02)
    except OSError:
        connection.close()


def feeds():
    with socket.create_server((address, 9000)) as server:
        while True:
            background(feed, server.accept()[0])


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"page {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def follow(index):
    while True:
        try:
            with socket.create_connection((balancer_host, int(balancer_port)), timeout=30) as client:
                client.sendall(UPGRADE)
                stream = client.makefile("rb")
                if not stream.readline().startswith(b"HTTP/1.1 101 "):
                    raise OSError("not upgraded")
                while stream.readline().strip():
                    pass
                with changed:
                    sessions[index] += 1
                last = None
                while True:
                    first, length = stream.read(2)
                    payload = stream.read(length)
                    if first & 15 not in (1, 2) or length > 125:
                        break
                    number = int(payload)
                    if last is not None and number != last + 1:
                        print(f"{number} came after {last}", flush=True)
                    last = number
                    with changed:
                        received[index] += 1
                        changed.notify_all()
        except (OSError, ValueError):
            pass
        time.sleep(0.1)


def fetch(path):
    """A page, where the balancer says that it is."""
    url = f"http://{balancer}{path}"
    for _ in range(3):
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        host = "balancer.example" if parts.netloc == balancer else parts.netloc
        connection.request("GET", parts.path, headers={"Host": host})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 302:
            return answer.status == 200 and body == f"page {path}".encode()
        url = answer.headers["Location"]
    return False


background(feeds)
background(http.server.ThreadingHTTPServer((address, 9001), Page).serve_forever)
for index in range(count):
    background(follow, index)
print("ready", flush=True)
for line in sys.stdin:
    with changed:
        before = list(received)
        changed.wait_for(lambda: all(now >= then + 3 for now, then in zip(received, before)))
        begun = sum(sessions)
    pages = sum(fetch(f"/pages/{number}") for number in range(10))
    print(f"following {count} pages {pages} sessions {begun}", flush=True)
