"""prefect.yaml fits the flows, the pools and our own list; every planted mistake is caught and said in a line."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml

from deployments import blueprint, blueprint_parts, steps
from deployments.as_code import kept
from trading.errors import BadInput

TEXT = blueprint.FILE.read_text()
BOOKS = '{slug: books, interval: 300, anchor_date: "2026-01-01T00:02:10+00:00", timezone: UTC}'

DESK = 'parameters: {desk: "{{ site.desk }}"}'
EVENING = 'cron: "0 23 * * *", timezone: Asia/Tokyo'
LIMIT = "    concurrency_limit: *one"

PLANTED = [  # (what stands there, the mistake in its place, what the complaint says)
    ("    schedules: [{slug: can", "    scheduless: [{slug: can", "collect_prices: the deployment has the unknown key"),
    ("cpu: 512", "cpuu: 512", "monitor_positions: no job variable cpuu in a pool"),
    ("cpu: 512", 'cpu: "half"', "monitor_positions: job variable cpu in a pool of type ecs"),
    ("memory: 4096", "memory: 512", "analyze: Fargate has no task of 1024 CPU units with 512 MiB"),
    (DESK, "parameters: {dask: paper}", "backup: the flow has no parameter dask"),
    (DESK, "parameters: {desk: [1]}", "backup: a parameter does not fit"),
    ("{{ site.image }}", "{{ site.imag }}", "analyze: nothing provides {{ site.imag }}"),
    (EVENING, EVENING.replace("23", "25"), "report_daily: schedule evening: "),
    (EVENING, EVENING.replace("Tokyo", "Tokio"), "report_daily: schedule evening: "),
    ("sweep, interval: 60", "sweep, interval: -60", "execute_orders: schedule sweep: "),
    ("sweep, interval: 60", "sweep, intervall: 60", "execute_orders: schedule sweep: "),
    (BOOKS, f"{BOOKS}, {BOOKS.replace('300', '7200')}", "reconcile: two schedules start a run in the same second"),
    ("flows/backup.py:backup", "flows/backup.py:back_up", "backup: the flow has no deployment"),
    ("flows/backup.py:backup", "flows/back_up.py:backup", "backup: the flow is at flows/backup.py:backup"),
    ("flows/backup.py:backup", "flows/archive.py:archive", "archive: is deployed 2 times"),
    ("work_queue_name: money", "work_queue_name: mony", "reconcile: there is no work queue 'mony'"),
    ("work_queue_name: money", "work_queue: money", "reconcile: work_pool has the unknown key work_queue"),
    (LIMIT, "    concurrency_limit: 1", "archive: the concurrency limit is to say both"),
    (f"{LIMIT}\n", "", "archive: says nothing of concurrency_limit"),
    ("_strategy: CANCEL_NEW", "_strategy: CANCEL", "archive: concurrency_limit: collision_strategy is one of"),
    ("posture: Reactive", "posture: Reactiv", "execute_orders: a trigger does not fit"),
    ("threshold: 1", "treshold: 1", "execute_orders: a trigger has the unknown key treshold"),
    ("deployments.steps.site:", "deployments.steps.sight:", "build: there is no step deployments.steps.sight"),
    ("        within: 0", "        within: 0\n        within: 5", "prefect.yaml cannot be read: the key within stands"),
    ("prefect-version:", "prefect_versoin:", "the file has the unknown key prefect_versoin"),
]  # fmt: skip


LOOKS = 'schedules: [{slug: positions, interval: 120, anchor_date: "2026-01-01T00:01:40+00:00", timezone: UTC}]'
SWEEP = "slug: sweep, interval: 60, anchor_date"
WITH_ORDERS = 'parameters: {desk: "{{ site.desk }}", with_orders: false}'
EXECUTES = "    description: Carries out"
SITE_STEP = "  - deployments.steps.site: {id: site}"
IMAGE_STEP = "  - deployments.steps.build_image: {}"
LIMITED = "{limit: 1, collision_strategy: CANCEL_NEW}"
ON = '        enabled: "{{ site.trigger_on }}"'
LOOKED_AT = "entrypoint: flows/monitor_positions.py:monitor_positions"
ANSWER = "    concurrency_limit: *in_turn\n\n  # In turn: after"

COSTLY = [  # what fits every schema, and costs money or sleep
    (LOOKS, "schedules: []", "monitor_positions: is to run every 120 s"),
    (LOOKS, LOOKS.replace("120", "7200"), "monitor_positions: is to run every 120 s"),
    (LOOKS, LOOKS.replace("UTC", "UTC, active: false"), "monitor_positions: schedule positions: active is not"),
    (SWEEP, SWEEP.replace("60", "90"), "execute_orders: is to run every 60 s"),
    (SWEEP, f"parameters: {{desk: live}}, {SWEEP}", "execute_orders: schedule sweep: parameters is not to be set"),
    ("slug: candles, interval: 300", "slug: candles, interval: 3000", "collect_prices: is to run every 300 s"),
    ("T00:00:20+", "T00:04:30+", "collect_prices: is to start 20 s after"),
    ("slug: books, interval: 300", "slug: books, interval: 600", "reconcile: is to run every 300 s"),
    (EVENING, EVENING.replace("23", "11"), "report_daily: is to run at '0 23 * * *' in Asia/Tokyo"),
    (EVENING, EVENING.replace("Asia/Tokyo", "America/New_York"), "report_daily: is to run at"),
    ("expect: [trader.order.queued]", "expect: [trader.order.queud]", "execute_orders: the triggers are to be"),
    ('"trader.order.*"', '"trader.orders.*"', "execute_orders: the triggers are to be"),
    ("threshold: 1", "threshold: 100", "execute_orders: the triggers are to be"),
    (ON, "        enabled: false", "execute_orders: the triggers are to be"),
    (ON, "", "execute_orders: the triggers are to be"),
    (DESK, "parameters: {desk: live}", "execute_orders: the parameters are to be"),
    (DESK, "parameters: {}", "execute_orders: the parameters are to be"),
    (WITH_ORDERS, WITH_ORDERS.replace("false", "true"), "analyze: the parameters are to be"),
    (WITH_ORDERS, WITH_ORDERS.replace("}", ", pairs: [NOPE]}", 2), "analyze: "),
    (LOOKED_AT, f'parameters: {{desk: "{{{{ site.desk }}}}", at: "2026-01-01T00:00:00Z"}}\n    {LOOKED_AT}',
     "monitor_positions: the parameters are to be"),
    (LOOKED_AT, f"name: traderr\n    {LOOKED_AT}", "monitor_positions: the name is to be trader"),
    ("work_queue_name: money", "work_queue_name: keeping", "execute_orders: the work queue keeping: in money are"),
    ("work_queue_name: market", "work_queue_name: money", "analyze: the work queue money: in money are"),
    (EXECUTES, f"    paused: true\n{EXECUTES}", "execute_orders: paused is not to be set"),
    (EXECUTES, f"    enforce_parameter_schema: false\n{EXECUTES}", "execute_orders: enforce_parameter_schema is not"),
    ("cpu: 512", "command: rm, cpu: 512", "execute_orders: the job variable command is not to be set"),
    ('env: "{{ site.env }}"', "env: {A: b}", "execute_orders: the job variable env is to be"),
    ('env: "{{ site.env }}"', "env: {TRADER_COINCHECK_SECRET_KEY: abc}", "line 20: TRADER_COINCHECK_SECRET_KEY"),
    ('env: "{{ site.env }}"', "env: {TRADER_LIVE: I-accept-real-orders}", "line 20: TRADER_LIVE does not belong"),
    ('env: "{{ site.env }}"', "env: {A: https://me:secret@example.org}", "line 20: ://me:secret@ does not belong"),
    (LIMITED, LIMITED.replace("}", ", grace_period_seconds: 60}"), "execute_orders: concurrency_limit is to be 1"),
    (ANSWER, ANSWER.replace("in_turn", "one"), "remediate_error: concurrency_limit is to be 1 with ENQUEUE"),
    ("{{ site.directory }}", "/nowhere", "pull: the steps are to be"),
    ("working_directory: {directory:", "working_directory: {dir:", "pull: the steps are to be"),
    (SITE_STEP, "  #", "build: the steps are to be"),
    (SITE_STEP, SITE_STEP.replace("id: site", "id: sight"), "build: the steps are to be"),
    (SITE_STEP, f"{IMAGE_STEP}\n{SITE_STEP}", "build: the steps are to be"),
]  # fmt: skip


def test_the_file_has_no_mistake() -> None:
    """Every flow is deployed, and nothing is unknown to the flow, to a pool of any type, or to Prefect."""
    assert blueprint.complaints(TEXT) == []


MISTAKES = [*PLANTED, *COSTLY]


@pytest.mark.parametrize(("there", "mistake", "said"), MISTAKES, ids=[one[1].strip()[:30] for one in MISTAKES])
def test_a_planted_mistake_is_caught(there: str, mistake: str, said: str) -> None:
    """What Prefect would take without a word, or stumble over in the middle, is a line that says where and what."""
    assert there in TEXT
    found = blueprint.complaints(TEXT.replace(there, mistake))
    assert [line for line in found if line.startswith(said)], found


def test_a_second_schedule_at_another_second_is_fine() -> None:
    """The check of doubled seconds lets a flow have two schedules."""
    assert blueprint.complaints(TEXT.replace(BOOKS, f'{BOOKS}, {{slug: x, cron: "2 * * * *", timezone: UTC}}')) == []


def test_no_two_flows_of_the_five_minute_grid_start_together() -> None:
    """A machine with two cores never starts two of the five-minute flows, or the sweep, in the same ten seconds."""
    starts: dict[int, list[str]] = defaultdict(list)
    for entry in yaml.safe_load(TEXT)["deployments"]:
        for one in entry["schedules"]:
            if one.get("interval", 1800) < 1800:
                anchor = int(str(one["anchor_date"])[14:16]) * 60 + int(str(one["anchor_date"])[17:19])
                for at in range(anchor % one["interval"], 300, one["interval"]):
                    starts[at // 10].append(entry["entrypoint"])
    assert {at: names for at, names in starts.items() if len(names) > 1} == {}


# ------------------------------------------------------------------------------------------------ the steps


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A process pool with our template on a server that answers at once; no step was run yet."""
    there = SimpleNamespace(type="process", base_job_template=blueprint_parts.raw_template("process"), deployed=[])
    monkeypatch.setattr(steps, "pool_there", lambda: there)
    client = MagicMock()
    client.__enter__.return_value = client
    client.read_deployments.side_effect = lambda **_: there.deployed
    for module in (steps, kept):
        monkeypatch.setattr(module, "get_client", lambda **_: client)
    steps.site.cache_clear()
    yield there
    steps.site.cache_clear()


