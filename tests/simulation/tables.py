"""DynamoDB's client in memory, for simulations: the calls of the adapters, in process, on plain dicts.

Every declared table is there under any prefix, empty. Items stay in wire format; a caller's item and the stored one
share their attribute values, which nobody changes in place. Not judged here: sizes (400 KB, 4 MB), reserved words,
lifetimes. The contract tests hold it to the same facts as the stand-in and DynamoDB Local.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from adapters import aws_errors
from adapters.aws_errors import Meaning, meaning
from tests.simulation.expressions import condition, given, update
from tests.simulation.pages import page
from tests.simulation.refusals import CONDITION, NOTHING, cancelled, invalid, refused
from tests.simulation.stored import Item, Place, Primary, Stored
from trading.tables import TABLES, Table

MOST_ACTIONS, MOST_GETS, MOST_PUTS = 100, 100, 25
AGAIN = frozenset({Meaning.NOT_DONE, Meaning.LOST})
"""Errors after which botocore sends a request again by itself."""
EXPRESSIONS = frozenset({"ExpressionAttributeNames", "ExpressionAttributeValues"})
CHANGE = EXPRESSIONS | {"TableName", "ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
VERBS = {
    "Put": CHANGE | {"Item"},
    "Update": CHANGE | {"Key", "UpdateExpression"},
    "Delete": CHANGE | {"Key"},
}
QUERY = EXPRESSIONS | {
    "TableName", "IndexName", "KeyConditionExpression", "ProjectionExpression", "ScanIndexForward", "Limit",
    "ConsistentRead", "ExclusiveStartKey",
}  # fmt: skip

type Hook = Callable[[str, Mapping[str, Any]], None]
"""Told ``"before put_item"`` and ``"after put_item"`` with the request; what it raises is what the caller meets.

