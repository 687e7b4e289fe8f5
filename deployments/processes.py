"""Child processes that surely end: with us, with Ctrl-C, and even when we are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trading.errors import Halt

PR_SET_PDEATHSIG = 1
START_LIMIT_S = 120
STOP_LIMIT_S = 10


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_with_parent() -> None:
    """Ask Linux to end this child when its parent dies, whatever way; elsewhere a clean stop has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One program of ours: how it starts, where it answers when ready (None: nowhere), where it logs, and works."""

    name: str
    argv: Sequence[str]
    ready_url: str | None
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    asked: bool = False

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us first and we end it in order."""
        self.asked = False
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 (no threads run yet when servers start)
            )

    def wait_ready(self, limit_s: float = START_LIMIT_S) -> None:
        """Return when it answers. Raises Halt with the last line of its log when it ends or takes too long."""
        deadline = time.monotonic() + limit_s
        while self.ready_url and time.monotonic() < deadline:
            if self.process is None or self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.ready_url, timeout=2):  # noqa: S310 (loopback)
                    return
            except urllib.error.HTTPError:
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        if self.ready_url:
            msg = f"the {self.name} did not start: {self.last_words()} (whole log: {self.log})"
            raise Halt(msg)

    def finish(self, limit_s: float = START_LIMIT_S) -> None:
        """Run a program that ends by itself, to its end. Raises Halt with its last line when that is not a good one."""
        self.start()
        if self.process is None:
            raise AssertionError
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.stop()
            code = -1
        if code:
            msg = f"{self.name} did not end well: {self.last_words()} (whole log: {self.log})"
            raise Halt(msg)

    def ended(self) -> bool:
        """Whether it runs no more, or never did."""
        return self.process is None or self.process.poll() is not None

    def ask_to_end(self) -> None:
        """Ask once: a Prefect worker waits for its runs after the first SIGTERM, and kills them after a second."""
        if not self.asked:
            self.asked = True
            self._signal(signal.SIGTERM)

    def stop(self, limit_s: float = STOP_LIMIT_S) -> None:
        """Ask it to end, and end it and everything it started when it has not in so many seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.ask_to_end()
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"


def stop_all(children: Sequence[Child], limit_s: float = STOP_LIMIT_S) -> None:
    """End all children, last started first, none waiting for another; so many seconds for each to end by itself."""
    running = [child for child in reversed(children) if not child.ended()]
    for child in running:
        child.ask_to_end()
    for child in running:
        child.stop(limit_s)
