"""The tables in memory: what the contract tests of the books do not show of them."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.asked import NAME, absent, key, number, of, put, stored
from tests.simulation.tables import MemoryDynamo
from trading.tables import GSI3


@pytest.fixture
def tables():
    return MemoryDynamo()


def pages(tables, pk, **more):
    """The sort keys of every page, to the end."""
    found, start = [], {}
    while True:
        page = of(tables, pk, **more, **start)
        found.append([item["sk"]["S"] for item in page["Items"]])
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


# ------------------------------------------------------------------------------------------------------ transactions


def test_a_token_that_was_used_does_nothing_again(tables):
    """The same transaction sent again is answered, not done: what happened in between stays."""
    add = {
        "TableName": NAME,
        "Key": key("a"),
        "UpdateExpression": "ADD #n :one",
        "ExpressionAttributeNames": {"#n": "n"},
        "ExpressionAttributeValues": {":one": number(1)},
    }
    for _ in range(3):
        tables.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken="t-1")
    assert stored(tables, "a")["n"] == number(1)
    tables.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken="t-2")
    assert stored(tables, "a")["n"] == number(2)
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        tables.transact_write_items(TransactItems=[{"Put": put("b")}], ClientRequestToken="t-1")


def test_a_token_of_a_cancelled_transaction_is_not_used_up(tables):
    """Nothing was done, so the same request is judged anew."""
    tables.put_item(**put("a"))
    again = {"TransactItems": [{"Put": absent(put("a"))}], "ClientRequestToken": "t-1"}
    with pytest.raises(ClientError, match="TransactionCanceled"):
        tables.transact_write_items(**again)
    tables.delete_item(TableName=NAME, Key=key("a"))
    tables.transact_write_items(**again)
    assert stored(tables, "a") is not None


def test_a_cancelled_transaction_leaves_nothing_and_says_why(tables):
    """One reason per action, in their order, with the item that was in the way; no action was done."""
    tables.put_item(**put("taken", who={"S": "me"}))
    with pytest.raises(ClientError) as no:
        tables.transact_write_items(TransactItems=[{"Put": absent(put("new"))}, {"Put": absent(put("taken"))}])
    free, taken = no.value.response["CancellationReasons"]
    assert free == {"Code": "None"}
    assert (taken["Code"], taken["Item"]["who"]) == ("ConditionalCheckFailed", {"S": "me"})
    assert stored(tables, "new") is None


def test_a_transaction_names_each_item_once_and_at_most_a_hundred(tables):
    """More, or one twice, is a wrong request."""
    for bodies in ([put("a"), put("a")], [put(str(one)) for one in range(101)], []):
        with pytest.raises(ClientError, match="ValidationException"):
            tables.transact_write_items(TransactItems=[{"Put": body} for body in bodies])
    tables.transact_write_items(TransactItems=[{"Put": put(str(one))} for one in range(100)])


# -------------------------------------------------------------------------------------------------------------- pages


@given(
    names=st.sets(st.integers(0, 99).map(lambda one: f"{one:02}"), max_size=12),
    page_size=st.integers(1, 5),
    backward=st.booleans(),
)
def test_pages_hold_everything_once_and_in_order(names, page_size, backward):
    """Whatever the page size and the direction; an end that falls on a full page has an empty page behind it."""
    tables = MemoryDynamo(page_size=page_size)
    for name in names:
        tables.put_item(**put("p", name))
    found = pages(tables, "p", ScanIndexForward=not backward)
    assert [name for page in found for name in page] == sorted(names, reverse=backward)
    assert all(len(page) == page_size for page in found[:-1])
    assert len(found[-1]) < page_size


def test_a_page_goes_on_where_the_last_one_ended_though_its_item_is_gone(tables):
    """A cursor is a place, not an item."""
    for name in "abcd":
        tables.put_item(**put("p", name))
    first = of(tables, "p", Limit=2)
    tables.delete_item(TableName=NAME, Key=key("p", "b"))
    rest = of(tables, "p", ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [item["sk"]["S"] for item in rest["Items"]] == ["c", "d"]


def test_an_index_is_sparse_and_shows_what_it_includes(tables):
    """Only items with both index keys are in it, with its keys, the table's and the included attributes."""
    tables.put_item(
        **put("a", status={"S": "OPEN"}, secret={"S": "s"}, gs3pk={"S": "OPEN_POSITIONS"}, gs3sk={"S": "1"})
    )
    tables.put_item(**put("b", status={"S": "OPEN"}, gs3pk={"S": "OPEN_POSITIONS"}))
    tables.put_item(**put("c", status={"S": "OPEN"}))
    asked = {
        "TableName": NAME,
        "IndexName": GSI3.name,
        "KeyConditionExpression": "#gs3pk = :pk",
        "ExpressionAttributeNames": {"#gs3pk": "gs3pk"},
        "ExpressionAttributeValues": {":pk": {"S": "OPEN_POSITIONS"}},
    }
    (only,) = tables.query(**asked)["Items"]
    assert only.keys() == {"pk", "sk", "gs3pk", "gs3sk", "status"}
    tables.put_item(**put("a", status={"S": "OPEN"}))
    assert tables.query(**asked)["Items"] == []
    with pytest.raises(ClientError, match="Consistent reads are not supported"):
        tables.query(**asked, ConsistentRead=True)


def test_an_index_pages_through_items_of_one_sort_key(tables):
    """Items that share an index key are told apart by the table's key, so that none is shown twice or left out."""
    for name in "abcde":
        tables.put_item(**put(name, gs3pk={"S": "PENDING_TRADES"}, gs3sk={"S": "same"}))
    tables.page_size = 2
    found, start = [], {}
    while True:
        page = tables.query(
            TableName=NAME,
            IndexName=GSI3.name,
            KeyConditionExpression="#k = :pk",
            ExpressionAttributeNames={"#k": "gs3pk"},
            ExpressionAttributeValues={":pk": {"S": "PENDING_TRADES"}},
            **start,
        )
        found += [item["pk"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == list("abcde")


def test_what_a_caller_holds_is_not_what_is_stored(tables):
    """Adding to an item after a put, or to one that was read, changes nothing in the table."""
    body = put("a")
    tables.put_item(**body)
    body["Item"]["later"] = {"S": "x"}
    stored(tables, "a")["later"] = {"S": "x"}
    assert stored(tables, "a") == key("a")


# ------------------------------------------------------------------------------------------------------ wrong requests


@pytest.mark.parametrize(
    "wrong",
    [
        {"ExpressionAttributeNames": {"#pk": "pk", "#more": "more"}},
        {"ExpressionAttributeNames": {}},
        {"ExpressionAttributeValues": {":more": {"S": "x"}}},
        {"Item": {"pk": {"S": "a"}}},
        {"Item": key("")},
        {"Item": {**key("a"), "gs3pk": {"N": "1"}, "gs3sk": {"S": "x"}}},
    ],
)
def test_a_wrong_request_is_refused(tables, wrong):
    """Names and values exactly as mentioned; a whole key of the declared kinds, of the table and of its indexes."""
    with pytest.raises(ClientError, match="ValidationException"):
        tables.put_item(**absent(put("a")) | wrong)


def test_a_parameter_that_is_not_simulated_is_not_ignored(tables):
    """A filter that did nothing would hide its effect."""
    with pytest.raises(NotImplementedError, match="FilterExpression"):
        of(tables, "p", FilterExpression="#a = :b")


def test_a_table_that_is_not_declared_is_not_there(tables):
    """As in DynamoDB."""
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        tables.get_item(TableName="test-nothing", Key=key("a"))
