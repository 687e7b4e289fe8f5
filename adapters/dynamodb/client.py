"""DynamoDB as the adapters use it: plain items, every page, every unprocessed rest, and writes that know their own.

A reply can be lost after the write was done, and botocore then sends it again by itself: the second attempt finds the
condition broken by the first. Each guarded write therefore carries a ``write_id`` of its own; a condition that fails on
exactly this id was not lost but won.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from adapters.aws_errors import reply_was_lost, translated
from adapters.dynamodb.errors import CONDITION_FAILED, Lost, not_conditions, reasons
from adapters.dynamodb.wire import Item, Plain, Wire, item_from_wire, item_to_wire, to_wire
from trading.errors import Halt, Transient, Unknown

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH_WRITE, BATCH_GET, TRANSACTION = 25, 100, 100
"""How much DynamoDB takes in one call."""
REST_ATTEMPTS = 8
FIRST_PAUSE_S = 0.05

type Verb = Literal["Put", "Update", "Delete"]


@dataclass(frozen=True, slots=True)
class Write:
    """One change. ``thing`` names what is changed, in words, for the error when ``condition`` does not hold.

    what:   the item of a Put, the key of an Update or a Delete.
    Names in ``condition`` and ``update`` are written ``#name``, values ``:name`` (from ``values``).
    """

    verb: Verb
    table: str
    what: Item
    thing: str
    condition: str = ""
    update: str = ""
    values: Mapping[str, Plain] = field(default_factory=dict)

    def request(self, write_id: str) -> dict[str, Any]:
        """The low-level request."""
        if self.verb == "Put":
            guarded = {**self.what, "write_id": write_id} if self.condition else self.what
            body: dict[str, Any] = {"TableName": self.table, "Item": item_to_wire(guarded)}
        else:
            body = {"TableName": self.table, "Key": item_to_wire(self.what)}
        if self.update:
            body["UpdateExpression"] = self.update
        if self.condition:
            body |= {"ConditionExpression": self.condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        return body | _expressions(f"{self.condition} {self.update}", self.values)


def _expressions(text: str, values: Mapping[str, Plain]) -> dict[str, Any]:
    """The names and values that an expression mentions. All names go through placeholders: many are reserved words."""
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", text)}
    given = {f":{name}": to_wire(values[name]) for name in dict.fromkeys(re.findall(r":(\w+)", text))}
    found: dict[str, Any] = {}
    if names:
        found["ExpressionAttributeNames"] = names
    if given:
        found["ExpressionAttributeValues"] = given
    return found


class Dynamo:
    """A shared low-level client, safe for many threads."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._client = client

    def get(self, table: str, key: Item) -> Item | None:
        """One item, consistently read; None when there is none."""
        with translated(f"read {table} {_shown(key)}", write=False):
            reply = self._client.get_item(TableName=table, Key=item_to_wire(key), ConsistentRead=True)
        return item_from_wire(reply["Item"]) if "Item" in reply else None

    def get_all(self, table: str, keys: Iterable[Item]) -> list[Item]:
        """Those of the items that exist, consistently read, in no order."""
        found: list[Item] = []
        unique = {tuple(key.items()): key for key in keys}.values()  # one key twice in a call is an error there
        for some in batched(unique, BATCH_GET):
            wanted: Any = {table: {"Keys": [item_to_wire(key) for key in some], "ConsistentRead": True}}
            for _ in _attempts(f"read {len(some)} items of {table}"):
                with translated(f"read {len(some)} items of {table}", write=False):
                    reply = self._client.batch_get_item(RequestItems=wanted)
                found += [item_from_wire(item) for item in reply["Responses"].get(table, [])]
                wanted = reply.get("UnprocessedKeys")
                if not wanted:
                    break
        return found

    def query_wire(
        self, table: str, condition: str, values: Mapping[str, Plain], **more: Any
    ) -> Iterator[Mapping[str, Any]]:
        """All items under a key condition, page after page to the end, as attribute values.

        Consistently read, except through an index (``IndexName``), which cannot be. ``Limit`` ends the query after so
        many items; it is never used with a filter, so it can hide nothing.
        """
        shape = _expressions(f"{condition} {more.get('ProjectionExpression', '')}", values)
        request: dict[str, Any] = {"TableName": table, "KeyConditionExpression": condition, **shape, **more}
        request["ConsistentRead"] = "IndexName" not in more
        left = more.get("Limit")
        while True:
            with translated(f"query {table} for {condition}", write=False):
                reply = self._client.query(**request)
            yield from reply["Items"]
            left = None if left is None else left - len(reply["Items"])
            if "LastEvaluatedKey" not in reply or left == 0:
                return
            request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]
            if left is not None:
                request["Limit"] = left

    def query(self, table: str, condition: str, values: Mapping[str, Plain], **more: Any) -> Iterator[Item]:
        """The same, as plain items."""
        return map(item_from_wire, self.query_wire(table, condition, values, **more))

    def put_all(self, table: str, items: Iterable[Mapping[str, Wire]]) -> int:
        """Put items in batches, without conditions; how many. Putting the same again changes nothing.

        Raises Transient when DynamoDB keeps leaving some aside, Unknown when a reply was lost.
        """
        count = 0
        for some in batched(items, BATCH_WRITE):
            rest: Any = {table: [{"PutRequest": {"Item": item}} for item in some]}
            for _ in _attempts(f"put {len(some)} items into {table}"):
                with translated(f"put {len(some)} items into {table}", write=True):
                    rest = self._client.batch_write_item(RequestItems=rest).get("UnprocessedItems")
                if not rest:
                    break
            count += len(some)
        return count

    def write(self, *writes: Write) -> None:
        """All of these changes or none.

        Raises Lost (a Conflict) that names what moved on, Transient when nothing happened, Unknown when the last reply
        was lost: look the things up, or do the whole step again from a fresh read.
        """
        write_id = uuid.uuid4().hex
        doing = f"write {', '.join(write.thing for write in writes)}"
        with translated(doing, write=True):
            try:
                self._send(writes, write_id)
            except ClientError as error:
                if error.response["Error"]["Code"] not in {
                    "ConditionalCheckFailedException",
                    "TransactionCanceledException",
                }:
                    raise
                self._explain(error, writes, write_id)

    def _send(self, writes: Sequence[Write], write_id: str) -> None:
        if len(writes) == 1 and writes[0].verb == "Put":
            self._client.put_item(**writes[0].request(write_id))
        else:
            actions: Any = [{write.verb: write.request(write_id)} for write in writes]
            self._client.transact_write_items(TransactItems=actions, ClientRequestToken=write_id)

    @staticmethod
    def _explain(error: ClientError, writes: Sequence[Write], write_id: str) -> None:
        """Return when the write that was in the way is our own; else raise what the refusal means."""
        found = reasons(error) or [{"Code": CONDITION_FAILED, "Item": error.response.get("Item", {})}]
        failed = [
            (write, reason.get("Item") or {})
            for write, reason in zip(writes, found, strict=True)
            if reason.get("Code") == CONDITION_FAILED
        ]
        if any(stored.get("write_id") == {"S": write_id} for _, stored in failed):
            return
        verdict = Lost(write.thing for write, _ in failed) if failed else not_conditions(found) or error
        if reply_was_lost() and not isinstance(verdict, Halt):
            msg = f"an earlier attempt got no answer, and then: {verdict}; it may have been written"
            raise Unknown(msg) from error
        raise verdict from None


def _attempts(doing: str) -> Iterator[int]:
    """Count attempts with growing pauses between them. Raises Transient when they are used up."""
    for attempt in range(REST_ATTEMPTS):
        if attempt:
            time.sleep(FIRST_PAUSE_S * 2**attempt)
        yield attempt
    msg = f"could not {doing}: DynamoDB leaves some aside again and again"
    raise Transient(msg)


def _shown(key: Item) -> str:
    return " ".join(str(part) for part in key.values())
