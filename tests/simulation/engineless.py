"""Prefect without its engine, as deployments/without_prefect.py does it, in one thread and without waiting.

What is proven here is the code of the flows and tasks as they are, thousands of times a minute. That Prefect itself
runs them so is shown by tests/flows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from blocks import desk as desks
from deployments.without_prefect import without_prefect


@contextmanager
def without_engine(open_desk: Callable[[], Any], sleep: Callable[[float], None]) -> Iterator[None]:
    """Plain calls, one after another. ``open_desk``: the desk of who runs now. ``sleep``: what a retry waits with."""
    with (
        without_prefect(threads=1, sleep=sleep, jitter=lambda: 0.0),
        patch.object(desks, "load_settings", lambda: None),
        patch.object(desks, "_open", lambda _name, _settings: open_desk()),
    ):
        yield
