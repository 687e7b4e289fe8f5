"""Requests as the low-level client of DynamoDB takes them, for tests of the tables in memory."""

from __future__ import annotations

NAME = "test-order-state"


def key(pk, sk="x"):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def number(value):
    return {"N": str(value)}


def put(pk, sk="x", **attributes):
    return {"TableName": NAME, "Item": {**key(pk, sk), **attributes}}


def absent(body):
    return body | {
        "ConditionExpression": "attribute_not_exists(#pk)",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def stored(tables, pk, sk="x"):
    return tables.get_item(TableName=NAME, Key=key(pk, sk), ConsistentRead=True).get("Item")


def of(tables, pk, **more):
    request = {
        "TableName": NAME,
        "KeyConditionExpression": "#pk = :pk",
        "ExpressionAttributeNames": {"#pk": "pk"},
        "ExpressionAttributeValues": {":pk": {"S": pk}},
    }
    return tables.query(**request | more)
