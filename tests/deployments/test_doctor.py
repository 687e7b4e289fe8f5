"""``trader doctor``: every check says what to do, none holds up another, no secret is shown."""

from __future__ import annotations

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.aws_stand_in import serve
from blocks.settings import Settings
from deployments.as_code.things import Thing, digest
from deployments.cli import main
from deployments.commands.doctor import screen
from deployments.doctor import books, machine, orchestration, world
from deployments.doctor.findings import Finding, State, fail, ok, run_all, warn
from deployments.embedded import venues_env
from deployments.prefect_server import RUNS
from deployments.where import running_up
from simulator.config import SimulatorConfig
from simulator.process import running_simulator
from tests.deployments.failing_api import failing_api
from trading.errors import Halt, Transient
from trading.limits import KillSwitch, Mode
from trading.order import Status
from trading.ports.heartbeats import Heartbeat

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = SecretStr("hunter-two-22")


def test_what_hangs_or_breaks_holds_up_nobody() -> None:
    """A check that hangs and one that raises are failures of their own, in their places; the others are answered."""
    never = threading.Event()

    def hangs() -> Finding:
        never.wait(30)
        return ok("late")

    def breaks() -> Finding:
        raise Transient(f"no\nanswer to {SECRET.get_secret_value()}")

    found = run_all({"a": lambda: ok("well"), "b": hangs, "c": breaks, "d": lambda: warn("x", "y")}, [SECRET], 0.3)
    never.set()
    assert [(name, one.state.value) for name, one in found.items()] == [
        ("a", "OK"), ("b", "FAIL"), ("c", "FAIL"), ("d", "WARN"),
    ]  # fmt: skip
    assert "no answer within 0.3 s" in found["b"].said
    assert found["c"].said == "Transient: no answer to [hidden]"
    assert all(one.do for one in found.values() if one.state is not State.OK)


texts = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=200)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["aws", "binance_futures", "clock"]), st.tuples(texts, texts)))
def test_the_screen_fits_80_columns_and_ends_with_what_is_not_well(said) -> None:
    """No line is wider than the terminal; the verdict is last, failures just before it, each with its remedy."""
    found = {name: fail(one, do) if do else ok(one) for name, (one, do) in said.items()}
    lines = screen("paper", {"python": ok("3.12"), **found}, {"TRADER_DESK": "paper", "TRADER_LIVE": "unset"}, 80)
    plain = [line.replace("\x1b[0m", "") for line in lines.splitlines()]
    plain = [
        "".join(part[part.find("m") + 1 :] if at else part for at, part in enumerate(one.split("\x1b[")))
        for one in plain
    ]
    assert all(len(line) <= 80 for line in plain)
    states = [line[:4].strip() for line in plain if line[:4].strip() in {"OK", "WARN", "FAIL"}]
    assert states == sorted(states, key=["OK", "WARN", "FAIL"].index)
    assert plain[-1].startswith("paper desk:")


def test_no_secret_is_listed() -> None:
    """Every setting is listed by its variable; a secret only as set or unset, and not inside an address either."""
    held = Settings(coincheck_secret_key=SECRET, coincheck_url="https://me:hunter-two-22@example.org/x")
    shown = machine.settings_shown(held)
    assert len(shown) == len(Settings.model_fields)
    assert (shown["TRADER_COINCHECK_SECRET_KEY"], shown["TRADER_COINCHECK_ACCESS_KEY"]) == ("set", "unset")
    assert "hunter" not in json.dumps(shown)
    assert machine.settings({"TRADER_COINCHEK_URL": "x", "TRADER_DESK": "paper"}).said.endswith("TRADER_COINCHEK_URL")
    assert machine.settings({"TRADER_DESK": "paper"}).state is State.OK


