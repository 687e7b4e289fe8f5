"""One HTTP call to Coincheck, signed or not: a JSON object comes back, or an error that says who acts.

It never sends anything twice. Shared by threads: httpx is thread-safe, and signed calls take turns (signing.Nonces).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from adapters.coincheck.errors import Call, Failure, of_transport, read
from adapters.coincheck.signing import Credentials, Nonces, nonces_of, signed_headers
from trading.errors import Halt, TradingError, Transient

AHEAD_S = 10.0
"""How far ahead of the clock the nonce of an order may be; refused nonces make ours jump ahead by a second or a few."""

CATCHES_UP_S = 900.0
"""A lead that is worth waiting for."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class CoincheckClient:
    """Requests below one base URL with one key (or none: then only public calls work)."""

    def __init__(self, base_url: str, credentials: Credentials | None, http: httpx.Client) -> None:
        self._base = base_url.rstrip("/")
        self._credentials = credentials
        self._http = http
        self._nonces = nonces_of(credentials.access_key) if credentials else Nonces()

    def __repr__(self) -> str:
        return f"CoincheckClient({self._base!r}, {'signed' if self._credentials else 'public only'})"

    def public(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET without a signature. Raises Transient, Rejected or Halt."""
        return self._answer("GET", path, query or {}, Call.ASKING)

    def private(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """GET with a signature. Raises Transient, Rejected or Halt."""
        return self._signed("GET", path, query or {}, Call.ASKING)

    def place(self, path: str, form: Mapping[str, str], fence: Callable[[], bool]) -> dict[str, Any]:
        """POST one order, at most once: with the nonce drawn ``fence`` is asked, and without its yes nothing is sent.

        Raises Transient (also when fenced off), Unknown, Rejected or Halt.
        """
        return self._signed("POST", path, form, Call.PLACING, fence)

    def cancel(self, path: str) -> dict[str, Any]:
        """DELETE an order, once, without a body. Raises Rejected when there is nothing to cancel, Transient or Halt."""
        return self._signed("DELETE", path, {}, Call.CANCELLING)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _signed(
        self, method: str, path: str, fields: Mapping[str, str], call: Call, fence: Callable[[], bool] | None = None
    ) -> dict[str, Any]:
        if self._credentials is None:
            msg = f"Coincheck, {method} {path}: no API key; set TRADER_COINCHECK_ACCESS_KEY and _SECRET_KEY"
            raise Halt(msg)
        with self._nonces.turn() as nonce:
            if fence is not None:
                self._by_the_clock(nonce, f"{method} {path}")
                _ask(fence, f"{method} {path}")
            return self._answer(method, path, fields, call, nonce)

    def _by_the_clock(self, nonce: int, what: str) -> None:
        """Raises when a nonce runs so far ahead that a later look of another process might not overtake it.

        Transient while the clock will soon catch up, Halt when it will not.
        """
        ahead_s = self._nonces.ahead_s(nonce)
        if ahead_s > AHEAD_S:
            kind = Transient if ahead_s < CATCHES_UP_S else Halt
            said = f"Coincheck, {what}: not sent: the nonces of this key run {ahead_s:.0f} s ahead of the clock"
            raise kind(f"{said}: another program uses it; give this desk a key of its own")

    def _answer(
        self, method: str, path: str, fields: Mapping[str, str], call: Call, nonce: int | None = None
    ) -> dict[str, Any]:
        answer = self._send(method, path, fields, nonce)
        if isinstance(answer, dict):
            if nonce is not None:
                self._nonces.settle()
            return answer
        if answer.meaning.nonce and nonce is not None:
            self._nonces.jump()
        secrets = self._credentials.secrets if self._credentials else ()
        raise answer.error(call, f"{method} {path}", secrets)

    def _send(self, method: str, path: str, fields: Mapping[str, str], nonce: int | None) -> dict[str, Any] | Failure:
        """One request on the wire; what came of it, as a value."""
        encoded = urlencode(sorted(fields.items()))
        try:
            if method != "POST":
                request = self._http.build_request(method, f"{self._base}{path}{'?' if encoded else ''}{encoded}")
            else:
                request = self._http.build_request(method, self._base + path, content=encoded.encode(), headers=FORM)
            if nonce is not None and self._credentials is not None:
                # Signed is what httpx will put on the wire, not what we handed in: it normalises addresses.
                request.headers.update(signed_headers(self._credentials, nonce, str(request.url), request.content))
            return read(self._http.send(request))
        except (httpx.RequestError, httpx.InvalidURL) as error:
            return of_transport(error)


def _ask(fence: Callable[[], bool], what: str) -> None:
    """Return when the fence says yes. Raises Transient when it says no or cannot say: nothing was sent, either way."""
    try:
        ours = fence()
    except TradingError as error:
        msg = f"Coincheck, {what}: not sent: whether our time is over could not be asked ({error}); try again"
        raise Transient(msg) from error
    if not ours:
        msg = f"Coincheck, {what}: not sent: our time for it was over; read the trade again"
        raise Transient(msg)
