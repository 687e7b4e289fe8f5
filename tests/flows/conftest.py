"""One embedded world for all flow tests: a real Prefect server, an AWS stand-in and the simulator, as in the demo."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from blocks.desk import Desk, open_desk
from blocks.provisioning import provision_desk
from deployments.embedded import MarketOptions, World, embedded_world
from deployments.prefect_runs import flush, without_heartbeats

NUMBERS = count()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A generated, lively market whose clock moves only when told."""
    state: Path = tmp_path_factory.mktemp("world")
    market = MarketOptions(candles=None, start=None, seed=1, jpy=100_000)
    with embedded_world(state, market) as running, without_heartbeats():
        yield running
        flush()


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The embedded desk with empty tables of its own; faults of the test before are gone."""
    for name, value in world.env.items():  # whatever other tests of this process point at
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TRADER_PREFIX", f"test-{next(NUMBERS)}")
    provision_desk("embedded")
    world.clear_faults()
    return open_desk("embedded")