def test_packages_are_held_against_the_lock(tmp_path) -> None:
    """A package in another version, or missing, is named with both versions."""
    lock = tmp_path / "lock.txt"
    lock.write_text("pytest==0.1 \\\n    --hash=sha256:00\nnot-there==1.0\n")
    assert "pytest" in machine.packages(lock).said
    assert "not-there missing (lock 1.0)" in machine.packages(lock).said
    assert machine.packages().state in {State.OK, State.WARN}


@pytest.mark.parametrize(
    ("ahead_s", "state"), [(0.0, "OK"), (-4.9, "OK"), (6.0, "WARN"), (-40.0, "FAIL"), (None, "WARN")]
)
def test_a_clock_that_is_off_is_told(ahead_s, state) -> None:
    """Five seconds are worth a look, thirty are a failure, in either direction; so is not knowing."""
    assert world.skew("the exchange", ahead_s).state.value == state


def compared(at: datetime, *, blocks: bool = False) -> SimpleNamespace:
    return SimpleNamespace(at=at, blocks_entries=blocks, verdict="DIFFERS" if blocks else "AGREES")


def room(**given: object) -> SimpleNamespace:
    base = {"switch": KillSwitch(Mode.OFF, "", "", None), "pending": [], "held": [], "dead": 0,
            "beat": Heartbeat(NOW, 0), "seen": compared(NOW), "newest": NOW, "waiting": 0} | given  # fmt: skip
    return SimpleNamespace(
        clock=SimpleNamespace(now=lambda: NOW),
        pairs=[SimpleNamespace(key="sol_usdt")],
        candles=SimpleNamespace(newest=lambda _: base["newest"]),
        queue=SimpleNamespace(dead=lambda: base["dead"], waiting=lambda: base["waiting"]),
        heartbeats=SimpleNamespace(last=lambda: base["beat"]),
        ledger=SimpleNamespace(
            kill_switch=lambda: base["switch"], pending_trades=lambda: base["pending"],
            open_positions=lambda: base["held"], reconciliation=lambda: base["seen"],
        ),
    )  # fmt: skip


LATE = NOW - timedelta(hours=1)


def order(status: Status, at: datetime = LATE) -> SimpleNamespace:
    return SimpleNamespace(status=status, intent=SimpleNamespace(trade_id="TRD-1", created_at=at))


STOPPED = KillSwitch(Mode.NOTHING, "why", "me", NOW)


@pytest.mark.parametrize(
    ("check", "given", "state", "does"),
    [
        (lambda it: books.orders(it, "paper"), {"pending": [order(Status.HALTED)]}, "FAIL", "trader resolve TRD-1"),
        (lambda it: books.orders(it, "paper"), {"pending": [order(Status.UNKNOWN)]}, "WARN", "wait"),
        (lambda it: books.orders(it, "paper"), {"pending": [order(Status.BOOKED)]}, "FAIL", "run execute_orders"),
        (lambda it: books.orders(it, "paper"), {"pending": [order(Status.BOOKED, NOW)]}, "OK", ""),
        (books.dead_letters, {"dead": 2}, "FAIL", "trader redrive"),
        (lambda it: books.kill_switch(it, "paper"), {"switch": STOPPED}, "WARN", "off"),
        (lambda it: books.reconciliation(it, "paper"), {"seen": None}, "WARN", "trader reconcile"),
        (lambda it: books.reconciliation(it, "paper"),
         {"seen": compared(LATE)}, "WARN", "worker"),
        (lambda it: books.reconciliation(it, "paper"),
         {"seen": compared(NOW, blocks=True)}, "FAIL", "trader reconcile"),
        (books.heartbeat, {"beat": Heartbeat(LATE, 1), "held": [1]}, "FAIL", "monitor_positions"),
        (books.heartbeat, {"beat": Heartbeat(LATE, 0)}, "WARN", "monitor_positions"),
        (books.heartbeat, {"beat": None, "held": [1]}, "FAIL", "monitor_positions"),
    ],
)  # fmt: skip
def test_what_needs_a_person_is_named_with_the_command(check, given, state, does) -> None:
    """Orders that are unclear or that nobody carries out, dead letters, a switch, a book that differs, no watch."""
    assert check(room()).state is State.OK
    found = check(room(**given))
    assert (found.state.value, does in found.do) == (state, True)


