"""The CandleStore port on DynamoDB."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dynamodb import candles as module
from adapters.dynamodb.candles import DynamoCandles
from adapters.dynamodb.client import Dynamo
from tests.contract.conftest import ACCOUNT
from tests.simulation.tables import MemoryDynamo
from trading import candles as frames
from trading.errors import BadInput, Transient
from trading.pairs import parse_pairs
from trading.ports import CandleStore
from trading.tables import Names

PAIRS = parse_pairs(None)
BTC, ETH = PAIRS[1], PAIRS[0]
START = datetime(2026, 3, 5, tzinfo=UTC)
STEP = frames.INTERVAL


def market(count, start=START, seed=1):
    """Candles with all the digits that a float has."""
    values = np.random.default_rng(seed).lognormal(5, 1, (count, 4)).tolist()
    rows = []
    for number, (first, high, low, last) in enumerate(values):
        both = sorted((first, high, low, last))
        rows.append((start + number * STEP, first, both[3], both[0], last, high / 3))
    return frames.frame(rows)


class Counting:
    """The client, with the number of queries and the rows that they brought."""

    def __init__(self, client):
        self.client, self.queries, self.rows = client, 0, 0

    def query(self, **request):
        reply = self.client.query(**request)
        self.queries += 1
        self.rows += len(reply["Items"])
        return reply

    def __getattr__(self, name):
        return getattr(self.client, name)


@pytest.fixture
def counted(aws, names, tables):
    """A fresh store over the same table, whose queries are counted."""
    client = Counting(aws.dynamodb)
    return DynamoCandles(names, Dynamo(client)), client


def same(found, wanted):
    pd.testing.assert_frame_equal(found, wanted.reset_index(drop=True), check_exact=True)


def test_candles_come_back_bit_by_bit(tables, counted):
    """Every value is the float64 that was stored; types and order are those of a candle frame."""
    port: CandleStore = tables.candles
    stored = market(400)
    assert port.put(BTC, stored) == 400
    fresh, _ = counted
    end = START + 400 * STEP
    for store in (port, fresh):
        same(store.window(BTC, end, 336), frames.window(stored, end, 336))
        same(store.window(ETH, end, 336), frames.empty())
        assert store.newest(BTC) == START + 399 * STEP
        assert store.newest(ETH) is None


def test_storing_candles_again_changes_nothing(tables, aws, names):
    """The same rows, no more and no fewer."""
    for _ in range(2):
        tables.candles.put(BTC, market(60))
    assert aws.dynamodb.scan(TableName=tables.candles._table)["Count"] == 60
    assert tables.candles.put(BTC, frames.empty()) == 0


def test_a_frame_with_faults_is_not_stored(tables, aws):
    """Duplicates, a wrong order or NaN are refused as a whole, by name."""
    good = market(10)
    for bad in (pd.concat([good, good]), good[::-1], good.assign(close=float("nan"))):
        with pytest.raises(BadInput, match=r"candles of btc_usdt has .*nothing of them was stored"):
            tables.candles.put(BTC, bad)
    assert aws.dynamodb.scan(TableName=tables.candles._table)["Count"] == 0


def test_a_stored_candle_says_where_it_came_from_and_when_it_goes(tables, aws):
    """Numbers are DynamoDB numbers, the ttl is 14 days after the candle."""
    tables.candles.put(BTC, market(1))
    (item,) = aws.dynamodb.scan(TableName=tables.candles._table)["Items"]
    assert item["source"] == {"S": "binance"}
    assert int(item["ttl"]["N"]) - int(item["timestamp"]["N"]) == 14 * 86_400
    assert all("N" in item[name] for name in ("open", "high", "low", "close", "volume"))


def test_only_candles_closed_by_then_are_in_a_window(tables):
    """I19: the candle that is still forming at ``at`` never counts, whether it comes from memory or from the table."""
    tables.candles.put(BTC, market(5))
    for seconds, opened in ((0, 3), (299, 3), (300, 4)):
        found = tables.candles.window(BTC, START + 4 * STEP + timedelta(seconds=seconds), 2)
        assert found["open_time"].iloc[-1] == START + opened * STEP


def test_what_was_stored_here_is_not_read_again(tables, counted):
    """A collector looks what its candles would change; windows come from memory, and the newest is read only once."""
    store, client = counted
    store.put(BTC, market(400))
    store.window(BTC, START + 400 * STEP, 336)
    store.window(BTC, START + 400 * STEP, 13)
    for number in range(399, 402):
        assert store.newest(BTC) == START + number * STEP
        store.put(BTC, market(number + 2)[number + 1 :])
    assert (client.queries, client.rows) == (5, 1)


def test_the_newest_stored_candle_never_goes_back(tables, counted):
    """A process that puts an old candle first still says what the table holds."""
    candles = market(10)
    tables.candles.put(BTC, candles.drop(index=3))
    store, _ = counted
    store.put(BTC, candles[3:4])
    assert store.newest(BTC) == START + 9 * STEP
    store.put(BTC, candles[4:5])
    assert store.newest(BTC) == START + 9 * STEP


def test_only_newer_candles_are_asked_for(tables, counted):
    """An analyst reads a window once, then the one candle that another process has added."""
    candles = market(401)
    tables.candles.put(BTC, candles[:400])
    store, client = counted
    at = START + 400 * STEP
    store.window(BTC, at, 336)
    assert (client.queries, client.rows) == (1, 336)
    store.window(BTC, at, 336)
    assert client.queries == 1
    # The next candle is late: it is asked for, and the window ends with what there is.
    same(store.window(BTC, at + STEP, 300), frames.window(candles[:400], at, 300))
    assert (client.queries, client.rows) == (2, 336)
    tables.candles.put(BTC, candles[400:])
    same(store.window(BTC, at + STEP, 336), frames.window(candles, at + STEP, 336))
    assert (client.queries, client.rows) == (3, 337)


def test_a_gap_is_never_closed_by_memory(tables, counted):
    """A window over a gap reaches further back, as the table says, and sees the gap filled later by somebody else."""
    candles = market(60)
    with_gap = candles.drop(index=range(30, 33)).reset_index(drop=True)
    tables.candles.put(BTC, with_gap)
    store, _ = counted
    end = START + 60 * STEP
    for _ in range(2):
        same(store.window(BTC, end, 40), frames.window(with_gap, end, 40))
    tables.candles.put(BTC, candles[30:33])
    same(store.window(BTC, end, 40), frames.window(candles, end, 40))


def test_the_memory_stays_small(tables, monkeypatch):
    """Old candles are forgotten, and read again when somebody asks for them."""
    monkeypatch.setattr(module, "KEPT", 100)
    candles = market(300)
    for first in range(0, 300, 20):
        tables.candles.put(BTC, candles[first : first + 20])
    assert len(tables.candles._rows[BTC.key]) <= 125
    same(tables.candles.window(BTC, START + 80 * STEP, 40), frames.window(candles, START + 80 * STEP, 40))


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "other", "window"]), st.integers(0, 40), st.integers(1, 12), st.booleans()),
        min_size=3,
        max_size=12,
    )
)
def test_a_store_with_memory_answers_like_one_without(steps):
    """Whoever stores or changes what, and whatever time is asked for: the same window, forwards and backwards."""
    names, client = Names("memory", ACCOUNT), MemoryDynamo(page_size=7)
    mine, other = (DynamoCandles(names, Dynamo(client)) for _ in range(2))
    first_said, said_later = market(60), market(60, seed=2)
    rows = {later: list(both.itertuples(index=False)) for later, both in ((False, first_said), (True, said_later))}
    stored: dict[int, tuple] = {}
    for kind, first, many, later in steps:
        if kind == "window":
            at = START + first * STEP
            truth = frames.frame([stored[slot] for slot in sorted(stored)])
            same(mine.window(BTC, at, many), frames.window(truth, at, many))
        else:
            some = (said_later if later else first_said)[first : first + many]
            (mine if kind == "put" else other).put(BTC, some)
            stored |= {slot: rows[later][slot] for slot in some.index}


def test_a_changed_candle_is_seen_by_everybody(tables, counted):
    """The venue's later version replaces the first one, also for a process that remembers the first; nothing else does.

    Whoever may not rewrite stores what is new, and says what waits.
    """
    candles = market(50)
    tables.candles.put(BTC, candles[:49])
    other, client = counted
    end = START + 50 * STEP
    other.window(BTC, end - STEP, 49)
    tables.candles.put(BTC, candles[:49])
    asked = client.queries
    other.window(BTC, end - STEP, 49)
    assert client.queries == asked  # the same again is no change
    changed = candles.assign(close=candles["close"].where(candles.index != 20, candles["low"]))
    with pytest.raises(Transient, match=r"1 changed candles of btc_usdt wait.*the new are stored"):
        tables.candles.put(BTC, changed, rewrite=False)
    same(other.window(BTC, end, 50), candles)
    tables.candles.put(BTC, changed)
    for store in (tables.candles, other):
        same(store.window(BTC, end, 50), changed)


def test_two_who_change_history_at_once_both_end_well(tables, counted):
    """The one who comes second looks again at what there is; the later one's candles stand."""
    candles, (other, client) = market(20), counted
    tables.candles.put(BTC, candles)
    changed = candles.assign(close=candles["low"])
    whole, client.transact_write_items = client.client.transact_write_items, None

    def late(**request):
        client.transact_write_items = whole
        tables.candles.put(BTC, candles.assign(close=candles["high"]))
        return whole(**request)

    client.transact_write_items = late
    other.put(BTC, changed)
    for store in (tables.candles, other):
        same(store.window(BTC, START + 20 * STEP, 20), changed)


