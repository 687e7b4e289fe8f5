"""One machine of one's own: its files come from the settings, hold no secret, and suit systemd and a shell."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect.settings import Settings as PrefectSettings

from blocks.settings import Settings
from deployments.machine import ENV_FILE, LOCAL_FILE, UNITS, Machine, environment, rendered
from deployments.prefect_server import KEEPING
from trading.errors import BadInput

PAPER = Machine("paper", "ap-northeast-1", "https://example.com/trader.git", "a" * 40)
MADE_UP = "planted-0f3d"


def written(to: Path, files: dict[PurePosixPath, str]) -> list[Path]:
    for path, text in files.items():
        (to / path.name).write_text(text)
    return [to / path.name for path in files]


def test_no_secret_is_in_any_file() -> None:
    """Secrets of the environment that a machine is rendered in stay there; the machine asks Secrets Manager."""
    secrets = {name: MADE_UP for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert len(secrets) > 5
    files = rendered(PAPER, Settings(**secrets))
    assert not [path for path, text in files.items() if MADE_UP in text]
    assert "TRADER_SECRETS=aws\n" in files[PurePosixPath(ENV_FILE)]


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\u2028\u2029\x85"), max_size=40))
def test_a_setting_arrives_as_it_was(value: str) -> None:
    """Whatever a setting holds, quotes, dollars and blanks too, a shell reads the same value back from the file."""
    text = environment(PAPER, Settings(sagemaker_endpoint=value))
    asked = ["bash", "-c", '. /dev/stdin; printf %s "$TRADER_SAGEMAKER_ENDPOINT"']
    assert subprocess.run(asked, input=text.encode(), capture_output=True, check=True).stdout.decode() == value


def test_the_strategy_travels_with_the_machine(tmp_path: Path) -> None:
    """A strategy file of one's own is in force on the machine too, from a copy in its settings folder."""
    own = tmp_path / "careful.toml"
    own.write_text("base_buy_threshold = 0.4\n")
    files = rendered(PAPER, Settings(strategy=own))
    assert files[PurePosixPath("/etc/trader/strategy.toml")] == own.read_text()
    assert "TRADER_STRATEGY=/etc/trader/strategy.toml\n" in files[PurePosixPath(ENV_FILE)]


@pytest.mark.parametrize(
    ("machine", "settings", "said"),
    [
        (Machine("paper", "x", "https://example.com/t.git", "main"), Settings(), "40 hex digits"),
        (Machine("paper", "x", "https://me:token@example.com/t.git", "a" * 40), Settings(), "--repository"),
        (PAPER, Settings(forecast_model="/home/me/model.onnx"), "TRADER_FORECAST_MODEL"),
        (PAPER, Settings(sagemaker_endpoint="two\nlines"), "one line"),
        (PAPER, Settings(pairs_config="{}"), "TRADING_PAIRS_CONFIG"),
    ],
)
def test_what_could_not_hold_there_is_refused(machine: Machine, settings: Settings, said: str) -> None:
    """A branch's name, a token, a file of another machine, a line break, broken pairs: nothing is written."""
    with pytest.raises(BadInput, match=said):
        rendered(machine, settings)


def test_old_runs_are_deleted_and_the_server_is_not_on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect's database does not grow for ever; its API and the worker's health check answer on loopback only."""
    files = rendered(PAPER, Settings())
    assert "flow_runs" in KEEPING["PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"]
    assert all(f"{name}={value}\n" in files[PurePosixPath(ENV_FILE)] for name, value in KEEPING.items())
    assert "--host 127.0.0.1" in files[PurePosixPath("/etc/systemd/system/trader-server.service")]
    assert "PREFECT_WORKER_WEBSERVER_HOST=127.0.0.1\n" in files[PurePosixPath(ENV_FILE)]
    monkeypatch.setenv("PREFECT_WORKER_WEBSERVER_HOST", "127.0.0.1")
    assert PrefectSettings().worker.webserver.host == "127.0.0.1"


def test_a_second_run_of_the_script_is_an_upgrade() -> None:
    """Every unit is started anew, also one that runs; the worker ends first; real money is only told of by hand."""
    files = rendered(PAPER, Settings())
    last = files[PurePosixPath("user-data.sh")].strip().splitlines()[-2:]
    assert last == ["systemctl stop trader-worker", "systemctl restart " + " ".join(UNITS)]
    units = [text for path, text in files.items() if path.suffix == ".service"]
    assert all(text.index(ENV_FILE) < text.index(f"EnvironmentFile=-{LOCAL_FILE}") for text in units)
    assert not [path for path, text in files.items() if "TRADER_LIVE=" in text]


def test_the_watchdog_waits_for_none_of_the_others() -> None:
    """It is there for when server and worker are not: it neither needs nor follows a unit of ours."""
    text = rendered(PAPER, Settings())[PurePosixPath("/etc/systemd/system/trader-watchdog.service")]
    wanted = [line for line in text.splitlines() if line.startswith(("After", "Wants", "Requires", "BindsTo"))]
    assert wanted
    assert not [line for line in wanted if "trader-" in line]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    """The verifier of systemd itself has nothing to say about them."""
    files = rendered(PAPER, Settings())
    units = {path: text for path, text in files.items() if path.suffix == ".service"}
    assert len(units) == len(UNITS)
    here = {path: text.replace("/opt/trader/.venv/bin/", "/bin/true #") for path, text in units.items()}
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, written(tmp_path, here))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_first_boot_script_puts_every_file_in_its_place(tmp_path: Path) -> None:
    """A shell parses it, and running its file-writing part makes exactly the files that were rendered."""
    files = rendered(PAPER, Settings(coingecko_url="https://x.test/a'b\"c$HOME"))
    script = files.pop(PurePosixPath("user-data.sh"))
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
    root = tmp_path / "root"
    writing = script[script.index("install -d /etc/systemd") : script.index("chmod 0640")]
    for path in files:
        writing = writing.replace(f"install -d {path.parent}\n", f"install -d {root}{path.parent}\n")
        writing = writing.replace(f"cat > {path} <<", f"cat > {root}{path} <<")
    subprocess.run(["bash", "-eu"], input=writing, text=True, check=True)
    assert {
        PurePosixPath("/") / path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
    } == set(files)
    assert all((root / str(path).lstrip("/")).read_text() == text for path, text in files.items())


def test_the_server_reads_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefect takes every value as it is meant: runs for 30 days, events for 7."""
    for name, value in KEEPING.items():
        monkeypatch.setenv(name, value)
    server = PrefectSettings().server
    assert server.services.db_vacuum.enabled_vacuum_types >= {"events", "flow_runs"}
    assert server.services.db_vacuum.retention_period == timedelta(days=30)
    assert server.events.retention_period == timedelta(days=7)
    assert server.services.task_run_recorder.flush_interval == 1
