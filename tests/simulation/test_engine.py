"""The storm: what it takes part in is our own code, it is the same every time, and it sees every mistake made here."""

from __future__ import annotations

import pytest

from tests.simulation.broken import BROKEN
from tests.simulation.storm import main, play

SEEDS = 25
CAUGHT_WITHIN = 200
FIRST = {"no-fence": 202, "no-slot": 30, "no-sweep": 17}
"""Where the search for a mistake begins that shows itself only in few schedules."""


def test_every_invariant_holds_in_the_first_schedules() -> None:
    """Whatever crashes, stalls or gets lost, no order is made twice or lost, and book and venue end equal."""
    failures = {seed: failure for seed in range(SEEDS) if (failure := play(seed).failure)}
    assert failures == {}


@pytest.mark.parametrize("mistake", sorted(BROKEN))
def test_every_deliberate_mistake_is_seen(mistake: str) -> None:
    """A wrong executor is caught within 200 schedules."""
    first = FIRST.get(mistake, 0)
    assert any(play(seed, mistake).failure for seed in range(first, first + CAUGHT_WITHIN))


def test_a_seed_tells_the_same_story_again() -> None:
    """Nothing but the seed decides what happens, so a failure can be looked at again."""
    first: list[str] = []
    again: list[str] = []
    played = play(5, story=first)
    play(8)
    assert play(5, story=again).counts == played.counts
    assert first == again
    assert any("FAULT" in line for line in first)


def test_the_storm_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of fault, crash, stall and redelivery falls within a few dozen schedules, and orders are made."""
    assert main(["--seeds", "12", "--first", "100", "--jobs", "1", "--json"]) == 0
    told = capsys.readouterr().out
    for kind in ("crash", "stall", "wire:lost_reply", "wire:delayed", "table:lost_reply", "queue:again", "UNKNOWN"):
        assert kind in told


def test_a_failure_ends_the_program_with_1_and_names_its_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """``make storm`` fails when an invariant does, and says which seed to replay."""
    assert main(["--seeds", "2", "--jobs", "1", "--break", "redelivery-not-recognised"]) == 1
    assert "seed 0: " in capsys.readouterr().err
