"""With Prefect or without it: what decides, and what is told before a function returns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect import Flow, flow, task
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from deployments import prefect_runs
from deployments.on_lambda import engine
from deployments.without_prefect import without_prefect
from tasks.policies import ASK
from trading.errors import Halt, Transient

begun: list[int] = []


@flow
def doubled(number: int) -> int:
    begun.append(number)
    if number < 0:
        raise Halt("below zero")
    return 2 * number


class BrokenApi(BaseHTTPRequestHandler):
    """Says that it is well, and answers nothing else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path.endswith("/health") else 500)
        self.end_headers()

    do_POST = do_GET  # noqa: N815 (its name)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def broken_api(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BrokenApi)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield url
    server.shutdown()
    server.server_close()


def test_an_api_that_fails_before_the_flow_has_begun_is_done_without(broken_api, monkeypatch) -> None:
    """The flow runs once, as a plain call, and is counted; nothing is told first: an exit does not wait for that."""
    limits: list[float] = []
    monkeypatch.setattr(prefect_runs, "flush", limits.append)
    begun.clear()
    unseen: list[bool] = []
    assert engine.run(doubled, {"number": 4}, lambda: 5.0, lambda: unseen.append(True)) == (8, "plain")
    assert (begun, unseen, limits) == ([4], [True], [])


def test_a_flow_that_has_begun_is_not_begun_again(monkeypatch) -> None:
    """What it raises stands; everything is flushed first, and a flush that fails hides neither result nor error."""
    flushed: list[float] = []

    def failing_flush(limit_s: float) -> None:
        flushed.append(limit_s)
        raise OSError("gone")

    def started(self: Flow, **given: int) -> int:
        """An engine that works."""
        return self.fn(**given)

    monkeypatch.setattr(prefect_runs, "flush", failing_flush)
    monkeypatch.setattr(engine, "unreachable", lambda: None)
    begun.clear()
    monkeypatch.setattr(Flow, "__call__", started)
    assert engine.run(doubled, {"number": 4}) == (8, "prefect")
    with pytest.raises(Halt):
        engine.run(doubled, {"number": -1})
    assert engine.run(doubled, {"number": 1}, lambda: 0.5) == (2, "prefect")
    assert (begun, flushed) == ([4, -1, 1], [10 / 2, 10 / 2])


def test_without_an_api_nothing_is_missed(monkeypatch) -> None:
    """A function that was never meant to have a Prefect runs plainly, and says nothing about it."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    assert engine.run(doubled, {"number": 3}, unseen=lambda: pytest.fail("told")) == (6, "plain")


def test_mapped_tasks_run_side_by_side_under_their_own_retries() -> None:
    """Six at a time, results in order, each repeated as its policy says with the pauses of that, and some jitter."""
    together, waits, left = threading.Barrier(6, timeout=20), list[float](), {2: 1, 4: 2}

    @task(**ASK)
    def halved(number: int) -> int:
        if left.get(number, 0):
            left[number] -= 1
            raise Transient("busy")
        together.wait()
        return number // 2

    with without_prefect(sleep=waits.append, jitter=lambda: 1.0):
        assert [one.result() for one in halved.map([0, 2, 4, 6, 8, 10])] == [0, 1, 2, 3, 4, 5]
    assert sorted(waits) == [1.3, 1.3, 6.5]
