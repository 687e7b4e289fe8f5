"""What a person sees while the demo runs: a live table on a terminal, plain lines anywhere else.

    with Screen(Console(stderr=as_json)) as screen:
        screen.phase("starting the exchange")
        screen.cycle(view)
        screen.event(view.at, "bought SOL for ¥15,000 at ¥14,532: score 0.31 over 0.28")
    screen.summary(done)

It only shows: it decides nothing and reads no desk. Fits 80 columns by 24 lines.
"""

from __future__ import annotations

import codecs
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from io import TextIOWrapper
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live

from deployments.screen_parts import header, log_lines, pair_table, places, summary_panel
from deployments.screen_views import CycleView, Summary, clean
from trading.report.words import JST
from trading.report.words import clock as wall_clock

LOG_LINES = 7
PLAIN_STEPS = 10  # how many progress lines a whole run prints where nothing can be redrawn


class Screen:
    """The display of one run. Enter it to start drawing; leaving it gives the terminal back, also after an error."""

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """``console``: ``Console(stderr=True)`` keeps standard output clean. ``clock``: seconds."""
        self._console = console or Console()
        self._clock = clock
        self._started = clock()
        self._phase = "starting"
        self._view: CycleView | None = None
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._live: Live | None = None
        _survive_any_encoding(self._console)

    def __enter__(self) -> Self:
        """Start drawing, where there is a terminal to draw on."""
        self._started = self._clock()
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            # What others print to standard output is theirs, unless it would run into the picture.
            self._live = Live(
                console=self._console,
                get_renderable=self._picture,
                refresh_per_second=4,
                redirect_stdout=not self._console.stderr,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop drawing; the last picture stays where it is."""
        self._stop()

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def phase(self, text: str) -> None:
        """What is being done now, in a few words."""
        self._phase = clean(text)
        self._plainly(self._phase)

    def cycle(self, view: CycleView) -> None:
        """The state after one cycle replaces the one before."""
        self._view = view
        step = max(1, view.cycles // PLAIN_STEPS)
        if view.cycle % step == 0 or view.cycle == view.cycles:
            self._plainly(f"cycle {view.cycle} of {view.cycles}, {view.at.astimezone(JST):%Y-%m-%d %H:%M} JST")

    def event(self, at: datetime, text: str) -> None:
        """Something worth a line, with the simulated time at which it happened."""
        line = f"{wall_clock(at)} {clean(text)}"
        self._log.append(line)
        self._plainly(line)

    def summary(self, done: Summary) -> None:
        """The last word: what was done, what came of it, where to look. Nothing is drawn live any more after it."""
        self._stop()
        self._console.print()
        self._console.print(summary_panel(done, ascii_only=self._is_ascii))
        for place in places(done):
            self._console.print(place, soft_wrap=True)  # the terminal may break the line, so it copies as one

    def _plainly(self, line: str) -> None:
        """Print a line where nothing is drawn live; elsewhere the picture shows it."""
        if self._live is None:
            self._console.print(line, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def _picture(self) -> RenderableType:
        ascii_only = self._is_ascii
        parts: list[RenderableType] = [header(self._view, self._phase, self._clock() - self._started)]
        if self._view is not None:
            parts.append(pair_table(self._view, ascii_only=ascii_only))
        parts.append(log_lines(self._log))
        return Group(*parts)

    @property
    def _is_ascii(self) -> bool:
        return not self._console.encoding.lower().startswith("utf")


def _survive_any_encoding(console: Console) -> None:
    """A yen sign on a terminal that cannot write one becomes a Y, not an exception."""
    if isinstance(console.file, TextIOWrapper) and not console.encoding.lower().startswith("utf"):
        codecs.register_error("trader-spell", _spell)
        console.file.reconfigure(errors="trader-spell")


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join({"¥": "Y", "–": "-", "·": "-"}.get(character, "?") for character in lost), error.end
