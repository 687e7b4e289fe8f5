"""What goes wrong on request: which calls are hit, how, how often each fault has fired. Pure: others carry it out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulator.seeded import rng

type Target = Literal["coincheck", "binance", "fapi", "cryptopanic", "alternative", "coingecko", "slack", "sagemaker"]
type ModelKind = Literal[
    "model_error", "not_ready", "fewer_series", "fewer_steps", "missing_level", "nan", "crossing", "absurd", "shuffled"
]
type Kind = Literal[
    "latency", "429", "5xx", "status", "reset", "lost_reply", "truncated", "html", "stale", "gap", ModelKind
]
MODEL_KINDS: frozenset[str] = frozenset(get_args(ModelKind.__value__))
"""What only a model does."""


class FaultSpec(BaseModel):
    """One fault as asked for with ``POST /_faults``.

    path: part of the path below the prefix, such as ``exchange/orders``. after: calls that pass first. times: calls
    that are then hit; null = until deleted. seconds: of latency, real time. probability: that a call in turn is hit,
    seeded. rows: candles that a gap hides, the ones just before the fault was set.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Target
    kind: Kind
    path: str = ""
    method: str | None = None
    times: int | None = Field(default=1, ge=1)
    after: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0, le=600)
    status: int | None = Field(default=None, ge=400, le=599)
    probability: float = Field(default=1.0, gt=0, le=1)
    rows: int = Field(default=3, ge=1, le=1000)

    @model_validator(mode="after")
    def _kind_has_what_it_needs(self) -> Self:
        if self.kind == "status" and self.status is None:
            msg = "kind 'status' needs a status between 400 and 599"
            raise ValueError(msg)
        if self.kind == "gap" and self.target != "binance":
            msg = "kind 'gap' hides candles, which only the target 'binance' has"
            raise ValueError(msg)
        if self.kind in MODEL_KINDS and self.target != "sagemaker":
            msg = f"kind {self.kind!r} spoils forecasts, which only the target 'sagemaker' makes"
            raise ValueError(msg)
        return self


class Fault:
    """A fault in force, and what has come of it."""

    def __init__(self, spec: FaultSpec, number: int, set_ms: int, draw: np.random.Generator) -> None:
        """``set_ms`` is the world's time at which it was asked for."""
        self.spec = spec
        self.number = number
        self.set_ms = set_ms
        self.seen = 0
        self.fired = 0
        self._draw = draw

    @property
    def spent(self) -> bool:
        """Whether it has fired as often as it should."""
        return self.spec.times is not None and self.fired >= self.spec.times

    def hits(self, target: str, method: str, path: str) -> bool:
        """Whether this call is hit; counts it either way."""
        spec = self.spec
        if self.spent or spec.target != target or spec.path not in path or (spec.method or method).upper() != method:
            return False
        self.seen += 1
        if self.seen <= spec.after or (spec.probability < 1 and self._draw.random() >= spec.probability):
            return False
        self.fired += 1
        return True


class FaultBook:
    """All faults, in the order they were asked for."""

    def __init__(self, seed: int) -> None:
        """``seed`` decides what faults with a probability hit."""
        self._seed = seed
        self._asked = 0
        self._faults: list[Fault] = []

    def add(self, spec: FaultSpec, now_ms: int) -> Fault:
        """Put a fault in force."""
        self._asked += 1
        fault = Fault(spec, self._asked, now_ms, rng(self._seed, "fault", self._asked))
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """End them all."""
        self._faults.clear()

    def hit(self, target: str, method: str, path: str) -> Fault | None:
        """The first fault that hits this call; the others do not see it."""
        return next((fault for fault in self._faults if fault.hits(target, method, path)), None)

    def __iter__(self) -> Iterator[Fault]:
        """All faults, spent ones included."""
        return iter(self._faults)
