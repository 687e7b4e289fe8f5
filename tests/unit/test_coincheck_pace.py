"""Our side of the venue's speed limits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from adapters.coincheck.pace import Pace, shared_pace


class FakeTime:
    """A clock that only sleeping and the test move."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@given(st.integers(1, 6), st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_second_holds_more_calls_than_allowed(per_s, pauses):
    """However callers come, any window of one second has at most that many calls: no burst of bucket plus refill."""
    time, sent = FakeTime(), []
    pace = Pace(per_s, time.monotonic, time.sleep)
    for pause in pauses:
        time.now += pause
        pace.wait()
        sent.append(time.now)
    assert all(later - earlier > 1.0 for earlier, later in zip(sent, sent[per_s:], strict=False))


def test_the_first_calls_do_not_wait():
    """Four orders at once are what the venue allows, so they go at once; the fifth waits for its second."""
    time, sent = FakeTime(), []
    pace = Pace(4, time.monotonic, time.sleep)
    for _ in range(5):
        pace.wait()
        sent.append(time.now)
    assert sent[:4] == [0.0] * 4
    assert 1.0 < sent[4] < 1.2


def test_threads_share_the_places_and_do_not_sleep_in_the_lock():
    """Twelve threads at once get three rounds of four; all wait at the same time."""
    slept, together = [], threading.Barrier(8)

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 2))
        together.wait(timeout=10)

    pace = Pace(4, lambda: 0.0, sleep)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: pace.wait(), range(12)))
    assert sorted(slept) == [1.05] * 4 + [2.1] * 4


def test_none_is_no_limit_and_a_name_has_one_pace():
    """A simulated venue may be asked as fast as one likes; two clients of one key count together."""
    unlimited = Pace(None, lambda: 0.0, lambda _: None)
    for _ in range(1000):
        unlimited.wait()
    assert shared_pace("orders of a key", 4) is shared_pace("orders of a key", 4)
    assert shared_pace("orders of a key", 4) is not shared_pace("orders of another", 4)
