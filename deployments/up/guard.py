"""Waits until ``trader up`` is gone, then ends what it left running. ``python -m deployments.up.guard NAME=VALUE``.

Its standard input is a pipe that only ``trader up`` holds: it closes when that ends, also by SIGKILL.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

GENTLE_S, GRACE_S = 3.0, 12.0
"""How long they may take by themselves, and how long after they were asked."""


def marked(mark: str) -> list[int]:
    """The processes that carry this variable. Linux only; elsewhere none is found."""
    wanted, found = mark.encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:  # ended meanwhile, or not ours
            continue
    return found


def end(mark: str, gentle_s: float = GENTLE_S, grace_s: float = GRACE_S) -> None:
    """Wait a little, ask, and then insist."""
    for number, patience_s in ((None, gentle_s), (signal.SIGTERM, grace_s), (signal.SIGKILL, grace_s)):
        for pid in marked(mark) if number is not None else ():
            try:
                os.kill(pid, number)  # type: ignore[arg-type]
            except ProcessLookupError:
                continue
        until_s = time.monotonic() + patience_s
        while marked(mark) and time.monotonic() < until_s:
            time.sleep(0.2)


def main() -> None:
    """Wait, then end."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end(sys.argv[1])


if __name__ == "__main__":
    main()
