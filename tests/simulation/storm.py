# ruff: noqa: T201 (a program that people read)
"""Seeded schedules of everything that can go wrong, against the flows' own code: ``make storm SEEDS=10000``.

A schedule is some 25 minutes of the market in which executors, monitor, reconciler, decider and a person run at once,
crash, stall, and meet faults on every wire; then it is calm until all is quiet, and book and venue are compared.
``--seed S`` tells one of them step by step.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context

from tests.simulation.broken import BROKEN
from tests.simulation.engineless import without_engine
from tests.simulation.invariants import Violation, Watch
from tests.simulation.quicker import decoded_once
from tests.simulation.world import CALM_S, LOOK_S, STORM_S, WIRE_OF_ALL, Schedule
from trading.order import Status

MOST_STEPS = 200_000
"""A schedule that takes more does not come to an end."""


@dataclass
class Played:
    """What one schedule came to; ``failure`` None when every invariant held."""

    seed: int
    failure: str | None = None
    counts: Counter[str] = field(default_factory=Counter)
    took_ms: float = 0.0


def play(seed: int, broken: str | None = None, story: list[str] | None = None) -> Played:
    """One schedule from its seed, the same every time."""
    began = time.perf_counter()
    schedule = WIRE_OF_ALL.schedule = Schedule(seed, story)
    watch, played = Watch(schedule), Played(seed)
    mistake = BROKEN[broken]() if broken else nullcontext()
    with without_engine(schedule.desk, schedule.hub.sleep), decoded_once(), mistake:
        try:
            _until_quiet(schedule, watch)
            watch.at_the_end()
        except Violation as violation:
            played.failure = str(violation)
        except Exception as error:
            played.failure = f"{type(error).__name__}: {error}"
            if story is not None:
                raise
        finally:
            schedule.hub.end()
    played.counts = _figures(schedule, watch)
    played.took_ms = (time.perf_counter() - began) * 1000
    return played


def _until_quiet(schedule: Schedule, watch: Watch) -> None:
    hub = schedule.hub
    storm_ends = hub.now_ms + int(STORM_S * 1000)
    while hub.now_ms < storm_ends:
        _step(schedule, watch)
    schedule.dice.on = False
    hub.say("--- calm ---")
    look_at = hub.now_ms
    while hub.now_ms < storm_ends + int(CALM_S * 1000):
        _step(schedule, watch)
        if hub.now_ms >= look_at:
            look_at = hub.now_ms + int(LOOK_S * 1000)
            if schedule.is_quiet():
                return


def _step(schedule: Schedule, watch: Watch) -> None:
    schedule.hub.step()
    watch.after_step()
    if schedule.hub.steps > MOST_STEPS:
        raise Violation(f"no end after {MOST_STEPS} steps")


def _figures(schedule: Schedule, watch: Watch) -> Counter[str]:
    """What is counted of a schedule."""
    counts = schedule.dice.counts + schedule.counts
    counts["steps"] = schedule.hub.steps
    counts["starts of a process"] = sum(actor.lives for actor in schedule.hub.actors)
    stops = [one.order for one in schedule.venue.accepted if one.order.stop_loss_rate is not None]
    counts["orders taken by the venue"] = len(schedule.venue.accepted) - len(stops)
    counts["stops taken by the venue"] = len(stops)
    counts["stops that sold"] = sum(bool(stop.executed_amount) for stop in stops)
    counts["fills"] = len(schedule.venue.ledger.fills)
    for trade in watch.trades():
        counts[f"trade {trade.intent.side} {trade.status}"] += 1
        if trade.status in {Status.REFUSED, Status.HALTED}:
            counts[f"{trade.status}: {_reason(trade.note)}"] += 1
        if trade.unknown_since is not None:
            counts[f"UNKNOWN ended {trade.status}"] += 1
    counts.update(schedule.queue_counts())
    return counts


def _reason(note: str) -> str:
    """A note without its figures, so that equal reasons are counted together."""
    return " ".join(word for word in note.split()[:9] if not any(letter.isdigit() for letter in word))


# -------------------------------------------------------------------------------------------------------- the program


def _play(job: tuple[int, str | None]) -> Played:
    return play(*job)


def _settle_in() -> None:
    """What was imported stays: the garbage collector need not look at it again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def played(first: int, seeds: int, jobs: int, broken: str | None) -> Iterator[Played]:
    """Many schedules, in parallel, in the order in which they end."""
    work = [(seed, broken) for seed in range(first, first + seeds)]
    if jobs == 1:
        yield from map(_play, work)
        return
    with get_context("fork").Pool(jobs, initializer=_settle_in) as pool:
        yield from pool.imap_unordered(_play, work, chunksize=8)


def main(arguments: list[str] | None = None) -> int:
    """The program; 1 when an invariant did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.storm", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="tell this one, step by step")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--break", dest="broken", choices=sorted(BROKEN), help="with this deliberate bug in our code")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    asked = parser.parse_args(arguments)
    if asked.seed is not None:
        return _tell(asked.seed, asked.broken)
    return _many(asked)


def _tell(seed: int, broken: str | None) -> int:
    story: list[str] = []
    try:
        one = play(seed, broken, story)
    finally:
        print("\n".join(story))
    print(f"seed {seed}: {one.failure or 'every invariant held'}")
    return 1 if one.failure else 0


def _many(asked: argparse.Namespace) -> int:
    began, total, failures, slowest = time.perf_counter(), Counter[str](), [], 0.0
    for number, one in enumerate(played(asked.first, asked.seeds, asked.jobs, asked.broken), 1):
        total.update(one.counts)
        slowest = max(slowest, one.took_ms)
        if one.failure:
            failures.append(one)
            print(f"seed {one.seed}: {one.failure}", file=sys.stderr)
        if number % max(asked.seeds // 20, 1) == 0:
            took = time.perf_counter() - began
            print(f"{number} of {asked.seeds}, {took:.0f} s, {len(failures)} failed", file=sys.stderr)
    took = time.perf_counter() - began
    total["schedules"] = asked.seeds
    found = {"took_s": round(took, 1), "slowest_ms": round(slowest), "failed_seeds": [one.seed for one in failures]}
    if asked.json:
        print(json.dumps({**found, "figures": dict(sorted(total.items()))}, indent=1, ensure_ascii=False))
    else:
        for name, count in sorted(total.items()):
            print(f"{count:>10}  {name}")
        print(f"{asked.seeds} schedules in {took:.0f} s, slowest {slowest:.0f} ms, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
