"""A real Redis (or Valkey) for tests: killed like a machine that loses its power, back empty or from a snapshot."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from adapters.hot.candles import PUT_S
from deployments.processes import _end_with_parent, free_port

PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")
WHY_NOT = "no redis-server or valkey-server on PATH; on Debian: apt-get install redis-server"
PASSWORD = "planted-word"


class RedisServer:
    """One server on loopback. It comes back with what ``snapshot`` wrote last, or with nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder, self._port = program, folder, free_port()
        self._process: subprocess.Popen[str] | None = None
        self.url = SecretStr(f"redis://:{PASSWORD}@127.0.0.1:{self._port}/0")
        self.client = redis.Redis.from_url(self.url.get_secret_value(), decode_responses=True)

    @property
    def runs(self) -> bool:
        """Whether it was started and not killed."""
        return self._process is not None

    def start(self) -> None:
        """Start it, when it does not run; return when it answers."""
        if self._process is not None:
            return
        options = {"port": self._port, "bind": "127.0.0.1", "save": '""', "dir": self._folder, "requirepass": PASSWORD}
        self._process = subprocess.Popen(
            [self._program, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - nothing of ours outlives the tests
        )
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("".join(f"{name} {value}\n" for name, value in options.items()))
        self._process.stdin.close()
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "eady to accept connections" in line:
                return
        pytest.fail(f"Redis did not start: {''.join(said)[-500:]}")

    def snapshot(self) -> None:
        """Write what it holds: a later start begins with that."""
        self.client.save()

    def forget_puts(self, seconds: int = PUT_S + 1) -> None:
        """So long ago was every put under way that the seals know of; those of before the start count as one."""
        now, _ = self.client.time()
        for key in self.client.scan_iter("*:seal"):
            for name in self.client.hkeys(key):
                if name.startswith("w:"):
                    self.client.hset(key, name, now - seconds)

    def kill(self) -> None:
        """SIGKILL, when it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A running server; the test is skipped where there is no program for it."""
    if PROGRAM is None:
        pytest.skip(WHY_NOT)
    server = RedisServer(PROGRAM, folder)
    server.start()
    try:
        yield server
    finally:
        server.client.close()
        server.kill()
