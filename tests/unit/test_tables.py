"""What is declared about tables, queues and buckets agrees with itself and with what DynamoDB allows."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from trading.errors import BadInput
from trading.order import Intent, Trade
from trading.position import Position
from trading.tables import (
    BUCKETS,
    ORDER_REQUESTS,
    ORDER_REQUESTS_DLQ,
    ORDER_STATE,
    QUEUES,
    SECRETS,
    TABLES,
    TOPICS,
    TTL,
    Names,
)


def test_every_name_is_declared_once():
    """No two tables, queues, topics, secrets or buckets share a name."""
    for names in (
        [table.name for table in TABLES],
        [queue.name for queue in QUEUES],
        [bucket.purpose for bucket in BUCKETS],
        TOPICS,
        SECRETS,
    ):
        assert len(set(names)) == len(names) > 1


def test_the_tables_are_those_of_the_design():
    """Names, keys and lifetimes in days."""
    assert {table.name: (table.pk.name, table.sk and table.sk.name, table.ttl_days) for table in TABLES} == {
        "prices": ("pair", "timestamp", 14),
        "revisions": ("pair", "revision", None),
        "sentiment": ("pair", "timestamp", 14),
        "signals": ("pair", "timestamp", 90),
        "forecasts": ("pair", "timestamp", 90),
        "market-context": ("context_type", "timestamp", 14),
        "analysis_state": ("pair", None, None),
        "lineage": ("day", "number", 90),
        "improvements": ("improvement_id", None, 180),
        "order-state": ("pk", "sk", None),
    }


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_table_is_one_that_dynamodb_takes(table):
    """At most 20 attributes an index and 100 in all, no key among them, and no column twice or without a meaning."""
    keys = {key.name for key in table.keys}
    columns = [column.name for column in table.columns]
    assert len(set(columns)) == len(columns)
    assert not keys & set(columns)
    assert TTL not in columns
    assert all(column.meaning and column.kind in {"S", "N", "M", "L"} for column in table.columns)
    for index in table.indexes:
        assert 1 <= len(index.include) <= 20
        assert len(set(index.include)) == len(index.include)
        assert not {index.pk.name, index.sk.name, table.pk.name, table.sk.name} & set(index.include)
    assert sum(len(index.include) for index in table.indexes) <= 100


def test_numbers_carry_their_unit():
    """What a number means says what it is measured in, or between which numbers it lies."""
    units = re.compile(r"USDT|coins|lock|\b0\b|-1|percent|fraction|articles|yen|records")
    unclear = [
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in table.columns
        if column.kind == "N" and not units.search(column.meaning) and column.name != "score"
    ]
    assert unclear == []


def test_an_index_of_the_orders_shows_only_what_is_stored():
    """Every projected attribute is a column or a field of a trade or a position."""
    stored = {column.name for column in ORDER_STATE.columns}
    stored |= {field.name for kind in (Intent, Trade, Position) for field in fields(kind)} - {"pair"}
    shown = {name for index in ORDER_STATE.indexes for name in index.include}
    assert shown - stored == set()


def test_a_dead_letter_queue_comes_before_the_queue_that_names_it():
    """Made in the declared order, everything finds what it points at; dead letters outlive the live ones."""
    assert QUEUES.index(ORDER_REQUESTS_DLQ) < QUEUES.index(ORDER_REQUESTS)
    assert ORDER_REQUESTS.dead_letters is ORDER_REQUESTS_DLQ
    assert (ORDER_REQUESTS.visibility_s, ORDER_REQUESTS.wait_s, ORDER_REQUESTS.max_receives) == (60, 20, 3)
    assert ORDER_REQUESTS_DLQ.retention_s == 14 * 86_400 > ORDER_REQUESTS.retention_s == 4 * 86_400


def test_names_carry_the_prefix():
    """Tables, queues, topics, secrets and buckets of one desk are told from those of another."""
    names = Names("mine", "123456789012")
    assert names.table(ORDER_STATE) == "mine-order-state"
    assert names.queue(ORDER_REQUESTS_DLQ) == "mine-order-requests-dlq"
    assert names.topic("alerts") == "mine-alerts"
    assert names.secret("slack/webhook_url") == "mine/slack/webhook_url"
    assert names.bucket("models") == "mine-models-123456789012"
    assert Names().table(ORDER_STATE) == "trader-order-state"


@pytest.mark.parametrize("bucket", BUCKETS, ids=lambda bucket: bucket.purpose)
def test_a_bucket_name_fits(bucket):
    """S3 takes 63 characters, also with the longest prefix that the settings allow, 18 characters."""
    assert len(Names("x" * 18, "1" * 12).bucket(bucket.purpose)) <= 63


def test_a_bucket_needs_a_known_purpose_and_an_account():
    """Both mistakes are said in one line."""
    with pytest.raises(BadInput, match="there is no bucket for 'pictures'"):
        Names("a", "1").bucket("pictures")
    with pytest.raises(BadInput, match="account"):
        Names("a").bucket("models")
