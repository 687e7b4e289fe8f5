"""A plain client of a simulated world, which signs as Coincheck asks."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx

NONCES = itertools.count(1_000)
"""One rising count for all tests: a nonce must never repeat within a world."""


@dataclass
class Visitor:
    """A plain client of one world; it knows no more than the providers' documentation."""

    url: str
    key: str = "simulator-key"
    secret: str = "simulator-secret"
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a public GET."""
        return self.http.get(self.url + path, params=query or None).json()

    def post(self, path: str, body: Any) -> httpx.Response:
        """A JSON body to a control endpoint."""
        return self.http.post(self.url + path, json=body)

    def signed(
        self, method: str, path: str, body: dict[str, str] | None = None, nonce: int | None = None
    ) -> httpx.Response:
        """A signed call to Coincheck; ``path`` may carry a query."""
        url, text = f"{self.url}/coincheck{path}", urlencode(body or {})
        stamp = str(next(NONCES) if nonce is None else nonce)
        signature = hmac.new(self.secret.encode(), (stamp + url + text).encode(), hashlib.sha256).hexdigest()
        headers = {"ACCESS-KEY": self.key, "ACCESS-NONCE": stamp, "ACCESS-SIGNATURE": signature}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return self.http.request(method, url, content=text, headers=headers)

    def order(self, **fields: str) -> Any:
        """The JSON of a new order."""
        return self.signed("POST", "/api/exchange/orders", {"pair": "btc_jpy", **fields}).json()

    def advance(self, seconds: float) -> None:
        """Move the clock ahead."""
        assert self.post("/_clock", {"advance_s": seconds}).status_code == 200

    def book(self) -> Any:
        """The truth about the account."""
        return self.get("/_ledger")

    def free(self, currency: str) -> Decimal:
        """What the ledger says is free."""
        return Decimal(self.book()["balances"][currency]["free"])


type Worlds = Callable[..., Visitor]
