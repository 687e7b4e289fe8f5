"""Late runs: the first that starts does the work of those that wait, and of no others."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trading.lateness import LATE_AFTER, Due, in_words, late_by, overtaken

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
times = st.integers(-7_200, 7_200).map(lambda number: NOW + timedelta(seconds=number))
runs = st.lists(
    st.builds(Due, st.integers(0, 99).map(str), times, st.booleans(), st.sampled_from([{}, {"desk": "live"}])),
    max_size=8,
    unique_by=lambda one: one.run_id,
)


@given(st.builds(Due, st.just("mine"), times, st.booleans(), st.just({})), runs)
def test_a_late_run_overtakes_what_a_schedule_made_of_the_same_work_and_is_due(mine: Due, waiting: list[Due]) -> None:
    """Never itself, what is still to come, what somebody asked for, or a run with other parameters; all the rest."""
    gone = overtaken(mine, [mine, *waiting], NOW)
    same = [one for one in waiting if one.scheduled and one.at <= NOW and one.given == {}]
    assert gone == (same if mine.scheduled and NOW - mine.at >= LATE_AFTER else [])


@given(runs)
def test_however_many_runs_were_missed_one_of_each_kind_is_left(waiting: list[Due]) -> None:
    """Whichever starts first, once all have started, no two late ones did the same work."""
    left, started = list(waiting), list[Due]()
    while left:
        first = left.pop(0)
        started.append(first)
        gone = overtaken(first, left, NOW)
        left = [one for one in left if one not in gone]
    late = [one for one in started if one.scheduled and NOW - one.at >= LATE_AFTER]
    assert len({str(one.given) for one in late}) == len(late)
    assert {one.run_id for one in waiting if not one.scheduled or one.at > NOW} <= {one.run_id for one in started}


@given(times)
def test_nothing_is_late_before_its_time(at: datetime) -> None:
    """Lateness is never negative, and it is what the clock says."""
    assert late_by(at, NOW) == max(NOW - at, timedelta(0))


def test_a_cancelled_run_says_why() -> None:
    """The words name the minutes, and the run that does the work instead."""
    mine, one = (Due(name, NOW - timedelta(minutes=minutes)) for name, minutes in (("a", 30), ("b", 12)))
    words = "late by 12 minutes; the run of 11:30 UTC, begun at 12:00, sees the same market"
    assert in_words(mine, one, NOW) == words