@pytest.mark.parametrize(
    ("check", "given"),
    [
        (books.candles, {"newest": LATE}),
        (lambda it: books.reconciliation(it, "paper"), {"seen": compared(LATE)}),
        (books.heartbeat, {"beat": Heartbeat(LATE, 1), "held": [1]}),
        (books.queue, {"waiting": 21}),
    ],
)
def test_what_no_run_did_is_advised_for_runs_that_fail_as_well(check, given) -> None:
    """Nobody is said to run no more: what does the work now, or says why not, comes before the worker."""
    assert check(room()).state is State.OK
    found = check(room(**given))
    assert found.state is not State.OK
    assert "no more" not in found.do
    assert found.do.startswith("trader ")
    assert 0 < found.do.index("or says why it cannot") < found.do.index("worker")


class FakeApi:
    """A Prefect server's answers."""

    url = "http://127.0.0.1:1/api"

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers

    def __call__(self, path: str, body: object = None) -> object:
        return self.answers[path]


def on_server(entrypoint: str, **other: object) -> dict[str, object]:
    schedule = {"active": True, "schedule": {"interval": 300.0}}
    plain = {"name": "trader", "entrypoint": entrypoint, "paused": False, "schedules": [schedule]}
    plain["job_variables"] = {"env": {**RUNS, "A": "b"}}
    return plain | {"parameters": {"desk": "paper"}} | other


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ([on_server("a.py:a"), on_server("b.py:b")], "all 2"),
        ([on_server("a.py:a")], "not deployed: b"),
        ([on_server("a.py:a"), on_server("b.py:b", paused=True)], "paused: b"),
        ([on_server("a.py:a"), on_server("b.py:b", schedules=[])], "scheduled otherwise than prefect.yaml: b"),
        ([on_server("a.py:a"), on_server("b.py:b", parameters={"desk": "live"})], "not paper"),
        ([on_server("a.py:a", paused=True), on_server("b.py:b", parameters={"desk": "live"})], "not paper"),
        ([on_server("a.py:a"), on_server("b.py:b", job_variables={"env": {}})], "is not given to: b"),
        ([on_server("a.py:a"), on_server("b.py:b", job_variables={})], "is not given to: b"),
    ],
)
def test_what_is_deployed_is_held_against_the_file(tmp_path, there, said) -> None:
    """A deployment that is missing, paused, on another rhythm, of another desk or of an older version is named."""
    file = tmp_path / "prefect.yaml"
    file.write_text(
        "deployments:\n" + "".join(f"- {{entrypoint: {n}.py:{n}, schedules: [{{interval: 300}}]}}\n" for n in "ab")
    )
    found = orchestration.deployed(FakeApi({"/deployments/filter": there}), "paper", file)
    assert said in found.said
    assert (found.state is State.OK) == said.startswith("all")
    assert (found.state is State.FAIL) == (said.startswith("not"))
    if said == "paused: b":
        assert found.do == "prefect deployment schedule resume b/trader --all"


def thing(name: str, found: object, *, of_people: bool = False) -> Thing:
    return Thing(name, {"slots": 2}, lambda _: found, print, None if of_people else print)


ALARM = "automation 'trader: x'"


