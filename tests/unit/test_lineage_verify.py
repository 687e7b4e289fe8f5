"""``trader verify``: a byte changed in a table, the archive, a candle file or a payload is found and named."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from adapters.cold import ParquetCandles
from tests.days import PAIRS
from tests.services.decisions import AT, START, Decisions
from trading.errors import Transient
from trading.services.archive import BUCKET, archive_table, folder
from trading.services.cold_days import archive_candles
from trading.services.lines import zipped
from trading.services.verify import Places, verify_day
from trading.tables import LINEAGE, PRICES

DAY, NIGHT = date(2024, 1, 2), datetime(2024, 1, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk():
    """A desk with two decisions of one day, archived the night after; put right again for the next test."""
    made, files, items = untouched()
    yield made
    made.archive.files = dict(files)
    for item in items:
        made.dynamo.put_item(TableName=made.names.table(LINEAGE), Item=item)


@cache
def untouched():
    """That desk, made once, its files and its records."""
    made = Decisions()
    made.cold = ParquetCandles(made.archive)
    for minutes in (0, 20):
        made.analyse(AT + timedelta(minutes=minutes))
    for table in (LINEAGE, PRICES):
        archive_table(table, NIGHT, made.items(), made.archive)
    for pair in PAIRS[:2]:
        archive_candles(pair, NIGHT, made.items(), made.cold)
    return made, dict(made.archive.files), made.dynamo.scan(TableName=made.names.table(LINEAGE))["Items"]


def verified(desk, day=DAY, at=NIGHT):
    """What verify says of a day."""
    return verify_day(day, Places(desk.lineage, desk.archive, desk.cold, desk.items(), PAIRS[:2], at))


def payloads_of(desk):
    """The keys of what providers sent."""
    return desk.archive.keys("raw-market-data", "")


def archived_file(desk):
    """The key of the archived records."""
    (key,) = (key for key in desk.archive.keys(BUCKET, folder("lineage", DAY)) if key.endswith(".gz"))
    return BUCKET, key


def rewritten(desk, old, new):
    """The archived file with one text in it replaced, zipped and named as before."""
    where = archived_file(desk)
    lines = gzip.decompress(desk.archive.files[where]).decode()
    assert old in lines
    desk.archive.files[where] = zipped(lines.replace(old, new, 1).splitlines())


def test_a_day_that_nobody_touched_is_whole(desk):
    """Records, their archived copies, candle files and payloads are counted, and nothing is wrong."""
    seen = verified(desk)
    assert (seen.records, seen.archived, seen.faults) == (2, 2, [])
    assert (seen.candle_days, seen.payloads) == (2, len(payloads_of(desk)))
    nothing = replace(seen, records=0, archived=None, candle_days=0, payloads=0)
    assert replace(verified(desk, date(2023, 1, 1)), day=DAY) == nothing


def test_a_byte_changed_in_an_archived_record_is_found_and_named(desk):
    """The day, the number and what differs are said while the table has the record, and also once it has forgotten."""
    rewritten(desk, '\\"jpy_free\\":\\"100000 JPY', '\\"jpy_free\\":\\"900000 JPY')
    first, second = verified(desk).faults
    assert first.startswith("archived record 1 of 2024-01-02: its bytes were changed")
    assert second == (
        "record 1 of 2024-01-02: table and archive differ:"
        ' books.balances.jpy_free: "100000 JPY" in the table, "900000 JPY" archived'
    )
    for number in range(3):
        key = {"day": {"S": "2024-01-02"}, "number": {"N": str(number)}}
        desk.dynamo.transact_write_items(
            TransactItems=[{"Delete": {"TableName": desk.names.table(LINEAGE), "Key": key}}]
        )
    first, gone = verified(desk).faults
    assert first.startswith("archived record 1 of 2024-01-02: its bytes were changed")
    assert gone.startswith("2024-01-02: 2 records are archived, but gone from the table before their time")
    assert verified(desk, at=NIGHT + timedelta(days=LINEAGE.ttl_days)).faults == [first]


def test_a_byte_changed_in_the_table_is_found_and_named(desk):
    """The record is named by day and number, and the archive tells what it said."""
    table = desk.names.table(LINEAGE)
    key = {"day": {"S": "2024-01-02"}, "number": {"N": "2"}}
    item = desk.dynamo.get_item(TableName=table, Key=key)["Item"]
    desk.dynamo.put_item(
        TableName=table, Item={**item, "body": {"S": item["body"]["S"].replace("embedded", "embeddee", 1)}}
    )
    faults = verified(desk).faults
    assert faults[0].startswith("record 2 of 2024-01-02: its bytes were changed")
    assert faults[1].startswith("record 2 of 2024-01-02: table and archive differ: ")


def test_an_archived_file_that_was_cut_or_swapped_is_found(desk):
    """Bytes that are no file any more, a record that is gone, and lines in another order are each a fault."""
    where = archived_file(desk)
    whole = desk.archive.files[where]
    desk.archive.files[where] = whole[:-20]
    assert "is not readable as records" in verified(desk).faults[0]
    lines = gzip.decompress(whole).decode().splitlines()
    desk.archive.files[where] = zipped([line for line in lines if json.loads(line)["number"] != {"N": "1"}])
    assert "archived record 1 of 2024-01-02: is missing" in verified(desk).faults
    desk.archive.files[where] = zipped(lines[::-1])
    assert "is not what was stored" in verified(desk).faults[0]


def test_changed_candles_and_payloads_are_found_by_their_own_hash(desk):
    """A candle file and a payload that are not what their hashes say are named by pair and by key."""
    keys = payloads_of(desk)
    desk.archive.files["raw-market-data", keys[0]] = gzip.compress(b'{"payloads": []}')
    key = next(key for key in desk.archive.keys(BUCKET, f"candles/pair={PAIRS[0].key}/"))
    other = next(key for key in desk.archive.keys(BUCKET, f"candles/pair={PAIRS[1].key}/"))
    desk.archive.files[BUCKET, key] = desk.archive.files[BUCKET, other]
    (payload,) = verified(desk).faults
    assert keys[0] in payload
    candles, *_ = verified(desk, START.date()).faults
    assert candles.startswith(f"2024-01-01: candles of {PAIRS[0].key}: ")


def test_a_payload_that_is_gone_is_named_with_the_rows_that_were_read_from_it(desk):
    """Whether table, archived copy or candle file names it: whose it is and its key are said."""
    keys = payloads_of(desk)
    for key in keys:
        del desk.archive.files["raw-market-data", key]
    faults = verified(desk).faults
    assert len(faults) == len(keys)
    said = (
        f"2024-01-02: prices of btc_usdt names the payload {next(key for key in keys if 'btc' in key)}, which is gone"
    )
    assert said in faults
    assert any("sentiment of" in fault and "cryptopanic" in fault for fault in faults)


def test_a_payload_that_nobody_names_is_read_too_where_others_of_the_day_lie(desk, monkeypatch):
    """An answer that was refused is evidence: changed bytes of it are found without a look at the whole bucket."""
    listed, keys = [], desk.archive.keys
    monkeypatch.setattr(desk.archive, "keys", lambda bucket, start: listed.append(start) or keys(bucket, start))
    (key,) = (key for key in payloads_of(desk) if "btc" in key and "092007" in key)
    desk.archive.files["raw-market-data", f"refused/{key}"] = b"{}"
    listed.clear()
    (fault,) = verified(desk).faults
    assert f"refused/{key}" in fault
    assert listed
    assert all(f"/date={DAY}/" in start for start in listed)


def test_a_candle_file_is_compared_with_the_archived_table(desk):
    """A file that is gone, and one written anew with another close and a seal that fits, are faults of the day."""
    pair, other = PAIRS[:2]
    (gone,) = desk.archive.keys(BUCKET, f"candles/pair={pair.key}/date={DAY}")
    del desk.archive.files[BUCKET, gone]
    anew = desk.cold.get(other, DAY)
    anew.loc[5, ["close", "low"]] = anew.loc[5, "low"] * 0.999
    desk.cold.put(other, DAY, anew)
    first, second = verified(desk).faults
    assert first.startswith(f"2024-01-02: candles of {pair.key}: their file is gone, 116 of them are archived")
    assert second == (
        f"2024-01-02: candles of {other.key}: 1 of 116 in their file are not what was archived, first 00:25 UTC"
    )


def test_an_archive_that_does_not_answer_is_no_fault_of_the_day(desk, monkeypatch):
    """What cannot be read now raises, so that nobody takes an outage for a forgery, or for a day that is whole."""

    def down(*_):
        raise Transient("S3 does not answer")

    monkeypatch.setattr(desk.archive, "get", down)
    with pytest.raises(Transient):
        verified(desk)
