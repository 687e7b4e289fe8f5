"""The basis between our real clients: simulated venues, stored candles, and CoinGecko's price of a tether."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.context import context_sources
from adapters.dynamodb import open_tables
from tests.services.conftest import PAIRS, Room
from trading.basis import barred
from trading.services import context
from trading.services.basis import measure
from trading.services.collect import collect
from trading.services.looks import Outcomes


def test_the_simulated_venues_agree_and_a_lost_ticker_bars_its_pair(room: Room) -> None:
    """Six pairs collected, one stored rate: premiums within a percent; a ticker lost twice bars its pair."""
    at, pairs, readings = room.now(), tuple(PAIRS.values()), open_tables(room.names, room.aws).readings
    for pair in pairs:
        collect(pair, at, room.market, room.candles, room.strategy)
    source = context_sources("https://a", "https://b", f"{room.world.url}/coingecko", pairs)[3]
    rate = context.measure(source, at, room.strategy)
    context.store(Outcomes({source.name: rate}, {}), at, readings, room.strategy)

    def found(when: datetime) -> Any:
        return measure(pairs, when, room.exchange, room.candles, readings, room.strategy)

    before = found(at)
    assert not barred(before)
    assert {one.usd_jpy for one in before.values()} == {rate.value}
    assert all(abs(one.premium_pct) < 1 and not one.stands_in for one in before.values())
    room.world.fault(target="coincheck", path="ticker", kind="status", status=503, times=2)
    (lost,) = barred(found(at)).items()
    assert lost[0] == pairs[0].key
    assert lost[1].startswith("Transient: ")
