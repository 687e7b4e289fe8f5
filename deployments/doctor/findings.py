"""What a check says, and how all checks are run: side by side, each with a time of its own."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import SecretStr

from adapters.redaction import one_line

LIMIT_S = 45.0
"""Long: on a machine that is busy trading, loading the clients alone can take half of it."""


class State(StrEnum):
    """How something is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: how it is, in words, and what to do when it is not well."""

    state: State
    said: str
    do: str = ""


type Check = Callable[[], Finding]


def ok(said: str) -> Finding:
    """All is well."""
    return Finding(State.OK, said)


def warn(said: str, do: str) -> Finding:
    """It works, but somebody should look."""
    return Finding(State.WARN, said, do)


def fail(said: str, do: str) -> Finding:
    """Something does not work."""
    return Finding(State.FAIL, said, do)


def run_all(
    checks: Mapping[str, Check], secrets: Iterable[SecretStr] = (), limit_s: float = LIMIT_S
) -> dict[str, Finding]:
    """Every check's finding, in their order. One that hangs or breaks is a finding too, and holds up nobody."""
    known = tuple(secrets)
    found: dict[str, Finding] = {}

    def run(name: str, check: Check) -> None:
        try:
            finding = check()
        except Exception as error:  # noqa: BLE001 (whatever is wrong with one check, the others are wanted)
            finding = fail(f"{type(error).__name__}: {error}", "put that right, then ask again")
        found.setdefault(name, _clean(finding, known))

    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(run, name, check), daemon=True, name=name)
        for name, check in checks.items()
    ]
    for thread in threads:
        thread.start()
    until = _deadline(limit_s)
    for thread in threads:
        thread.join(max(0.0, until()))
    late = fail(f"no answer within {limit_s:g} s", "see what it talks to: it hangs, or is not reached from here")
    return {name: found.setdefault(name, late) for name in checks}


def _deadline(limit_s: float) -> Callable[[], float]:
    import time

    end_s = time.monotonic() + limit_s
    return lambda: end_s - time.monotonic()


def _clean(finding: Finding, secrets: Sequence[SecretStr]) -> Finding:
    """One line, with no secret in it."""
    return Finding(finding.state, one_line(finding.said, secrets), one_line(finding.do, secrets))
