"""What ``trader up`` is made of, each part without a server."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.settings import load_settings
from deployments.commands.up import _run, market_at, welcome
from deployments.up.guard import end, marked
from deployments.up.keeping import LONGEST_S, STEADY_S, Keeping
from deployments.up.parts import Options, checked, parts
from deployments.up.place import MARK, RUNNING, Place, held, running_up
from deployments.up.run import _first_look, _give_up_the_dead
from deployments.up.runs import Run, Runs
from deployments.up.story import MESSAGE_MAX, PREAMBLE, Story, standing
from deployments.where import prepared_desk
from tests.deployments.failing_api import failing_api
from trading.errors import BadInput, Halt, Transient

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Fake:
    """A program that lives as long as it is told, each time it is started."""

    name: str
    lives_s: list[float]
    clock: list[float]
    log: Path = Path("none")
    until_s: float = 0.0
    starts: list[float] = field(default_factory=list)

    def start(self) -> None:
        self.starts.append(self.clock[0])
        self.until_s = self.clock[0] + (self.lives_s.pop(0) if self.lives_s else 1e9)

    def ended(self) -> bool:
        return self.clock[0] >= self.until_s

    def last_words(self) -> str:
        return "broken"


@settings(max_examples=50)
@given(st.lists(st.sampled_from([0.0, 5.0, STEADY_S + 1]), min_size=1, max_size=10))
def test_what_ends_is_started_again_later_each_time_but_within_a_minute(lives: list[float]) -> None:
    """The n-th death in a row costs 2^(n-1) s, a minute at most; a steady life begins the count anew; each is said."""
    clock, said = [0.0], []
    program = Fake("worker", list(lives), clock)
    program.start()
    keeping = Keeping([program], said.append, lambda: clock[0])
    while len(program.starts) <= len(lives):
        clock[0] += 0.5
        keeping.look()
    row, expected_s = 0, []
    for lived_s in lives:
        row = 1 if lived_s > STEADY_S else row + 1
        expected_s.append(min(2.0 ** (row - 1), LONGEST_S))
    ends = [began + lived for began, lived in zip(program.starts, lives, strict=False)]
    pauses = [later - ended for ended, later in zip(ends, program.starts[1:], strict=True)]
    assert all(want <= had <= want + 2 for want, had in zip(expected_s, pauses, strict=True))
    assert keeping.restarts == len(lives)
    assert len(said) == 2 * len(lives)
    assert "broken" in said[0]


def run(flow: str, state: str, at: datetime, number: int = 0) -> Run:
    return Run(f"{flow}{number}{at}", flow, state, at, 8.0, "it broke")


class FakeRuns:
    def __init__(self) -> None:
        self.done: list[Run] = []
        self.broken = False

    def ended(self, since: datetime) -> list[Run]:
        if self.broken:
            raise Transient("no server")
        return [one for one in self.done if one.at > since]

    def page(self, run: Run) -> str:
        return Runs("http://a/api").page(run)

    def under_way(self) -> list[Run]:
        return []

    def coming(self, now: datetime) -> list[Run]:
        return [run("execute_orders", "Scheduled", NOW), run("reconcile", "Scheduled", NOW + timedelta(minutes=2))]


def test_a_failure_is_always_told_and_success_now_and_then() -> None:
    """Of a flow that runs every minute one success in four minutes is told, every failure, none twice."""
    runs = FakeRuns()
    story, lines = Story(runs, NOW), []
    for minute in range(1, 9):
        at = NOW + timedelta(minutes=minute)
        runs.done.append(run("execute_orders", "Failed" if minute == 3 else "Completed", at))
        lines += [line for _ in range(2) for line in story.lines(at, restarts=0) if "running:" not in line]
    assert [line.split()[3] for line in lines] == ["completed", "failed", "completed"]
    assert "it broke" in lines[1]
    runs.broken = True
    said = [story.lines(NOW + timedelta(minutes=9, seconds=second), 0) for second in (0, 5)]
    assert [len(one) for one in said] == [1, 0]
    assert standing([], runs.coming(NOW), 2).endswith("execute_orders 21:00:00 JST, reconcile 21:02:00 JST; 2 restarts")


@pytest.mark.parametrize("length", [MESSAGE_MAX, MESSAGE_MAX + 1, 1_000])
def test_a_long_failure_is_cut_and_its_page_named(length: int) -> None:
    """Whatever six pairs have to say fits a line or two of a terminal; all of it is one address away."""
    runs = FakeRuns()
    runs.done = [replace(run("collect_prices", "Failed", NOW), run_id="r1", message=f"{PREAMBLE}{'x' * length}")]
    first, *more = Story(runs, NOW - timedelta(minutes=1)).lines(NOW, restarts=0)[0].splitlines()
    assert len(first) < 160 + len("21:00:00 JST  ")
    assert first.endswith("s: " + "x" * MESSAGE_MAX + " …" * bool(more))
    assert more == ([] if length == MESSAGE_MAX else ["  all of it: http://a/v2/runs/flow-run/r1"])


def test_a_state_has_one_market(tmp_path: Path) -> None:
    """When the replayed market began is decided once; another market on the same books is refused in one line."""
    place = Place(tmp_path, "m")
    first = place.market_began(NOW, {"candles": "", "seed": "1"})
    assert place.market_began(NOW + timedelta(days=1), {"candles": "", "seed": "1"}) == first
    with pytest.raises(BadInput, match="another one"):
        place.market_began(NOW, {"candles": "", "seed": "2"})


def test_one_at_a_time_found_by_others_and_no_orphan_is_left(tmp_path: Path) -> None:
    """A second one is refused; other terminals find its desk, without the mark; what carries the mark ends with it."""
    with held(tmp_path) as place:
        place.tell_others("paper", {"AWS_ENDPOINT_URL": "x", MARK: place.mark})
        with pytest.raises(BadInput, match=f"process {os.getpid()}"), held(tmp_path):
            pass
        assert running_up(tmp_path, "paper") == {"AWS_ENDPOINT_URL": "x"}
        assert running_up(tmp_path.parent, "live") is None
        orphan = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            env=os.environ | {MARK: place.mark}, start_new_session=True,
        )  # fmt: skip
        while not marked(f"{MARK}={place.mark}"):
            time.sleep(0.01)
    assert orphan.wait(5) != 0
    assert running_up(tmp_path, "paper") is None


def test_who_does_not_listen_is_ended_all_the_same() -> None:
    """A process that ignores SIGTERM is killed; nobody else is touched."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", deaf], env=os.environ | {MARK: "deaf"}, stdout=subprocess.PIPE)
    child.stdout.readline()
    end(f"{MARK}=deaf", gentle_s=0.0, grace_s=0.2)
    assert child.wait(5) == -9


