"""The ColdCandles port: Parquet in the archive."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.cold import ParquetCandles
from adapters.cold.candles import BUCKET
from tests.contract.tiering import BTC, ETH, START, STEP, Archive, candles_of
from trading.errors import BadInput, Halt, Transient
from trading.lineage.inputs import range_of
from trading.ports.candles import ColdCandles

DAY = START.date()
CANDLES = candles_of(288)
KEY = "candles/pair=btc_usdt/date=2026-03-05/candles.parquet"


@pytest.fixture
def archive():
    return Archive()


@pytest.fixture
def cold(archive):
    return ParquetCandles(archive)


def test_a_day_comes_back_bit_by_bit(cold, archive, tmp_path):
    """With its types and its hash, under the key of data.md; anybody's Parquet reader can open it."""
    port: ColdCandles = cold
    stored = port.put(BTC, DAY, CANDLES)
    assert (stored.key, stored.rows, stored.sha256) == (KEY, 288, range_of("btc_usdt", CANDLES).sha256)
    found = port.get(BTC, DAY)
    assert found is not None
    assert found.equals(CANDLES)
    assert (found.dtypes == CANDLES.dtypes).all()
    assert port.get(ETH, DAY) is port.get(BTC, DAY + timedelta(days=1)) is None
    file = tmp_path / "candles.parquet"
    file.write_bytes(archive.files[KEY])
    schema = pq.read_schema(file)
    assert [str(kind) for kind in schema.types] == ["timestamp[ms, tz=UTC]", *["double"] * 5]
    assert schema.metadata[b"sha256"].decode() == stored.sha256


def test_storing_a_day_again_changes_nothing(cold, archive):
    """Not even a new version of the file is written; another day's worth of candles replaces it as a whole."""
    first = cold.put(BTC, DAY, CANDLES)
    data = archive.files[KEY]
    assert cold.put(BTC, DAY, CANDLES.copy()) == first
    assert archive.calls["put"] == 1
    assert archive.files[KEY] is data
    changed = CANDLES.assign(close=CANDLES["low"])
    assert cold.put(BTC, DAY, changed) != first
    assert cold.get(BTC, DAY).equals(changed)


def test_the_keys_of_the_payloads_are_kept_beside(cold):
    """The column ``raw`` is optional; it does not change the hash of the candles."""
    with_raw = CANDLES.assign(raw=[f"klines/{number % 3}" if number % 5 else None for number in range(288)])
    assert cold.put(BTC, DAY, with_raw).sha256 == range_of("btc_usdt", CANDLES).sha256
    assert cold.get(BTC, DAY).equals(with_raw)


def test_the_days_there_are(cold, archive):
    """Of this pair only, oldest first, whatever else lies beside them."""
    for number in (3, 0, 1):
        start = START + timedelta(days=number)
        cold.put(BTC, start.date(), candles_of(5, start))
        archive.put(BUCKET, f"candles/pair=btc_usdt/date=2026-03-0{number + 1}/notes.txt", b"", "text/plain")
    cold.put(ETH, DAY, CANDLES)
    assert cold.days(BTC) == [DAY, DAY + timedelta(days=1), DAY + timedelta(days=3)]


def test_a_frame_that_is_not_that_day_is_refused(cold, archive):
    """No candles, another day's, or with faults: nothing is stored, the message says what is wrong."""
    for bad, why in (
        (CANDLES[:0], "no rows"),
        (candles_of(289), "another day"),
        (CANDLES[::-1], "out of order"),
        (candles_of(3, START - STEP), "another day"),
    ):
        with pytest.raises(BadInput, match=why):
            cold.put(BTC, DAY, bad)
    assert archive.files == {}


_ARCHIVE = Archive()
ParquetCandles(_ARCHIVE).put(BTC, DAY, CANDLES.assign(raw="klines/1"))
_DATA = _ARCHIVE.files[KEY]


@given(st.integers(0, len(_DATA) - 1), st.integers(1, 255))
@example(len(_DATA) // 2, 1)
def test_a_changed_byte_is_found(where, by):
    """Whatever byte of the file: Halt, with one line on what to do. Only the writer's name may change unseen."""
    archive, data = Archive(), bytearray(_DATA)
    data[where] ^= by
    archive.files[KEY] = bytes(data)
    try:
        found = ParquetCandles(archive).get(BTC, DAY)
    except Halt as halt:
        assert "restore an older version of processed-market-data/candles/pair=btc_usdt" in str(halt)  # noqa: PT017
        assert "\n" not in str(halt)  # noqa: PT017
    else:
        assert found is not None
        assert found.equals(CANDLES.assign(raw="klines/1"))
        name = _DATA.rindex(b"parquet-cpp-arrow")
        assert name - 3 <= where < name + 40


def test_every_changed_price_is_found(cold, archive):
    """A file written by the same writer with one other price, or for another pair, is not what was stored."""
    cold.put(ETH, DAY, CANDLES)
    archive.files[KEY] = archive.files[KEY.replace("btc", "eth")]
    with pytest.raises(Halt, match="another day or pair"):
        cold.get(BTC, DAY)
    table = pq.read_table(BytesIO(archive.files[KEY]))
    cold.put(BTC, DAY, CANDLES)
    meta = pq.read_schema(BytesIO(archive.files[KEY])).metadata
    other = table.set_column(4, "close", table["close"].combine_chunks().take(list(range(287, -1, -1))))
    out = BytesIO()
    pq.write_table(other.replace_schema_metadata(meta), out)
    archive.files[KEY] = out.getvalue()
    with pytest.raises(Halt, match="their hash differs"):
        cold.get(BTC, DAY)


def test_a_store_that_does_not_answer_is_not_an_absent_day(cold, archive):
    """None means that the day is not there; who cannot say raises."""
    cold.put(BTC, DAY, CANDLES)
    archive.refuses = True
    for ask in (lambda: cold.get(BTC, DAY), lambda: cold.days(BTC), lambda: cold.put(BTC, DAY, CANDLES)):
        with pytest.raises(Transient, match="SlowDown"):
            ask()
