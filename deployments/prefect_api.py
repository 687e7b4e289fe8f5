"""Whether Prefect's API can be used from here, without loading Prefect for it."""

from __future__ import annotations

import base64
import os
import urllib.error
import urllib.request

ANSWER_LIMIT_S = 2.0
"""How long it may take to say that it is there."""


def unreachable() -> str | None:
    """Why the API that PREFECT_API_URL names cannot be used, in words; None when it answers."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return "PREFECT_API_URL is not set"
    try:
        request = urllib.request.Request(f"{url.rstrip('/')}/health", headers=_headers())  # noqa: S310 (a setting)
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S):  # noqa: S310 (a setting)
            return None
    except urllib.error.HTTPError as error:
        return f"Prefect's API answers {error.code}"
    except (OSError, ValueError) as error:
        return f"Prefect's API does not answer ({type(error).__name__})"


def _headers() -> dict[str, str]:
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if auth := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}
    return {}
