"""Archive: what leaves the tables was read back from the cold tier first, and comes back as it was."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from adapters.cold.candles import ParquetCandles
from adapters.dynamodb import DynamoCandles, open_tables
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.dump import DynamoItems
from adapters.provision import provision
from adapters.s3 import S3Archive
from tests.services.files import NAMES
from tests.services.kept import DAY, NOW, PAIR, Killed, MemoryArchive, MemoryItems, Wire, price_row
from tests.services.kept import candles_between as made
from tests.simulation.tables import MemoryDynamo
from trading.errors import Halt, Transient
from trading.services.archive import (
    ARCHIVED,
    BUCKET,
    archive_table,
    archived,
    days_between,
    folder,
    lines_in,
    notices_of,
    start_of,
    stored,
)
from trading.services.backup import reading
from trading.services.cold_days import archive_candles, merged
from trading.services.lines import key_of, lines_of
from trading.services.restore import restore_days
from trading.tables import BUCKETS, LINEAGE, ORDER_STATE, PRICES, SENTIMENT, SIGNALS, Names

TODAY = NOW.date()


def signal(at: datetime, pair: str = "eth_usdt", **more):
    """A signal row; some of its texts would end a line elsewhere."""
    key = {"pair": {"S": pair}, "timestamp": {"N": str(int(at.timestamp()))}}
    return key | {"note": {"S": "one\u2028line"}, "ttl": {"N": str(int((at + 90 * DAY).timestamp()))}} | more


def trade(number: int, ended: datetime):
    """A trade that has ended."""
    key = {"pk": {"S": f"TRADE#{number}"}, "sk": {"S": "METADATA"}, "item_type": {"S": "trade"}}
    return key | {"ttl": {"N": str(int((ended + 90 * DAY).timestamp()))}}


class Place:
    """Five days of signals of two pairs, one today, and trades: ended ones, one that runs, and a lease."""

    def __init__(self):
        self.wire = Wire()
        self.items, self.archive = MemoryItems(self.wire), MemoryArchive(self.wire)
        for back in range(5):
            for hour in (0, 7):
                at = start_of(TODAY) - back * DAY + timedelta(hours=hour)
                self.items.put(SIGNALS, signal(at), signal(at, "btc_usdt"))
        self.items.put(ORDER_STATE, *(trade(back, NOW - back * DAY) for back in range(4)))
        running = {"pk": {"S": "TRADE#9"}, "sk": {"S": "METADATA"}, "item_type": {"S": "trade"}}
        lease = {"pk": {"S": "CAPACITY#x"}, "sk": {"S": "PLACE#1"}, "item_type": {"S": "place"}, "ttl": {"N": "1"}}
        self.items.put(ORDER_STATE, running, lease)

    def night(self, table=SIGNALS, at=NOW, day=None):
        return archive_table(table, at, self.items, self.archive, day)

    def rows(self, table=SIGNALS):
        """Every archived row, by day."""
        return {day: lines_in(stored(table.name, day, self.archive), self.archive) for day in self.days(table)}

    def days(self, table=SIGNALS):
        return archived(table.name, self.archive, TODAY - 400 * DAY, TODAY)

    def in_table(self, day, table=SIGNALS):
        first = start_of(day).timestamp()
        return [
            line for line in reading(self.items, (table,))[table.name]
            if first <= int(json.loads(line)["timestamp"]["N"]) < first + 86_400
        ]  # fmt: skip


def test_every_finished_day_is_there_row_by_row_and_a_second_night_changes_nothing():
    """Missed nights are caught up in one; today is not finished; the same night again writes nothing."""
    place = Place()
    sheets = place.night()
    assert [sheet.day for sheet in sheets] == days_between(TODAY - 4 * DAY, TODAY) == place.days()
    assert all(place.rows()[day] == place.in_table(day) for day in place.days())
    assert {(sheet.rows, sheet.how) for sheet in sheets} == {(4, "new")}
    before, place.archive.puts[:] = dict(place.archive.files), []
    assert {sheet.how for sheet in place.night()} == {"the same"}
    assert (place.archive.files, place.archive.puts) == (before, [])


def test_of_the_books_what_has_ended_is_archived_on_the_day_of_its_end():
    """Ended trades are archived under the day of their end; what runs stays in the table, leases are nobody's."""
    place = Place()
    assert [sheet.rows for sheet in place.night(ORDER_STATE)] == [1, 1, 1]
    found = {day: [json.loads(line)["pk"]["S"] for line in lines] for day, lines in place.rows(ORDER_STATE).items()}
    assert found == {TODAY - back * DAY: [f"TRADE#{back}"] for back in (1, 2, 3)}


