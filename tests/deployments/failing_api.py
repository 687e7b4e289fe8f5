"""A Prefect API that answers a number of requests and then no more."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Failing:
    """What the API is asked from now on: it answers ``good`` requests, the others with 500, or never when it hangs."""

    url: str = ""
    good: int = 0
    hangs: bool = False
    seen: int = 0


@contextmanager
def failing_api(behind: str) -> Iterator[Failing]:
    """Stands before a real API (its URL, with /api); health always answers, as when only the database is gone."""
    state, over, host = Failing(), threading.Event(), behind.removesuffix("/api")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            passes = self.path.endswith(("/health", "/version"))
            if not passes:
                state.seen += 1
            if passes or state.seen <= state.good:
                self.say(*self.passed_on(sent))
            elif state.hangs:
                over.wait(60)
                self.close_connection = True
            else:
                self.say(500, b"{}")

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 (their names)

        def passed_on(self, sent: bytes) -> tuple[int, bytes]:
            if self.headers.get("Upgrade"):
                return 404, b"{}"
            own = {
                name: value for name, value in self.headers.items() if name in ("Content-Type", "Prefect-Csrf-Token")
            }
            asked = urllib.request.Request(f"{host}{self.path}", sent or None, own, method=self.command)  # noqa: S310
            try:
                with urllib.request.urlopen(asked) as answer:  # noqa: S310 (a server of this test)
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        def say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        over.set()
        server.shutdown()
        server.server_close()