def test_a_pool_of_another_type_is_refused_in_one_line(pool: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploying for ECS into a process pool ends before anything is deployed, with what to do."""
    monkeypatch.setenv("TRADER_WORK_POOL", "ecs")
    with pytest.raises(BadInput, match="is of type process, TRADER_WORK_POOL says ecs: set it, or run `trader init`"):
        steps.site()


def test_a_pool_that_a_worker_made_is_refused(pool: SimpleNamespace) -> None:
    """A pool with Prefect's own template would ignore image and size without a word; deploying says what to do."""
    pool.base_job_template = {"variables": {"properties": {"env": {}}}}
    with pytest.raises(BadInput, match=r"knows no command, cpu, .*: run `trader init`"):
        steps.site()


def test_a_machine_needs_no_docker(pool: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a process pool no step asks for docker: the runs are told this checkout and no image, and desk paper."""
    monkeypatch.setattr(steps.shutil, "which", lambda name: None if name == "docker" else f"/usr/bin/{name}")
    monkeypatch.delenv("TRADER_DESK", raising=False)
    told = steps.site()
    assert (told["desk"], told["image"], told["directory"]) == ("paper", None, str(steps.CHECKOUT))
    steps.build_image()
    steps.push_image()


@pytest.mark.parametrize(
    "told", [{"tags": ["desk:live"], "parameters": {}}, {"tags": [], "parameters": {"desk": "live"}}]
)
def test_another_desk_is_deployed_only_on_purpose(
    told: Any, pool: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without TRADER_DESK what runs the live desk is not made paper; with it, it is, and that is said."""
    pool.deployed = [SimpleNamespace(**told, paused=False)]
    monkeypatch.delenv("TRADER_DESK", raising=False)
    with pytest.raises(BadInput, match="run the live desk, and TRADER_DESK is not set: set it"):
        steps.site()
    monkeypatch.setenv("TRADER_DESK", "paper")
    assert steps.site()["desk"] == "paper"
    assert "for the paper desk from now on; deployments ran the live desk before" in capsys.readouterr().err


def test_a_desk_that_there_is_not_is_refused(pool: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt TRADER_DESK ends before anything is deployed."""
    monkeypatch.setenv("TRADER_DESK", "lvie")
    with pytest.raises(BadInput, match="unknown desk 'lvie'"):
        steps.site()


def test_the_version_is_known_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an image, without git and without .git, the version is that of the installed package."""
    monkeypatch.setattr(steps, "CHECKOUT", tmp_path)
    assert steps.code_version() == "0.1.0"


def test_the_version_is_the_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout the version is the commit, and says so when files differ from it."""

    def git(*words: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(
            ["git", *who, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    (tmp_path / "a").write_text("1")
    git("init", "-q")
    git("add", "a")
    git("commit", "-qm", "one")
    monkeypatch.setattr(steps, "CHECKOUT", tmp_path)
    assert steps.code_version() == git("rev-parse", "--short=12", "HEAD")
    (tmp_path / "a").write_text("2")
    assert steps.code_version().endswith("-dirty")


def test_no_secret_is_in_the_environment_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of ours travel to a container as variables; a secret does not: it comes from Secrets Manager."""
    monkeypatch.setenv("TRADER_COINCHECK_SECRET_KEY", "very-secret")
    monkeypatch.setenv("TRADER_PREFIX", "mine")
    env = steps.environment(steps.load_settings())
    assert env["TRADER_PREFIX"] == "mine"
    assert "very-secret" not in str(env)


@pytest.mark.parametrize("address", ["https://me:very-secret@example.org", "https://token@example.org/api"])
def test_an_address_with_a_password_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Job variables can be read by everybody: no password comes there within an address, and none into the message."""
    monkeypatch.setenv("TRADER_COINCHECK_URL", address)
    with pytest.raises(BadInput, match="TRADER_COINCHECK_URL has a password in an address: leave it out") as no:
        steps.environment(steps.load_settings())
    assert "secret@" not in str(no.value)
    monkeypatch.setenv("TRADER_COINCHECK_URL", "https://example.org/people/@me")
    assert steps.environment(steps.load_settings())["TRADER_COINCHECK_URL"]
