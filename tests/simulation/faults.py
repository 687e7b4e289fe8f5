"""The dice of a schedule: which fault falls where, all from one seed; and what each fault on the wire does.

Each schedule has a weather of its own: every kind of fault is absent, rare, usual or frequent in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from random import Random

import httpx

from simulator.misbehave import HTML
from simulator.times import iso
from tests.simulation.venue import Request, Venue

RATES = {
    "wire": 0.04,  # of requests to the venue that only ask
    "order": 0.2,  # of orders on the wire, to be hit, and to be slow
    "slow": 0.04,  # of requests: others act while it is on its way
    "table": 0.015,  # of calls to a table
    "queue": 0.04,  # of calls to the queue
    "late": 0.1,  # of messages: they can be received only later
    "again": 0.08,  # of receives: messages about some trade come again, finished or not
    "crash": 0.004,  # of yield points: the process dies
    "stall": 0.003,  # of yield points: the process sleeps, often across its lease
}
"""The usual chance of each group."""

WEATHER = (0.0, 0.3, 1.0, 1.0, 3.0)
"""What a schedule multiplies each of them by."""

WIRE = (
    "connect", "reset", "lost_reply", "timeout_before", "timeout_after", "delayed", "5xx_before", "5xx_after", "429",
    "nonce", "html_before", "html_after", "truncated", "stale", "lag",
)  # fmt: skip
LAG_MS = 20_000
"""How far the list of executions may be behind; shorter than the time between two looks that must both find nothing."""
STALE_MS = 300_000
"""How old the prices of a stale ticker are."""

type Reply = tuple[int, bytes]


class Dice:
    """All chance of a schedule. ``counts`` says how often each fault fell. Off, nothing falls any more."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.on = True
        self.counts: Counter[str] = Counter()
        self.rates = {name: rate * self.random.choice(WEATHER) for name, rate in RATES.items()}

    def falls(self, group: str) -> bool:
        """Whether a fault of this group falls now."""
        return self.on and self.random.random() < self.rates[group]

    def one_of(self, group: str, kinds: tuple[str, ...]) -> str | None:
        """The kind of fault that falls now, counted; usually None."""
        if not self.falls(group):
            return None
        kind = self.random.choice(kinds)
        self.counts[f"{group}:{kind}"] += 1
        return kind

    def between(self, least: float, most: float) -> float:
        """A number of seconds."""
        return self.random.uniform(least, most)


def meet(
    kind: str | None,
    request: Request,
    venue: Venue,
    wait: Callable[[float], None],
    later: Callable[[Callable[[], object]], None],
) -> Reply:
    """Carry a request out as the fault has it. Raises what httpx would. ``later``: have it arrive some other time."""
    if kind in BEFORE:
        return BEFORE[kind](request)
    if kind in {"timeout_before", "delayed"}:
        if kind == "delayed":
            later(lambda: venue.answer(request))
        return _timed_out(wait)
    reply = venue.answer(request, seen_ms=request.left_ms - STALE_MS if kind == "stale" else None)
    if kind == "timeout_after":
        return _timed_out(wait)
    if kind == "lag":
        return _behind(reply, request)
    return AFTER[kind](reply) if kind in AFTER else reply


def _behind(reply: Reply, request: Request) -> Reply:
    """Executions as they were a while ago; any other answer as it is."""
    if not request.path.endswith("/transactions_pagination") or reply[0] != HTTPStatus.OK:
        return reply
    body, known = json.loads(reply[1]), iso(request.left_ms - LAG_MS)
    body["data"] = [row for row in body["data"] if row["created_at"] <= known]
    return reply[0], json.dumps(body).encode()


def _timed_out(wait: Callable[[float], None]) -> Reply:
    wait(15.0)
    raise httpx.ReadTimeout("no answer in 15 s")


def _refuse(error: type[httpx.TransportError], words: str) -> Callable[[object], Reply]:
    def fail(_: object) -> Reply:
        raise error(words)

    return fail


def _say(status: int, body: bytes) -> Callable[[object], Reply]:
    return lambda _: (status, body)


BEFORE: dict[str | None, Callable[[Request], Reply]] = {
    "connect": _refuse(httpx.ConnectError, "no route"),
    "reset": _refuse(httpx.ReadError, "reset"),
    "5xx_before": _say(502, b"<html>502</html>"),
    "429": _say(429, b'{"success":false,"error":"too_many_requests"}'),
    "nonce": _say(401, b'{"success":false,"error":"Nonce must be incremented"}'),
    "html_before": _say(200, HTML.encode()),
}
"""What is answered in the venue's place; it did nothing."""

AFTER: dict[str | None, Callable[[Reply], Reply]] = {
    "lost_reply": _refuse(httpx.RemoteProtocolError, "cut off"),
    "5xx_after": _say(503, b"<html>503</html>"),
    "html_after": _say(200, HTML.encode()),
    "truncated": lambda reply: (reply[0], reply[1][: len(reply[1]) * 2 // 3]),
}
"""What becomes of the venue's answer; it did what was asked."""
