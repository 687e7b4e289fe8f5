"""CryptoPanic's API v2: two calls a run, each counted before it is made, with a token that nothing else ever sees.

Source: cryptopanic.com/developers/api. The token travels in the query, where libraries log it and errors quote it, and
the provider writes it into its links to further pages. So it is added on the last yard, below the client that logs and
raises, those links are never read, and an answer is kept without the token.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.bodies import payload
from adapters.http import get_whole, http_client
from adapters.news.posts import Valued, articles_of
from adapters.redaction import one_line
from trading.errors import Halt, Rejected, TradingError, Transient
from trading.pairs import Pair
from trading.ports.news import Latest, Quota
from trading.ports.payloads import Payload

CALLS = 2
"""A run asks for the posts of all currencies and for those of the whole market."""


ADVICE: Mapping[int, tuple[type[TradingError], str]] = {
    HTTPStatus.UNAUTHORIZED: (Halt, "it does not know the key; check TRADER_CRYPTOPANIC_API_KEY"),
    HTTPStatus.FORBIDDEN: (Halt, "it refuses the key: its plan or its limit; look at the account there"),
    HTTPStatus.NOT_FOUND: (Halt, "there is no such plan; check TRADER_CRYPTOPANIC_PLAN and TRADER_CRYPTOPANIC_URL"),
    HTTPStatus.TOO_MANY_REQUESTS: (Transient, "too many requests; wait and try again"),
}


type Page = tuple[list[object], tuple[Payload, ...]]


class Signing(httpx.BaseTransport):
    """Adds the token to each request on its way out; what httpx logs and raises shows the request without it."""

    def __init__(self, key: SecretStr, inner: httpx.BaseTransport) -> None:
        self._key, self._inner = key, inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request with the token."""
        url = request.url.copy_merge_params({"auth_token": self._key.get_secret_value()})
        return self._inner.handle_request(
            httpx.Request(
                request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
            )
        )

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


@dataclass(frozen=True, slots=True)
class Allowance:
    """The calls that a plan allows in a month; ``now`` is the clock that the provider counts by."""

    quota: Quota
    calls_per_month: int
    now: Callable[[], datetime]

    def take(self, still_needed: int) -> Latest | None:
        """Count one call of a run that needs so many more; what to answer instead when they are not to be had."""
        now = self.now()
        if self.quota.take(now, self.calls_per_month - still_needed):
            return None
        used = f"the {self.calls_per_month} news calls of {now:%Y-%m} are used up; there are no news until next month"
        return Latest(missing=used, alarm=self.quota.first_refusal(now))


class CryptoPanic:
    """The News port. Shared by threads. ``value`` is what a title says by itself, 0 to 1."""

    missing = ""

    def __init__(
        self,
        posts_url: str,
        key: SecretStr,
        allowance: Allowance,
        value: Valued,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url, self._key, self._allowance, self._value = posts_url, key, allowance, value
        self._http = http_client(transport=Signing(key, transport or httpx.HTTPTransport(retries=0)))

    def __repr__(self) -> str:
        return f"CryptoPanic({self._url!r})"

    def latest(self, pairs: Sequence[Pair], at: datetime) -> Latest:
        """The newest articles about these pairs and the market; nothing, and why, when the month's calls are used up.

        Raises Transient, Rejected or Halt, never with the token in it.
        """
        named = {"currencies": ",".join(pair.news for pair in pairs)}
        posts: list[object] = []
        raw: tuple[Payload, ...] = ()
        for number, query in enumerate((named, {}), 1):
            if none_left := self._allowance.take(CALLS - number):
                return none_left
            page = self._page({"public": "true", "regions": "en", **query})
            posts, raw = posts + page[0], raw + page[1]
        articles, left_out = articles_of(posts, pairs, at, self._value)
        return Latest(articles, left_out, raw=raw)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _page(self, query: Mapping[str, str]) -> Page:
        """The posts of one call, and its answer. Raises Transient, Rejected or Halt."""
        answer = self._asked(query)
        if isinstance(answer, TradingError):
            raise answer
        return answer

    def _asked(self, query: Mapping[str, str]) -> Page | TradingError:
        """One call: posts and answer, or the error to raise; raised elsewhere, so that it drags no library's along."""
        try:
            response = get_whole(self._http, self._url, query)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            kind = Halt if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL) else Transient
            advice = "check TRADER_CRYPTOPANIC_URL" if kind is Halt else "try again"
            return self._error(kind, f"no answer ({type(error).__name__}); {advice}", str(error))
        if response.status_code != HTTPStatus.OK:
            return self._refusal(response)
        posts = _results(response.content)
        if posts is None:
            return self._error(Transient, "the answer is no page of posts; try again", response.text)
        return posts, payload("cryptopanic", "posts", self._url, query, response.content, [self._key])

    def _refusal(self, response: httpx.Response) -> TradingError:
        status = response.status_code
        unknown: type[TradingError] = Transient if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Rejected
        kind, advice = ADVICE.get(status, (unknown, "try again" if unknown is Transient else "it refused the question"))
        return self._error(kind, f"HTTP {status}: {advice}", response.text)

    def _error(self, kind: type[TradingError], what: str, quoted: str) -> TradingError:
        return kind(f"CryptoPanic: {what} ({one_line(quoted, [self._key])})")


def posts_url(base_url: str, plan: str) -> str:
    """Where a plan's posts are."""
    return f"{base_url.rstrip('/')}/api/{plan}/v2/posts/"


def _results(content: bytes) -> list[object] | None:
    """The list of posts in a body; None when there is none. Links to further pages hold the token and are dropped."""
    try:
        body: Any = json.loads(content)
    except (ValueError, RecursionError):
        return None
    found = body.get("results") if isinstance(body, dict) else None
    return found if isinstance(found, list) else None
