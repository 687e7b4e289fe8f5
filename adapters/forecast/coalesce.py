"""Requests that come at the same time become one call of the model.

Every pair is judged by a task run of its own, seen and retried by itself; a request at an endpoint costs the same for
one series as for six. The first caller waits a moment for others, makes the call in its own thread and hands out the
answers: no thread of ours exists, and nobody waits longer than the bounds given here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.forecast.model import Answer, QuantileModel
from adapters.redaction import one_line
from trading.errors import Halt, TradingError, Transient
from trading.signals.outlook import Series

QUIET_S, GATHER_S_MAX, ANSWER_S_MAX = 0.25, 2.0, 330.0


@dataclass(slots=True)
class _Batch:
    """Series that travel together, and what came of them."""

    opened_s: float
    joined_s: float
    series: list[Series] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def takes(self, more: Sequence[Series], most: int) -> bool:
        """Whether these fit in as well. A pair travels once: a container refuses the same item twice."""
        pairs = {one.pair for one in self.series}
        return len(self.series) + len(more) <= most and not any(one.pair in pairs for one in more)


class Coalesced:
    """A QuantileModel over another one, safe for many threads.

    most          series of one call; a batch that is full leaves at once.
    quiet_s       a batch leaves when nobody joined it for so long.
    gather_s_max  it leaves so long after it was opened at the latest.
    answer_s_max  how long a caller waits for a call that another one makes; longer than any call may take.
    """

    def __init__(
        self,
        model: QuantileModel,
        most: int = 6,
        quiet_s: float = QUIET_S,
        gather_s_max: float = GATHER_S_MAX,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        self._model, self._most = model, most
        self._quiet_s, self._gather_s_max, self._answer_s_max = quiet_s, gather_s_max, answer_s_max
        self._changed = threading.Condition()
        self._open: dict[int, _Batch] = {}

    @property
    def kind(self) -> str:
        """Where the model runs."""
        return self._model.kind

    @property
    def name(self) -> str:
        """The model's own name."""
        return self._model.name

    def predict(self, asked: Sequence[Series], steps: int) -> list[Answer]:
        """One answer or one error per series, in their order, out of one call for all who ask at the same time."""
        batch, first, opened = self._join(asked, steps)
        if opened:
            self._lead(batch, steps)
        elif not batch.done.wait(self._answer_s_max):
            return [Transient(f"the call that others made got no answer in {self._answer_s_max:g} s") for _ in asked]
        return batch.answers[first : first + len(asked)]

    def _join(self, asked: Sequence[Series], steps: int) -> tuple[_Batch, int, bool]:
        """The batch that takes these series, where they begin in it, and whether we opened it."""
        with self._changed:
            now_s = time.monotonic()
            batch = self._open.get(steps)
            if opened := batch is None or not batch.takes(asked, self._most):
                batch = self._open[steps] = _Batch(now_s, now_s)
            first = len(batch.series)
            batch.series += asked
            batch.joined_s = now_s
            self._changed.notify_all()
            return batch, first, opened

    def _lead(self, batch: _Batch, steps: int) -> None:
        """Gather and call. Whatever happens to us, a cancelled run included, all who wait are woken and told."""
        try:
            self._gather(batch, steps)
            batch.answers = self._predicted(batch.series, steps)
        finally:
            if not batch.answers:
                batch.answers = [Transient("the call was broken off before it was answered")] * len(batch.series)
            batch.done.set()

    def _gather(self, batch: _Batch, steps: int) -> None:
        """Wait until the batch is full, or quiet, or old; nobody can join it afterwards."""
        with self._changed:
            while len(batch.series) < self._most and self._open.get(steps) is batch:
                leaves_s = min(batch.joined_s + self._quiet_s, batch.opened_s + self._gather_s_max)
                if (left_s := leaves_s - time.monotonic()) <= 0:
                    break
                self._changed.wait(left_s)
            if self._open.get(steps) is batch:
                del self._open[steps]

    def _predicted(self, series: Sequence[Series], steps: int) -> list[Answer]:
        failure: TradingError
        try:
            answers = self._model.predict(tuple(series), steps)
        except TradingError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a bug in a model is a reason to ask the next one, for every caller
            failure = Halt(f"the model crashed, correct it: {one_line(f'{type(error).__name__}: {error}')}")
        else:
            if len(answers) == len(series):
                return answers
            failure = Halt(f"the model gave {len(answers)} answers for {len(series)} series; correct it")
        return [failure] * len(series)
