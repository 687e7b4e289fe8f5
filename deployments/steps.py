"""The steps of prefect.yaml: what a deployment is told of the place where it was deployed, and its image.

``prefect deploy`` runs them once for each deployment; what they find out is the same for all, and found out once.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from pydantic import SecretStr

from blocks.names import must_be_known
from blocks.settings import Settings, load_settings
from deployments.as_code import kept
from deployments.pools import POOL, template_of
from deployments.pools.settings import load_ecs_settings
from deployments.prefect_server import RUNS
from trading.errors import BadInput

CHECKOUT = Path(__file__).resolve().parents[1]
IMAGE_HOME = "/app"
"""Where the image keeps the code."""

DOCKERFILE = "deployments/Dockerfile"
PLATFORMS = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}
NOT_FOR_RUNS = frozenset({"TRADER_DESK", "TRADER_STATE", "TRADER_WORK_POOL"})
"""Settings of the machine that deploys; the desk is a parameter of every run."""

LOGIN = re.compile(r"://[^/\s@]*@")
"""An address with a user or a password in it."""

OF_A_CONTAINER = {"PREFECT_HOME": "/tmp/prefect", "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}  # noqa: S108
"""Said to every container: a worker hands its own Prefect settings on, and they are those of another machine."""


@cache
def site() -> dict[str, Any]:
    """Desk, version, directory, image and environment of the runs; what people paused stays paused.

    Raises BadInput with one line when the pool, or the desk on the server, is another than this deploy was meant for.
    """
    settings = load_settings()
    _meant(settings.work_pool)
    version = code_version()
    told = {"desk": _desk(settings), "version": version, "trigger_on": _as_people_left_it()}
    if settings.work_pool == "process":
        return {**told, "directory": str(CHECKOUT), "image": None, "env": RUNS}  # over its worker's own
    image = f"{load_ecs_settings().image}:{version}"
    return {**told, "directory": IMAGE_HOME, "image": image, "env": environment(settings)}


def _desk(settings: Settings) -> str:
    """The desk that TRADER_DESK names; paper without it, where nothing runs another one."""
    with get_client(sync_client=True) as client:
        there = kept.desks(kept.ours(client))
    if "desk" not in settings.model_fields_set:
        if other := sorted(there - {"paper"}):
            msg = f"the deployments on this server run the {', '.join(other)} desk, and TRADER_DESK is not set: set it"
            raise BadInput(msg)
        return "paper"
    must_be_known(settings.desk)
    if other := sorted(there - {settings.desk}):
        said = f"deployed for the {settings.desk} desk from now on; deployments ran the {', '.join(other)} desk before"
        print(said, file=sys.stderr)
    return settings.desk


def _as_people_left_it() -> bool:
    """Keep pauses until this process ends; whether the trigger of orders is switched on."""
    kept.keep_pauses()
    with get_client(sync_client=True) as client:
        return kept.trigger_on(client)


def build_image() -> None:
    """Build the image where runs need one; nothing on this machine. Raises BadInput with one line without Docker."""
    if image := site()["image"]:
        platform = PLATFORMS[load_ecs_settings().cpu_architecture]
        version = f"CODE_VERSION={code_version()}"
        _docker("build", "--platform", platform, "--file", DOCKERFILE, "--build-arg", version, "--tag", image, ".")


def push_image() -> None:
    """Push the image where runs need one; nothing on this machine."""
    if image := site()["image"]:
        _docker("push", image)


def code_version() -> str:
    """The commit, with -dirty when files differ from it; the installed version where there is no git or no checkout."""
    git = shutil.which("git")
    asked = ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    if git and (CHECKOUT / ".git").exists():
        done = subprocess.run([git, "-C", str(CHECKOUT), *asked], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
    return installed("crypto-trader")


def environment(settings: Settings) -> dict[str, str]:
    """Our settings that were set where we deploy, as variables of a container; never a secret.

    Raises BadInput with one line for an address with a password in it: Prefect shows job variables to everybody.
    """
    fields = {name: getattr(settings, name) for name in sorted(settings.model_fields_set)}
    known = {f"TRADER_{name.upper()}": value for name, value in fields.items() if not isinstance(value, SecretStr)}
    pairs = known.pop("TRADER_PAIRS_CONFIG", None)
    env = {name: str(value) for name, value in known.items() if value is not None and name not in NOT_FOR_RUNS}
    if told := sorted(
        name for name, value in {**env, "TRADING_PAIRS_CONFIG": pairs or ""}.items() if LOGIN.search(value)
    ):
        msg = f"{', '.join(told)} has a password in an address: leave it out, or keep it in Secrets Manager"
        raise BadInput(msg)
    return OF_A_CONTAINER | RUNS | env | ({"TRADING_PAIRS_CONFIG": pairs} if pairs else {})


def pool_there() -> Any:
    """The work pool as the server has it."""
    with get_client(sync_client=True) as client:
        return client.read_work_pool(POOL)


def _meant(kind: str) -> None:
    pool = pool_there()
    if pool.type != kind:
        msg = f"the work pool {POOL} is of type {pool.type}, TRADER_WORK_POOL says {kind}: set it, or run `trader init`"
        raise BadInput(msg)
    there = pool.base_job_template.get("variables", {}).get("properties", {})
    if missing := sorted(set(template_of(kind)["variables"]["properties"]) - set(there)):
        msg = f"the work pool {POOL} knows no {', '.join(missing)}: run `trader init`, which updates its template"
        raise BadInput(msg)


def _docker(*arguments: str) -> None:
    docker = shutil.which("docker")
    if docker is None:
        msg = "an image is needed and there is no docker here: deploy where there is, or set TRADER_WORK_POOL=process"
        raise BadInput(msg)
    done = subprocess.run([docker, *arguments], cwd=CHECKOUT, check=False)
    if done.returncode:
        msg = f"`docker {arguments[0]}` failed with {done.returncode}; its own words are above"
        raise BadInput(msg)
