"""After a stretch of trading, our books and the venue's ledger say the same."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from blocks.desk import Desk, open_desk
from deployments.demo import Cycle, DemoOptions, Played, play
from deployments.embedded import MarketOptions, World
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from flows.execute_orders import execute_orders
from trading.order import Side, Status

LED_BY_NEWS = {
    "weight_technical": 0.02,
    "weight_forecast": 0.02,
    "weight_sentiment": 0.94,
    "weight_context": 0.02,
    "min_hold_minutes": 5,
    "position_cap_jpy": 12_000,
    "trigger_change_pct": 0.0,
}
"""A strategy that trades when the test's news says so: what is tested is the path of the money, not its judgement."""
GOOD, BAD = 1.0, 0.0


@pytest.fixture
def led(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    file = tmp_path / "led.json"
    file.write_text(json.dumps(LED_BY_NEWS))
    monkeypatch.setenv("TRADER_STRATEGY", str(file))
    monkeypatch.setenv("TRADER_CRYPTOPANIC_API_KEY", "")  # no news but the test's own
    return open_desk(desk.name)


def played(world: World, desk: Desk, folder: Path, news: float, cycles: int) -> list[Cycle]:
    """Some cycles under one kind of news; none may fail."""
    readings: Any = desk.readings
    for pair in desk.pairs:
        readings.put_sentiment(pair, world.now(), {"value": news, "article_count": 1})
    done = list(play(world, DemoOptions(MarketOptions(None, None, 1, 100_000), cycles, folder), Played()))
    assert [cycle.failures for cycle in done] == [()] * cycles
    return done


def test_the_books_equal_the_venues_ledger_to_the_last_unit(world: World, led: Desk, tmp_path: Path) -> None:
    """Coins held, yen spent, orders and fills: what we booked is what the venue did, exactly, buys and sells alike."""
    before = world.venue_ledger()
    cycles = played(world, led, tmp_path, GOOD, 3) + played(world, led, tmp_path, BAD, 3)
    after = world.venue_ledger()
    trades = [trade for cycle in cycles for trade in cycle.trades]
    assert {trade.intent.side for trade in trades} == {Side.BUY, Side.SELL}
    assert after["conserved"]

    filled = {trade.order_id: trade for trade in trades if trade.status is Status.FILLED}
    known = {str(order["id"]) for order in before["orders"]}
    venue = {str(order["id"]): order for order in after["orders"] if str(order["id"]) not in known}
    assert set(filled) == set(venue)
    for order_id, trade in filled.items():
        fills = venue[str(order_id)]["fills"]
        assert trade.executed is not None
        assert trade.executed.quantity.number == sum(Decimal(fill["amount"]) for fill in fills)
        assert trade.executed.funds.number == sum(Decimal(fill["funds_jpy"]) for fill in fills)

    held = {position.size.coin: position.size.number for position in led.ledger.open_positions()}
    for pair in led.pairs:
        name = pair.coin.lower()
        moved = Decimal(after["balances"][name]["free"]) - Decimal(before["balances"][name]["free"])
        assert held.get(pair.coin, Decimal(0)) == moved
    spent = sum(t.executed.funds.number for t in filled.values() if t.executed and t.intent.side is Side.BUY)
    brought = sum(t.executed.funds.number for t in filled.values() if t.executed and t.intent.side is Side.SELL)
    assert Decimal(after["balances"]["jpy"]["free"]) == Decimal(before["balances"]["jpy"]["free"]) - spent + brought


def test_a_message_delivered_twice_makes_one_order(world: World, led: Desk, tmp_path: Path) -> None:
    """The queue may deliver every message again: the venue sees each booked trade once (I1)."""
    cycles = played(world, led, tmp_path, GOOD, 1)
    trades = [trade for cycle in cycles for trade in cycle.trades]
    assert trades
    orders = world.venue_ledger()["accepted"]
    for trade in trades:
        led.queue.send(trade.intent.trade_id, {})
        led.queue.send(trade.intent.trade_id, {})
    again = execute_orders(desk="embedded") + execute_orders(desk="embedded")
    assert {trade.status for trade in again} <= {Status.FILLED, Status.REFUSED, Status.REJECTED}
    assert world.venue_ledger()["accepted"] == orders


def test_an_old_decision_is_never_executed(world: World, led: Desk) -> None:
    """An analysis replayed for an hour ago books a BUY that has expired: it is refused, the venue sees nothing."""
    past = world.now() - timedelta(hours=1)
    collect_prices(desk="embedded", at=world.now())
    readings: Any = led.readings
    for pair in led.pairs:
        readings.put_sentiment(pair, past, {"value": GOOD, "article_count": 1})
    analysis = analyze(desk="embedded", at=past, with_orders=True)
    orders = world.venue_ledger()["accepted"]
    (refused,) = execute_orders(desk="embedded")
    assert analysis.trade_ids == (refused.intent.trade_id,)
    assert refused.status is Status.REFUSED
    assert "stale" in refused.note
    assert world.venue_ledger()["accepted"] == orders
