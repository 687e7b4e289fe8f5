"""Keeps programs running: one that ends is started again, the later the oftener it ended, and that is said."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

STEADY_S = 120.0
"""Who ran that long has nothing to do with why it ended before."""
LONGEST_S = 60.0
LOG_BYTES_MAX = 50_000_000


class Program(Protocol):
    """What is kept running."""

    name: str
    log: Path

    def start(self) -> None:
        """Start it."""

    def ended(self) -> bool:
        """Whether it runs no more."""

    def last_words(self) -> str:
        """The last line that it wrote."""


@dataclass(slots=True)
class _Kept:
    program: Program
    began_s: float
    deaths: int = 0
    due_s: float | None = None


class Keeping:
    """The programs, each with its own pause. ``tell`` hears of every end and every start."""

    def __init__(
        self, programs: Sequence[Program], tell: Callable[[str], None], now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._now_s = tell, now_s
        self._kept = [_Kept(program, now_s()) for program in programs]
        self.restarts = 0

    def look(self) -> None:
        """One look at all of them."""
        for one in self._kept:
            now_s = self._now_s()
            if one.due_s is not None and now_s >= one.due_s:
                one.program.start()
                one.began_s, one.due_s = now_s, None
                self.restarts += 1
                self._tell(f"the {one.program.name} was started again")
            elif one.due_s is None and one.program.ended():
                one.deaths = 1 if now_s - one.began_s > STEADY_S else one.deaths + 1
                pause_s = min(2.0 ** (one.deaths - 1), LONGEST_S)
                one.due_s = now_s + pause_s
                self._tell(f"the {one.program.name} ended: {one.program.last_words()[:200]}; again in {pause_s:.0f} s")

    def shorten_logs(self, most: int = LOG_BYTES_MAX) -> None:
        """A log that grew too large begins anew; what it held stays beside it, once. Its writers append."""
        for one in self._kept:
            log = one.program.log
            if log.exists() and log.stat().st_size > most:
                shutil.copyfile(log, log.with_suffix(".old"))
                with log.open("r+b") as out:
                    out.truncate(0)