An error after is a lost reply: what was to happen did, or was clearly refused, and nobody learns it.
"""
type Change = tuple[Stored, Primary, Item | None, tuple[Place | None, ...]]


def unbothered(_at: str, _request: Mapping[str, Any]) -> None:
    """The hook of a good day."""


class MemoryDynamo:
    """A drop-in for the low-level client, safe for many threads.

    page_size:  items of a query's page at most; the last page may be empty, as with the real thing.
    attempts:   how often a request is sent when the hook raises what botocore tries again by itself (3 in production).
    """

    def __init__(self, *, page_size: int = 1000, attempts: int = 1, on_call: Hook = unbothered) -> None:
        self.page_size, self.attempts, self.on_call = page_size, attempts, on_call
        self._tables: dict[str, Stored] = {}
        self._done: dict[str, Sequence[Any]] = {}
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------------------------------- reading

    def get_item(self, **request: Any) -> dict[str, Any]:
        """One item."""
        return self._call("get_item", self._get, request, {"TableName", "Key", "ConsistentRead"})

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Those of up to 100 items that exist, the last asked for first."""
        return self._call("batch_get_item", self._batch_get, request, {"RequestItems"})

    def query(self, **request: Any) -> dict[str, Any]:
        """One page of a partition, of the table or of an index."""
        return self._call("query", self._query, request, QUERY)

    def scan(self, **request: Any) -> dict[str, Any]:
        """Everything in one page: for tests, no adapter scans."""
        return self._call("scan", lambda asked: {"Items": self._of(asked).everything()}, request, {"TableName"})

    def describe_table(self, **request: Any) -> dict[str, Any]:
        """The keys as declared."""
        table = self._of(request).table
        indexes = [{"IndexName": index.name, "KeySchema": _schema(index.pk, index.sk)} for index in table.indexes]
        return {"Table": {"KeySchema": _schema(table.pk, table.sk), "GlobalSecondaryIndexes": indexes}}

    def describe_time_to_live(self, **_: Any) -> dict[str, Any]:
        """On, and without effect."""
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}}

    def list_tables(self, **_: Any) -> dict[str, Any]:
        """Whoever asks learns that somebody is there."""
        return {"TableNames": []}

    # ------------------------------------------------------------------------------------------------------- writing

    def put_item(self, **request: Any) -> dict[str, Any]:
        """One item in the place of what was there."""
        return self._call("put_item", lambda asked: self._alone("Put", asked), request, VERBS["Put"])

    def update_item(self, **request: Any) -> dict[str, Any]:
        """Some attributes of an item; an item that is not there is made."""
        return self._call("update_item", lambda asked: self._alone("Update", asked), request, VERBS["Update"])

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """One item removed; also when it was not there."""
        return self._call("delete_item", lambda asked: self._alone("Delete", asked), request, VERBS["Delete"])

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        """Up to 25 puts, each by itself."""
        return self._call("batch_write_item", self._batch_write, request, {"RequestItems"})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Up to 100 changes or none. A token that was used is answered again, without doing anything."""
        accepted = {"TransactItems", "ClientRequestToken"}
        return self._call("transact_write_items", self._transact, request, accepted)

    # ------------------------------------------------------------------------------------------------- how it is sent

    def _call(self, operation: str, effect: Callable[[Any], Any], request: Any, accepted: set[str]) -> dict[str, Any]:
        _only(request, accepted, operation)
        left = self.attempts
        while True:
            left -= 1
            try:
                return self._attempt(operation, effect, request)
            except (BotoCoreError, ClientError) as error:
                said = meaning(error)
                aws_errors._attempts.lost |= said is Meaning.LOST  # as the real client's own events note it
                if left <= 0 or said not in AGAIN:
                    raise

    def _attempt(self, operation: str, effect: Callable[[Any], Any], request: Any) -> dict[str, Any]:
        self.on_call(f"before {operation}", request)
        no: ClientError | None = None
        reply: dict[str, Any] = {}
        with self._lock:
            try:
                reply = effect(request)
            except ClientError as error:
                no = error
        self.on_call(f"after {operation}", request)
        if no is not None:
            raise no
        return reply

    # ---------------------------------------------------------------------------------------------------- what it does

    def _of(self, request: Mapping[str, Any]) -> Stored:
        name = request["TableName"]
        found = self._tables.get(name)
        if found is None:
            found = self._tables[name] = Stored(_declared(name))
        return found

    def _get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        stored = self._of(request)
        item = stored.get(stored.key(request["Key"]))
        return {} if item is None else {"Item": dict(item)}

    def _batch_get(self, request: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, list[Item]] = {}
        for name, wanted in request["RequestItems"].items():
            _only(wanted, {"Keys", "ConsistentRead"}, "batch_get_item")
            stored = self._of({"TableName": name})
            keys = [stored.key(key) for key in wanted["Keys"]]
            _distinct(keys, MOST_GETS)
            found[name] = [dict(item) for key in reversed(keys) if (item := stored.get(key)) is not None]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _batch_write(self, request: Mapping[str, Any]) -> dict[str, Any]:
        changes: list[Change] = []
        for name, actions in request["RequestItems"].items():
            for action in actions:
                _only(action, {"PutRequest"}, "batch_write_item")
                changes.append(self._changed("Put", {"TableName": name, **action["PutRequest"]}))
        _distinct([(stored.table.name, key) for stored, key, *_ in changes], MOST_PUTS)
        _apply(changes)
        return {"UnprocessedItems": {}}

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return page(self._of(request), request, self.page_size)

    def _alone(self, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
        change = self._changed(verb, body)
        if (reason := _in_the_way(change, body)) is not None:
            raise refused(f"{reason.pop('Code')}Exception", CONDITION, Item=reason.get("Item", {}))
        _apply([change])
        return {}

    def _transact(self, request: Mapping[str, Any]) -> dict[str, Any]:
        actions, token = request["TransactItems"], request.get("ClientRequestToken")
        if token in self._done:
            if self._done[token] != actions:
                raise refused("IdempotentParameterMismatchException", "the token was used for another transaction")
            return {}
        asked = [next(iter(action.items())) for action in actions]
        changes = [self._changed(verb, body) for verb, body in asked]
        _distinct([(id(stored), key) for stored, key, *_ in changes], MOST_ACTIONS)
        reasons = [_in_the_way(change, body) for change, (_, body) in zip(changes, asked, strict=True)]
        if any(reasons):
            raise cancelled(reason or NOTHING for reason in reasons)
        _apply(changes)
        if token is not None:
            self._done[token] = actions
        return {}

    def _changed(self, verb: str, body: Mapping[str, Any]) -> Change:
        """What a change would make of its item. Nothing happens yet."""
        if verb not in VERBS:
            raise NotImplementedError(f"the action {verb} of a transaction is not simulated")
        _only(body, VERBS[verb], verb)
        names, values = given(body, "ConditionExpression", "UpdateExpression")
        stored = self._of(body)
        if verb == "Put":
            item = dict(body["Item"])
            return stored, stored.key_of(item), item, stored.places(item)
        key = stored.key(body["Key"])
        if verb == "Delete":
            return stored, key, None, ()
        item = update(body["UpdateExpression"]).applied(stored.get(key) or body["Key"], names, values)
        if stored.key_of(item) != key:
            raise invalid("an update cannot change the key of its item")
        return stored, key, item, stored.places(item)


# -------------------------------------------------------------------------------------------------------------- steps


def _apply(changes: Sequence[Change]) -> None:
    for stored, key, item, places in changes:
        stored.replace(key, item, places)


def _in_the_way(change: Change, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The reason why a change may not be made; None when its condition holds."""
    text = body.get("ConditionExpression")
    if text is None:
        return None
    stored, key, *_ = change
    item = stored.get(key)
    if condition(text)(item or {}, body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})):
        return None
    told = item is not None and body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return {"Code": "ConditionalCheckFailed", "Message": CONDITION} | ({"Item": dict(item or {})} if told else {})


def _distinct(keys: Sequence[Any], most: int) -> None:
    if not 0 < len(keys) <= most:
        raise invalid(f"1 to {most} items in one request, not {len(keys)}")
    if len(set(keys)) < len(keys):
        raise invalid("one request names an item twice")


def _only(request: Mapping[str, Any], accepted: set[str] | frozenset[str], operation: str) -> None:
    if not request.keys() <= accepted:
        raise NotImplementedError(f"{operation} with {', '.join(sorted(request.keys() - accepted))} is not simulated")


def _declared(name: str) -> Table:
    """The declaration behind a real name, whatever its prefix."""
    for table in TABLES:
        if name.endswith(f"-{table.name}"):
            return table
    raise refused("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


def _schema(pk: Any, sk: Any) -> list[dict[str, str]]:
    found = [{"AttributeName": pk.name, "KeyType": "HASH"}]
    return found if sk is None else [*found, {"AttributeName": sk.name, "KeyType": "RANGE"}]
