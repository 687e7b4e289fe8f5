"""Answers that a provider never promised: real bodies with something wrong in them, any JSON, and no JSON at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

LITERAL = "literal "
"""A text that begins so is written into the body as what follows, without quotes."""

ODD: tuple[Any, ...] = (
    None, True, False, "", " ", "NaN", "nan", "Infinity", "-1", "0", "1e400", "1_000", "0x10", "٣", "n/a", "null",
    "\x00", "\ud800", "<html>", "x" * 300, "9" * 5000, "-0.00000001", "1e-400", "12.5.1",
    "2026-13-45T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-05T00:00:00", 0, -1,
    1, 0.5, 10**30, -(10**30), 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"), -float("inf"),
    f"{LITERAL}1e400", f"{LITERAL}-0", f"{LITERAL}{'9' * 5000}", [], {}, [1], {"a": 1}, [[]], [None],
)  # fmt: skip

BROKEN = (
    b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[]]", b"[{}]", b"{", b"\xff\xfe", b"\x00" * 9, b"OK",
    b"<html><body>502 Bad Gateway</body></html>", b"<!DOCTYPE html><title>Just a moment...</title>", b"[" * 5000,
    b'{"a":' * 5000, b"{'a': 1}", b'{"success":true}', b'{"success":false,"error":"?"}', b'{"code":-1121,"msg":"no"}',
)  # fmt: skip

STATUSES = (200,) * 12 + (201, 204, 301, 400, 401, 403, 404, 418, 422, 429, 451, 500, 503, 599)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes back: an HTTP status and a body."""

    status: int
    body: bytes


@st.composite
def answers(draw: st.DrawFn, seeds: Sequence[Any], statuses: Sequence[int] = STATUSES) -> Answer:
    """Mostly a seed with one to three changes; sometimes a body cut short, any JSON, or one that is none."""
    status, kind = draw(st.sampled_from(statuses)), draw(st.integers(0, 9))
    if kind == 0:
        return Answer(status, draw(st.sampled_from(BROKEN)))
    if kind == 1:
        return Answer(status, _written(draw(any_json)))
    body = copy.deepcopy(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 3))):
        body = _changed(draw, body)
    written = _written(body)
    return Answer(status, written[: draw(st.integers(0, len(written)))] if kind == 2 else written)


def _changed(draw: st.DrawFn, body: Any) -> Any:
    """The body with one change at one place."""
    places = list(_places(body))
    if not places:
        return draw(st.sampled_from(ODD))
    holder, key = draw(st.sampled_from(places))
    how = draw(st.sampled_from(("odd", "odd", "odd", "any", "drop", "rename", "twice", "text", "wrap")))
    if how == "odd":
        holder[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    elif how == "any":
        holder[key] = draw(any_json)
    elif how == "drop":
        del holder[key]
    elif how == "text":
        holder[key] = str(holder[key])
    elif how == "wrap":
        holder[key] = [holder[key]]
    elif isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key) if how == "rename" else copy.deepcopy(holder[key])
    else:
        holder.insert(key, copy.deepcopy(holder[key]))
    return body


def _places(body: Any) -> Iterator[tuple[Any, Any]]:
    """Every place below the top that can be changed, as its holder and its key."""
    inner = list(body.items() if isinstance(body, dict) else enumerate(body)) if isinstance(body, dict | list) else []
    for key, value in inner:
        yield body, key
        yield from _places(value)


def _written(body: Any) -> bytes:
    text = json.dumps(body)
    pieces = text.split(f'"{LITERAL}')
    return "".join([pieces[0], *(piece.replace('"', "", 1) for piece in pieces[1:])]).encode()
