"""Whole tables, item by item, with exact types: what a backup and the archive read, and what a restore puts back.

The partitions of a table are found by hops: a scan of one item, started behind the last possible key of the partition
before. So a table of ten partitions costs ten small reads, however many items there are.
Source: Amazon DynamoDB API reference, "Scan" (ExclusiveStartKey is a key to start after; it need not be an item's).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Context
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from adapters.aws_errors import translated
from trading.errors import Conflict, Halt
from trading.ports.items import Raw
from trading.tables import Names, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 1000
LAST_NUMBER = "9" * 20
"""Behind every numeric sort key there is: times in seconds, and places in a day."""
EXACT = Context(prec=60)
"""More digits than DynamoDB keeps, so that writing a number in another way never rounds it."""
REFUSED = "ConditionalCheckFailedException"


class DynamoItems:
    """The Items port over the shared client, safe for many threads. ``page``: items asked for at a time, at most."""

    def __init__(self, names: Names, client: DynamoDBClient, page: int = PAGE) -> None:
        self._names, self._client, self._page = names, client, page

    def all(self, table: Table) -> Iterator[Raw]:
        """Every item, page after page, consistently read."""
        request: dict[str, Any] = {"TableName": self._names.table(table), "Limit": self._page, "ConsistentRead": True}
        yield from self._pages("scan", table, request)

    def partitions(self, table: Table) -> list[str]:
        """The partition keys there are, sorted."""
        found: list[str] = []
        request: dict[str, Any] = {"TableName": self._names.table(table), "Limit": 1, "ConsistentRead": True}
        with translated(f"list the partitions of {request['TableName']}", write=False):
            while items := self._client.scan(**request)["Items"]:
                found.append(str(items[0][table.pk.name]["S"]))
                request["ExclusiveStartKey"] = {table.pk.name: {"S": found[-1]}, **_behind(table)}
        return sorted(found)

    def between(self, table: Table, partition: str, first: int, last: int) -> Iterator[Raw]:
        """The items of a partition between two sort keys, all pages, consistently read."""
        sort = table.sk.name if table.sk else ""
        request: dict[str, Any] = {
            "TableName": self._names.table(table), "Limit": self._page, "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :first AND :last",
            "ExpressionAttributeNames": {"#pk": table.pk.name, "#sk": sort},
            "ExpressionAttributeValues": {
                ":pk": {"S": partition}, ":first": {"N": str(first)}, ":last": {"N": str(last)},
            },
        }  # fmt: skip
        yield from self._pages("query", table, request)

    def put_back(self, table: Table, item: Raw) -> bool:
        """Put an item where none is. A refusal by the very same item is a lost reply, or an earlier restore."""
        name, wire = self._names.table(table), dict(item)
        with translated(f"put an item back into {name}", write=True):
            try:
                self._client.put_item(
                    TableName=name,
                    Item=wire,
                    ConditionExpression="attribute_not_exists(#pk)",
                    ExpressionAttributeNames={"#pk": table.pk.name},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != REFUSED:
                    raise
                there: Any = error.response.get("Item", {})
            else:
                return True
        if _item(there) != item:
            msg = f"{name} holds another item as {_shown(table, item)}; nothing there is overwritten"
            raise Conflict(msg)
        return False

    def _pages(self, verb: str, table: Table, request: dict[str, Any]) -> Iterator[Raw]:
        """Every page of a scan or a query."""
        ask = getattr(self._client, verb)
        while True:
            with translated(f"read {self._names.table(table)}", write=False):
                reply = ask(**request)
            yield from map(_item, reply["Items"])
            if "LastEvaluatedKey" not in reply:
                return
            request = {**request, "ExclusiveStartKey": reply["LastEvaluatedKey"]}


def _behind(table: Table) -> dict[str, Any]:
    """A sort key behind every other one."""
    return {table.sk.name: {"N": LAST_NUMBER}} if table.sk else {}


def _shown(table: Table, item: Raw) -> str:
    keys = (table.pk, *((table.sk,) if table.sk else ()))
    return " ".join(str(value) for key in keys for value in item[key.name].values())


def _item(wire: Mapping[str, Mapping[str, Any]]) -> Raw:
    return {name: _value(value) for name, value in wire.items()}


def _value(wire: Mapping[str, Any]) -> dict[str, Any]:
    """One attribute value with its numbers written in the one way. Raises Halt for a kind that we never write."""
    ((kind, value),) = wire.items()
    match kind:
        case "S" | "BOOL" | "NULL":
            return {kind: value}
        case "N":
            return {"N": one_text(value)}
        case "L":
            return {"L": [_value(part) for part in value]}
        case "M":
            return {"M": {name: _value(part) for name, part in value.items()}}
    msg = f"an attribute of kind {kind} is not one of ours; somebody else writes to the table"
    raise Halt(msg)


def one_text(number: str) -> str:
    """The one text of a number: ``1.50``, ``1.5`` and ``15E-1`` are ``1.5``; exact, without an exponent."""
    value = EXACT.create_decimal(number)
    return f"{value.normalize(EXACT):f}" if value else "0"
