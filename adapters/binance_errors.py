"""What every ccxt error means for a question to Binance, by class name: ccxt itself is only imported when it is used.

We only ask, so nothing can have happened: what is not a clear no is Transient.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.redaction import one_line
from trading.errors import Halt, Rejected, TradingError, Transient

type Meaning = tuple[type[TradingError], str]

TRY_AGAIN: Meaning = (Transient, "no clear answer; try again")
SLOW_DOWN: Meaning = (Transient, "too many requests; wait and try again")
CLOSED: Meaning = (Transient, "the venue is not available; wait and try again")
NO_SUCH: Meaning = (Rejected, "the venue does not know it; check TRADING_PAIRS_CONFIG")
REFUSED: Meaning = (Rejected, "the venue refused the question")
BLOCKED: Meaning = (Halt, "the venue does not serve this place; set TRADER_BINANCE_URL=https://data-api.binance.vision")
KEY: Meaning = (Halt, "market data needs no key, yet access was refused; check TRADER_BINANCE_URL and the proxy")
SETTING: Meaning = (Halt, "the request cannot be made as configured")

MEANING: Mapping[str, Meaning] = {
    "RestrictedLocation": BLOCKED,
    "AuthenticationError": KEY,
    "PermissionDenied": KEY,
    "AccountNotEnabled": KEY,
    "AccountSuspended": KEY,
    "InvalidProxySettings": SETTING,
    "ArgumentsRequired": SETTING,
    "NotSupported": SETTING,
    "BadSymbol": NO_SUCH,
    "BadRequest": REFUSED,
    "OperationRejected": REFUSED,
    "NoChange": REFUSED,
    "MarginModeAlreadySet": REFUSED,
    "ManualInteractionNeeded": REFUSED,
    "InsufficientFunds": REFUSED,
    "InvalidAddress": REFUSED,
    "AddressPending": REFUSED,
    "InvalidOrder": REFUSED,
    "OrderNotFound": REFUSED,
    "OrderNotCached": REFUSED,
    "OrderImmediatelyFillable": REFUSED,
    "OrderNotFillable": REFUSED,
    "DuplicateOrderId": REFUSED,
    "ContractUnavailable": REFUSED,
    "MarketClosed": CLOSED,
    "ExchangeNotAvailable": CLOSED,
    "OnMaintenance": CLOSED,
    "DDoSProtection": SLOW_DOWN,
    "RateLimitExceeded": SLOW_DOWN,
    "BaseError": TRY_AGAIN,
    "ExchangeError": TRY_AGAIN,  # what ccxt raises when it has no better name, broken TLS and HTTP 422 included
    "ExchangeClosedByUser": TRY_AGAIN,
    "OperationFailed": TRY_AGAIN,
    "NetworkError": TRY_AGAIN,
    "InvalidNonce": TRY_AGAIN,
    "ChecksumError": TRY_AGAIN,
    "RequestTimeout": TRY_AGAIN,
    "BadResponse": TRY_AGAIN,
    "NullResponse": TRY_AGAIN,
    "CancelPending": TRY_AGAIN,
    "UnsubscribeError": TRY_AGAIN,
}
"""ccxt class -> who acts, and what to do; a test holds this list complete."""


def meaning_of(error: BaseException) -> Meaning | None:
    """The row of the nearest listed class, or None for an error that is not ccxt's."""
    return next((MEANING[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in MEANING), None)


def translated(error: BaseException, what: str) -> TradingError:
    """The error to raise: one line that says what was asked, what came back, and who acts."""
    kind, advice = meaning_of(error) or TRY_AGAIN
    return kind(f"Binance, {what}: {advice} ({type(error).__name__}: {one_line(str(error))})")
