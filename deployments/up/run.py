"""The order of things: servers, what they need once, workers; then watching over them; and all of it backwards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, stop_after_delay, wait_fixed

from deployments.processes import stop_all
from deployments.up.alarms import Alarms
from deployments.up.guard import end, marked
from deployments.up.keeping import Keeping
from deployments.up.parts import WATCHDOG, Options, Parts, checked, log_of, parts
from deployments.up.place import MARK, Place, held
from deployments.up.runs import Runs
from deployments.up.story import Story
from trading.errors import Transient
from trading.report.words import plural

LOOK_S, READ_S, LOGS_S = 1.0, 5.0, 600.0
ASK_TIMES, ASK_PAUSE_S, ASK_S = 6, 3.0, 30.0
FLOWS_END_S = 30.0
"""How long runs under way may take to end by themselves when we are stopped: an order on the wire is answered in 15."""

type Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Up:
    """Everything runs: what, where it is looked at, and what to do until it is stopped."""

    options: Options
    parts: Parts
    root: Path
    keeping: Keeping
    alarms: Alarms

    @property
    def ui(self) -> str:
        """Where the runs are shown."""
        return self.parts.api_url.removesuffix("/api") + "/v2/runs"


@contextmanager
def started(options: Options, tell: Tell) -> Iterator[Up]:
    """Everything, running; ended in order on the way out. Raises BadInput or Halt with one line."""
    checked(options)
    with held(options.state) as place:
        whole, alarms = parts(options, place), Alarms(log_of(place, WATCHDOG))
        try:
            _start(options, place, whole, tell)
            yield Up(options, whole, place.root, Keeping([*whole.servers, *whole.workers], tell), alarms)
        finally:
            _stop(place, whole, tell)


def _start(options: Options, place: Place, whole: Parts, tell: Tell) -> None:
    names = ", ".join(child.name for child in whole.servers)
    tell(f"starting {names} (the first time takes half a minute longer)")
    for child in whole.servers:
        child.start()
    for child in whole.servers:
        child.wait_ready()
    place.tell_others(options.desk, whole.env)
    for child in whole.first:
        tell(child.name)
        child.finish(300)
    if whole.own_server:
        _give_up_the_dead(Runs(whole.api_url), tell)
    for child in whole.workers:
        child.start()
    _first_look(Runs(whole.api_url), tell)


def _patiently(sleep: Callable[[float], None]) -> Retrying:
    """Asks a few times: a server that has just deployed everything is busy, and refuses now and then."""
    return Retrying(
        stop=stop_after_attempt(ASK_TIMES) | stop_after_delay(ASK_S),
        wait=wait_fixed(ASK_PAUSE_S),
        retry=retry_if_exception_type(Transient),
        sleep=sleep,
        reraise=True,
    )


def _give_up_the_dead(runs: Runs, tell: Tell, sleep: Callable[[float], None] = time.sleep) -> None:
    """Runs of the last time that seem to be under way: nobody works on them, for we have just begun on this server."""
    asking = _patiently(sleep)
    if left := asking(lambda: runs.give_up(runs.under_way(), "whoever ran it is gone: trader up was started again")):
        tell(f"{plural(left, 'run')} of the last time marked as crashed")


def _first_look(runs: Runs, tell: Tell, sleep: Callable[[float], None] = time.sleep) -> None:
    """News and mood once, now: their schedules are slow, and the first decisions shall know them."""
    asking = _patiently(sleep)
    for flow in ("collect_news", "collect_context"):
        try:
            asking(runs.ask_for, flow, uuid.uuid4().hex)
        except Transient as error:
            tell(f"{flow} comes first with its schedule: {error}")


def _stop(place: Place, whole: Parts, tell: Tell) -> None:
    """First nothing new, then what is under way, then what that needs."""
    tell("stopping: no new runs, then the servers")
    workers = [child for child in whole.workers if not child.ended()]
    until_s = time.monotonic() + FLOWS_END_S
    stop_all(workers, FLOWS_END_S)
    mark, ours = f"{MARK}={place.mark}", {child.process.pid for child in whole.servers if child.process is not None}
    while workers and set(marked(mark)) - ours - _children_of(ours) and time.monotonic() < until_s:
        time.sleep(0.2)
    stop_all(list(whole.servers))
    end(mark, gentle_s=1.0)


def _children_of(parents: set[int]) -> set[int]:
    """The direct children of some processes, where that can be seen."""
    found = set()
    for pid in parents:
        try:
            found |= {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
        except OSError:
            continue
    return found


def watch_over(up: Up, tell: Tell) -> None:
    """Until we are interrupted: start again what ended, say what happens, keep the logs short."""
    story = Story(Runs(up.parts.api_url), datetime.now(UTC))
    read_s = logs_s = time.monotonic()
    while True:
        up.keeping.look()
        now_s = time.monotonic()
        if now_s >= read_s:
            read_s = now_s + READ_S
            now = datetime.now(UTC)
            for line in [*story.lines(now, up.keeping.restarts), *up.alarms.lines(now)]:
                tell(line)
        if now_s >= logs_s:
            logs_s = now_s + LOGS_S
            up.keeping.shorten_logs()
        time.sleep(LOOK_S)
