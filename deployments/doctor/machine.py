"""This machine: Python, packages, settings, disk."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.redaction import redacted
from blocks.settings import Settings
from deployments.doctor.findings import Finding, fail, ok, warn
from trading.errors import BadInput
from trading.strategy import load_strategy

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "runtime.txt"
PYTHON = (3, 12)
DISK_WARN_GB, DISK_FAIL_GB = 5.0, 1.0


def python() -> Finding:
    """The Python that this runs on is the one that the lock was made for."""
    said = f"Python {platform.python_version()}"
    want = ".".join(map(str, PYTHON))
    return ok(said) if sys.version_info[:2] == PYTHON else warn(said, f"the lock is for Python {want}: make setup")


def packages(lock: Path = LOCK) -> Finding:
    """Every locked package is installed, in the locked version."""
    if not lock.is_file():
        return ok("installed without a lock beside it: not compared")
    locked = dict(re.findall(r"^([A-Za-z0-9_.\-]+)(?:\[[^\]]*\])?==([^ ;\\\n]+)", lock.read_text(), re.MULTILINE))
    wrong = [f"{name} {have} (lock {want})" for name, want in locked.items() if (have := _installed(name)) != want]
    if not wrong:
        return ok(f"all {len(locked)} packages as locked")
    more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return warn(f"{len(wrong)} of {len(locked)} differ: {', '.join(wrong[:3])}{more}", "make setup installs the lock")


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def disk(folder: Path) -> Finding:
    """There is room for runs, logs and books."""
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    free_gb = shutil.disk_usage(there).free / 1e9
    said, do = f"{free_gb:.1f} GB free at {there}", "make room: runs, logs and the journal grow there"
    return fail(said, do) if free_gb < DISK_FAIL_GB else warn(said, do) if free_gb < DISK_WARN_GB else ok(said)


def settings_shown(settings: Settings) -> dict[str, str]:
    """Every setting by its variable: its value, or whether it is set where it is a secret."""
    return {variable(name): _shown(value) for name, value in dict(settings).items()}


def variable(field: str) -> str:
    """The environment variable of a setting."""
    return "TRADING_PAIRS_CONFIG" if field == "pairs_config" else f"TRADER_{field.upper()}"


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "set" if value.get_secret_value() else "unset"
    # A user and a password in an address are nobody's business either.
    return "unset" if value is None else redacted(re.sub(r"//[^/@\s]+@", "//[hidden]@", str(value)))


def settings(environment: Mapping[str, str]) -> Finding:
    """Which of our variables are set, and none that no setting reads: a misspelt one changes nothing, silently."""
    known = {variable(name) for name in Settings.model_fields}
    unknown = sorted(
        name for name in environment if name.startswith("TRADER_") and name not in known and name not in OTHERS
    )
    if unknown:
        return warn(f"nothing reads {', '.join(unknown)}", "correct the name; the settings are listed here")
    count = len(set(known) & set(environment))
    return ok(f"{count} of {len(known)} set, the others as they come")


def strategy(file: Path | None) -> Finding:
    """The desk's parameters can be read, and are within their limits."""
    try:
        load_strategy(file)
    except BadInput as error:
        return fail(str(error), f"correct {file}, then: trader strategy validate {file}")
    return ok("as shipped" if file is None else f"{file} is well")


OTHERS = frozenset({"TRADER_DEBUG", "TRADER_MARKET_DATA", "TRADER_UP_RUN"})
