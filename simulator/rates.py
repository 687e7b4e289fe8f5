"""US dollars in yen: one rate, or a file of rates by time."""

from __future__ import annotations

from bisect import bisect_right
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pandas as pd

from simulator.times import CANDLE_MS
from trading.errors import BadInput

TICK = Decimal("0.001")


class Rates:
    """Yen for one dollar at a time: the last rate known by then, the first one before that."""

    def __init__(self, times_ms: list[int], yen: list[Decimal]) -> None:
        """Two lists of the same length, oldest first, at least one rate."""
        self._times_ms = times_ms
        self._yen = yen

    def at(self, ms: int) -> Decimal:
        """Yen per dollar, three decimals."""
        return self._yen[max(bisect_right(self._times_ms, ms) - 1, 0)]


def read_rates(text: str) -> Rates:
    """``150`` or a path of a csv (``date, usd_jpy``) or parquet (``open_time, close``). Raises BadInput."""
    try:
        rate = Decimal(text)
    except InvalidOperation:
        return _from_file(Path(text))
    if not rate.is_finite() or rate <= 0:
        msg = f"a dollar must cost more than zero yen, not {text}"
        raise BadInput(msg)
    return Rates([0], [rate])


def _from_file(path: Path) -> Rates:
    if not path.is_file():
        msg = f"{path} is neither a rate such as 150 nor a file of rates"
        raise BadInput(msg)
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, comment="#")
        when, value = ("open_time", "close") if "open_time" in table.columns else ("date", "usd_jpy")
        table = table[[when, value]].dropna().sort_values(when)
        times = pd.to_datetime(table[when], utc=True).astype("datetime64[ms, UTC]").astype("int64")
    except (KeyError, ValueError, OSError) as error:
        msg = f"{path} is not a file of rates (date, usd_jpy or open_time, close): {str(error).splitlines()[0]}"
        raise BadInput(msg) from error
    if table.empty:
        msg = f"{path} holds no rates"
        raise BadInput(msg)
    # A candle's close is known at its end; a daily fixing is published in the afternoon of its day.
    known_after_ms = CANDLE_MS if when == "open_time" else 15 * 3_600_000
    return Rates(
        [int(ms) + known_after_ms for ms in times],
        [Decimal(str(float(yen))).quantize(TICK) for yen in table[value]],
    )
