"""Days of candles as Parquet files: ``candles/pair=<pair>/date=<YYYY-MM-DD>/candles.parquet``, sealed with their hash.

The same candles give the same bytes (by one version of the writer), so that storing a day again changes nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from trading import candles as frames
from trading.errors import BadInput, Halt, Rejected
from trading.lineage.inputs import range_of
from trading.pairs import Pair
from trading.ports import Archive
from trading.ports.candles import DayFile

BUCKET = "processed-market-data"
RAW = "raw"
"""An optional column: the key of the payload that a candle was read from."""
_DATE = re.compile(r"/date=(\d{4}-\d{2}-\d{2})/candles\.parquet$")
_FIELDS = [("open_time", pa.timestamp("ms", tz="UTC")), *((name, pa.float64()) for name in frames.COLUMNS[1:])]


class ParquetCandles:
    """The ColdCandles port over the Archive port."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def put(self, pair: Pair, day: date, candles: pd.DataFrame) -> DayFile:
        """Store a day; a file that holds the same already is left as it is.

        Raises BadInput for a frame with faults or with candles of another day, and what the archive raises.
        """
        found = frames.problems(candles)
        if not found and set(candles["open_time"].dt.date) != {day}:
            found = ["has candles of another day"]
        if found:
            msg = f"candles of {pair.key} on {day} {', '.join(found)}; the day was not stored"
            raise BadInput(msg)
        sha256 = range_of(pair.key, candles).sha256
        key, data = day_key(pair, day), _encoded(pair, day, candles, sha256)
        if self._bytes(key) != data:
            self._archive.put(BUCKET, key, data, "application/vnd.apache.parquet")
        return DayFile(pair.key, day, key, len(candles), sha256)

    def get(self, pair: Pair, day: date) -> pd.DataFrame | None:
        """A day's candles, with their column ``raw`` when they were stored with one; None when the day is not there.

        Raises Halt when they are not what was stored, and what the archive raises.
        """
        data = self._bytes(day_key(pair, day))
        return None if data is None else _decoded(pair, day, data)

    def days(self, pair: Pair) -> list[date]:
        """The days there are, oldest first."""
        keys = self._archive.keys(BUCKET, f"candles/pair={pair.key}/date=")
        return sorted(date.fromisoformat(found[1]) for key in keys if (found := _DATE.search(key)))

    def _bytes(self, key: str) -> bytes | None:
        try:
            return self._archive.get(BUCKET, key)
        except Rejected:
            return None


def day_key(pair: Pair, day: date) -> str:
    """Where a pair's day is kept."""
    return f"candles/pair={pair.key}/date={day.isoformat()}/candles.parquet"


def day_start(day: date) -> datetime:
    """Its first slot."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def day_end(day: date) -> datetime:
    """Its last slot."""
    return day_start(day) + timedelta(days=1) - frames.INTERVAL


def _encoded(pair: Pair, day: date, candles: pd.DataFrame, sha256: str) -> bytes:
    sealed = {"pair": pair.key, "day": day.isoformat(), "rows": str(len(candles)), "sha256": sha256}
    fields = list(_FIELDS)
    if RAW in candles:
        fields.append((RAW, pa.string()))
        sealed["raw_sha256"] = _raw_hash(candles)
    schema = pa.schema(fields, metadata=sealed)
    values = {name: candles[name].tolist() for name in frames.COLUMNS} | (
        {RAW: _raws(candles)} if RAW in candles else {}
    )
    table = pa.table({name: pa.array(values[name], kind) for name, kind in fields}, schema=schema)
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd", use_dictionary=[RAW] if RAW in candles else False)
    return file.getvalue()


def _decoded(pair: Pair, day: date, data: bytes) -> pd.DataFrame:
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        table, writer = file.read(), file.metadata.created_by
        sealed = {name.decode(): text.decode() for name, text in (table.schema.metadata or {}).items()}
        found = pd.DataFrame({name: table[name].cast(kind).to_numpy() for name, kind in _FIELDS[1:]})
        opened_ms = table["open_time"].cast(pa.int64()).to_numpy()
        found.insert(0, "open_time", pd.to_datetime(opened_ms, unit="ms", utc=True).astype("datetime64[ms, UTC]"))
        if RAW in table.column_names:
            found[RAW] = table[RAW].to_pylist()
        sha256 = range_of(pair.key, found).sha256
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise _not_as_stored(pair, day, f"it cannot be read: {str(error).splitlines()[0][:120]}") from error
    if (sealed.get("pair"), sealed.get("day")) != (pair.key, day.isoformat()):
        raise _not_as_stored(pair, day, "it says that it is another day or pair")
    if sealed.get("sha256") != sha256:
        raise _not_as_stored(pair, day, "their hash differs")
    if sealed.get("raw_sha256") != (_raw_hash(found) if RAW in found else None):
        raise _not_as_stored(pair, day, "the keys of their payloads differ")
    again = _encoded(pair, day, found, sha256)
    if again != data and writer == pq.ParquetFile(io.BytesIO(again)).metadata.created_by:
        raise _not_as_stored(pair, day, "a byte beside the candles differs")
    return found


def _raw_hash(candles: pd.DataFrame) -> str:
    return hashlib.sha256("\n".join(key or "" for key in _raws(candles)).encode()).hexdigest()


def _raws(candles: pd.DataFrame) -> list[str | None]:
    """The column ``raw``; pandas has several values that say nothing."""
    return [key if isinstance(key, str) else None for key in candles[RAW]]


def _not_as_stored(pair: Pair, day: date, why: str) -> Halt:
    where = f"{BUCKET}/{day_key(pair, day)}"
    return Halt(
        f"candles of {pair.key} on {day} are not what was stored: {why}; restore an older version of {where}, "
        "or remove it and fetch the day again"
    )
