"""A server that misbehaves on the wire, where a scripted transport cannot: resets, cut answers, silence."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 27\r\n\r\n<html>Just a moment</html>\n"
CUT_JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"success":true'
CUT_BODY = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{"success":true,"id":1'
CUT_HEAD = b"HTTP/1.1 200 OK\r\nContent-Ty"
NONSENSE = b"\x00\x01\x02 not HTTP at all\r\n\r\n"
EMPTY = b""
RESET, SILENCE = "reset", "silence"

type Behaviour = bytes | str


@dataclass
class Weather:
    """What the server did: its base URL and every request that it has read whole."""

    url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def weather(behaviour: Behaviour) -> Iterator[Weather]:
    """A server on loopback that reads each request and then behaves; ends with the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    here, over = Weather(f"http://127.0.0.1:{listener.getsockname()[1]}"), threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_answer, args=(connection, behaviour, here, over), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield here
    finally:
        over.set()
        listener.close()


def closed_port() -> str:
    """The URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


def _answer(connection: socket.socket, behaviour: Behaviour, here: Weather, over: threading.Event) -> None:
    with connection:
        here.requests.append(_request(connection))
        if behaviour == SILENCE:
            over.wait(30)
        elif behaviour == RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif isinstance(behaviour, bytes):
            connection.sendall(behaviour)


def _request(connection: socket.socket) -> bytes:
    """Head and body of one request."""
    connection.settimeout(10)
    data = b""
    while b"\r\n\r\n" not in data and (part := connection.recv(65536)):
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    stated = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    length = int(stated[0]) if stated else 0
    while len(body) < length and (part := connection.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body
