"""A world per test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from simulator.config import SimulatorConfig
from simulator.process import running_simulator
from tests.simulator.visitor import Visitor, Worlds


@pytest.fixture
def world() -> Iterator[Worlds]:
    """Opens a world (stepped clock, no rate limits unless asked for) and ends it with the test."""
    with ExitStack() as open_worlds:

        def open_world(**options: Any) -> Visitor:
            stepped = {"speed": 0.0, "orders_per_s": 0.0, "details_per_s": 0.0, **options}
            visitor = Visitor(open_worlds.enter_context(running_simulator(SimulatorConfig(**stepped))))
            open_worlds.callback(visitor.http.close)
            return visitor

        yield open_world


@pytest.fixture
def root() -> Path:
    """The repository's root."""
    return Path(__file__).resolve().parents[2]