def test_late_rows_make_a_new_version_and_no_row_is_ever_lost():
    """A day that changed is archived again: with the late row, the changed one, and the one that left the table."""
    place, day = Place(), TODAY - 4 * DAY
    place.night()
    first = stored(SIGNALS.name, day, place.archive)
    gone = signal(start_of(day) + timedelta(hours=7))
    changed, late = signal(start_of(day), note={"S": "settled"}), signal(start_of(day) + timedelta(hours=3))
    del place.items.tables[SIGNALS.name][key_of(SIGNALS, gone)]
    place.items.put(SIGNALS, changed, late)
    (sheet,) = place.night(day=day)
    assert (sheet.rows, sheet.how) == (5, "1 changed, 1 late since it was archived")
    second = stored(SIGNALS.name, day, place.archive)
    assert sorted(lines_in(second, place.archive)) == sorted({*place.in_table(day), *lines_of([gone])})
    assert [one["file"] for one in second["versions"]] == [first["file"], second["file"]]
    assert len(lines_in(second["versions"][0], place.archive)) == 4
    assert [notice.kind for notice in notices_of([sheet], NOW)] == ["archive.changed"]


@pytest.mark.parametrize(("back", "looked_at"), [(1, 1), (3, 1), (4, 0), (11, 0), (12, 1), (14, 1), (15, 0)])
def test_a_day_is_looked_at_again_while_it_may_change_and_before_it_leaves(back, looked_at):
    """Archived days are read again for three days, and once more in the last two before the table forgets them."""
    place, at = Place(), start_of(TODAY - back * DAY)
    row = {"pair": {"S": "eth_usdt"}, "timestamp": {"N": str(int(at.timestamp()))}}
    place.items.put(SENTIMENT, row)
    archive_table(SENTIMENT, at + DAY, place.items, place.archive)
    place.items.put(SENTIMENT, row | {"late": {"N": "1"}})
    assert [sheet.late for sheet in place.night(SENTIMENT) if sheet.day == at.date()] == [True] * looked_at


def other_words(data: bytes) -> bytes:
    """A whole file with as many rows, of which one says something else."""
    return gzip.compress(gzip.decompress(data).replace(b"one", b"two", 1))


@pytest.mark.parametrize("spoil", [lambda data: data[:-9], other_words, lambda _: b""])
def test_what_reads_back_otherwise_fails_the_night_and_marks_nothing(spoil):
    """One byte lost or changed between writing and reading back: Halt, and the day is not archived."""
    place = Place()
    place.archive.spoil = lambda key, data: spoil(data) if "rows-" in key else data
    with pytest.raises(Halt, match="rows-"):
        place.night()
    assert place.days() == []
    place.archive.spoil = lambda _key, data: data
    assert len(place.night()) == 4


def test_a_day_that_changes_while_it_is_archived_is_read_again_until_it_rests():
    """A row that is written between the two looks is in the archive too; one that never rests marks nothing."""
    place = Place()
    numbers = iter(range(10_000))

    def written(number):
        place.items.put(SIGNALS, signal(start_of(TODAY - DAY), note={"N": str(number)}))

    place.items.meanwhile = lambda: written(next(numbers))
    with pytest.raises(Transient, match="changes while it is archived"):
        place.night(day=TODAY - DAY)
    assert place.days() == []
    few = iter(range(6))
    place.items.meanwhile = lambda: written(next(few, 5))
    place.night(day=TODAY - DAY)
    assert place.rows()[TODAY - DAY] == place.in_table(TODAY - DAY)


@pytest.mark.parametrize("table", [SIGNALS, ORDER_STATE])
def test_a_night_lists_the_days_that_the_table_may_have_and_not_all_that_was_ever_archived(monkeypatch, table):
    """Ten years of archived days cost a night nothing: no listing reaches beyond the lifetime of the rows."""
    place = Place()
    place.night(table)
    listed = MemoryArchive.keys
    seen: list[str] = []
    for back in range(400, 4000):
        place.archive.files[BUCKET, f"{folder(table.name, TODAY - back * DAY)}/manifest.json"] = b"{}"
    monkeypatch.setattr(MemoryArchive, "keys", lambda *asked: seen.extend(found := listed(*asked)) or found)
    assert {sheet.how for sheet in place.night(table)} == {"the same"}
    assert 0 < len(seen) < 50


@pytest.mark.parametrize("done", [False, True])
def test_killed_at_any_write_the_next_night_completes_it(done):
    """Whatever write was the last, each manifest names a whole file, and the next night archives every day."""
    writes = len(Place().night()) * 2
    for kill in range(1, writes):
        place = Place()
        place.wire.killed_at(kill, done=done)
        with pytest.raises(Killed):
            place.night()
        place.wire.alive()
        assert all(place.rows()[day] == place.in_table(day) for day in place.days())
        place.night()
        assert place.days() == days_between(TODAY - 4 * DAY, TODAY)


def test_a_record_that_changed_is_never_archived_over():
    """Records of decisions are never changed: one that was, after it had been archived, stops the archive."""
    place, day = Place(), TODAY - DAY
    record = {"day": {"S": day.isoformat()}, "number": {"N": "1"}, "body": {"S": "bought"}}
    place.items.put(LINEAGE, record)
    place.night(LINEAGE)
    place.items.put(LINEAGE, record | {"body": {"S": "sold"}})
    with pytest.raises(Halt, match="trader verify"):
        place.night(LINEAGE)
    assert "bought" in place.rows(LINEAGE)[day][0]


