"""Days of candles in the cold tier: what is there stays, what is newer wins, and what was written is read back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pandas as pd

from trading import candles as frames
from trading.errors import Halt
from trading.lineage.inputs import range_of
from trading.pairs import Pair
from trading.ports.candles import ColdCandles
from trading.ports.items import Items, Raw
from trading.services.archive import Sheet, days_between, due_days, first_day, rows_of
from trading.tables import PRICES

WHERE, RAW = "candles", "raw"


def archive_candles(pair: Pair, at: datetime, items: Items, cold: ColdCandles, day: date | None = None) -> list[Sheet]:
    """Bring the finished days of a pair's candles that are due from the table into Parquet.

    Raises Halt when what was read back differs, or when a day in the cold tier is not what was stored there.
    """
    first = first_day(PRICES, [pair.key], items)
    due = due_days(PRICES, at, set(cold.days(pair)), day)
    days = [] if first is None else [one for one in days_between(first, at.astimezone(UTC).date()) if due(one)]
    found = ((one, candles_of(rows_of(PRICES, one, [pair.key], items))) for one in days)
    return [merged(pair, one, candles, cold) for one, candles in found if not candles.empty]


def merged(pair: Pair, day: date, fresh: pd.DataFrame, cold: ColdCandles) -> Sheet:
    """Put candles into a cold day. A slot that both have becomes the fresh one; a day never gets smaller."""
    before = cold.get(pair, day)
    both = fresh if before is None else pd.concat([before, fresh], ignore_index=True)
    wanted = both.drop_duplicates("open_time", keep="last").sort_values("open_time", ignore_index=True)
    if RAW in wanted:
        wanted[RAW] = wanted[RAW].fillna("")
    name, digest = f"{WHERE} {pair.key}", range_of(pair.key, wanted).sha256
    if before is not None and _same(before, wanted):
        return Sheet(name, day, len(wanted), digest, "the same")
    file = cold.put(pair, day, wanted)
    back = cold.get(pair, day)
    if back is None or not _same(back, wanted):
        msg = f"{file.key} does not hold what was written to it; run it again, and look at the bucket if it stays so"
        raise Halt(msg)
    how = "new" if before is None else f"{len(wanted) - len(before)} late, or changed since it was archived"
    return Sheet(name, day, len(wanted), digest, how, file.key, changed=True)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether two frames hold the same candles, read from the same payloads."""
    return range_of("", one).sha256 == range_of("", other).sha256 and raws_of(one) == raws_of(other)


def raws_of(found: pd.DataFrame | None) -> list[str]:
    """The payload that each candle was read from, empty where that is not known; none without a frame."""
    if found is None:
        return []
    return found[RAW].tolist() if RAW in found else [""] * len(found)


def candles_of(rows: Sequence[Raw]) -> pd.DataFrame:
    """Rows of the prices table as candles, oldest first: the floats that were stored, and where they were read."""
    ordered = sorted(rows, key=lambda row: int(row["timestamp"]["N"]))
    values = [
        (
            datetime.fromtimestamp(int(row["timestamp"]["N"]), UTC),
            *(float(row[name]["N"]) for name in frames.COLUMNS[1:]),
        )
        for row in ordered
    ]
    raws = [row.get(RAW, {}).get("S", "") for row in ordered]
    found = frames.frame(values)  # type: ignore[arg-type]
    return found.assign(**{RAW: raws}) if any(raws) else found
