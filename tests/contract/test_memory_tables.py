"""The tables in memory do what DynamoDB Local does, whatever is asked of both."""

from __future__ import annotations

from itertools import count

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dynamodb.client import Write
from adapters.dynamodb.wire import item_from_wire
from adapters.provision import provision
from tests.simulation.tables import MemoryDynamo
from trading.tables import GSI3, ORDER_STATE, Names

_numbers = count()

KEYS = st.sampled_from([{"pk": pk, "sk": sk} for pk in "ab" for sk in ("1", "10", "2")])
BODIES = st.fixed_dictionaries(
    {"n": st.sampled_from([0, 1, 2, 10])},
    optional={
        "status": st.sampled_from(["OPEN", "CLOSED"]),
        "gs3pk": st.sampled_from(["OPEN_POSITIONS", "PENDING_TRADES"]),
        "gs3sk": st.sampled_from(["x", "y"]),
    },
)
CONDITIONS = st.sampled_from([
    "", "attribute_not_exists(#pk)", "#n = :n", "#n < :n", "attribute_not_exists(#pk) OR #n <= :n",
    "#n IN (:n, :m) AND #status = :open", "(attribute_not_exists(#status) OR #status = :open) AND #n <= :m",
])  # fmt: skip
UPDATES = st.sampled_from([
    "SET #status = :open", "ADD #n :n", "SET #n = if_not_exists(#n, :m), #status = :open",
    "SET #status = :open ADD #n :n, #m :m",
])  # fmt: skip
VALUES = st.fixed_dictionaries({"n": st.integers(-1, 3), "m": st.integers(0, 2), "open": st.just("OPEN")})


@st.composite
def changes(draw):
    """One change, of any verb, with or without a condition."""
    verb, key, condition = draw(st.sampled_from(["Put", "Update", "Delete"])), draw(KEYS), draw(CONDITIONS)
    what = key | draw(BODIES) if verb == "Put" else key
    update = draw(UPDATES) if verb == "Update" else ""
    return Write(verb, "", what, "x", condition, update, draw(VALUES))


QUERIES = [
    ({}, "#pk = :k"),
    ({}, "#pk = :k AND #sk >= :low"),
    ({}, "#pk = :k AND #sk BETWEEN :low AND :high"),
    ({}, "#pk = :k AND begins_with(#sk, :low)"),
    ({"IndexName": GSI3.name}, "#gs3pk = :index"),
    ({"IndexName": GSI3.name}, "#gs3pk = :index AND #gs3sk <= :y"),
]
ASKED = {":k": "a", ":low": "1", ":high": "10", ":index": "OPEN_POSITIONS", ":y": "x"}


def answered(client, writes, name, number):
    """What a transaction comes to: the reasons, without their words."""
    actions = []
    for write in writes:
        body = write.request("id") | {"TableName": name}
        actions.append({write.verb: body})
    try:
        client.transact_write_items(TransactItems=actions, ClientRequestToken=f"{name}-{number}")
    except ClientError as error:
        reasons = error.response.get("CancellationReasons", [])
        told = [(reason["Code"], item_from_wire(reason.get("Item", {}))) for reason in reasons]
        return error.response["Error"]["Code"], told
    return "done", []


def found(client, name, more, condition, **paging):
    """The items of a query, page after page; numbers by value."""
    words = condition.replace("(", " ").replace(",", " ").replace(")", " ").split()
    names = {word: word[1:] for word in words if word.startswith("#")}
    values = {word: {"S": ASKED[word]} for word in words if word.startswith(":")}
    request = {"TableName": name, "KeyConditionExpression": condition, **more, **paging}
    request |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    items = []
    while True:
        page = client.query(**request)
        items += [item_from_wire(item) for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return items
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def in_order(items, more):
    """An index promises no order among items of the same sort key."""
    return sorted(items, key=lambda item: (item["gs3sk"], item["pk"], item["sk"])) if more else items


@pytest.fixture(scope="module")
def pair(dynamodb_local):
    """One table on both, that every example leaves empty."""
    names = Names("same", "123456789012")
    provision(names, dynamodb_local, tables=(ORDER_STATE,), queues=(), buckets=())
    return dynamodb_local.dynamodb, names.table(ORDER_STATE)


def same_item(write):
    return write.what["pk"], write.what["sk"]


@settings(max_examples=25)
@given(
    steps=st.lists(st.lists(changes(), min_size=1, max_size=3, unique_by=same_item), max_size=6),
    limit=st.integers(1, 3),
)
def test_memory_answers_like_dynamodb_local(pair, steps, limit):
    """The same transactions end alike, with the same reasons and items; the same queries find the same, in order."""
    local, name = pair
    memory = MemoryDynamo()
    for writes in steps:
        number = next(_numbers)
        assert answered(memory, writes, name, number) == answered(local, writes, name, number)
    for more, condition in QUERIES:
        for forward in (True, False):
            paging = {"Limit": limit, "ScanIndexForward": forward}
            ours, theirs = (found(client, name, more, condition, **paging) for client in (memory, local))
            assert in_order(ours, more) == in_order(theirs, more)
    for item in memory.scan(TableName=name)["Items"]:
        local.delete_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})
    assert local.scan(TableName=name)["Items"] == []
