"""Prefect: the server, its database, the pool with its worker, and whether what is deployed is what the file says."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml  # type: ignore[import-untyped]

from blocks.settings import load_settings
from deployments.doctor.findings import Finding, State, fail, ok, warn
from deployments.pools import POOL
from deployments.prefect_server import RUNS
from trading.errors import Halt

FILE = Path(__file__).resolve().parents[2] / "prefect.yaml"
HERE = {"127.0.0.1", "localhost", "::1"}
SEEN_LATELY = timedelta(minutes=3)
"""A worker says every 30 seconds that it is there."""

type Call = Callable[..., Any]


class Api:
    """A Prefect API, asked plainly. Raises Halt with one line when none is configured or it does not answer."""

    def __init__(self, url: str | None, key: str | None = None) -> None:
        self.url, self._key = url, key

    def __call__(self, path: str, body: object = None) -> Any:
        """What it answers: to a GET, or to a POST where there is a body."""
        if self.url is None:
            msg = "no PREFECT_API_URL is set: flows run without being shown, and nothing is scheduled"
            raise Halt(msg)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url.rstrip("/") + path, data, headers)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=8) as reply:  # noqa: S310 (an address of a setting)
                return json.load(reply)
        except urllib.error.HTTPError as error:
            msg = f"{self.url} refused {path} with {error.code} ({error.reason})"
            raise Halt(msg) from error
        except OSError as error:
            msg = f"{self.url}{path} does not answer: {error}"
            raise Halt(msg) from error


def server(api: Api) -> Finding:
    """It answers, and is of our version."""
    if api.url is None:
        return warn("no PREFECT_API_URL is set: nothing is scheduled", "trader up, or set it to your server's /api")
    have, own = str(api("/admin/version")), version("prefect")
    said = f"{api.url} answers, version {have}"
    return ok(said) if have == own else warn(f"{said}, ours is {own}", "run the same version on both sides")


def database(api: Api, sqlite: State, environment: Mapping[str, str] = os.environ) -> Finding:
    """What the server keeps its runs in. ``sqlite``: how bad SQLite is here."""
    found = api("/admin/settings")
    said = str(found.get("server", {}).get("database", {}).get("driver") or "")
    here = urlsplit(str(api.url)).hostname in HERE
    said = said or (environment.get("PREFECT_SERVER_DATABASE_CONNECTION_URL", "") if here else "")
    if said.startswith("postgres"):
        return ok("Postgres")
    file = Path(str(found.get("home", ""))) / "prefect.db"
    if here and file.is_file():
        do = "give it Postgres (PREFECT_SERVER_DATABASE_CONNECTION_URL): SQLite answers 503 when runs crowd"
        return Finding(
            sqlite, f"SQLite, {file.stat().st_size / 1e6:.0f} MB at {file}", "" if sqlite is State.OK else do
        )
    return ok("its own business: the server does not say, and is not on this machine")


def pool(api: Api) -> Finding:
    """The pool, its queues and its worker are there and run."""
    found = api(f"/work_pools/{POOL}")
    queues = {one["name"]: one for one in api(f"/work_pools/{POOL}/queues/filter", {})}
    paused = [f"pool {POOL}"] if found["is_paused"] else []
    paused += [f"queue {name}" for name, one in queues.items() if one["is_paused"]]
    if paused:
        resume = [f"prefect work-pool resume {POOL}"] if found["is_paused"] else []
        resume += [
            f"prefect work-queue resume {name} --pool {POOL}" for name, one in queues.items() if one["is_paused"]
        ]
        return fail(f"paused: {', '.join(paused)}", "; ".join(resume))
    said = f"{POOL} ({found['type']}), queues {', '.join(sorted(queues))}"
    return ok(said) if {"money", "market", "keeping"} <= set(queues) else fail(f"{said}: some lack", "trader init")


def worker(api: Api, now: datetime | None = None) -> Finding:
    """Somebody takes runs from the pool."""
    if str(api(f"/work_pools/{POOL}")["type"]).endswith(":push"):
        return ok("none needed: Prefect Cloud starts the runs")
    seen = {one["name"]: datetime.fromisoformat(one["last_heartbeat_time"])
            for one in api(f"/work_pools/{POOL}/workers/filter", {}) if one["last_heartbeat_time"]}  # fmt: skip
    alive = [name for name, at in seen.items() if (now or datetime.now(UTC)) - at < SEEN_LATELY]
    return ok(f"{', '.join(alive)}") if alive else fail("no worker runs", f"prefect worker start --pool {POOL}")


def deployed(api: Api, desk: str, file: Path = FILE) -> Finding:
    """Every deployment of prefect.yaml is there, not paused, with its schedules, and of this desk."""
    wanted = {one["entrypoint"]: one for one in yaml.safe_load(file.read_text())["deployments"]}
    deploy = f"TRADER_DESK={desk} prefect --no-prompt deploy --all"
    found = {one["entrypoint"]: one for one in api("/deployments/filter", {"limit": 200}) if one["name"] == "trader"}
    names = {entry: entry.rpartition(":")[2] for entry in wanted}
    lacking = [names[entry] for entry in wanted if entry not in found]
    if lacking:
        return fail(f"not deployed: {', '.join(lacking)}", deploy)
    others = {str(found[entry]["parameters"].get("desk")) for entry in wanted} - {desk}
    if others:
        do = f"{deploy}; or trader doctor --desk {min(others)}"
        return fail(f"they run the desk {', '.join(sorted(others))}, not {desk}", do)
    off = [names[entry] for entry in wanted if _paused(found[entry])]
    if off:
        return warn(f"paused: {', '.join(off)}", "; ".join(map(_resumed, off)))
    other = [names[entry] for entry, one in wanted.items() if _schedules(one) != _schedules(found[entry])]
    if other:
        return warn(f"scheduled otherwise than prefect.yaml: {', '.join(other)}", deploy)
    if old := [names[entry] for entry in wanted if not RUNS.items() <= _environment(found[entry]).items()]:
        return warn(f"their runs may be called dead alive, {', '.join(RUNS)} is not given to: {', '.join(old)}", deploy)
    return ok(f"all {len(wanted)} as in prefect.yaml")


def _resumed(flow: str) -> str:
    return f"prefect deployment schedule resume {flow}/trader --all"


def _paused(one: Mapping[str, Any]) -> bool:
    return bool(one["paused"]) or any(not found["active"] for found in one["schedules"])


def _environment(one: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a deployment adds to the environment of its runs."""
    return (one.get("job_variables") or {}).get("env") or {}


