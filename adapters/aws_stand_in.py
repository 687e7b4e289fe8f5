"""The AWS of the embedded desk and of the tests: moto's server, with transactions that keep their word.

moto 5.2 serves requests side by side, but the checks and the writes of a transaction are not one step: of two that take
the same slot both may win, and one that fails puts back the whole table as it was, other people's writes undone. Here
one DynamoDB request runs at a time, and a transaction checks every condition before it writes anything. It also no
longer copies the table per action, a query no longer sorts the table, and a reply is written as it is stored: all three
cost the more the longer a desk runs.

``python -m adapters.aws_stand_in --port N`` serves until it is stopped. Loopback only. Nothing outlives the process,
unless ``--journal FILE`` names where every write is put down before it is answered (adapters/stand_in).
"""

from __future__ import annotations

import argparse
import copy
import functools
import inspect
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import moto.core.responses
from moto.core.common_models import BaseModel
from moto.core.serialize import BaseJSONSerializer
from moto.core.utils import method_names_from_class
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from adapters.stand_in.journal import Journal
from adapters.stand_in.keeper import Keeper, writes
from trading.errors import TradingError

LOOPBACK = "127.0.0.1"
MOST_ACTIONS = 100
SCALARS = frozenset({"S", "N", "BOOL", "NULL"})

type Reason = tuple[str | None, str | None, Mapping[str, Any] | None]
"""Why an action of a cancelled transaction failed: code, message, the item as it stands."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A running stand-in: where it listens, and how it ends."""

    url: str
    stop: Callable[[], None]


def serve(port: int = 0) -> StandIn:
    """Serve in a thread of this process, on a free port unless one is given."""
    server = _server(port)
    thread = threading.Thread(target=server.serve_forever, name="aws-stand-in", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return StandIn(f"http://{LOOPBACK}:{server.server_port}", stop)


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="the AWS of the embedded desk, on loopback")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--journal", type=Path, metavar="FILE", help="keep every write there, and begin with it")
    asked = parser.parse_args()
    try:
        server = _server(asked.port, asked.journal)
    except TradingError as error:
        sys.exit(str(error))
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    server.serve_forever()


def _server(port: int, journal: Path | None = None) -> BaseWSGIServer:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for owner, name, ours in (
        (DynamoDBBackend, "transact_write_items", _transact),
        (Table, "query", _query),
        (Table, "all_items", _items),
        (BaseJSONSerializer, "_serialize_type_structure", _structure),
        (DynamoType, "__add__", _sum),
        (moto.core.responses, "method_names_from_class", _method_names),
        (BaseModel, "__new__", staticmethod(_forgettable)),
    ):
        setattr(owner, name, ours)
    dispatcher: Any = DomainDispatcherApplication(create_backend_app)
    dispatcher.get_backend_for_host = functools.cache(dispatcher.get_backend_for_host)  # it reads moto's own folder
    keeper = None if journal is None else Keeper(Journal(journal))
    if keeper is not None:
        keeper.restore(dispatcher)
    app = _OneAtATime(dispatcher, keeper)
    return make_server(LOOPBACK, port, app, threaded=True, request_handler=MotoRequestHandler)


class _OneAtATime:
    """Lets one DynamoDB request run at a time; a queue's long poll still waits beside the others.

    With a keeper, no other write runs beside one either, and none is answered before it is put down.
    """

    def __init__(self, app: Any, keeper: Keeper | None) -> None:
        self._app, self._keeper, self._lock = app, keeper, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if self._keeper is not None and writes(environ):
            with self._lock:
                return self._kept(self._keeper, environ, start_response)
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            return self._app(environ, start_response)
        with self._lock:
            return self._app(environ, start_response)

    def _kept(self, keeper: Keeper, environ: dict[str, Any], start_response: Any) -> Any:
        """A write, put down once it succeeded. What cannot be put down is not answered: this process ends instead."""
        body = b""
        if length := int(environ.get("CONTENT_LENGTH") or 0):
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = io.BytesIO(body)
        said: list[tuple[Any, ...]] = []
        answer = list(self._app(environ, lambda *reply: said.append(reply)))
        try:
            if said[0][0].startswith("2") and (record := keeper.effect(environ, body)) is not None:
                keeper.keep(record)
        except OSError as error:
            sys.stderr.write(f"the journal takes no more ({error.strerror or error}): make room, then start again\n")
            os._exit(1)
        start_response(*said[0])
        return answer


# ------------------------------------------------------------------------------------------------------ transactions


