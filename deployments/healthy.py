"""``python -m deployments.healthy``: what a container asks itself every minute. It loads nothing of ours."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from deployments.prefect_api import unreachable


def main() -> str | None:
    """What is wrong, in one line; None when nothing is: we can write our state, and Prefect answers where it should."""
    state = Path(os.environ.get("TRADER_STATE", tempfile.gettempdir()))
    try:
        state.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=state):
            pass
    except OSError as error:
        return f"cannot write to {state}: {error.strerror}"
    return unreachable() if os.environ.get("PREFECT_API_URL") else None


if __name__ == "__main__":
    sys.exit(main())
