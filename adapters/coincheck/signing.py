"""Signatures and nonces of Coincheck's private API.

Source: coincheck.com/documents/exchange/api, "Authentication": ACCESS-SIGNATURE is the hex HMAC-SHA256, under the
secret key, of nonce + full URL + body; ACCESS-NONCE is a positive integer that increases with every request of a key.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from trading.errors import BadInput, Halt

NONCE_MAX = 9_223_372_036_854_775_807
FIRST_JUMP_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Credentials:
    """One API key of the venue. Neither half shows in a repr, a log or an error."""

    access_key: SecretStr
    secret_key: SecretStr

    def __post_init__(self) -> None:
        for name in ("access_key", "secret_key"):
            text = getattr(self, name).get_secret_value()
            # A line break pasted along would only be noticed while a signed order is on its way.
            if not text or not text.isascii() or not text.isprintable() or " " in text:
                msg = f"the Coincheck {name} is empty or holds blanks or foreign letters; copy it again"
                raise BadInput(msg)

    @property
    def secrets(self) -> tuple[SecretStr, SecretStr]:
        """What must never be read anywhere."""
        return (self.access_key, self.secret_key)


class Nonces:
    """The nonces of one key: microseconds since 1970, strictly increasing, whatever the clock does.

    A request holds the ``turn`` until it is answered. Numbers alone are not enough: two requests in flight may arrive
    the other way round, and the venue then refuses the earlier number (I23).
    """

    def __init__(self, time_ns: Callable[[], int] = time.time_ns) -> None:
        self._time_ns = time_ns
        self._lock = threading.Lock()
        self._last = 0
        self._jump_us = FIRST_JUMP_US

    @contextmanager
    def turn(self) -> Iterator[int]:
        """The next nonce, alone in flight until the block ends. Raises Halt when the venue's range is used up."""
        with self._lock:
            nonce = max(self._time_ns() // 1000, self._last + 1)
            if nonce > NONCE_MAX:
                msg = "the nonces of this Coincheck key are used up; create a new key"
                raise Halt(msg)
            self._last = nonce
            yield nonce

    def ahead_s(self, nonce: int) -> float:
        """By how much a nonce runs ahead of the clock."""
        return (nonce - self._time_ns() // 1000) / 1_000_000

    def jump(self) -> None:
        """The venue has seen a higher nonce: go past it, twice as far each time it still says so.

        A key that was used with milliseconds is passed at once, one used with nanoseconds after some forty refusals.
        Called inside the turn that was refused.
        """
        self._last = min(max(self._time_ns() // 1000, self._last) + self._jump_us, NONCE_MAX - 1)
        self._jump_us = min(self._jump_us * 2, NONCE_MAX)

    def settle(self) -> None:
        """The venue took a nonce: the next jump is small again."""
        self._jump_us = FIRST_JUMP_US


_LANES: dict[str, Nonces] = {}
_LANES_LOCK = threading.Lock()


def nonces_of(access_key: SecretStr) -> Nonces:
    """The one source of nonces that this process has for a key, however many clients use it."""
    name = hashlib.sha256(access_key.get_secret_value().encode()).hexdigest()
    with _LANES_LOCK:
        return _LANES.setdefault(name, Nonces())


def signature(secret_key: SecretStr, nonce: int, url: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over the nonce, the URL exactly as sent, query included, and the body's exact bytes."""
    message = f"{nonce}{url}".encode() + body
    return hmac.new(secret_key.get_secret_value().encode(), message, hashlib.sha256).hexdigest()


def signed_headers(credentials: Credentials, nonce: int, url: str, body: bytes) -> Mapping[str, str]:
    """The three headers of a private request."""
    return {
        "ACCESS-KEY": credentials.access_key.get_secret_value(),
        "ACCESS-NONCE": str(nonce),
        "ACCESS-SIGNATURE": signature(credentials.secret_key, nonce, url, body),
    }
