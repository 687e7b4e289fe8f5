"""Models and pairs that the tests of forecasters are played with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.forecast.model import Answer
from trading.signals.outlook import Quantiles, Series

START = datetime(2026, 1, 5, tzinfo=UTC)


def series(pair: str, level: float = 100.0) -> Series:
    """A constant series."""
    return Series(pair, START, (level,) * 336, level)


def own(one: Series, steps: int) -> Quantiles:
    """The answer that belongs to a series and to no other: its own last value, with a band around."""
    last = one.values[-1]
    return Quantiles((last * 0.99,) * steps, (last,) * steps, (last * 1.01,) * steps)


@dataclass
class Model:
    """Answers each series with its own value, unless told otherwise; remembers what it was asked."""

    answers: Callable[[Sequence[Series], int], list[Answer]] = lambda asked, steps: [own(one, steps) for one in asked]
    kind: str = "local"
    name: str = "model-of-the-test"
    calls: list[list[str]] = field(default_factory=list)

    def predict(self, asked: Sequence[Series], steps: int) -> list[Answer]:
        self.calls.append([one.pair for one in asked])
        return self.answers(asked, steps)
