"""What ``trader up`` starts: AWS, the market, the Prefect server, a worker and the watchdog, and how each is told."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from blocks.settings import load_settings
from deployments.embedded import stand_in_env, venues_env
from deployments.prefect_server import CLIENT, KEEPING
from deployments.processes import Child, free_port
from deployments.up.place import MARK, Place
from trading.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
RUNS_AT_ONCE = 4
"""Flow runs side by side: more would only wait for the cores, and a late exit costs money."""
WATCHDOG = "watchdog"
OWN_AWS = {"paper": False, "live": True}
"""The desks there are here, and whether the books of one need an AWS account. The embedded one's venue forgets."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: the desk, on the real market or a replayed one, where the UI is, where state is kept."""

    desk: str
    replay: bool
    port: int
    state: Path
    candles: Path | None = None
    seed: int = 1
    account: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The programs. ``servers`` must answer before ``first`` can run, those in turn, before ``workers`` start."""

    env: dict[str, str]
    servers: tuple[Child, ...]
    first: tuple[Child, ...]
    workers: tuple[Child, ...]
    api_url: str
    own_server: bool


def checked(options: Options) -> None:
    """Raises BadInput, one line, for what cannot be run."""
    if options.desk not in OWN_AWS:
        msg = f"trader up runs the desks {' and '.join(OWN_AWS)}, not {options.desk}; for a replay see trader demo"
        raise BadInput(msg)
    if OWN_AWS[options.desk] and (options.replay or not _named_aws(options)):
        msg = (
            f"the {options.desk} desk trades at the real market and keeps its books in your AWS account: "
            "take --market live, and --account (or AWS_ENDPOINT_URL)"
        )
        raise BadInput(msg)


def parts(options: Options, place: Place) -> Parts:
    """All programs of this run. Raises BadInput when the port is taken or the market is another one than before."""
    env = _common(options, place)
    servers: list[Child] = []
    if not _named_aws(options):
        port = free_port()
        env |= stand_in_env(port)
        os.environ.pop("AWS_PROFILE", None)  # of an account that is not meant here
        argv = ["-m", "adapters.aws_stand_in", "--port", str(port), "--journal", str(place.root / "aws.journal")]
        servers.append(_child(place, "AWS stand-in", argv, env, f"http://{HOST}:{port}/moto-api/data.json"))
    if options.replay:
        port = free_port()
        url = f"http://{HOST}:{port}"
        env |= venues_env(url) | {"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"{url}/sagemaker"}
        servers.append(_child(place, "market", _simulator(options, place, port), env, f"{url}/_health"))
    ours = f"http://{HOST}:{options.port}/api"
    api_url = os.environ.get("PREFECT_API_URL", ours)
    own_server = _here(api_url, options.port)
    env["PREFECT_API_URL"] = api_url
    if own_server:
        _must_be_free(options.port)
        argv = ["-m", "prefect", "server", "start", "--host", HOST, "--port", str(options.port)]
        servers.append(_child(place, "Prefect server", argv, env, f"{api_url}/health"))
    for child in servers:  # each was told what was known when it was made
        child.env = env
    return Parts(env, tuple(servers), _first(options, place, env), _workers(options, place, env), api_url, own_server)


def _common(options: Options, place: Place) -> dict[str, str]:
    """What all of them are told. A PREFECT variable of the person who starts us wins over ours."""
    settings = load_settings()
    prefect = {
        "PREFECT_HOME": str(place.root / "prefect"),
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        **KEEPING,
        **CLIENT,
    }
    own = {"TRADER_DESK": options.desk, "TRADER_STATE": str(settings.state.resolve()), MARK: place.mark}
    return {**{name: os.environ.get(name, value) for name, value in prefect.items()}, **own}


def _first(options: Options, place: Place, env: Mapping[str, str]) -> tuple[Child, ...]:
    return (
        _child(place, "trader init", ["-m", "deployments.cli", "init", "--desk", options.desk], env),
        _child(place, "prefect deploy", ["-m", "prefect", "--no-prompt", "deploy", "--all"], env),
    )


def _workers(options: Options, place: Place, env: Mapping[str, str]) -> tuple[Child, ...]:
    worker = ["-m", "prefect", "worker", "start", "--pool", "trader", "--type", "process", "--name", "up"]
    watchdog = ["-m", "deployments.cli", "watchdog", "--desk", options.desk, "--json"]
    return (
        _child(place, "worker", [*worker, "--limit", str(RUNS_AT_ONCE), "--no-create-pool-if-not-found"], env),
        _child(place, WATCHDOG, watchdog, env),
    )


def _child(place: Place, name: str, argv: list[str], env: Mapping[str, str], ready_url: str | None = None) -> Child:
    return Child(name, argv, ready_url, log_of(place, name), env, cwd=CHECKOUT)


def log_of(place: Place, name: str) -> Path:
    """Where a program writes."""
    return place.logs / f"{name.lower().replace(' ', '-')}.log"


def _simulator(options: Options, place: Place, port: int) -> list[str]:
    folder = "" if options.candles is None else str(options.candles.resolve())
    began = place.market_began(datetime.now(UTC), {"candles": folder, "seed": str(options.seed)})
    argv = ["-m", "simulator", "--port", str(port), "--seed", str(options.seed), "--since", began["since"]]
    return [*argv, "--candles", folder] if folder else argv


def _named_aws(options: Options) -> bool:
    return options.account or bool(os.environ.get("AWS_ENDPOINT_URL"))


def _here(api_url: str, port: int) -> bool:
    """Whether an address is the one where we start a server: a shell often still names the one of the last time."""
    there = urlsplit(api_url)
    return there.hostname in {HOST, "localhost"} and there.port == port


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            msg = f"port {port} cannot be used ({error.strerror}); choose another one with --port"
            raise BadInput(msg) from error
