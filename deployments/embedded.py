"""The embedded world: everything the pipeline talks to, on free loopback ports of this machine, for as long as needed.

moto stands in for AWS, our simulator for the exchanges and the news, and Prefect's own server shows the runs.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deployments.prefect_runs import pointed_at
from deployments.processes import Child, free_port, stop_all
from trading.errors import BadInput

ENDPOINTS = "endpoints.json"
"""File in the state directory that names a running embedded world, so that other terminals find it."""

QUIET_PREFECT = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    # Nothing is scheduled here; the services below only take time from the two cores a demo may have.
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    # Task runs are written in batches: one by one they cost twice the server's time.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "50",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "50",
}


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """The market of an embedded world: recorded candles, or a generated one when ``candles`` is None."""

    candles: Path | None
    start: datetime | None
    seed: int
    jpy: int


@dataclass(frozen=True, slots=True)
class World:
    """A running embedded world: its directory and the environment that points the pipeline at it."""

    state: Path
    simulator_url: str
    env: Mapping[str, str]

    def now(self) -> datetime:
        """The simulated market's time."""
        return datetime.fromisoformat(str(self._call("/_clock")["now"]))

    def step_to(self, at: datetime) -> None:
        """Move the simulated market's clock forward."""
        self._call("/_clock", {"to": at.isoformat()})

    def faults(self, faults: list[dict[str, object]]) -> None:
        """Ask the simulated world to misbehave."""
        self._call("/_faults", faults)

    def all_faults_spent(self) -> bool:
        """Whether every fault has struck as often as it should."""
        faults: Any = self._call("/_faults")
        return not any(one["active"] for one in faults)

    def clear_faults(self) -> None:
        """Everything behaves again."""
        self._call("/_faults", method="DELETE")

    def venue_ledger(self) -> dict[str, Any]:
        """The exchange's own truth: balances, orders and fills."""
        return self._call("/_ledger")

    def _call(self, path: str, body: object = None, method: str | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 (loopback)
            self.simulator_url + path, data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            answer: dict[str, Any] = json.load(reply)
            return answer


def stand_in_env(port: int) -> dict[str, str]:
    """What points a process at the AWS stand-in on this port, and at no account."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "embedded",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "AWS_DEFAULT_REGION": "ap-northeast-1",
    }


def venues_env(simulator_url: str) -> dict[str, str]:
    """What points a process at the simulated venues and sources."""
    return {
        "TRADER_BINANCE_URL": f"{simulator_url}/binance",
        "TRADER_BINANCE_FUTURES_URL": f"{simulator_url}/fapi",
        "TRADER_COINCHECK_URL": f"{simulator_url}/coincheck",
        "TRADER_CRYPTOPANIC_URL": f"{simulator_url}/cryptopanic",
        "TRADER_CRYPTOPANIC_API_KEY": "simulator-key",
        "TRADER_FEAR_GREED_URL": f"{simulator_url}/alternative",
        "TRADER_COINGECKO_URL": f"{simulator_url}/coingecko",
    }


def _children(state: Path, market: MarketOptions) -> tuple[list[Child], dict[str, str]]:
    aws, sim, prefect = free_port(), free_port(), free_port()
    simulator_url = f"http://127.0.0.1:{sim}"
    env = {
        **stand_in_env(aws),
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"{simulator_url}/sagemaker",
        **venues_env(simulator_url),
        "TRADER_SLACK_WEBHOOK_URL": f"{simulator_url}/slack/services/T0/B0/embedded",
        "TRADER_COINCHECK_ACCESS_KEY": "simulator-key",
        "TRADER_COINCHECK_SECRET_KEY": "simulator-secret",
        "PREFECT_API_URL": f"http://127.0.0.1:{prefect}/api",
        "PREFECT_HOME": str(state / "prefect"),
        **QUIET_PREFECT,
    }
    prefect_argv = ["-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(prefect)]
    aws_argv = ["-m", "adapters.aws_stand_in", "--port", str(aws)]
    aws_ready, prefect_ready = f"http://127.0.0.1:{aws}/moto-api/data.json", f"http://127.0.0.1:{prefect}/api/health"
    log = state / "logs"
    children = [
        Child("Prefect server", prefect_argv, prefect_ready, log / "prefect-server.log", env),
        Child("AWS stand-in", aws_argv, aws_ready, log / "aws.log", env),
        Child("simulator", _simulator_argv(sim, market), f"{simulator_url}/_health", log / "simulator.log", env),
    ]
    return children, env


def _simulator_argv(port: int, market: MarketOptions) -> list[str]:
    argv = [
        "-m",
        "simulator",
        "--port",
        str(port),
        "--speed",
        "0",
        "--seed",
        str(market.seed),
        "--jpy",
        str(market.jpy),
    ]
    # The venue's rate limits run on wall time; a stepped market lives minutes in a second.
    argv += ["--orders-per-s", "0", "--details-per-s", "0"]
    if market.candles is not None:
        argv += ["--candles", str(market.candles)]
    if market.start is not None:
        argv += ["--start", market.start.isoformat()]
    return argv


def _make_room(state: Path) -> None:
    """An empty place for this world's runs and logs; what an earlier one left of them is its past, not ours."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        for old in ("prefect", "logs"):
            if (state / old).exists():
                shutil.rmtree(state / old)
        (state / "logs").mkdir()
    except OSError as error:
        msg = f"the state directory {state} cannot be used ({error.strerror}); name another one with --state"
        raise BadInput(msg) from error


@contextmanager
def embedded_world(state: Path, market: MarketOptions, meanwhile: Callable[[], None] = lambda: None) -> Iterator[World]:
    """Start the world, point this process at it, and end all of it on the way out, whatever happened.

    meanwhile: work that needs the venues and AWS but not Prefect, whose server takes longest to start.
    """
    state = state.resolve()
    if running_world(state):
        msg = f"an embedded world already runs in {state}; stop it, or name another directory with --state"
        raise BadInput(msg)
    _make_room(state)
    children, env = _children(state, market)
    before = {name: os.environ.get(name) for name in env}
    stack = ExitStack()
    try:
        for child in children:
            child.start()
        prefect, *quick = children
        for child in quick:
            child.wait_ready()
        os.environ.update(env)
        meanwhile()
        prefect.wait_ready()
        stack.enter_context(pointed_at(env["PREFECT_API_URL"]))
        world = World(state, env["TRADER_COINCHECK_URL"].removesuffix("/coincheck"), env)
        (state / ENDPOINTS).write_text(json.dumps(env, indent=2))
        yield world
    finally:
        stack.close()
        (state / ENDPOINTS).unlink(missing_ok=True)
        stop_all(children)
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)


def running_world(state: Path) -> dict[str, str] | None:
    """The environment of an embedded world that runs in this state directory or one below; None when there is none."""
    for named in (state / ENDPOINTS, *sorted(state.glob(f"*/{ENDPOINTS}"))):
        try:
            env: dict[str, str] = json.loads(named.read_text())
            health = env["TRADER_COINCHECK_URL"].removesuffix("/coincheck") + "/_health"
            with urllib.request.urlopen(health, timeout=2):  # noqa: S310 (loopback)
                return env
        except (OSError, ValueError, KeyError):  # nobody there, or what a killed run left behind
            continue
    return None
