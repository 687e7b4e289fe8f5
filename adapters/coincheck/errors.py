"""What every answer of the venue means, as data: who acts after a sent order, and who after a question.

The rule behind the table, for an order: Transient, Rejected and Halt are only said when the order surely does not
exist; everything that is not a clear answer is Unknown. A question changes nothing: whatever is unclear is Transient.
Sources: coincheck.com/documents/exchange/api; error texts as live clients logged them (HTTP 400 for most of them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.redaction import one_line
from trading.errors import Halt, Rejected, TradingError, Transient, Unknown


class Call(Enum):
    """What was asked of the venue; it decides what a missing answer means."""

    PLACING = "placing an order"
    ASKING = "asking"
    CANCELLING = "cancelling an order"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table: what was seen, who acts for an order and for a question, and what to do about it.

    gone: the order spoken of is not open, which is the one no that ends a cancellation; another one may pass.
    """

    seen: str
    placing: type[TradingError]
    asking: type[TradingError]
    advice: str
    nonce: bool = False
    gone: bool = False

    def of(self, call: Call) -> type[TradingError]:
        """Who acts. A cancellation is a question that may be asked twice."""
        if call is Call.CANCELLING and self.asking is Rejected and not self.gone:
            return Transient
        return self.placing if call is Call.PLACING else self.asking


NOT_SENT = Meaning("no connection: the request never left", Transient, Transient, "try again")
NO_ANSWER = Meaning("the connection broke after the request may have left", Unknown, Transient, "look the order up")
BAD_ADDRESS = Meaning("the address is not one for HTTP", Halt, Halt, "check TRADER_COINCHECK_URL")

TRANSPORT: Mapping[type[Exception], Meaning] = {
    httpx.ConnectError: NOT_SENT,
    httpx.ConnectTimeout: NOT_SENT,
    httpx.PoolTimeout: NOT_SENT,
    httpx.ProxyError: NOT_SENT,  # the proxy refused to open the way; what it answers later is a response
    httpx.UnsupportedProtocol: BAD_ADDRESS,
    httpx.InvalidURL: BAD_ADDRESS,
    httpx.ReadError: NO_ANSWER,
    httpx.ReadTimeout: NO_ANSWER,
    httpx.WriteError: NO_ANSWER,  # all of it may have arrived before the write was seen to fail
    httpx.WriteTimeout: NO_ANSWER,
    httpx.CloseError: NO_ANSWER,
    httpx.RemoteProtocolError: NO_ANSWER,  # cut off in the middle of the answer
    httpx.LocalProtocolError: NO_ANSWER,  # mostly before sending, but not surely
    httpx.DecodingError: NO_ANSWER,
    httpx.TooManyRedirects: NO_ANSWER,
    # The families: httpx raises their members, but what it may raise one day is not known to be harmless.
    httpx.TimeoutException: NO_ANSWER,
    httpx.NetworkError: NO_ANSWER,
    httpx.ProtocolError: NO_ANSWER,
    httpx.TransportError: NO_ANSWER,
    httpx.RequestError: NO_ANSWER,
}
"""Every way in which httpx fails without a whole answer; a test holds this list complete."""

NONCE = Meaning("the nonce was not higher than the last", Transient, Transient, "try again", nonce=True)
BUSY = Meaning("too many requests", Transient, Transient, "wait and try again")
KEY = Meaning("the key is wrong, disabled or lacks the permission", Halt, Halt, "check the API key and its permissions")
SERVER = Meaning("a fault inside the venue", Unknown, Transient, "look the order up")
MAINTENANCE = Meaning("the venue is under maintenance", Transient, Transient, "wait and try again")
FUNDS = Meaning("not enough money or coins", Rejected, Rejected, "compare book and balances")
SIZE = Meaning("the size breaks the venue's order rules", Rejected, Rejected, "check the lot rules of the pair")
CLOSED = Meaning("the pair is not traded now", Rejected, Rejected, "nothing; the next decision tries again")
ABSENT = Meaning("the venue does not know it", Rejected, Rejected, "check the id or the pair", gone=True)
ENDED = Meaning("the order is not open any more", Rejected, Rejected, "ask for the order", gone=True)
REFUSED = Meaning("a refusal with a reason we do not know", Rejected, Rejected, "read the venue's words")
UNCLEAR = Meaning("not an answer of the API", Unknown, Transient, "look the order up; check TRADER_COINCHECK_URL")
EMPTY_NO = Meaning("a refusal without a reason", Unknown, Rejected, "look the order up")

