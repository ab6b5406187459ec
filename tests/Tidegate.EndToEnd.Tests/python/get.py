"""Asks for a path over HTTP and prints the status line, or what kept it from doing so.

get.py ADDRESS PORT PATH [HOST]    ADDRESS may be fe80::1%eth0; HOST is the Host header, ADDRESS:PORT if it is not given
"""
import socket
import sys

address, port, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
name = sys.argv[4] if len(sys.argv) > 4 else None
if name is None:
    plain = address.split("%")[0]
    name = f"[{plain}]:{port}" if ":" in plain else f"{plain}:{port}"
try:
    with socket.create_connection((address, port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        print(client.makefile("rb").readline().decode().strip())
except ConnectionRefusedError:
    print("refused")
