"""The market a configuration asks for: recorded candles from a folder, or generated ones; and when its clock starts."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.config import SimulatorConfig
from simulator.endless import endless
from simulator.generated import generate
from simulator.market import Market, Series, series
from simulator.times import CANDLE_MS, from_ms, to_ms
from trading.candles import candle_file, load_candles
from trading.errors import BadInput

GENERATED_START = datetime(2026, 1, 5, tzinfo=UTC)
"""Where a generated market starts when nobody says: any fixed day will do, a fixed one makes runs equal."""


def open_market(config: SimulatorConfig) -> tuple[Market, datetime]:
    """The market and the start of the clock. Raises BadInput, one line that says what to do."""
    market, start = _generated(config) if config.candles is None else _recorded(config)
    if config.since is None:
        return market, start
    now, (began_ms, since_ms) = datetime.now(UTC), (to_ms(at) // CANDLE_MS * CANDLE_MS for at in (start, config.since))
    if config.since > now:
        msg = f"a market cannot have begun at {config.since.isoformat()}, which is to come"
        raise BadInput(msg)
    return endless(market, began_ms, since_ms, now), now


def _generated(config: SimulatorConfig) -> tuple[Market, datetime]:
    start = config.start or GENERATED_START
    first_ms = to_ms(start) // CANDLE_MS * CANDLE_MS - config.history * CANDLE_MS
    count = config.history + config.future
    if config.history < 1 or config.future < 1:
        msg = f"a generated market needs candles before and after its start, not {config.history} and {config.future}"
        raise BadInput(msg)
    frames = generate([pair.binance for pair in config.pairs], first_ms, count, config.seed, config.shape)
    return Market({symbol: series(frame) for symbol, frame in frames.items()}), start


def _recorded(config: SimulatorConfig) -> tuple[Market, datetime]:
    folder = config.candles
    if folder is None or not folder.is_dir():
        msg = f"candle folder {folder} does not exist; it holds <SYMBOL>-5m.parquet files"
        raise BadInput(msg)
    symbols = [pair.binance for pair in config.pairs]
    missing = [path.name for symbol in symbols if not (path := candle_file(folder, symbol)).is_file()]
    if missing:
        msg = f"candle folder {folder} lacks {', '.join(missing)}; every configured pair needs its file"
        raise BadInput(msg)
    market = Market({symbol: _read(config, symbol) for symbol in symbols})
    start_ms = market.first_ms + config.history * CANDLE_MS if config.start is None else to_ms(config.start)
    if not market.first_ms <= start_ms < market.end_ms:
        msg = (
            f"start {from_ms(start_ms).isoformat()} is outside the candles in {folder}, "
            f"{from_ms(market.first_ms).isoformat()} to {from_ms(market.end_ms).isoformat()}"
        )
        raise BadInput(msg)
    return market, from_ms(start_ms)


def _read(config: SimulatorConfig, symbol: str) -> Series:
    if config.candles is None:
        raise AssertionError
    return series(load_candles(candle_file(config.candles, symbol)))
