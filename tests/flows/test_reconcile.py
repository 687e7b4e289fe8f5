"""The reconcile flow in Prefect: what was forgotten is queued and done, a difference is a failed run that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from blocks.desk import Desk
from deployments.embedded import World
from flows.execute_orders import execute_orders
from flows.outcomes import StepsFailedError
from flows.reconcile import reconcile
from tests.flows.runs import flow_run_named
from trading.money import yen
from trading.order import Intent, PriceBand, Side, Status, entry_trade_id
from trading.ports import Booking


def booked(desk: Desk, world: World) -> str:
    """An entry that was booked by a process that died before it sent the message."""
    at, pair = world.now(), desk.pair("eth_usdt")
    ask = desk.exchange.ticker(pair.coincheck).ask
    intent = Intent(
        trade_id=entry_trade_id("AN-dead", pair.key), pair=pair.key, trading_pair=pair.coincheck, side=Side.BUY,
        reason="SIGNAL", decision_id="AN-dead", signal_id="SIG-dead", strategy_id="default", strategy_version=1,
        created_at=at, expires_at=at + timedelta(minutes=4), band=PriceBand(ask.scaled(yen("0.9").number), ask),
        spend=yen(8_000),
    )  # fmt: skip
    desk.ledger.book(Booking("AN-dead", at, [], [replace(intent, band=wide(intent))], [pair.key]))
    return intent.trade_id


def wide(intent: Intent) -> PriceBand:
    """A band that the market stays in."""
    assert intent.band is not None
    return PriceBand(intent.band.low, intent.band.high.scaled(yen("1.1").number))


def test_a_forgotten_intent_is_queued_again_and_a_difference_fails_the_run(world: World, desk: Desk) -> None:
    """Booked and never queued: the sweep brings it to its order (I21); then a changed book is a Failed run (I9)."""
    desk.arm()
    trade_id = booked(desk, world)
    assert execute_orders(desk="embedded") == []
    world.step_to(world.now() + timedelta(seconds=desk.strategy.sweep_after_s))
    assert reconcile(desk="embedded").blocks_entries is False
    (trade,) = execute_orders(desk="embedded")
    assert (trade.intent.trade_id, trade.status) == (trade_id, Status.FILLED)

    (position,) = desk.ledger.open_positions()
    desk.ledger.save_position(replace(position, cost=yen(1), version=position.version + 1))
    at = world.now() + timedelta(minutes=1)
    world.step_to(at)
    with pytest.raises(StepsFailedError, match=position.position_id):
        reconcile(desk="embedded", at=at)
    run = flow_run_named("reconcile", at)
    assert run.state is not None
    assert run.state.is_failed()
    assert position.position_id in str(run.state.message)
