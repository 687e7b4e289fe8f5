"""Payloads: what providers sent goes to the archive as it came, and comes back only when it is still the same.

A file is gz JSON: when it was fetched, and of each answer its provider, name, subject, url, hash and body, as text, or
as base64 when it is not UTF-8. Its key ends with the hash of all that, so that a key names exactly one content.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trading.errors import Halt, TradingError
from trading.lineage.inputs import canonical
from trading.ports import Archive
from trading.ports.context import Measured
from trading.ports.news import Latest
from trading.ports.payloads import Payload

BUCKET = "raw-market-data"
REFUSED = "refused/"
"""Where answers lie that were not believed: evidence, and never read as data."""
TRIES = 2
SHOWN = 16
"""Digits of the hash in a key."""
ODD = re.compile(r"[^a-z0-9._-]+")


def keep(payloads: Sequence[Payload], at: datetime, archive: Archive, under: str = "") -> str:
    """Store the answers of one question in one file; its key. The same answers at the same time are the same file.

    ``<provider>/<name>/<subject>/date=<day>/<HHMMSS>-<hash>.json.gz``; under: what the key begins with.
    Raises what the archive raises.
    """
    at = at.astimezone(UTC)
    text = canonical({"fetched_at": at, "payloads": [_written(one) for one in payloads]}).encode()
    first = payloads[0]
    folder = "/".join(ODD.sub("-", part.lower()) for part in (first.provider, first.name, first.subject))
    key = f"{under}{folder}/date={at:%Y-%m-%d}/{at:%H%M%S}-{_hash(text)[:SHOWN]}.json.gz"
    archive.put(BUCKET, key, gzip.compress(text, mtime=0), "application/gzip")
    return key


def kept(payloads: Sequence[Payload], at: datetime, archive: Archive, under: str = "") -> tuple[str, str]:
    """The same, tried twice, without ever failing: the key, or none and why. Trading does not wait for an archive."""
    if not payloads:
        return "", ""
    why = ""
    for _ in range(TRIES):
        try:
            return keep(payloads, at, archive, under), ""
        except TradingError as error:
            why = f"{type(error).__name__}: {error}"
    return "", f"the {payloads[0].provider} answer is not in the archive ({why})"


def filed[T: (Latest, Measured)](found: T, at: datetime, archive: Archive) -> tuple[T, str]:
    """A finding whose answers went to the archive, with their key; and why they did not, if so."""
    key, trouble = kept(found.raw, at, archive)
    return replace(found, raw=(), kept=key), trouble


def load(key: str, archive: Archive) -> list[Payload]:
    """The answers behind a key, byte by byte as they were received.

    Raises Halt when the file is not what was stored, Rejected when it is not there, and what the archive raises.
    """
    data = archive.get(BUCKET, key)
    try:
        text = gzip.decompress(data)
        found = [_read(one) for one in json.loads(text)["payloads"]]
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise _changed(key, f"it cannot be read ({type(error).__name__})") from None
    if f"-{_hash(text)[:SHOWN]}." not in key.rpartition("/")[2]:
        raise _changed(key, "its content does not have the hash that its key names")
    if any(_hash(one.body) != sha256 for one, sha256 in found):
        raise _changed(key, "a body does not have the hash beside it")
    return [one for one, _ in found]


def _written(one: Payload) -> dict[str, Any]:
    try:
        body, encoding = one.body.decode(), "text"
    except UnicodeDecodeError:
        body, encoding = base64.b64encode(one.body).decode(), "base64"
    return {
        "provider": one.provider,
        "name": one.name,
        "subject": one.subject,
        "url": one.url,
        "sha256": _hash(one.body),
        "encoding": encoding,
        "body": body,
    }


def _read(row: dict[str, Any]) -> tuple[Payload, str]:
    """A payload, and the hash that it was stored with."""
    body = base64.b64decode(row["body"], validate=True) if row["encoding"] == "base64" else row["body"].encode()
    return Payload(row["provider"], row["name"], row["subject"], row["url"], body), row["sha256"]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _changed(key: str, how: str) -> Halt:
    return Halt(f"archived payload {key}: {how}; somebody changed it: look at its earlier versions in the bucket")
