"""What of moto's state is kept: DynamoDB's tables and items, S3's buckets and files, the queues but not their messages.

Messages need none: what is booked and not yet done, the sweeper queues again. Dead letters are lost, and so are older
versions of a file and everything of other services.
"""

from __future__ import annotations

import base64
import html
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import FakeKey, s3_backends
from werkzeug.test import Client

from adapters.stand_in.journal import Journal, Kept, Record

log = logging.getLogger(__name__)

ITEM_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})
TABLE_CALLS = frozenset({"CreateTable", "UpdateTable", "DeleteTable", "UpdateTimeToLive", "UpdateContinuousBackups"})
QUEUE_CALLS = frozenset({"CreateQueue", "SetQueueAttributes", "DeleteQueue"})
SCOPE = re.compile(r"Credential=[^/]*/[^/]*/(?P<region>[^/]+)/(?P<service>[^/]+)/")
NOBODY = "AWS4-HMAC-SHA256 Credential=journal/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"

type Ask = Mapping[str, Any]
"""A request's WSGI environment."""


class Keeper:
    """Says which requests write, puts down what they changed, and brings all of it back into an empty moto."""

    def __init__(self, journal: Journal, now_s: Callable[[], float] = time.time) -> None:
        self._journal, self._now_s = journal, now_s

    def restore(self, app: Any) -> None:
        """Bring back what the journal holds, less what has expired, and go on writing from there."""
        kept = self._journal.read()
        client = Client(app)
        for call in kept.calls.values():
            headers = {"Authorization": NOBODY.format(**call), "X-Amz-Target": call["target"]}
            reply = client.open(
                call["path"], method=call["method"], query_string=call["query"], content_type=call["type"],
                headers={name: value for name, value in headers.items() if value}, data=base64.b64decode(call["body"]),
            )  # fmt: skip
            if reply.status_code >= 400 and not call["target"].rpartition(".")[2].startswith("Delete"):
                log.warning("could not repeat %s %s: %s", call["target"] or call["method"], call["path"], reply.status)
        self._drop_expired(kept)
        for (region, table, _), item in kept.items.items():
            _tables(region).put_item(table, dict(item))
        for (bucket, name), file in kept.files.items():
            stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(
                bucket, name, self._journal.body(file["sha256"]), disable_notification=True
            )
            stored.set_metadata(dict(file["metadata"]))
        self._journal.begin(kept)

    def _drop_expired(self, kept: Kept) -> None:
        """What DynamoDB would have deleted by now: its own deletion is late by days too."""
        for key, item in list(kept.items.items()):
            ttl = _tables(key[0]).get_table(key[1]).ttl
            if ttl.get("TimeToLiveStatus") == "ENABLED":
                at = item.get(ttl["AttributeName"], {}).get("N")
                if at is not None and float(at) < self._now_s():
                    del kept.items[key]

    def effect(self, ask: Ask, body: bytes) -> Record | None:
        """What a request that succeeded has changed; None when it changed nothing that is kept."""
        scope = SCOPE.search(ask.get("HTTP_AUTHORIZATION", ""))
        if scope is None:
            return None
        target = str(ask.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
        if scope["service"] == "dynamodb" and target in ITEM_WRITES:
            return {"items": _changed(scope["region"], target, json.loads(body))}
        if target in TABLE_CALLS | QUEUE_CALLS:
            return {"call": _call(ask, body, scope) | _forgets(scope["region"], target, body)}
        return self._files(ask, body, scope) if scope["service"] == "s3" else None

    def _files(self, ask: Ask, body: bytes, scope: re.Match[str]) -> Record | None:
        path = str(ask["PATH_INFO"]).encode("latin-1").decode()  # as WSGI hands over the bytes of a path
        bucket, _, name = path.removeprefix("/").partition("/")
        asked = parse_qs(str(ask.get("QUERY_STRING", "")), keep_blank_values=True)
        if "partNumber" in asked or "uploads" in asked:
            return None
        if name:
            return {"files": [self._file(bucket, name)]}
        if "delete" in asked:
            names = re.findall(rb"<Key>(.*?)</Key>", body, re.DOTALL)
            return {"files": [self._file(bucket, html.unescape(one.decode())) for one in names]}
        return {"call": _call(ask, body, scope)}

    def _file(self, bucket: str, name: str) -> list[Any]:
        found = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(bucket, name)
        if not isinstance(found, FakeKey):
            return [bucket, name, None]
        return [bucket, name, {"sha256": self._journal.keep_body(found.value), "metadata": dict(found.metadata)}]

    def keep(self, record: Record) -> None:
        """Put it down. Raises OSError."""
        self._journal.append(record)


def writes(ask: Ask) -> bool:
    """Whether a request may change what is kept: such requests run one at a time."""
    target = str(ask.get("HTTP_X_AMZ_TARGET", "")).rpartition(".")[2]
    if target:
        return target in ITEM_WRITES | TABLE_CALLS | QUEUE_CALLS
    return ask["REQUEST_METHOD"] in {"PUT", "POST", "DELETE"} and "/s3/" in ask.get("HTTP_AUTHORIZATION", "")


def _tables(region: str) -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region]


def _changed(region: str, target: str, said: dict[str, Any]) -> list[list[Any]]:
    """Every item that a request names, as it stands now."""
    if target == "TransactWriteItems":
        bodies = [next(iter(action.values())) for action in said["TransactItems"]]
    elif target == "BatchWriteItem":
        bodies = [
            {"TableName": table, **next(iter(action.values()))}
            for table, actions in said["RequestItems"].items()
            for action in actions
        ]
    else:
        bodies = [said]
    return [_standing(region, body["TableName"], body.get("Item") or body["Key"]) for body in bodies]


def _standing(region: str, table: str, held: dict[str, Any]) -> list[Any]:
    backend = _tables(region)
    declared = backend.get_table(table)
    key = {name: held[name] for name in (declared.hash_key_attr, declared.range_key_attr) if name}
    item = backend.get_item(table, key)
    return [region, table, key, None if item is None else item.to_json()["Attributes"]]


def _call(ask: Ask, body: bytes, scope: re.Match[str]) -> dict[str, Any]:
    return {
        "method": ask["REQUEST_METHOD"],
        "path": ask["PATH_INFO"],
        "query": ask.get("QUERY_STRING", ""),
        "target": ask.get("HTTP_X_AMZ_TARGET", ""),
        "type": ask.get("CONTENT_TYPE", ""),
        "body": base64.b64encode(body).decode(),
        **scope.groupdict(),
    }


def _forgets(region: str, target: str, body: bytes) -> dict[str, Any]:
    return {"forgets": [region, json.loads(body)["TableName"]]} if target == "DeleteTable" else {}