def options(**given: object) -> Options:
    return Options(**{"desk": "paper", "replay": True, "port": 1, "state": Path("x"), **given})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"desk": "embedded"}, "trader demo"),
        ({"desk": "live"}, "--market live"),
        ({"desk": "live", "replay": False}, "--account"),
    ],
)
def test_what_cannot_be_kept_is_not_begun(given, said) -> None:
    """A desk whose venue forgets, and real money without an AWS account or on a replayed market, are refused."""
    with pytest.raises(BadInput, match=said):
        checked(options(**given))
    checked(options(desk="live", replay=False, account=True))


def test_a_port_in_use_is_one_line_and_a_persons_prefect_is_left_alone(tmp_path, monkeypatch) -> None:
    """A taken port is named with its remedy; with PREFECT_API_URL of another server none is started here."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadInput, match=f"port {port}.*--port"):
            parts(options(port=port), Place(tmp_path, "m"))
        monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example/api")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://aws.example")
        made = parts(options(port=port, replay=False), Place(tmp_path, "m"))
    assert made.servers == ()
    assert not made.own_server
    assert made.env["PREFECT_API_URL"] == "http://prefect.example/api"
    assert "AWS_ENDPOINT_URL" not in made.env
    assert not (tmp_path / RUNNING).exists()
    replayed = parts(options(port=port, replay=True), Place(tmp_path, "m"))
    began = json.loads((tmp_path / "market.json").read_text())["since"]
    assert [child.argv[-1] for child in replayed.servers] == [began]


def test_who_stops_in_a_hurry_is_told_which_desk_runs_here(tmp_path, monkeypatch) -> None:
    """A command without a desk names the one that runs in the directory; as the welcome says it, it works."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    place = Place(tmp_path / "a b", "m")
    place.root.mkdir()
    place.tell_others("paper", {"PREFECT_API_URL": "http://127.0.0.1:1/api", "TRADER_TEST": "1"})
    facts = {"desk": "paper", "market": "live", "prefect_ui": "http://127.0.0.1:1/v2/runs", "state": str(place.root)}
    said = welcome(facts, "x", "the real market")
    halt = next(shlex.split(line)[1:] for line in said.splitlines() if "kill-switch" in line)
    assert halt[1:3] == ["trader", "kill-switch"]
    name, _, value = halt[0].partition("=")
    monkeypatch.setenv(name, value)
    with (
        pytest.raises(Halt, match="the paper desk runs here: add --desk paper"),
        prepared_desk("embedded", start=False),
    ):
        pytest.fail("it found a desk nobody meant")
    assert load_settings().state == place.root
    assert running_up(load_settings().state, halt[halt.index("--desk") + 1])["TRADER_TEST"] == "1"


