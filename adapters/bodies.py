"""Bodies to keep: an answer as it came, but for secrets of ours that it repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote_plus

import httpx
from pydantic import SecretStr

from adapters.redaction import HIDDEN, SHORTEST
from trading.ports.payloads import Payload

TOKEN = re.compile(rb'(auth_token=)(?:[^&"\\\s]|\\(?!u0026).)+')
"""A token in a link, however it is written; in JSON an ``&`` may be spelled out."""


def payload(
    provider: str, name: str, url: str, query: Mapping[str, str], body: bytes, secrets: Iterable[SecretStr]
) -> tuple[Payload, ...]:
    """An answer about the whole market, to be kept; none when a secret cannot be taken out of it.

    url: with the path, without ``query``; a user and password in it, or a query of its own, are not kept.
    """
    left = without_secrets(body, secrets)
    shown = str(httpx.URL(url).copy_with(userinfo=b"", params=dict(query)))
    return () if left is None else (Payload(provider, name, "market", shown, left),)


def without_secrets(body: bytes, secrets: Iterable[SecretStr]) -> bytes | None:
    """The body with the value of each secret replaced, and nothing else; None when one still shows."""
    known = [secret.get_secret_value() for secret in secrets]
    known = [secret for secret in known if len(secret) >= SHORTEST]
    for secret in known:
        for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
            body = body.replace(form.encode(), HIDDEN.encode())
    body = TOKEN.sub(rb"\1" + HIDDEN.encode(), body)
    return None if any(_shows(body, secret) for secret in known) else body


def _shows(body: bytes, secret: str) -> bool:
    """Whether whoever reads the body finds the secret, also one that is spelled out or quoted, twice even."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body.decode(errors="replace")
    forms = {secret, json.dumps(secret, ensure_ascii=False)[1:-1]}
    read = (text, unquote_plus(text), unquote_plus(unquote_plus(text)))
    return any(form in one for form in forms for one in read)
