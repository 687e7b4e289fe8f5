"""The state directory of ``trader up``: one at a time, and found by other terminals."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trading.errors import BadInput

LOCK, RUNNING, MARKET = "up.lock", "up.json", "market.json"
LEFT_BEHIND_S = 40
"""How long what a killed one left behind may take to end."""
MARK = "TRADER_UP_RUN"
"""Every process that we start carries this variable, also those that our children start: nobody is forgotten."""


@dataclass(frozen=True, slots=True)
class Place:
    """A state directory that is ours now."""

    root: Path
    mark: str

    @property
    def logs(self) -> Path:
        """One file per program."""
        return self.root / "logs"

    def tell_others(self, desk: str, env: Mapping[str, str]) -> None:
        """Let commands in other terminals find the desk that runs here."""
        said = {"pid": os.getpid(), "desk": desk, "env": {name: value for name, value in env.items() if name != MARK}}
        fresh = self.root / f"{RUNNING}.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(said, indent=2))
        fresh.replace(self.root / RUNNING)

    def market_began(self, now: datetime, told: Mapping[str, str]) -> dict[str, str]:
        """When the replayed market of this state began, and with what; the first call decides.

        Raises BadInput when another market is asked for than the one that the stored candles and positions are of.
        """
        path = self.root / MARKET
        if not path.exists():
            path.write_text(json.dumps({**told, "since": now.isoformat()}, indent=2))
        kept: dict[str, str] = json.loads(path.read_text())
        if {name: kept.get(name) for name in told} != dict(told):
            shown = ", ".join(f"{name} {value or 'generated'}" for name, value in kept.items())
            msg = f"the market in {self.root} is another one ({shown}): ask for that one, or name another --state"
            raise BadInput(msg)
        return kept


@contextmanager
def held(root: Path) -> Iterator[Place]:
    """The directory, ours alone. A guard ends whatever we started when we are gone, however that came about.

    Raises BadInput with one line when another one runs there, or it cannot be written.
    """
    root = root.resolve()
    try:
        (root / "logs").mkdir(parents=True, exist_ok=True)
        lock = (root / LOCK).open("ab")
    except OSError as error:
        msg = f"the state directory {root} cannot be used ({error.strerror}); name another one with --state"
        raise BadInput(msg) from error
    with lock:
        _take(lock, root)
        mark = uuid.uuid4().hex
        guard = subprocess.Popen(
            [sys.executable, "-m", "deployments.up.guard", f"{MARK}={mark}"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=[lock.fileno()], start_new_session=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        try:
            place = Place(root, mark)
            place.tell_others("", {})
            yield place
        finally:
            (root / RUNNING).unlink(missing_ok=True)
            guard.communicate()


def _take(lock: Any, root: Path) -> None:
    until_s = time.monotonic() + LEFT_BEHIND_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if ((other := _told(root)) and alive(other["pid"])) or time.monotonic() > until_s:
                who = f" (process {other['pid']})" if other else ""
                msg = f"trader up runs already in {root}{who}; stop it, or name another directory with --state"
                raise BadInput(msg) from error
            time.sleep(0.2)  # one was killed, and its guard is still ending what it started
        else:
            return


def _told(root: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((root / RUNNING).read_text())
    except (OSError, ValueError):
        return None
    return found


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def running_up(state: Path, desk: str) -> dict[str, str] | None:
    """The environment of a ``trader up`` of that desk in this state directory or just below; None without one."""
    return _running(state).get(desk)


def desks_up(state: Path) -> tuple[str, ...]:
    """The desks that ``trader up`` runs in this state directory or just below."""
    return tuple(_running(state))


def _running(state: Path) -> dict[str, dict[str, str]]:
    found = [_told(root.resolve()) for root in (state / "up", state)]
    return {told["desk"]: told["env"] for told in found if told and told["desk"] and alive(told["pid"])}
