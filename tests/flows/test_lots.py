"""Pairs that share task runs, as the Prefect server shows them."""

from __future__ import annotations

import pytest

from blocks.desk import Desk
from deployments.embedded import World
from flows import lots
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from tests.flows.runs import flow_run_named, task_runs_of


def test_a_pair_that_fails_in_a_lot_gets_a_task_run_of_its_own(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lots of three; the pair that met a 503 is the only one by itself, in its second attempt; all completed.

    What is decided from lots is what is decided from a task run for each pair.
    """
    at = world.now()
    monkeypatch.setattr(lots, "LOT", 3)
    monkeypatch.setattr(lots, "SINGLE", 2)
    world.faults([{"target": "binance", "path": "klines", "kind": "5xx", "status": 503, "times": 1}])
    stored = collect_prices(desk="embedded", at=at).stored
    run = flow_run_named("collect", at)
    runs = [one for one in task_runs_of(run.id, expected=5) if one.name.startswith("collect-")]
    keys = [pair.key for pair in desk.pairs]
    time = f"{at:%m-%d %H:%M}"
    assert {one.name for one in runs if "…" in one.name} == {
        f"collect-{keys[0]}…{keys[2]} (3) {time}",
        f"collect-{keys[3]}…{keys[5]} (3) {time}",
    }
    (alone,) = [one for one in runs if "…" not in one.name]
    assert alone.name in {f"collect-{key} {time}" for key in keys}
    assert alone.run_count == 2
    assert {one.state_name for one in runs} == {"Completed"}
    assert list(stored) == keys
    in_lots = analyze(desk="embedded", at=at)
    monkeypatch.setattr(lots, "SINGLE", 24)
    each = analyze(desk="embedded", at=at)
    assert in_lots.decision == each.decision
    assert [row["score"] for row in in_lots.rows] == [row["score"] for row in each.rows]
