"""The same cycle with Prefect's engine and without it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from adapters.sqs_batch import Batch
from blocks.desk import Desk
from blocks.handed import handed
from deployments.embedded import World
from deployments.on_lambda import engine
from flows.collect_prices import collect_prices
from flows.execute_orders import execute_orders
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