def test_a_cold_day_never_shrinks_and_the_table_has_the_last_word():
    """A backfilled whole day and the table's later half: the day stays whole, and a revised candle is the later one."""
    day, cold, items = TODAY - 2 * DAY, ParquetCandles(MemoryArchive()), MemoryItems()
    whole = made(start_of(day), start_of(day) + DAY)
    merged(PAIR, day, whole, cold)
    revised = whole.tail(100).assign(volume=3.0)
    items.put(PRICES, *(price_row(PAIR, row, "raw/key") for row in revised.itertuples(index=False)))
    (sheet,) = archive_candles(PAIR, NOW, items, cold)
    found = cold.get(PAIR, day)
    assert (sheet.rows, len(found), found["volume"].tolist()[-100:]) == (288, 288, [3.0] * 100)
    assert found["raw"].tolist() == [""] * 188 + ["raw/key"] * 100
    assert [sheet.how for sheet in archive_candles(PAIR, NOW, items, cold)] == ["the same"]


def test_a_candle_that_the_venue_changed_does_not_send_the_archive_back_to_1970():
    """The note that history changed stands at time 0 among the prices: no day of the archive, and not in it."""
    dynamo = MemoryDynamo()
    store: Any = DynamoCandles(NAMES, Dynamo(dynamo))
    candles, items, archive = made(start_of(TODAY - DAY), start_of(TODAY)), MemoryItems(), MemoryArchive()
    store.put(PAIR, candles)
    store.put(PAIR, candles.tail(1).assign(volume=3.0))
    items.put(PRICES, *dynamo.scan(TableName=NAMES.table(PRICES))["Items"])
    assert len(items.partitions(PRICES)) == 2
    assert [(sheet.day, sheet.rows) for sheet in archive_table(PRICES, NOW, items, archive)] == [(TODAY - DAY, 288)]


def test_rows_past_their_lifetime_come_back_only_when_asked_for():
    """A restore leaves out what the table has forgotten in time; asked for, it comes back just as it was."""
    place, day = Place(), TODAY - 2 * DAY
    place.night()
    lines, place.items.tables[SIGNALS.name] = place.in_table(day), {}
    late = NOW + 200 * DAY
    assert [(one.written, one.expired) for one in restore_days(day, day, late, place.items, place.archive)] == [(0, 4)]
    assert place.in_table(day) == []
    (asked,) = restore_days(day, day, late, place.items, place.archive, expired=True)
    assert (asked.written, asked.identical, place.in_table(day)) == (4, True, lines)


def test_a_restore_overwrites_nothing():
    """A row that the table holds otherwise stays, is counted, and makes the restore differ."""
    place, day = Place(), TODAY - 2 * DAY
    place.night()
    mine = signal(start_of(day), note={"S": "mine"})
    place.items.tables[SIGNALS.name] = {}
    place.items.put(SIGNALS, mine)
    (found,) = restore_days(day, day, NOW, place.items, place.archive)
    assert (found.written, found.differ, found.identical) == (3, 1, False)
    assert mine in list(place.items.all(SIGNALS))


def test_archive_delete_restore_gives_identical_tables(aws, monkeypatch):
    """On real tables: every archived row deleted, then restored, twice: the hashes of all tables are what they were."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
    names = aws.complete(Names("kept"))
    provision(names, aws, tables=ARCHIVED, queues=(), buckets=[one for one in BUCKETS if one.purpose == BUCKET])
    items, archive, tables = DynamoItems(names, aws.dynamodb, page=50), S3Archive(names, aws), open_tables(names, aws)
    days = [date(2024, 3, 13), date(2024, 3, 14)]
    tables.candles.put(PAIR, made(start_of(days[0]) + timedelta(hours=22), start_of(days[1]) + timedelta(hours=2)))
    for day in days:
        tables.readings.put_sentiment(PAIR, start_of(day), {"value": 0.1 + 0.2, "headlines": [{"title": "a\u2028b"}]})
        tables.readings.put_context(start_of(day), {"score": 1e-7, "failed": []})
        items.put_back(SIGNALS, signal(start_of(day), score={"N": "-0.5"}, empty={"M": {}}, no={"NULL": True}))
        items.put_back(ORDER_STATE, trade(day.day, start_of(day)))
    before = reading(items, ARCHIVED)
    assert items.partitions(PRICES) == [PAIR.key]
    for table in ARCHIVED:
        archive_table(table, NOW, items, archive)
    for table in ARCHIVED:
        for row in items.all(table):
            keys = {key.name: row[key.name] for key in (table.pk, table.sk) if key}
            aws.dynamodb.delete_item(TableName=names.table(table), Key=keys)
    assert not any(reading(items, ARCHIVED).values())
    restored = restore_days(days[0], days[1], NOW, items, archive)
    assert reading(items, ARCHIVED) == before
    assert {one.table for one in restored} == {"prices", "sentiment", "signals", "market-context", "order-state"}
    again = restore_days(days[0], days[1], NOW, items, archive)
    assert sum(one.written for one in again) == 0
    assert all(one.identical for one in (*restored, *again))
    assert archive.keys(BUCKET, folder("prices", days[0]))