@pytest.mark.parametrize("name", ["TRADER_BINANCE_URL", "TRADER_COINCHECK_URL"])
def test_a_market_elsewhere_is_not_called_real(monkeypatch, name: str) -> None:
    """Either address that is not the exchange's own is named, without a password; a replay is one whatever is set."""
    live = options(replay=False)
    assert market_at(live) == "the real market"
    monkeypatch.setenv(name, "http://me:secret@market.example/x")
    assert "real" not in market_at(live)
    assert "market.example/x" in market_at(live)
    assert "secret" not in market_at(live)
    assert market_at(live) in welcome({"desk": "paper", "prefect_ui": "u", "state": "s"}, "x", market_at(live))
    assert market_at(options()) == "the replayed market"


def test_a_setting_that_nothing_reads_is_said_at_the_start(tmp_path, monkeypatch, capsys) -> None:
    """A misspelt variable is named before anything is started, in one line, and keeps nothing from starting."""

    def refuses(options: Options, place: Place) -> None:
        raise BadInput("as far as this test goes")

    monkeypatch.setattr("deployments.up.run.parts", refuses)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the handler of this process stays what it is
    for name, lines in (("TRADER_WORK_POOL", 0), ("TRADER_WORKPOOL", 1)):
        monkeypatch.setenv(name, "process")
        with pytest.raises(BadInput, match="as far as"):
            _run(options(state=tmp_path), as_json=False)
        said = capsys.readouterr().out.splitlines()
        assert len(said) == lines
        assert all(line.startswith("nothing reads TRADER_WORKPOOL: ") for line in said)


class ToldRuns(Runs):
    """Answers from a list of task runs, and keeps what it was asked."""

    def __init__(self, tasks: list[str]) -> None:
        super().__init__("http://none/api")
        self.tasks, self.posted = tasks, []

    def _call(self, path: str, body: object = None) -> object:
        self.posted.append((path, body))
        return [{"id": one} for one in self.tasks] if path == "/task_runs/filter" else {"id": "d1"}


def test_the_tasks_of_a_dead_run_are_dead_too() -> None:
    """Runs of the last time are marked as crashed, and whatever of crashed runs still seems to be at work with them."""
    runs = ToldRuns(["t1", "t2"])
    assert runs.give_up([run("analyze", "Running", NOW)], "gone") == 1
    set_ = [(path, body["state"]["type"]) for path, body in runs.posted if path.endswith("/set_state")]
    assert [path.split("/")[1] for path, _ in set_] == ["flow_runs", "task_runs", "task_runs"]
    assert {kind for _, kind in set_} == {"CRASHED"}


class BusyRuns(ToldRuns):
    """Refuses so many calls, then answers."""

    def __init__(self, refused: int) -> None:
        super().__init__([])
        self.refused = refused

    def _call(self, path: str, body: object = None) -> object:
        answer = super()._call(path, body)
        if len(self.posted) <= self.refused:
            raise Transient("busy")
        return answer


def test_a_busy_server_does_not_end_the_start() -> None:
    """Runs of the last time are marked as crashed also where the server refuses at first."""
    runs, said, slept = BusyRuns(2), [], []
    runs.under_way = lambda: [run("analyze", "Running", NOW)]  # type: ignore[method-assign]
    _give_up_the_dead(runs, said.append, slept.append)
    assert said == ["1 run of the last time marked as crashed"]
    assert len(slept) == 2


@pytest.mark.parametrize("refused", [0, 1, 2, 5])
def test_news_and_mood_are_asked_for_at_the_start(refused: int) -> None:
    """Both are run once, also by a server that is busy at first: asked again after a pause, under one key."""
    runs, said, slept = BusyRuns(refused), [], []
    _first_look(runs, said.append, slept.append)
    asked = [path.split("/")[3] for path, _ in runs.posted if path.startswith("/deployments/name")]
    keys = {body["idempotency_key"] for path, body in runs.posted if path.endswith("create_flow_run")}
    assert list(dict.fromkeys(asked)) == ["collect_news", "collect_context"]
    assert (len(keys), said) == (2, [])
    assert len(slept) == refused
    assert all(slept)


def test_a_server_that_stays_busy_or_away_stops_nothing_and_is_said_as_it_is() -> None:
    """After some tries each flow is left to its schedule; a refusal is told with its status, silence as silence."""
    said: list[str] = []
    with failing_api("http://127.0.0.1:9/api") as api:
        _first_look(Runs(api.url), said.append, lambda _: None)
    assert [line.split()[0] for line in said] == ["collect_news", "collect_context"]
    assert all("refused /deployments/name/" in line and "with 500" in line for line in said)
    said.clear()
    _first_look(Runs("http://127.0.0.1:9/api"), said.append, lambda _: None)
    assert len(said) == 2
    assert all("does not answer" in line for line in said)