@pytest.mark.parametrize(
    ("things", "enabled", "state", "does"),
    [
        ([thing("a", {"slots": 2}), thing(ALARM, {"slots": 2})], True, "OK", ""),
        ([thing("a", {"slots": 9}, of_people=True)], True, "OK", ""),
        ([thing("filled in", {"slots": 2, "more": 1})], True, "OK", ""),
        ([thing("a", {"slots": 1})], True, "WARN", "trader init --desk paper --reset"),
        ([thing("a", None)], True, "FAIL", "trader init --desk paper"),
        ([thing(ALARM, {"slots": 2})], False, "WARN", 'prefect automation resume "trader: x"'),
    ],
)
def test_what_prefect_has_is_held_against_the_code(things, enabled, state, does) -> None:
    """Missing fails, changed or switched off is a warning with its command; what Prefect or people fill in is well."""
    kept = [digest(one) for one in ({"slots": 2}, {"slots": 2, "more": 1})]
    client = SimpleNamespace(
        read_variable_by_name=lambda _: SimpleNamespace(value={"filled in": kept}),
        read_automations=lambda: [
            SimpleNamespace(name="trader: x", enabled=enabled), SimpleNamespace(name="theirs", enabled=False)
        ],
    )  # fmt: skip
    found = orchestration.held_against(client, things, "paper")
    assert (found.state.value, found.do) == (state, does)


def test_a_broken_strategy_fails_by_itself(tmp_path) -> None:
    """A strategy file that nothing can run is a failure that names the file; a good one and none are well."""
    file = tmp_path / "own.toml"
    file.write_text("base_buy_threshold = 0.4\n")
    assert machine.strategy(file).state is machine.strategy(None).state is State.OK
    file.write_text("base_buy_treshold = 0.4\n")
    found = machine.strategy(file)
    assert (found.state, str(file) in found.do) == (State.FAIL, True)


def test_a_pool_without_a_living_worker_fails() -> None:
    """A worker that was last heard of minutes ago is none; a push pool needs none."""

    def api(kind: str, seen: datetime) -> FakeApi:
        workers = [{"name": "w", "last_heartbeat_time": seen.isoformat()}]
        return FakeApi({"/work_pools/trader": {"type": kind}, "/work_pools/trader/workers/filter": workers})

    assert orchestration.worker(api("process", NOW), NOW).state is State.OK
    assert orchestration.worker(api("process", LATE), NOW).state is State.FAIL
    assert orchestration.worker(api("ecs:push", LATE), NOW).state is State.OK
    with pytest.raises(Halt, match="PREFECT_API_URL"):
        orchestration.Api(None)("/x")


def test_the_whole_command_on_a_desk_that_lacks_its_tables(monkeypatch, capsys, tmp_path) -> None:
    """``--json`` on a real endpoint and a simulated world: stable names, exit 1, one line that names what failed."""
    stand_in = serve()
    monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in.url)
    with running_simulator(SimulatorConfig(speed=1)) as url:
        for name, address in venues_env(url).items():
            monkeypatch.setenv(name, address)
        monkeypatch.setenv("TRADER_STATE", str(tmp_path))
        monkeypatch.setenv("TRADER_PREFIX", "nobody")
        monkeypatch.setattr(sys, "argv", ["trader", "doctor", "--desk", "paper", "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
    stand_in.stop()
    out, err = capsys.readouterr()
    told = json.loads(out)
    states = {one["name"]: one["state"] for one in told["checks"]}
    assert ended.value.code == 1
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("trader: the doctor found")
    assert "tables" in told["failed"]
    assert "FAIL" not in {states[name] for name in ("coincheck", "binance", "clock", "aws", "disk", "coincheck_keys")}
    assert {"python", "packages", "settings", "orders", "reconciliation", "kill_switch", "heartbeat", "prefect"} <= set(
        states
    )
    assert running_up(tmp_path, "paper") is None


def test_a_refusal_of_prefect_is_told_from_silence() -> None:
    """Who refuses is there: its status is told; who does not answer is away."""
    with failing_api("http://127.0.0.1:9/api") as api, pytest.raises(Halt, match="refused /x with 500"):
        orchestration.Api(api.url)("/x")
    with pytest.raises(Halt, match="does not answer"):
        orchestration.Api("http://127.0.0.1:9/api")("/x")
