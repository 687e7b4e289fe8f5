"""Backfill, archive and backup as flows: their code as it is, without Prefect's engine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import tasks.archive
import tasks.backfill
import tasks.backup
from adapters.cold.candles import ParquetCandles
from flows.archive import archive
from flows.backfill import backfill
from flows.backup import backup
from flows.outcomes import StepsFailedError
from tests.services.kept import DAY, NOW, PAIR, MemoryArchive, MemoryItems, MemoryStore, Venue, Wire
from tests.services.kept import candles_between as made
from tests.simulation.engineless import without_engine
from trading.candles import window
from trading.errors import BadInput, Transient
from trading.services.archive import start_of
from trading.services.backup import kept
from trading.services.backup import reading as read_books
from trading.services.cold_days import candles_of
from trading.strategy import Strategy
from trading.tables import PRICES


class Windowed(MemoryStore):
    """Candles that can be read, too."""

    def window(self, pair, at, count):
        candles = candles_of(list(self.items.tables.get(PRICES.name, {}).values()))
        return window(candles, at, count)


@pytest.fixture
def desk(monkeypatch):
    """A desk of one pair, and what its pages showed."""
    shown = {}
    for module, name in (
        (tasks.backfill, "create_markdown_artifact"), (tasks.archive, "create_table_artifact"),
        (tasks.backup, "create_table_artifact"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, lambda page, key, **_: shown.update({key: page}))
    bars = []
    monkeypatch.setattr(tasks.backfill, "create_progress_artifact", lambda share, key, **_: bars.append((key, share)))
    monkeypatch.setattr(tasks.backfill, "update_progress_artifact", lambda _id, share: bars.append(share))
    wire, archived = Wire(), MemoryArchive()
    items, cold = MemoryItems(wire), ParquetCandles(archived)
    room = SimpleNamespace(
        pairs=(PAIR,), pair={PAIR.key: PAIR}.__getitem__, clock=SimpleNamespace(now=lambda: NOW),
        items=items, cold=cold, archive=archived, candles=Windowed(items, wire), shown=shown, bars=bars,
        waits=[], told=[], market=Venue(made(start_of(NOW.date()) - 2 * DAY, NOW + DAY)),
        strategy=Strategy(), history=None, revisions=None,
    )  # fmt: skip
    room.alerts = SimpleNamespace(tell=room.told.extend)
    with without_engine(lambda: room, room.waits.append):
        yield room


def test_candles_are_fetched_archived_and_the_books_kept(desk):
    """A warm-up through a refusal of the venue, a night of the archive, a backup: done, shown, and safe to repeat."""
    desk.market.trouble[1] = Transient("429")
    (filled,) = backfill(candles=300)
    assert (filled.fetched, filled.absent) == (300, 0)
    assert len(desk.waits) == 1
    assert desk.bars[-1] == 100
    assert PAIR.key in desk.shown["backfill"]
    sheets = archive()
    assert {(sheet.table, sheet.how) for sheet in sheets} == {("prices", "new"), (f"candles {PAIR.key}", "new")}
    assert [row["how"] for row in desk.shown["archive"]] == ["new"] * len(sheets)
    assert {sheet.how for sheet in archive()} == {"the same"}
    assert [backup().key] == kept(desk.archive)
    assert len(desk.shown["backup"]) == len(read_books(desk.items))
    assert desk.told == []


def test_a_step_that_fails_fails_the_run_and_the_others_are_done(desk):
    """A candle file that is not what was stored fails the night; the exact rows are archived all the same."""
    backfill(candles=300)
    archive()
    spoiled = desk.archive.spoil
    desk.archive.spoil = lambda key, data: data[:-5] if key.endswith(".parquet") else spoiled(key, data)
    with pytest.raises(StepsFailedError, match="not what was stored"):
        archive()
    assert any(row["table"] == "prices" for row in desk.shown["archive"])


def test_a_backfill_of_nothing_is_refused(desk):
    """No days and no candles is a mistake, said in words."""
    with pytest.raises(BadInput, match="at least one"):
        backfill(candles=0)
