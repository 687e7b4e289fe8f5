"""What ``trader up`` says: a line when something happens, and how things stand every five minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from deployments.up.runs import Run, Runs
from trading.errors import Transient
from trading.report.words import JST, plural

QUIET = timedelta(minutes=4)
"""A flow that ends well is told of at most this often: some run every minute."""
STANDING = timedelta(minutes=5)
MESSAGE_MAX = 120
PREAMBLE = "Flow run encountered an exception: "
"""Prefect begins every failure with it."""


def clock(at: datetime) -> str:
    """A time as a person here reads it, with its zone."""
    return f"{at.astimezone(JST):%H:%M:%S %Z}"


class Story:
    """Which runs were told of already, and when; no line twice."""

    def __init__(self, runs: Runs, now: datetime) -> None:
        self._runs, self._since, self._seen = runs, now - timedelta(seconds=1), set[str]()
        self._told: dict[str, datetime] = {}
        self._standing_at = now
        self._silent = False

    def lines(self, now: datetime, restarts: int) -> list[str]:
        """What is new since the last call. A server that does not answer is said once."""
        try:
            found = self._news()
            if now >= self._standing_at:
                self._standing_at = now + STANDING
                found.append(standing(self._runs.under_way(), self._runs.coming(now), restarts))
        except Transient as error:
            found = [] if self._silent else [str(error)]
            self._silent = True
        else:
            self._silent = False
        return [f"{clock(now)}  {line}" for line in found]

    def _news(self) -> list[str]:
        fresh = [run for run in self._runs.ended(self._since) if run.run_id not in self._seen]
        said = []
        for run in fresh:
            self._seen.add(run.run_id)
            well = run.state == "Completed"
            if not well or run.at - self._told.get(run.flow, datetime.min.replace(tzinfo=UTC)) >= QUIET:
                self._told[run.flow] = run.at
                why = "" if well else f": {self._short(run)}"
                said.append(f"{run.flow} {run.state.lower()} in {run.took_s:.0f} s{why}")
        if fresh:
            self._since = max(self._since, fresh[-1].at - timedelta(minutes=1))
        return said

    def _short(self, run: Run) -> str:
        """What a run says of its end, or its beginning and where all of it stands: six pairs say it with six URLs."""
        said = run.message.removeprefix(PREAMBLE)
        if len(said) <= MESSAGE_MAX:
            return said
        return f"{said[:MESSAGE_MAX].rstrip()} …\n  all of it: {self._runs.page(run)}"


def standing(under_way: Sequence[Run], coming: Sequence[Run], restarts: int) -> str:
    """One line: what runs, what comes next, and how often something had to be restarted."""
    first: dict[str, datetime] = {}
    for run in coming:
        first.setdefault(run.flow, run.at)
    names = ", ".join(sorted({run.flow for run in under_way})) or "nothing"
    nexts = ", ".join(f"{flow} {clock(at)}" for flow, at in list(first.items())[:3]) or "nothing is scheduled"
    return f"running: {names}; next: {nexts}" + (f"; {plural(restarts, 'restart')}" if restarts else "")
