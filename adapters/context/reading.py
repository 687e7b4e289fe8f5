"""One question to a provider of market context, and how its numbers and times are read.

We only ask, so nothing can have happened. No answer of the kind asked for is Transient; an answer whose value means
nothing is Rejected, in words, and never replaced by a default (I18).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.bodies import payload
from adapters.http import get_whole
from adapters.redaction import one_line
from trading.errors import Halt, Rejected, TradingError, Transient
from trading.ports.payloads import Payload

REFUSED = (Halt, "access was refused; check the key, if there is one, and the address")
SLOW_DOWN = (Transient, "too many requests; wait and try again")
STATUSES: Mapping[int, tuple[type[TradingError], str]] = {
    401: REFUSED,
    403: REFUSED,
    408: (Transient, "no answer in time; try again"),
    418: SLOW_DOWN,  # Binance: banned for a while for not having slowed down
    429: SLOW_DOWN,
    451: (Halt, "it does not serve this place; set another address for it"),
}
SERVER = (Transient, "a fault inside the provider; try again")
ELSE = (Rejected, "not the answer of this API; check the address")

NUMBER = re.compile(r"\s*[+-]?\d{1,40}(\.\d{0,40})?([eE][+-]?\d{1,3})?\s*", re.ASCII)
EARLIEST_S, LATEST_S = 1_230_768_000, 4_102_444_800
"""2009 to 2100: a time outside is none of this market."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Somebody who is asked: its name for people, its base URL, and the headers that are secret."""

    name: str
    base_url: str
    http: httpx.Client = field(repr=False)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)

    def url(self, path: str) -> str:
        """The address of a path, to ask."""
        return self.base_url.rstrip("/") + path

    def shown(self, path: str) -> str:
        """The address of a path, to keep: without query, user and password."""
        return str(httpx.URL(self.url(path)).copy_with(userinfo=b"", query=None))

    def ask(self, name: str, path: str, query: Mapping[str, str] | None = None) -> tuple[Any, tuple[Payload, ...]]:
        """GET; the JSON of a good answer, and the answer as it came, to be kept under ``name``.

        Raises Transient, Rejected or Halt.
        """
        answer = self._answer(path, query or {})
        body = self._json(answer)
        secrets = self.secrets.values()
        return body, payload(self.name, name, self.url(path), query or {}, answer.content, secrets)

    def _answer(self, path: str, query: Mapping[str, str]) -> httpx.Response:
        headers = {name: secret.get_secret_value() for name, secret in self.secrets.items()}
        try:
            answer = get_whole(self.http, self.url(path), query, headers)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise self.error(Halt, f"the address is not one for HTTP ({error}); check the setting") from None
        except httpx.RequestError as error:
            raise self.error(Transient, f"no answer ({type(error).__name__}: {error}); try again") from None
        if answer.status_code != 200:
            kind, advice = STATUSES.get(answer.status_code, SERVER if answer.status_code >= 500 else ELSE)
            raise self.error(kind, f"{advice} (HTTP {answer.status_code} {answer.text[:2000]})")
        return answer

    def error(self, kind: type[TradingError], text: str) -> TradingError:
        """An error of one line that names the provider and no secret."""
        return kind(f"{self.name}: {one_line(text, self.secrets.values())}")

    def number(self, found: Any, what: str, low: float, high: float) -> float:
        """A number (or text that is one) within its range. Raises Rejected for anything else: no value is made up."""
        value = _float(found)
        if value is None or not low <= value <= high:
            raise self.error(Rejected, f"{what} is {_shown(found)}, not a number from {low:g} to {high:g}; left out")
        return value

    def moment(self, found: Any, what: str, per_second: int = 1) -> datetime:
        """Epoch seconds (or as many parts of one), number or text, as a time. Raises Rejected for anything else."""
        value = _float(found)
        if value is None or not EARLIEST_S <= value / per_second <= LATEST_S:
            raise self.error(Rejected, f"{what} is {_shown(found)}, not a time; left out")
        return datetime.fromtimestamp(value / per_second, UTC)

    def _json(self, answer: httpx.Response) -> Any:
        try:
            body = json.loads(answer.content, parse_constant=_no_constant)
            json.dumps(body, ensure_ascii=False).encode()  # half a character can be neither logged nor stored
        except (ValueError, RecursionError):
            raise self.error(Transient, f"the answer is no JSON ({answer.text[:2000]}); try again") from None
        return body


def part(found: Any, *path: str | int) -> Any:
    """What lies in nested objects and lists; None where there is no such place."""
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and -len(found) <= step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def _float(found: Any) -> float | None:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    if isinstance(found, str) and not NUMBER.fullmatch(found):
        return None
    try:
        return float(found)
    except OverflowError:
        return None


def _shown(found: Any) -> str:
    return one_line(repr(found), longest=60) if not isinstance(found, int) or abs(found) < 10**20 else "a huge number"


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON"
    raise ValueError(msg)
