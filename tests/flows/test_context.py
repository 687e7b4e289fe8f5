"""One collection of the market context as the Prefect server shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from blocks.desk import Desk
from deployments.embedded import World
from flows.collect_context import collect_context
from flows.outcomes import StepsFailedError
from tests.flows.runs import flow_run_named, task_runs_of
from trading.services import judge
from trading.signals.context import RANGES, SCORED

SOURCES = {f"context-{name}" for name in RANGES}


def test_four_sources_are_four_task_runs_and_one_reading(world: World, desk: Desk) -> None:
    """Each source is a task run of its own name; the reading is stored, judged, and found by the context judge."""
    at = world.now()
    mood = collect_context(desk="embedded", at=at)
    assert mood is not None
    run = flow_run_named("context", at)
    runs = {one.name.split()[0]: one.state_name for one in task_runs_of(run.id, expected=6)}
    assert runs.keys() >= SOURCES
    assert set(runs.values()) == {"Completed"}
    found = judge.context(at, desk.readings, desk.strategy)
    assert found == mood.signal
    assert (set(found.sources), found.note) == (set(SCORED), "")
    assert 100 < mood.row["usd_jpy"] < 200
    assert isinstance(mood.row["funding"], dict)
    assert set(mood.row["funding"]) == {pair.binance for pair in desk.pairs}


def test_a_source_that_throttles_once_is_retried_and_the_run_succeeds(world: World, desk: Desk) -> None:
    """A 429 answer is a visible retry of that source's task run, and nothing is missing."""
    at = world.now()
    world.faults([{"target": "alternative", "kind": "429", "times": 1}])
    mood = collect_context(desk="embedded", at=at)
    assert mood is not None
    assert mood.failed == {}
    run = flow_run_named("context", at)
    counts = {
        one.name.split()[0]: one.run_count for one in task_runs_of(run.id, expected=6) if one.name.split()[0] in SOURCES
    }
    assert counts == {
        "context-fear_greed": 2, "context-funding": 1, "context-btc_dominance": 1, "context-usd_jpy": 1
    }  # fmt: skip


def test_a_source_that_fails_fails_alone_and_the_run_says_so(world: World, desk: Desk) -> None:
    """One provider is gone: its task runs and the flow run fail by name, the reading of the others is stored (I18)."""
    at = world.now()
    world.faults([{"target": "coingecko", "kind": "status", "status": 404, "times": None}])
    with pytest.raises(StepsFailedError, match="btc_dominance: Rejected: CoinGecko"):
        collect_context(desk="embedded", at=at)
    run = flow_run_named("context", at)
    assert run.state_name == "Failed"
    states = {one.name.split()[0]: one.state_name for one in task_runs_of(run.id, expected=7)}
    assert {name: states[name] for name in SOURCES} == {
        "context-fear_greed": "Completed", "context-funding": "Completed", "context-btc_dominance": "Failed",
        "context-usd_jpy": "Failed",
    }  # fmt: skip
    found = judge.context(at, desk.readings, desk.strategy)
    assert (found.sources, found.btc_dominance) == (("fear_greed", "funding"), None)
    stored = desk.readings.context(at)
    assert stored is not None
    assert "btc_dominance" not in stored
    assert stored["failed"][0].startswith("btc_dominance: Rejected: CoinGecko")


ALL_DOWN: list[dict[str, object]] = [
    {"target": target, "kind": "status", "status": 403, "times": None}
    for target in ("alternative", "fapi", "coingecko")
]


def test_when_all_sources_fail_the_run_fails_and_the_mood_stands(world: World, desk: Desk) -> None:
    """No source answers: the run fails with all names, and what they said before is stored again, as kept."""
    at = world.now()
    before = collect_context(desk="embedded", at=at - timedelta(minutes=3))
    assert before is not None
    world.faults(ALL_DOWN)
    with pytest.raises(StepsFailedError) as failed:
        collect_context(desk="embedded", at=at)
    assert all(f"{name}: Halt" in str(failed.value) for name in RANGES)
    assert flow_run_named("context", at).state_name == "Failed"
    stored = desk.readings.context(at)
    assert stored is not None
    assert (stored["timestamp"], len(stored["failed"])) == (int(at.timestamp()), len(RANGES))
    assert judge.context(at, desk.readings, desk.strategy).fear_greed == before.signal.fear_greed


def test_when_all_sources_fail_and_nothing_is_left_nothing_is_stored(world: World, desk: Desk) -> None:
    """No source ever answered: the run fails with all names, and the table is not filled with nothing."""
    at = world.now()
    world.faults(ALL_DOWN)
    with pytest.raises(StepsFailedError) as failed:
        collect_context(desk="embedded", at=at)
    assert all(f"{name}: Halt" in str(failed.value) for name in RANGES)
    assert desk.readings.context(at) is None
    assert flow_run_named("context", at).state_name == "Failed"
