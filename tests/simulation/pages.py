"""One page of a query in memory: of a partition of the table, or of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.expressions import given, key_condition, placeholders
from tests.simulation.refusals import invalid
from tests.simulation.stored import Ordering, Primary, Stored, key_value


def page(stored: Stored, request: Mapping[str, Any], page_size: int) -> dict[str, Any]:
    """One page of a query."""
    ordering, backward = _ordering(stored, request), request.get("ScanIndexForward") is False
    entries = _asked(ordering, request)
    if (start := request.get("ExclusiveStartKey")) is not None:
        (_, sort), key = ordering.place(start) or (None, None), stored.key_of(start)
        after = (sort, key)
        entries = [entry for entry in entries if (entry < after if backward else entry > after)]
    size = min(request.get("Limit", page_size), page_size)
    taken = (entries[::-1] if backward else entries)[:size]
    names = _projected(ordering, request)
    items = [stored.shown(ordering, key, names) for _, key in taken]
    more = {"LastEvaluatedKey": stored.cursor(ordering, taken[-1][1])} if len(taken) == size else {}
    return {"Items": items, "Count": len(items), "ScannedCount": len(items), **more}


def _ordering(stored: Stored, request: Mapping[str, Any]) -> Ordering:
    if "IndexName" not in request:
        return stored.main
    if request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if request["IndexName"] not in stored.indexes:
        raise invalid(f"The table does not have the specified index: {request['IndexName']}")
    return stored.indexes[request["IndexName"]]


def _asked(ordering: Ordering, request: Mapping[str, Any]) -> list[tuple[Any, Primary]]:
    names, values = given(request, "KeyConditionExpression", "ProjectionExpression")
    asked = key_condition(request["KeyConditionExpression"])
    pk, sk = ordering.pk, ordering.sk
    if names[asked.partition[0]] != pk.name or (asked.sort and (sk is None or names[asked.sort] != sk.name)):
        raise invalid("Query condition missed key schema element")
    partition = key_value({pk.name: values[asked.partition[1]]}, pk)
    against = [key_value({sk.name: values[one]}, sk) for one in asked.against] if sk is not None else []
    return ordering.within(partition, asked.sign, against)


def _projected(ordering: Ordering, request: Mapping[str, Any]) -> frozenset[str] | None:
    """The attributes that a query wants to see. Raises ValidationException for one that its index does not show."""
    if "ProjectionExpression" not in request:
        return None
    behind = request["ExpressionAttributeNames"]
    wanted = frozenset(behind[word] for word in placeholders(request["ProjectionExpression"]))
    if ordering.shown is not None and not wanted <= ordering.shown:
        raise invalid("One or more parameter values were invalid: the index does not project a requested attribute")
    return wanted
