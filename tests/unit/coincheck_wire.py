"""A Coincheck exchange over a scripted transport."""

from __future__ import annotations

import httpx
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials
from adapters.http import http_client
from trading.pairs import parse_pairs

SECRET = SecretStr("planted-secret-key")
KEY = SecretStr("planted-access-key")
TICKER = {"last": 27390, "bid": "26900.5", "ask": 27390.5, "timestamp": 1423377841}


class Wire:
    """Answers every request the same way and keeps what was sent."""

    def __init__(self, answer):
        self.answer, self.sent = answer, []

    def __call__(self, request):
        self.sent.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(request) if callable(self.answer) else self.answer


def venue(answer, base_url="https://coincheck.com", credentials=True, pairs=True):
    """An exchange whose transport answers with ``answer``; without pacing."""
    wire = Wire(answer)
    exchange = CoincheckExchange(
        base_url,
        Credentials(KEY, SECRET) if credentials else None,
        parse_pairs(None) if pairs else (),
        http=http_client(transport=httpx.MockTransport(wire)),
        orders_per_s=None,
        details_per_s=None,
    )
    return exchange, wire


def says(body, status=200):
    return lambda _request: httpx.Response(status, json=body)


def ours():
    """A fence that says: go on, it is still our turn."""
    return True