REASONS: tuple[tuple[Meaning, str], ...] = (
    (NONCE, r"nonce"),
    (BUSY, r"too[_ ]many[_ ]requests|rate limit"),
    (KEY, r"authentication|api key|signature|permission|unauthorized|forbidden|ip address|権限|認証|許可"),
    (SERVER, r"internal server error|system error|time-?d? ?out|しばらく|システムエラー"),
    (MAINTENANCE, r"maintenance|メンテナンス"),
    (FUNDS, r"足りません|不足|insufficient"),
    (SIZE, r"最低|下回って|最小|上限|超えて|minimum|maximum|too small|too large"),
    (CLOSED, r"停止|板寄せ|itayose|closed|suspended|not available"),
    (ENDED, r"failed to cancel"),
    (ABSENT, r"見つかりません|存在しません|not found|does not exist"),
)
"""Words in the venue's reason, in any case; the first row that matches wins. There are no error codes to go by."""

WORDS_MAX = 20_000
"""Of a foreign body; cut far beyond what an error shows, for a secret cut in half would no longer be recognised."""

STATUSES: Mapping[int, Meaning] = {401: KEY, 403: KEY, 408: NO_ANSWER, 429: BUSY}
"""HTTP statuses that mean the same whatever the body; 500 and above are SERVER."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call: its meaning, and the venue's or the library's own words."""

    meaning: Meaning
    words: str

    def error(self, call: Call, what: str, secrets: Iterable[SecretStr] = ()) -> TradingError:
        """The error to raise: one line, without secrets."""
        said = one_line(self.words, secrets)
        text = f"Coincheck, {what}: {self.meaning.seen}{f' ({said})' if said else ''}; {self.meaning.advice}"
        return self.meaning.of(call)(text)


def of_transport(error: Exception) -> Failure:
    """What an httpx exception means; the nearest listed class decides."""
    meaning = next(TRANSPORT[kind] for kind in type(error).__mro__ if kind in TRANSPORT)
    return Failure(meaning, f"{type(error).__name__}: {error}")


def read(response: httpx.Response) -> dict[str, Any] | Failure:
    """The JSON object of a good answer, numbers exact, or what went wrong.

    The order of the questions matters: a server fault is a fault whatever its body says; the venue's own words are more
    exact than the other statuses.
    """
    status, body = response.status_code, _object(response.content)
    seen, text = f"HTTP {status}", response.text[:WORDS_MAX]
    if status >= 500:
        return Failure(SERVER, f"{seen} {text}")
    refused = body is not None and body.get("success") is False
    reason = _reason(body) if refused and body is not None else ""
    known = next((meaning for meaning, words in REASONS if re.search(words, reason, re.IGNORECASE)), None)
    if status == 429 or (known is None and status in STATUSES):
        return Failure(STATUSES[status], f"{seen} {reason or text}")
    if refused:
        return Failure(known or (REFUSED if reason else EMPTY_NO), f"{seen} {reason}")
    if body is not None and 200 <= status < 300 and body.get("success", True) is True:
        return body
    return Failure(UNCLEAR, f"{seen} {text}")


def _object(content: bytes) -> dict[str, Any] | None:
    """The body as a JSON object with Decimal numbers, or None when it is anything else."""
    try:
        body = json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
        json.dumps(body, ensure_ascii=False, default=str).encode()  # half a character can be neither logged nor stored
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _no_constant(name: str) -> None:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


def _reason(body: Mapping[str, Any]) -> str:
    for key in ("error", "message", "errors"):
        if body.get(key):
            return str(body[key])
    return ""


def rows() -> list[tuple[str, str, str, str]]:
    """The whole table for people: what is seen, after an order, after a question, what to do."""
    listed = (*TRANSPORT.values(), *(meaning for meaning, _ in REASONS), *STATUSES.values())
    meanings = dict.fromkeys((*listed, REFUSED, EMPTY_NO, SERVER, UNCLEAR))
    return [(m.seen, m.placing.__name__, m.asking.__name__, m.advice) for m in meanings]
