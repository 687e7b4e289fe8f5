"""Whole tables, item by item, on what stands in for DynamoDB and on AWS's own."""

from __future__ import annotations

import random

import pytest

from adapters.aws import Aws
from adapters.dynamodb.dump import DynamoItems
from adapters.provision import provision
from trading.errors import Conflict
from trading.services.lines import lines_of
from trading.tables import LINEAGE, SIGNALS, Names


def row(pair: str, at: int, **more):
    return {"pair": {"S": pair}, "timestamp": {"N": str(at)}, **more}


EVERY_KIND = {
    "n": {"N": "0.1000000000000000055511151231257827"}, "tiny": {"N": "0." + "0" * 129 + "1"}, "s": {"S": "a\u2028b"},
    "no": {"NULL": True}, "yes": {"BOOL": True}, "l": {"L": [{"N": "1"}, {"L": []}]}, "m": {"M": {"x": {"N": "-7"}}},
}  # fmt: skip


@pytest.mark.parametrize("aws", ["stand_in", "dynamodb_local"], indirect=True)
def test_a_table_is_read_whole_by_pages_partitions_and_times_and_put_back_once(aws: Aws) -> None:
    """Every page, each partition found by hops, a time's rows in order, exact values, and no item overwritten."""
    names = Names(f"dump-{random.getrandbits(32):x}", "123456789012")
    provision(names, aws, tables=(SIGNALS, LINEAGE), queues=(), buckets=())
    items = DynamoItems(names, aws.dynamodb, page=3)
    rows = [row(pair, at) for pair in ("eth_usdt", "btc_usdt", "losses eth_usdt m") for at in (5, 10, 1_710_000_000)]
    rows.append(row("sol_usdt", 7, **EVERY_KIND))
    assert list(items.all(SIGNALS)) == items.partitions(SIGNALS) == []
    assert all(items.put_back(SIGNALS, one) for one in rows)
    assert lines_of(items.all(SIGNALS)) == lines_of(rows)
    assert items.partitions(SIGNALS) == ["btc_usdt", "eth_usdt", "losses eth_usdt m", "sol_usdt"]
    assert list(items.between(SIGNALS, "eth_usdt", 5, 10)) == rows[:2]
    assert list(items.between(SIGNALS, "sol_usdt", 0, 10**12)) == [rows[-1]]
    assert not any(items.put_back(SIGNALS, one) for one in rows)
    with pytest.raises(Conflict, match="sol_usdt 7; nothing there is overwritten"):
        items.put_back(SIGNALS, row("sol_usdt", 7))
    assert lines_of(items.all(SIGNALS)) == lines_of(rows)
