"""Who is calling: key, nonce and signature, as Coincheck's reference asks for them.

ACCESS-SIGNATURE = hex HMAC-SHA256(secret, nonce + full URL with its query + body).
Source: coincheck.com/documents/exchange/api, "Authentication".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from simulator.coincheck.rules import Refused

NONCE_MAX = 9_223_372_036_854_775_807


def sign(secret: str, nonce: str, url: str, body: str) -> str:
    """The signature of a request."""
    return hmac.new(secret.encode(), (nonce + url + body).encode(), hashlib.sha256).hexdigest()


class Keyring:
    """The one key of the one account, and the last nonce it was used with."""

    def __init__(self, access_key: str, secret_key: str) -> None:
        """Both as the account holder got them."""
        self._access_key = access_key
        self._secret_key = secret_key
        self._last_nonce = 0

    def check(self, headers: Mapping[str, str], url: str, body: str) -> None:
        """Accept a signed request and use up its nonce. Raises Refused (401)."""
        nonce = headers.get("ACCESS-NONCE", "")
        expected = sign(self._secret_key, nonce, url, body)
        given = headers.get("ACCESS-SIGNATURE", "")
        # Compared as bytes: a header may carry letters that compare_digest refuses in text.
        if headers.get("ACCESS-KEY") != self._access_key or not hmac.compare_digest(expected.encode(), given.encode()):
            raise Refused("invalid authentication", status=401)
        if not nonce.isdecimal() or not self._last_nonce < int(nonce) <= NONCE_MAX:
            raise Refused("Nonce must be incremented", status=401)
        self._last_nonce = int(nonce)