def test_rows_of_an_old_edition_are_not_remembered_under_the_next(tables, counted):
    """Two threads of one store: the slower one's rows were read before history changed, and are forgotten."""
    candles, (store, client) = market(50), counted
    tables.candles.put(BTC, candles)
    changed, end, ask = candles.assign(close=candles["low"]), START + 50 * STEP, client.query

    def slow(**request):
        client.query = ask
        reply = ask(**request)
        tables.candles.put(BTC, changed)
        same(store.window(BTC, end, 50), changed)
        return reply

    client.query = slow
    store.window(BTC, end, 50)
    same(store.window(BTC, end, 50), changed)


def test_six_threads_share_one_store(tables, counted):
    """All pairs at once, stored and read, give each their own candles."""
    store, _ = counted
    made = {pair.key: market(120, seed=number) for number, pair in enumerate(PAIRS)}
    end = START + 120 * STEP

    def work(pair):
        store.put(pair, made[pair.key])
        return [store.window(pair, end - number * STEP, 50) for number in range(20)]

    with ThreadPoolExecutor(6) as pool:
        found = dict(zip(made, pool.map(work, PAIRS), strict=True))
    for key, windows in found.items():
        for number, one in enumerate(windows):
            same(one, frames.window(made[key], end - number * STEP, 50))


def test_a_window_of_megabytes_is_read_to_its_end(tables, aws, counted):
    """I12: more than one page of candles is a whole window."""
    candles = market(80)
    tables.candles.put(BTC, candles)
    for number in range(80):
        aws.dynamodb.update_item(
            TableName=tables.candles._table,
            Key={"pair": {"S": BTC.key}, "timestamp": {"N": str(int((START + number * STEP).timestamp()))}},
            UpdateExpression="SET ballast = :b",
            ExpressionAttributeValues={":b": {"S": "x" * 30_000}},
        )
    store, client = counted
    same(store.window(BTC, START + 80 * STEP, 70), frames.window(candles, START + 80 * STEP, 70))
    assert client.queries > 1
