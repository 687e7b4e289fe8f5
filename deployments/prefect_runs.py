"""What short-lived processes do to Prefect: no heartbeats for runs of a second, everything told before the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_heartbeats() -> Iterator[None]:
    """Prefect's flow heartbeat rounds every run up to a full second; runs that last less need none."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@contextmanager
def pointed_at(api_url: str) -> Iterator[None]:
    """Send this process's runs to a server that started after Prefect was imported, when it read its settings."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: api_url}):
        yield


def flush(limit_s: float = 20) -> None:
    """Deliver every event and log line: they travel in the background, and a process that ends loses them."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=limit_s, at_exit=False)
    APILogWorker.drain_all(timeout=limit_s, at_exit=False)