def _schedules(one: Mapping[str, Any]) -> list[Any]:
    """A deployment's rhythms, comparable, as a file or as a server has them."""
    rhythms = [found.get("schedule", found) for found in one.get("schedules") or []]
    return sorted(str(found.get("cron") or float(found.get("interval") or 0)) for found in rhythms)


def as_code(desk: str) -> Finding:
    """Blocks, limits, variables and automations that `trader init` makes: there, as the code has them, switched on."""
    from prefect.client.orchestration import get_client

    from deployments.as_code import CLOUD, ORDER, configured
    from deployments.as_code.things import Site

    if not configured():
        return warn("no Prefect API is configured", "trader up, or set PREFECT_API_URL")
    with get_client(sync_client=True) as client:
        site = Site(desk, load_settings(), str(client.api_url).startswith(CLOUD))
        return held_against(client, [thing for made in ORDER for thing in made(client, site)], desk)


def held_against(client: Any, things: Sequence[Any], desk: str) -> Finding:
    """What is missing fails; what differs from the code or is switched off may be meant: a warning."""
    from deployments.as_code.things import MEMORY, digest

    found = {thing.name: thing.found(client) for thing in things}
    if lacking := [name for name, there in found.items() if there is None]:
        return fail(f"missing: {', '.join(lacking)}", f"trader init --desk {desk}")
    kept = client.read_variable_by_name(MEMORY)
    memory = dict(kept.value) if kept is not None and isinstance(kept.value, dict) else {}
    other = [
        thing.name
        for thing in things
        if thing.change is not None
        and (wanted := digest(thing.wanted)) != (there := digest(found[thing.name]))
        and memory.get(thing.name) != [wanted, there]
    ]
    if other:
        return warn(f"not as the code has them: {', '.join(other)}", f"trader init --desk {desk} --reset")
    off = [one.name for one in client.read_automations() if f"automation {one.name!r}" in found and not one.enabled]
    if off:
        return warn(f"switched off: {', '.join(off)}", "; ".join(f'prefect automation resume "{name}"' for name in off))
    return ok(f"all {len(things)} pools, limits, blocks and automations are as in the code")
