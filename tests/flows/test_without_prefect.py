"""The same cycle with Prefect's engine and without it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from adapters.sqs_batch import Batch
from blocks.desk import Desk
from blocks.handed import handed
from deployments import prefect_runs
from deployments.embedded import World
from deployments.on_lambda import engine
from flows.collect_prices import collect_prices
from flows.execute_orders import execute_orders
from tests.deployments.failing_api import failing_api
from tests.flows.conftest import new_desk
from trading.services.decide import Analysis


def judged(analysis: Analysis) -> dict[str, Any]:
    """All of an analysis that is not a name of its own."""
    decision = analysis.decision
    return {
        "action": decision.action,
        "pairs": decision.pairs,
        "ranking": [(one.pair, one.score, one.components, one.weights, one.adjustments) for one in decision.ranking],
        "reasons": decision.reasons,
        "thresholds": (decision.buy_threshold, decision.sell_threshold),
    }


def cycle(world: World, at: datetime, how: str) -> tuple[Desk, Any]:
    """One collection with its analysis on a new desk, which is then the one that this process opens."""
    with pytest.MonkeyPatch.context() as patch:
        desk = new_desk(world, patch)
        if how == "plain":
            patch.delenv("PREFECT_API_URL")
        result, ran = engine.run(collect_prices, {"desk": "embedded", "at": at})
        assert ran == how
    return desk, result


def test_one_cycle_leaves_the_same_books_with_prefect_and_without(world: World) -> None:
    """Candles stored, scores to the last digit, decision and booked intents are alike."""
    at = world.now()
    (first, seen), (second, plainly) = cycle(world, at, "prefect"), cycle(world, at, "plain")
    assert (seen.stored, seen.trigger) == (plainly.stored, plainly.trigger)
    assert judged(seen.analysis) == judged(plainly.analysis)
    booked = [
        sorted((one.intent.pair, one.intent.side, one.intent.spend) for one in desk.ledger.pending_trades())
        for desk in (first, second)
    ]
    assert booked[0] == booked[1]
    for pair in first.pairs:
        one, other = (desk.candles.window(pair, at, 50) for desk in (first, second))
        assert one.equals(other)


def test_a_batch_reaches_the_flow_through_prefects_engine(world: World, desk: Desk) -> None:
    """Tasks of a real run take the handed messages, not those of the queue."""
    desk.queue.send("TRD-on-the-queue", {})
    batch = Batch([{"messageId": "m1", "receiptHandle": "r1", "body": '{"trade_id": "TRD-handed"}'}])
    with handed(batch), pytest.raises(Exception, match="TRD-handed"):
        execute_orders(desk="embedded")
    assert batch.unfinished() == []
    assert desk.queue.receive()[0].trade_id == "TRD-on-the-queue"


def test_wherever_prefect_dies_the_body_runs_once_and_its_result_stands(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API that answers any number of requests and then fails: before the body it is done without, after it too.

    Also where it has said "Running" and dies before the body: a state is no proof that anything was done.
    """
    looked: list[datetime] = []

    @flow(flow_run_name="look {at}")
    def look(at: datetime) -> str:
        looked.append(at)
        return f"{at:%H:%M}"

    monkeypatch.setattr(prefect_runs, "flush", lambda limit_s: None)
    ran: list[str] = []
    with failing_api(world.env["PREFECT_API_URL"]) as api:
        monkeypatch.setenv("PREFECT_API_URL", api.url)
        with temporary_settings({PREFECT_API_URL: api.url, PREFECT_CLIENT_MAX_RETRIES: 0}):
            while api.seen >= api.good:  # until there is no request more to fail at
                looked.clear()
                api.good, api.seen = len(ran), 0
                result, how = engine.run(look, {"at": world.now()})
                assert (result, len(looked)) == (f"{world.now():%H:%M}", 1)
                ran.append(how)
    assert set(ran) == {"plain", "prefect"}
