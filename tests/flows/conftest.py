"""One embedded world for all flow tests: a real Prefect server, an AWS stand-in and the simulator, as in the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from blocks.desk import Desk, open_desk
from blocks.provisioning import provision_desk
from deployments.embedded import MarketOptions, World, embedded_world
from deployments.prefect_runs import flush, without_heartbeats
from flows.collect_prices import collect_prices
from trading.services.decide import Analysis

NUMBERS = count()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A generated, lively market whose clock moves only when told."""
    state: Path = tmp_path_factory.mktemp("world")
    market = MarketOptions(candles=None, start=None, seed=1, jpy=100_000)
    with embedded_world(state, market) as running, without_heartbeats():
        yield running
        flush()


def new_desk(world: World, patch: pytest.MonkeyPatch, quality: str = "light") -> Desk:
    """The embedded desk with empty tables of its own; faults of the test before are gone.

    quality: the engine of the data checks. Both find the same; the light one does it in no time.
    """
    patch.setenv("TRADER_QUALITY", quality)
    for name, value in world.env.items():  # whatever other tests of this process point at
        patch.setenv(name, value)
    patch.setenv("TRADER_PREFIX", f"test-{next(NUMBERS)}")
    provision_desk("embedded")
    world.clear_faults()
    return open_desk("embedded")


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that no other test has."""
    return new_desk(world, monkeypatch)


@dataclass(frozen=True, slots=True)
class Seen:
    """One undisturbed collection with its analysis: a minute's work that several tests only look at."""

    desk: Desk
    at: datetime
    analysis: Analysis


@pytest.fixture(scope="session")
def seen(world: World) -> Seen:
    """The run of a desk that nothing happened to and that nobody touches after it."""
    with pytest.MonkeyPatch.context() as patch:
        desk, at = new_desk(world, patch), world.now()
        analysis = collect_prices(desk="embedded", at=at).analysis
        flush()
    assert analysis is not None
    return Seen(desk, at, analysis)
