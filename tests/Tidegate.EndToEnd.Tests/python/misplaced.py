"""A client of emulated WebSockets at http://public.example/echo whose requests come to the wrong members.

python3 misplaced.py open HOST:PORT          opens a session there, and says the path for what is sent and that for what is fetched
python3 misplaced.py fetch HOST:PORT PATH    says "begun" when the first bytes have come, and "whole" or "broken" at the end, or the status that is no 200
python3 misplaced.py kept HERE THERE         opens a session at http://public.example/spare THERE. For each line of standard input: "fill" opens connections
                                             to HERE, which take the numbers of descriptors that are free between others there, and says "filled";
                                             "send" sends a message for the session on one of them, and says the status and when to try again
python3 misplaced.py first OLD NEW           opens a session at OLD and says "ready". As soon as NEW takes connections it opens one there and fetches it by
                                             OLD, and sends a message for the first one by NEW, and says the three statuses
"""

import http.client
import sys
import threading
import time

MESSAGE = b"\x81\x01x\x0101\xff"


def connected(place):
    host, port = place.split(":")
    return http.client.HTTPConnection(host, int(port), timeout=60)


def ask(connection, method, path, body=None):
    connection.request(method, path, body, {"Host": "public.example", "X-WebSocket-Version": "wseb-1.0"})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.getheader("Retry-After", "-")


def opened(connection, path="/echo"):
    status, body, _ = ask(connection, "GET", path + "/;e/cbm")
    return status, [line[line.index(path) :] for line in body.decode().split()]


def fetch(place, path):
    connection = connected(place)
    connection.request("GET", path, headers={"Host": "public.example"})
    answer = connection.getresponse()
    if answer.status != 200:
        print(answer.status, flush=True)
        return
    try:
        answer.read(1)
        print("begun", flush=True)
        answer.read()
        print("whole", flush=True)
    except (OSError, http.client.HTTPException):
        print("broken", flush=True)


def first(old, new):
    status, (up, _) = opened(connected(old))
    assert status == 201, status
    print("ready", flush=True)
    at_new = []
    while len(at_new) < 2:
        connection = connected(new)
        try:
            connection.connect()
            at_new.append(connection)
        except OSError:
            time.sleep(0.001)
    sent = []
    sender = threading.Thread(target=lambda: sent.append(ask(at_new[0], "POST", up, MESSAGE)[0]))
    sender.start()
    status, (newer, _) = opened(at_new[1])
    brought = ask(connected(old), "POST", newer, MESSAGE)[0]
    sender.join()
    print(status, brought, sent[0], flush=True)


command, *arguments = sys.argv[1:]
if command == "open":
    status, paths = opened(connected(arguments[0]))
    assert status == 201, status
    print(*paths, sep="\n")
elif command == "fetch":
    fetch(*arguments)
elif command == "first":
    first(*arguments)
else:
    here, there = arguments
    _, (up, _) = opened(connected(there), "/spare")

    others = []
    for line in sys.stdin:
        if line == "fill\n":
            # Each has been accepted when it has been answered.
            others = [connected(here) for _ in range(80)] + others
            for other in others[:80]:
                ask(other, "GET", "/nothing")
            print("filled", flush=True)
        else:
            status, _, again = ask(others[0], "POST", up, MESSAGE)
            print(status, again, flush=True)
