"""One machine of one's own: the units, the settings and the first-boot script, rendered from the settings in force.

The shape of the infrastructure document, section 3.6: one small ARM instance with server, worker and watchdog under
systemd. AWS holds the books, Secrets Manager the secrets; a machine that is lost is made again from these files.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import SecretStr

from blocks.settings import Settings
from deployments.prefect_server import CLIENT, KEEPING
from trading.errors import BadInput
from trading.pairs import parse_pairs
from trading.strategy import load_strategy

UNITS = ("trader-server", "trader-setup", "trader-worker", "trader-watchdog")
APP, STATE, ENV_FILE = "/opt/trader", "/var/lib/trader", "/etc/trader/trader.env"
LOCAL_FILE = "/etc/trader/local.env"
"""Made by hand on the machine or not at all: what must not be in user data, which anybody with the role may read."""
DATABASE = "postgresql+asyncpg://trader@/prefect?host=/run/postgresql"
"""The machine's own Postgres, through its socket: it knows by the process who asks, so there is no password."""

NOT_COPIED = frozenset({"state", "desk", "secrets", "strategy"})
"""Settings that the machine sets itself."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What one machine is told. repository, revision: where its code comes from, to the commit."""

    desk: str
    region: str
    repository: str
    revision: str
    port: int = 4200


def rendered(machine: Machine, settings: Settings) -> dict[PurePosixPath, str]:
    """Every file of the machine by its path on it, and ``user-data.sh``, which puts all of them there at first boot.

    Raises BadInput for a revision that is no commit, since a machine made twice must be the same machine, for a
    repository with a password in it, and for a setting that could not hold there.
    """
    parse_pairs(settings.pairs_config)
    if len(machine.revision) != 40 or set(machine.revision) - set("0123456789abcdef"):
        msg = f"--revision {machine.revision!r} is not a whole commit id (40 hex digits): git rev-parse HEAD"
        raise BadInput(msg)
    if re.search(r"//[^/]*@", machine.repository):
        msg = "--repository has a user or a token in it, and user data is no secret: name it without"
        raise BadInput(msg)
    page = Environment(  # noqa: S701 (systemd units and a shell script, not HTML)
        loader=PackageLoader("deployments.machine"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    page.filters["quoted"] = shlex.quote
    about = {
        "machine": machine,
        "app": APP,
        "state": STATE,
        "env_file": ENV_FILE,
        "local_file": LOCAL_FILE,
        "units": UNITS,
    }
    files = {
        PurePosixPath(f"/etc/systemd/system/{unit}.service"): page.get_template(f"{unit}.service.j2").render(about)
        for unit in UNITS
    }
    files[PurePosixPath("/etc/systemd/journald.conf.d/trader.conf")] = page.get_template("journald.conf.j2").render()
    files[PurePosixPath(ENV_FILE)] = environment(machine, settings)
    if settings.strategy is not None:
        load_strategy(settings.strategy)
        files[_strategy_on_it(settings.strategy)] = settings.strategy.read_text().rstrip("\n") + "\n"
    files[PurePosixPath("user-data.sh")] = page.get_template("user-data.sh.j2").render(about, files=dict(files))
    return files


def environment(machine: Machine, settings: Settings) -> str:
    """The environment of all units, one variable a line; never a secret."""
    ours = {
        ("TRADING_PAIRS_CONFIG" if name == "pairs_config" else f"TRADER_{name.upper()}"): value
        for name in sorted(settings.model_fields_set - NOT_COPIED)
        if not _is_secret(name) and (value := getattr(settings, name)) is not None
    }
    if (model := settings.forecast_model) is not None and not model.startswith("s3://"):
        msg = f"the machine has no {model}: put the model on S3 and name it in TRADER_FORECAST_MODEL as s3://..."
        raise BadInput(msg)
    if settings.strategy is not None:
        ours["TRADER_STRATEGY"] = _strategy_on_it(settings.strategy)
    fixed = {
        "TRADER_DESK": machine.desk,
        "TRADER_SECRETS": "aws",
        "TRADER_STATE": STATE,
        "AWS_DEFAULT_REGION": machine.region,
        "PREFECT_HOME": f"{STATE}/prefect",
        "PREFECT_API_URL": f"http://127.0.0.1:{machine.port}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": DATABASE,
        "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",  # its health check; by default it is on the network
    }
    return "".join(
        f"{name}={_unit_quoted(str(value))}\n" for name, value in {**ours, **fixed, **CLIENT, **KEEPING}.items()
    )


def _strategy_on_it(path: Path) -> PurePosixPath:
    return PurePosixPath(ENV_FILE).with_name(f"strategy{path.suffix}")


def _is_secret(name: str) -> bool:
    kind = Settings.model_fields[name].annotation
    return kind is SecretStr or SecretStr in get_args(kind)


def _unit_quoted(value: str) -> str:
    """As systemd reads an EnvironmentFile, and as a shell does: double quotes where something needs them."""
    if value and not set(value) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/+@%?=&"):
        return value
    if "\n" in value:
        msg = "a setting with a line break cannot stand in an environment file; write it in one line"
        raise BadInput(msg)
    for special in '\\"$`':
        value = value.replace(special, "\\" + special)
    return f'"{value}"'
