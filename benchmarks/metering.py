"""Counts requests to AWS in the units AWS bills them by; stand-ins count none, or wrongly.

DynamoDB: a write unit is 1 KB of an item, once more for each index that shows it and twice in a transaction; a read
unit is 4 KB consistently read, half a unit otherwise (AWS, "DynamoDB read and write operations", 2026). An update is
billed by the whole item, which its request does not show: it counts as one unit, as all of ours stay below 1 KB.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from adapters import aws
from trading.tables import TABLES, Table

WRITE_KB, READ_KB = 1024, 4096
S3_WRITES = frozenset({"PutObject", "ListObjectsV2", "CopyObject"})


class Meter:
    """Units and requests since the last ``take``."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def watch(self, client: Any) -> Any:
        """Count what this client asks from now on."""
        client.meta.events.register("before-parameter-build", self._asked)
        client.meta.events.register("after-call", self._answered)
        return client

    def take(self) -> Counter[str]:
        """What was counted, by unit: write_units, read_units, s3_writes, s3_reads, sqs, other. Starts again at 0."""
        found, self._counts = self._counts, Counter()
        return found

    def _asked(self, params: Any, context: Any, **_: Any) -> None:
        context["metered"] = params

    def _answered(self, parsed: Any, model: Any, context: Any, **_: Any) -> None:
        service, verb, asked = model.service_model.service_name, model.name, context.get("metered", {})
        if service == "dynamodb":
            self._counts["write_units"] += written(verb, asked)
            self._counts["read_units"] += read(verb, asked, parsed)
        elif service == "s3":
            self._counts["s3_writes" if verb in S3_WRITES else "s3_reads"] += 1
        else:
            self._counts["sqs" if service == "sqs" else "other"] += 1


@contextmanager
def metered() -> Iterator[Meter]:
    """Every client that is opened here is counted."""
    meter, real = Meter(), aws._client  # noqa: SLF001 (the one place where clients are made)
    with patch.object(aws, "_client", lambda *given, **named: meter.watch(real(*given, **named))):
        yield meter


def written(verb: str, asked: Mapping[str, Any]) -> int:
    """Write units of one request."""
    match verb:
        case "PutItem":
            return put_units(asked["TableName"], asked["Item"])
        case "UpdateItem" | "DeleteItem":
            return 1
        case "BatchWriteItem":
            return sum(
                put_units(table, one["PutRequest"]["Item"]) if "PutRequest" in one else 1
                for table, requests in asked["RequestItems"].items()
                for one in requests
            )
        case "TransactWriteItems":
            return 2 * sum(
                put_units(one["Put"]["TableName"], one["Put"]["Item"]) if "Put" in one else 1
                for one in asked["TransactItems"]
            )
    return 0


def put_units(name: str, item: Mapping[str, Any]) -> int:
    """Write units of one item with the indexes that show it."""
    table = next((one for one in TABLES if name.endswith(f"-{one.name}")), None)
    shown = [] if table is None else [shown_in(table, number, item) for number in range(len(table.indexes))]
    return sum(max(math.ceil(size(part) / WRITE_KB), 1) for part in (item, *filter(None, shown)))


def shown_in(table: Table, number: int, item: Mapping[str, Any]) -> dict[str, Any]:
    """What an index holds of an item; nothing where the item lacks the index's keys."""
    index = table.indexes[number]
    if index.pk.name not in item or index.sk.name not in item:
        return {}
    own = {key.name for key in (table.pk, table.sk, index.pk, index.sk) if key is not None}
    return {name: value for name, value in item.items() if name in own or name in index.include}


def read(verb: str, asked: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    """Read units of one request."""
    match verb:
        case "GetItem":
            return units(size(parsed.get("Item", {})), consistent=asked.get("ConsistentRead", False))
        case "BatchGetItem":
            return sum(units(size(item), consistent=True) for found in parsed["Responses"].values() for item in found)
        case "Query" | "Scan":
            found = sum(size(item) for item in parsed["Items"])
            return units(found, consistent=asked.get("ConsistentRead", False))
    return 0


def units(found: int, *, consistent: bool) -> float:
    """Read units of so many bytes; asking for nothing costs as much as for the first 4 KB."""
    return max(math.ceil(found / READ_KB), 1) * (1.0 if consistent else 0.5)


def size(item: Mapping[str, Any]) -> int:
    """Bytes of an item on the wire as DynamoDB counts them: names and values."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def value_size(value: Any) -> int:
    """Bytes of one value on the wire: text as UTF-8, two digits a byte, 3 a list or map and 1 for each of its parts."""
    match value:
        case {"S": text}:
            return len(text.encode())
        case {"N": number}:
            return len(number) // 2 + 2
        case {"L": parts}:
            return 3 + sum(1 + value_size(part) for part in parts)
        case {"M": parts}:
            return 3 + len(parts) + size(parts)
    return 1
