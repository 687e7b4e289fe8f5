"""What to do about a run that failed: one table from the kind of its error to who acts and how (docs/errors.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """Why a run ended badly, worst first: of several, the first one here decides."""

    HALT = "halt"
    UNKNOWN = "unknown"
    BUG = "bug"
    CRASHED = "crashed"
    REJECTED = "rejected"
    TRANSIENT = "transient"


@dataclass(frozen=True, slots=True)
class Remedy:
    """Who acts on a trouble, in words for people.

    what     what happened, as far as the kind of error says.  machine  what the machine does by itself.
    person   what a person should do.  repeats  whether a flow that is safe to repeat may be run at once.
    """

    what: str
    machine: str
    person: str
    repeats: bool = False


TABLE: Mapping[Trouble, Remedy] = {
    Trouble.HALT: Remedy(
        "configuration, credentials or books are wrong",
        "Nothing: it must not guess.",
        "Read the message, it says what to set or to compare; then start the run again.",
    ),
    Trouble.UNKNOWN: Remedy(
        "something may have happened that nobody saw the end of",
        "Nothing is sent again. The next delivery of the message looks the order up; its pair takes no new entry.",
        "Wait for the look-up; if the trade stays UNKNOWN or becomes HALTED, follow the runbook and `trader resolve`.",
    ),
    Trouble.BUG: Remedy(
        "an error that we did not foresee",
        "Nothing beyond the schedule: the next run meets the same data, and may fail the same way.",
        "Read the run's log and report the error; if orders behave oddly, set the kill switch first.",
    ),
    Trouble.CRASHED: Remedy(
        "the process died or was stopped in the middle",
        "What was under way stands in the books: leases end, messages come again, reconcile queues what was forgotten.",
        "Only if it repeats: look at memory and at the worker.",
        repeats=True,
    ),
    Trouble.REJECTED: Remedy(
        "the other side said a clear no; nothing happened",
        "Nothing: asking again would not help. The next run decides anew.",
        "Only if it repeats: read the other side's words in the message.",
    ),
    Trouble.TRANSIENT: Remedy(
        "the outside was not there, also after the retries; nothing happened",
        "The next run on schedule tries again.",
        "Only if it repeats: check the network and the other side's status page.",
        repeats=True,
    ),
}

KINDS: Mapping[str, Trouble] = {
    "Halt": Trouble.HALT,
    "BadInput": Trouble.HALT,
    "Unknown": Trouble.UNKNOWN,
    "Rejected": Trouble.REJECTED,
    "Conflict": Trouble.REJECTED,
    "Lost": Trouble.REJECTED,
    "PairTaken": Trouble.REJECTED,
    "InsufficientData": Trouble.REJECTED,
    "Transient": Trouble.TRANSIENT,
    "Contended": Trouble.TRANSIENT,
}
"""Our error classes by name: a state's message is all that is left of an error when its process is gone."""

SAFE_TO_REPEAT = frozenset({"monitor_positions"})
"""Flows that may be run at any time, and whose missing run leaves money unwatched."""

_NAME = r"(?:\w+\.)*([A-Z][A-Za-z]+)"
_ENGINE = re.compile(
    r"^(?:(?:Flow|Task) run encountered an exception|Execution was interrupted by an unexpected exception):? "
)
_FIRST = re.compile(rf"{_NAME}(?:: |$)")
"""The class that a line begins with, after the engine's own words; what follows its colon are others' words."""
_STEP = re.compile(rf"(?:^|; )(?:[^:;]+: StepsFailedError: )*[^:;]+: {_NAME}(?:: |$)")
"""A step of several: its key and the class of its error, as ``flows.outcomes`` writes them."""
_AROUND = frozenset({"StepsFailedError", "TaskRunFailed"})
"""Errors that only gather others."""


def trouble_of(state: str, message: str) -> Trouble:
    """The worst kind of error that a run's last state tells of; an error that is not ours is a bug."""
    named = [word for line in message.splitlines() for word in _named(line.strip())]
    found = {KINDS.get(word, Trouble.BUG) for word in named if word in KINDS or word.endswith(("Error", "Exception"))}
    for trouble in Trouble:
        if trouble in found and not (trouble is Trouble.BUG and crashed(state)):
            return trouble
    return Trouble.CRASHED if crashed(state) else Trouble.BUG


def _named(line: str) -> list[str]:
    """The classes of the errors that one line tells of: one, or those that it gathers."""
    line = _ENGINE.sub("", line)
    first = _FIRST.match(line)
    if first is None:
        return _STEP.findall(line) if _STEP.match(line) else []
    return _STEP.findall(line[first.end() :]) if first[1] in _AROUND else [first[1]]


def crashed(state: str) -> bool:
    """Whether the run was ended from outside: by a signal, by the machine, or by its time limit."""
    return state.lower() in {"crashed", "timedout"}


def repeated_at_once(trouble: Trouble, flow_name: str) -> bool:
    """Whether the failed flow should run again now rather than at its next time. Never where a human must look."""
    return TABLE[trouble].repeats and flow_name in SAFE_TO_REPEAT


def page_of(flow_name: str, state: str, message: str, trouble: Trouble, done: str) -> str:
    """A page for people: what failed, in words, and what happens next."""
    remedy = TABLE[trouble]
    lines = [
        f"# {flow_name}: {remedy.what}",
        "",
        f"**It said.** {state}: {_one_line(message) or 'nothing'}",
        "",
        f"**The machine.** {done or remedy.machine}",
        "",
        f"**A person.** {remedy.person}",
    ]
    return "\n".join(lines)


def told(flow_name: str, message: str, trouble: Trouble, done: str) -> str:
    """The same as one line for a telephone."""
    remedy = TABLE[trouble]
    said = _one_line(message)[:300]
    return f"{flow_name}: {remedy.what} ({said or 'no message'}). {done or remedy.machine} {remedy.person}"


def needs_eyes(trouble: Trouble, flow_name: str) -> bool:
    """Whether it is an alarm: a human must act, or positions were not watched."""
    return trouble in {Trouble.HALT, Trouble.UNKNOWN, Trouble.BUG} or flow_name in SAFE_TO_REPEAT


def _one_line(text: str) -> str:
    """As one line, without the words that the engine puts before every error."""
    return _ENGINE.sub("", " ".join(text.split()))
