"""Runs that were missed, and runs that die: what is held is soon watched again, and nothing piles up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from blocks.watching import Guardhouse, open_guardhouse
from deployments.processes import Child
from tests.operations.conftest import Operated
from tests.operations.dying import asked, ended, killed_with_its_worker, missed, seen, until

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def guardhouse(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> Guardhouse:
    """The watchdog's post at the operated desk."""
    for name, value in operated.env.items():
        monkeypatch.setenv(name, value)
    operated.world.clear_faults()
    return open_guardhouse("embedded")


def test_of_the_runs_missed_in_half_an_hour_one_or_two_run(operated: Operated, worker: Child) -> None:
    """Eight looks were missed: the first that starts looks, the others are cancelled and say why.

    A second may have started beside it; what a person asked for in that time runs.
    """
    operated.prefect("work-pool", "pause", "trader")
    runs = missed(operated, "monitor_positions", [30, 26, 22, 18, 14, 10, 6, 2])
    operated.prefect("work-pool", "resume", "trader")
    ends = {run: until(lambda run=run: ended(operated, run)) for run in runs}
    done = [run for run, how in ends.items() if how == "Completed"]
    words = [str(state.message) for run in set(runs) - set(done) if (state := seen(operated, run).state)]
    assert 1 <= len(done) <= 2, ends
    assert all(one.startswith("late by ") and one.endswith("sees the same market") for one in words), words


def test_a_look_that_dies_with_its_worker_holds_nobody_up(
    operated: Operated, worker: Child, guardhouse: Guardhouse
) -> None:
    """SIGKILL in the middle of a look: the very next run looks, though the dead one is still called Running."""
    operated.world.faults([{"target": "binance", "kind": "latency", "seconds": 600, "times": None}])
    dead = asked(operated, "monitor_positions", desk="embedded")
    killed_with_its_worker(operated, dead)
    operated.world.clear_faults()
    operated.world.step_to(operated.world.now() + timedelta(minutes=1))
    operated.start_worker("--limit", "2")
    again = asked(operated, "monitor_positions", desk="embedded")
    assert until(lambda: ended(operated, again)) == "Completed"
    beat = guardhouse.post.watch.last()
    assert beat is not None
    assert beat.at >= operated.world.now()
    assert ended(operated, dead) in {None, "Crashed"}
