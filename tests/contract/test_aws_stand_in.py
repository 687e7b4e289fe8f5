"""The stand-in keeps the promises of DynamoDB that plain moto breaks."""

from __future__ import annotations

import gc
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import Item

from adapters.provision import provision
from deployments.processes import free_port
from trading.tables import ORDER_STATE


@pytest.fixture
def table(aws, names):
    provision(names, aws, tables=(ORDER_STATE,), queues=(), buckets=())
    return names.table(ORDER_STATE)


def key(name):
    return {"pk": {"S": name}, "sk": {"S": "x"}}


def put(table, name, condition=None, **more):
    action = {"TableName": table, "Item": {**key(name), **more}}
    return {"Put": action | ({"ConditionExpression": condition} if condition else {})}


def test_a_cancelled_transaction_disturbs_nobody(aws, table):
    """Whatever others write while transactions fail beside them stays written."""
    aws.dynamodb.put_item(TableName=table, Item=key("taken"))

    def fail(_):
        with pytest.raises(ClientError, match="TransactionCanceledException"):
            aws.dynamodb.transact_write_items(
                TransactItems=[put(table, "mine"), put(table, "taken", "attribute_not_exists(pk)")]
            )

    def write(number):
        aws.dynamodb.put_item(TableName=table, Item=key(f"other-{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: (fail if number % 2 else write)(number), range(60)))
    found = {item["pk"]["S"] for item in aws.dynamodb.scan(TableName=table)["Items"]}
    assert found == {"taken"} | {f"other-{number}" for number in range(0, 60, 2)}


def test_of_transactions_at_the_same_moment_one_wins(aws, table):
    """Checks and writes of a transaction are one step, however the threads are switched."""
    start, before = Barrier(4), sys.getswitchinterval()

    def take(name):
        start.wait()
        try:
            aws.dynamodb.transact_write_items(TransactItems=[put(table, name, "attribute_not_exists(pk)")])
        except ClientError:
            return 0
        return 1

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            won = [sum(pool.map(take, [f"slot-{number}"] * 4)) for number in range(30)]
    finally:
        sys.setswitchinterval(before)
    assert won == [1] * 30


def test_a_transaction_that_breaks_half_way_leaves_nothing(aws, table):
    """An action that cannot be carried out takes the ones before it back."""
    aws.dynamodb.put_item(TableName=table, Item=key("old") | {"n": {"N": "1"}})
    wrong = {
        "Update": {
            "TableName": table,
            "Key": key("old2"),
            "UpdateExpression": "SET a = b + :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    before = aws.dynamodb.scan(TableName=table)["Items"]
    with pytest.raises(ClientError):
        aws.dynamodb.transact_write_items(
            TransactItems=[put(table, "new"), {"Delete": {"TableName": table, "Key": key("old")}}, wrong]
        )
    assert aws.dynamodb.scan(TableName=table)["Items"] == before


def test_conditions_are_checked_before_anything_is_written(aws, table):
    """Reasons come one per action, in order, with the item as it stands."""
    aws.dynamodb.put_item(TableName=table, Item=key("a") | {"n": {"N": "1"}})
    action = put(table, "a", "attribute_not_exists(pk)")
    action["Put"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    with pytest.raises(ClientError) as error:
        aws.dynamodb.transact_write_items(TransactItems=[put(table, "b"), action])
    first, second = error.value.response["CancellationReasons"]
    assert first["Code"] == "None"
    assert (second["Code"], second["Item"]["n"]) == ("ConditionalCheckFailed", {"N": "1"})
    assert "Item" not in aws.dynamodb.get_item(TableName=table, Key=key("b"))


def test_one_item_is_changed_once_in_a_transaction(aws, table):
    """Two actions on one item, and more than a hundred actions, are refused as DynamoDB refuses them."""
    for actions in ([put(table, "a"), put(table, "a")], [put(table, str(number)) for number in range(101)]):
        with pytest.raises(ClientError, match="ValidationException"):
            aws.dynamodb.transact_write_items(TransactItems=actions)
    assert aws.dynamodb.scan(TableName=table)["Count"] == 0


def test_nested_values_come_back_whole(aws, table):
    """The short way to a reply leaves maps, lists, nulls and binaries as they are."""
    value = {"M": {"l": {"L": [{"N": "1.50"}, {"NULL": True}, {"M": {}}, {"L": []}]}, "b": {"BOOL": False}}}
    item = key("a") | {"value": value, "raw": {"B": b"\x00\x01"}, "set": {"SS": ["x"]}}
    aws.dynamodb.put_item(TableName=table, Item=item)
    assert aws.dynamodb.get_item(TableName=table, Key=key("a"))["Item"] == item
    found = aws.dynamodb.query(
        TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "a"}}
    )
    assert found["Items"] == [item]


def test_it_serves_as_a_process_of_its_own_and_ends_when_told():
    """It answers on loopback and is gone after SIGTERM."""
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "adapters.aws_stand_in", "--port", str(port)])
    try:
        for _ in range(150):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=2) as reply:
                    assert reply.status == 200
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("it never answered")
    finally:
        child.terminate()
    assert child.wait(timeout=20) == 0


def test_what_is_replaced_is_forgotten(aws, table):
    """An item that is written over is gone from memory: moto itself keeps every one that it ever made."""
    for number in range(20):
        aws.dynamodb.put_item(TableName=table, Item={**key("a"), "n": {"N": str(number)}})
    gc.collect()
    numbers = [one for one in gc.get_objects() if type(one) is Item and one.attrs.get("n") is not None]
    assert len([one for one in numbers if one.hash_key.value == "a"]) <= 2
    assert not Item.instances_tracked
