"""Collecting closed candles, the trigger of an analysis, and watching what is held."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.revisions import DynamoRevisions
from adapters.s3 import S3Archive
from tests.services.conftest import PAIRS, Room
from trading.candles import INTERVAL
from trading.errors import InsufficientData, Transient
from trading.limits import KillSwitch, Mode
from trading.services import judge
from trading.services.collect import analysis_due, collect
from trading.services.monitor import look_at
from trading.services.payloads import load
from trading.services.revisions import History
from trading.strategy import Strategy
from trading.tables import PRICES

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
BTC = PAIRS["btc_usdt"]


def test_only_closed_candles_are_stored_and_nothing_twice(room: Room) -> None:
    """The forming candle is never stored; collecting again stores what closed since, and nothing else (I19)."""
    room.world.advance(150)
    at = room.now()
    first = collect(BTC, at, room.market, room.candles, room.strategy)
    again = collect(BTC, at, room.market, room.candles, room.strategy)
    room.world.advance(300)
    later = collect(BTC, room.now(), room.market, room.candles, room.strategy)
    assert (first.stored, again.stored, later.stored) == (336, 0, 1)
    stored = room.candles.window(BTC, room.now(), 400)
    assert (stored["open_time"] + INTERVAL <= room.now()).all()
    assert stored["open_time"].is_unique


def test_a_reply_with_a_hole_in_its_values_stores_nothing(room: Room) -> None:
    """A body that is not candles is Transient, and nothing of it reaches the table."""
    room.world.fault(target="binance", path="klines", kind="html")
    with pytest.raises(Transient):
        collect(BTC, room.now(), room.market, room.candles, room.strategy)
    assert room.candles.newest(BTC) is None


def test_a_stored_candle_leads_to_the_bytes_it_came_from(room: Room) -> None:
    """The row in the table names a file in the bucket that holds the venue's own answer, and the same close in it."""
    archive = S3Archive(room.names, room.aws)
    history = History(archive, DynamoRevisions(room.names, Dynamo(room.aws.dynamodb)))
    found = collect(BTC, room.now(), room.market, room.candles, room.strategy, history)
    assert found.newest is not None
    key = {"pair": {"S": BTC.key}, "timestamp": {"N": str(int(found.newest.timestamp()))}}
    row = room.aws.dynamodb.get_item(TableName=room.names.table(PRICES), Key=key)["Item"]
    (answer,) = load(row["raw"]["S"], archive)
    said = {kline[0]: kline for kline in json.loads(answer.body)}[int(found.newest.timestamp() * 1000)]
    assert (found.raw, Decimal(said[4])) == (row["raw"]["S"], Decimal(row["close"]["N"]))


def test_a_market_that_stopped_coming_in_is_missing_input(room: Room) -> None:
    """Candles older than the limit are no flat market: the judge refuses to judge by them (I18)."""
    collect(BTC, room.now(), room.market, room.candles, room.strategy)
    assert judge.technical(BTC, room.now(), room.candles, room.strategy).candles == 336
    with pytest.raises(InsufficientData, match="ago"):
        judge.technical(BTC, room.now() + timedelta(minutes=16), room.candles, room.strategy)


@pytest.mark.parametrize(
    ("change", "minutes_ago", "kind"),
    [
        (0.3, 5, "volatility"),
        (-0.3, 5, "volatility"),
        (0.29, 5, None),
        (0.0, 60, "periodic"),
        (0.0, 59, None),
        (None, 5, None),
    ],
)
def test_an_analysis_is_due_after_a_move_or_an_hour(change: float | None, minutes_ago: int, kind: str | None) -> None:
    """From 0.3 % in an hour either way, or an hour after the last analysis; a missing change alone is no reason."""
    found = analysis_due({"btc_usdt": change}, {"btc_usdt": NOW - timedelta(minutes=minutes_ago)}, NOW, Strategy())
    assert (found.kind if found else None) == kind


def test_a_pair_never_analysed_is_due() -> None:
    """Without a last analysis the hour has passed."""
    found = analysis_due({"btc_usdt": 0.0}, {}, NOW, Strategy())
    assert found is not None
    assert found.kind == "periodic"


def test_a_raised_stop_is_saved_with_its_time_and_an_exit_is_booked_once(room: Room) -> None:
    """Raising the stop writes when and where; below it one exit is booked, and a second look books none."""
    room.carried_out(room.book_buy("eth_usdt"))
    (position,) = room.ledger.open_positions()
    cheap = position.entry_price.scaled(Decimal("0.9"))
    bought_low = replace(position, entry_price=cheap, version=position.version + 1)
    room.ledger.save_position(bought_low)

    raised = look_at(bought_low, room.now(), room.ledger, room.exchange, room.strategy)
    (held,) = room.ledger.open_positions()
    assert raised.exit is None
    assert held.stop_loss > position.stop_loss
    assert held.stop_moves[-1].price == held.stop_loss
    assert held.stop_moves[-1].at == room.now()

    high = replace(held, stop_loss=held.stop_loss.scaled(Decimal(2)), version=held.version + 1)
    room.ledger.save_position(high)
    first = look_at(high, room.now(), room.ledger, room.exchange, room.strategy)
    (closing,) = room.ledger.open_positions()
    second = look_at(closing, room.now(), room.ledger, room.exchange, room.strategy)
    assert first.exit is not None
    assert second.exit is None
    assert len(room.ledger.pending_trades()) == 1


def test_with_everything_switched_off_no_exit_is_booked(room: Room) -> None:
    """Peak and stop are still kept; the exit is booked by the first look after the switch is off again."""
    position = room.bought()
    high = replace(position, stop_loss=position.stop_loss.scaled(Decimal(2)), version=position.version + 1)
    room.ledger.save_position(high)
    room.ledger.set_kill_switch(KillSwitch(Mode.NOTHING, "test", "me", room.now()))
    parts = (room.ledger, room.exchange, room.strategy)
    assert look_at(high, room.now(), *parts).exit is None
    assert room.ledger.pending_trades() == []
    room.ledger.set_kill_switch(KillSwitch(Mode.NO_ENTRIES, "test", "me", room.now()))
    (held,) = room.ledger.open_positions()
    assert look_at(held, room.now(), *parts).exit is not None
