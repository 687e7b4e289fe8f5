"""The world's clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.clock import Backwards, Clock
from simulator.times import from_ms, iso, parse_iso, to_ms
from tests.simulator.visitor import Worlds

START = datetime(2026, 1, 5, tzinfo=UTC)


class Stopwatch:
    """Real seconds that only the test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@given(
    speed=st.sampled_from([0.0, 1.0, 60.0]),
    steps=st.lists(st.tuples(st.floats(0, 1e4), st.integers(-(10**7), 10**7)), max_size=20),
)
def test_clock_never_runs_backwards(speed: float, steps: list[tuple[float, int]]) -> None:
    """Whatever time passes and whatever jumps are asked for, a later reading is never earlier."""
    watch = Stopwatch()
    clock = Clock(START, speed, watch)
    for passed_s, jump_ms in steps:
        before = clock.ms()
        watch.now_s += passed_s
        try:
            clock.move_to(clock.ms() + jump_ms)
        except Backwards:
            assert jump_ms < 0
        assert clock.ms() >= before


@pytest.mark.parametrize(("speed", "seconds"), [(0.0, 0), (1.0, 10), (300.0, 3000)])
def test_clock_runs_as_fast_as_it_is_told(speed: float, seconds: int) -> None:
    """Ten real seconds are none, ten or three thousand simulated ones."""
    watch = Stopwatch()
    clock = Clock(START, speed, watch)
    watch.now_s += 10
    assert (clock.now() - START).total_seconds() == seconds


@given(st.integers(0, 4 * 10**12))
def test_times_survive_being_written(ms: int) -> None:
    """Milliseconds and ISO text say the same time."""
    assert to_ms(parse_iso(iso(ms))) == ms == to_ms(from_ms(ms))


def test_time_without_zone_is_utc() -> None:
    """A text without a zone is read as UTC, one with a zone is converted."""
    assert parse_iso("2026-01-05T00:00:00") == START == parse_iso("2026-01-05T09:00:00+09:00")


def test_clock_moves_by_request_and_refuses_the_past(world: Worlds) -> None:
    """POST /_clock steps and jumps; a time before now is 409, an unreadable one 400, both with a reason."""
    visitor = world(start=START)
    assert visitor.post("/_clock", {"advance_s": 90}).json()["now"] == "2026-01-05T00:01:30.000Z"
    assert visitor.post("/_clock", {"to": "2026-01-05T01:00:00Z"}).json()["now"] == "2026-01-05T01:00:00.000Z"
    back = visitor.post("/_clock", {"to": "2026-01-05T00:59:59Z"})
    assert (back.status_code, "cannot go back" in back.json()["error"]) == (409, True)
    for wrong in ({"to": "soon"}, {"advance_s": "x"}, {}, [], {"to": 5}):
        assert visitor.post("/_clock", wrong).status_code == 400
    assert visitor.get("/_clock")["now"] == "2026-01-05T01:00:00.000Z"
