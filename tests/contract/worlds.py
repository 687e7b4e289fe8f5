"""A simulated world for contract tests: its URL, and what its own endpoints say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from simulator.config import SimulatorConfig
from simulator.process import running_simulator


@dataclass(frozen=True)
class World:
    """One running world."""

    url: str
    config: SimulatorConfig

    def ledger(self) -> Any:
        """The truth about the account."""
        return httpx.get(f"{self.url}/_ledger", timeout=10).json()

    def told(self) -> Any:
        """What the Slack webhook took."""
        return httpx.get(f"{self.url}/_slack", timeout=10).json()

    def fault(self, **spec: Any) -> None:
        """Something goes wrong from now on."""
        httpx.post(f"{self.url}/_faults", json=spec, timeout=10).raise_for_status()

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        httpx.delete(f"{self.url}/_faults", timeout=10).raise_for_status()

    def advance(self, seconds: int) -> None:
        """Time passes."""
        httpx.post(f"{self.url}/_clock", json={"advance_s": seconds}, timeout=10).raise_for_status()


@contextmanager
def open_world(**options: Any) -> Iterator[World]:
    """A world whose clock only moves on request, without speed limits unless asked for."""
    config = SimulatorConfig(**{"speed": 0.0, "orders_per_s": 0.0, "details_per_s": 0.0, **options})
    with running_simulator(config) as url:
        yield World(url, config)