def _transact(backend: Any, actions: list[dict[str, Any]]) -> None:
    """All actions or none: first every condition, then every write."""
    if len(actions) > MOST_ACTIONS:
        raise TooManyTransactionsException
    steps = [next(iter(action.items())) for action in actions]
    keys = [_key(backend, body) for _, body in steps]
    if len({(body["TableName"], str(sorted(key.items()))) for (_, body), key in zip(steps, keys, strict=True)}) < len(
        steps
    ):
        raise MultipleTransactionsException
    reasons = [_refusal(backend, body, key) for (_, body), key in zip(steps, keys, strict=True)]
    if any(code for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)
    before: list[tuple[str, dict[str, Any], Any]] = []
    for at, ((verb, body), key) in enumerate(zip(steps, keys, strict=True)):
        table = body["TableName"]
        before.append((table, key, copy.deepcopy(backend.get_item(table, key))))
        try:
            _apply(backend, verb, body, key)
        except Exception as error:
            _undo(backend, before)
            none: Reason = (None, None, None)
            failed: Reason = (type(error).__name__, str(error), None)
            raise TransactionCanceledException(
                [failed if other == at else none for other in range(len(steps))]
            ) from error


def _key(backend: Any, body: Mapping[str, Any]) -> dict[str, Any]:
    table = backend.get_table(body["TableName"])
    names = [name for name in (table.hash_key_attr, table.range_key_attr) if name]
    held = body["Item"] if "Item" in body else body["Key"]
    return {name: held[name] for name in names}


def _refusal(backend: Any, body: Mapping[str, Any], key: dict[str, Any]) -> Reason:
    """Why the condition of an action does not hold; a code of None when it does."""
    if "ConditionExpression" not in body:
        return None, None, None
    stored = backend.get_item(body["TableName"], key)
    names, values = body.get("ExpressionAttributeNames"), body.get("ExpressionAttributeValues")
    if get_filter_expression(body["ConditionExpression"], names, values).expr(stored):
        return None, None, None
    told = stored is not None and body.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return (
        "ConditionalCheckFailed",
        str(ConditionalCheckFailed().message),
        stored.to_json()["Attributes"] if told else None,
    )


def _apply(backend: Any, verb: str, body: Mapping[str, Any], key: dict[str, Any]) -> None:
    table = body["TableName"]
    if verb == "Put":
        backend.put_item(table, body["Item"])
    elif verb == "Delete":
        backend.delete_item(table, key)
    elif verb == "Update":
        backend.update_item(
            table,
            key,
            update_expression=body["UpdateExpression"],
            expression_attribute_names=body.get("ExpressionAttributeNames"),
            expression_attribute_values=body.get("ExpressionAttributeValues"),
        )


def _undo(backend: Any, before: list[tuple[str, dict[str, Any], Any]]) -> None:
    for table, key, item in reversed(before):
        if item is None:
            backend.delete_item(table, key)
        else:
            backend.put_item(table, item.to_json()["Attributes"])


# ----------------------------------------------------------------------------------------------------------- numbers

_own_sum = DynamoType.__add__
EXACT = Context(prec=38)


def _sum(one: Any, other: Any) -> Any:
    """Numbers added as DynamoDB does, to 38 digits; moto itself stumbles over a sum such as 0E-8."""
    if not (one.is_number() and other.is_number()):
        return _own_sum(one, other)
    return DynamoType({"N": f"{EXACT.add(Decimal(one.value), Decimal(other.value)):f}"})


# ------------------------------------------------------------------------------------------------------------- speed

_sorted_items = Table.all_items
_whole_query = Table.query
_query_arguments = inspect.signature(_whole_query)
_method_names = functools.cache(method_names_from_class)  # of a class, anew for each request
_whole_structure = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 - there is no public place to hook in


def _query(table: Any, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
    """A query that looks at its own partition only; moto's own sorts what it finds again anyway."""
    asked = _query_arguments.bind(table, hash_key, *args, **kwargs).arguments
    table.partition = None if asked.get("index_name") else hash_key
    table.querying = True
    try:
        return _whole_query(table, hash_key, *args, **kwargs)
    finally:
        table.querying = False


def _items(table: Any) -> Any:
    if not getattr(table, "querying", False):
        return _sorted_items(table)
    if not table.range_key_attr:
        return list(table.items.values())
    parts = table.items.values() if table.partition is None else [table.items.get(table.partition, {})]
    return [item for part in parts for item in part.values()]


def _forgettable(of: type, *_args: Any, **_named: Any) -> Any:
    """A new item, file or message. moto keeps each that it ever made, replaced and deleted ones too, for its reset."""
    return object.__new__(of)


def _structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """An attribute value is the reply's JSON already: its shape need not be asked for each possible member."""
    if shape.name == "AttributeValue" and _is_json(value):
        serialized[key] = value
    else:
        _whole_structure(serializer, serialized, value, shape, key)


def _is_json(value: Any) -> bool:
    """Whether an attribute value holds no bytes, which would have to be written another way."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((kind, held),) = value.items()
    if kind == "M":
        return type(held) is dict and all(map(_is_json, held.values()))
    return kind in SCALARS or (kind == "L" and type(held) is list and all(map(_is_json, held)))


if __name__ == "__main__":
    main()
