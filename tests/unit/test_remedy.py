"""What a failed run leads to: the worst error in its last state decides, and a human's matter stays one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adapters.dynamodb.errors
import flows.outcomes
from flows import FLOWS
from trading.errors import TradingError
from trading.remedy import KINDS, TABLE, Trouble, needs_eyes, page_of, repeated_at_once, told, trouble_of

assert adapters.dynamodb.errors  # loaded, so that their errors are among the subclasses below
assert flows.outcomes

NAMES = st.sampled_from(sorted(KINDS))
SAID = st.lists(
    st.sampled_from([*KINDS, "KeyError", "HTTP 503 for", ": ", "x: ", ", ", '"', "the kill switch ", "Error: "]),
    min_size=1,
).map("".join)
"""What the other side says, with our own words in it."""
STATES = st.sampled_from(["Failed", "Crashed", "TimedOut"])


def classes(of: type[Exception]) -> set[str]:
    return {of.__name__}.union(*(classes(one) for one in of.__subclasses__()))


def test_every_error_of_ours_is_known_by_its_name() -> None:
    """A new error class has its kind in the table, or only gathers others: none is taken for a bug by oversight."""
    ours = classes(TradingError) - {"TradingError", "StepsFailedError"}
    assert ours <= set(KINDS)


@settings(max_examples=40)
@given(names=st.lists(NAMES, min_size=1), state=STATES)
def test_the_worst_error_of_a_run_decides(names: list[str], state: str) -> None:
    """Of several failed steps the one that needs a human most says what happens, whatever order they stand in."""
    message = "StepsFailedError: " + "; ".join(f"eth_usdt: {name}: what it said" for name in names)
    worst = min((KINDS[name] for name in names), key=list(Trouble).index)
    assert trouble_of(state, message) is worst


@settings(max_examples=60)
@given(names=st.lists(NAMES, min_size=1, max_size=3), said=st.lists(SAID, min_size=3, max_size=3), alone=st.booleans())
def test_what_an_error_says_is_not_taken_for_its_kind(names: list[str], said: list[str], alone: bool) -> None:
    """A venue's own words behind the colon may hold any name of ours: only the class that was raised counts."""
    parts = [f"{name}: {words}" for name, words in zip(names, said, strict=False)]
    message = parts[0] if alone else "StepsFailedError: " + "; ".join(f"p{n}_jpy: {one}" for n, one in enumerate(parts))
    raised = names[:1] if alone else names
    worst = min((KINDS[name] for name in raised), key=list(Trouble).index)
    assert trouble_of("Failed", f"Flow run encountered an exception: {message}") is worst


@settings(max_examples=40)
@given(words=st.text(), name=st.sampled_from(["Halt", "BadInput", "Unknown"]), state=STATES)
def test_a_human_matter_is_never_acted_on(words: str, name: str, state: str) -> None:
    """Whatever else the message says: after Halt or Unknown no flow is started again, and it is an alarm."""
    trouble = trouble_of(state, f"{words}\nTask run encountered an exception {name}: the books differ")
    assert trouble in {Trouble.HALT, Trouble.UNKNOWN}
    assert not any(repeated_at_once(trouble, flow) for flow in FLOWS)
    assert needs_eyes(trouble, "report_daily")


@pytest.mark.parametrize(
    ("state", "message", "trouble"),
    [
        ("Crashed", "No heartbeat for 90 s: the process is gone.", Trouble.CRASHED),
        ("TimedOut", "Flow run exceeded timeout of 240.0 second(s)", Trouble.CRASHED),
        ("Failed", "Flow run encountered an exception: KeyError: 'btc'", Trouble.BUG),
        ("Failed", "Flow run encountered an exception: Contended: too many writers", Trouble.TRANSIENT),
        ("Failed", "", Trouble.BUG),
        ("Failed", "StepsFailedError: a: StepsFailedError: b-1: Halt: stop; c: Transient: away", Trouble.HALT),
        ("Crashed", "Execution was interrupted by an unexpected exception: Halt: x", Trouble.HALT),
        ("Failed", "Flow run encountered an exception: adapters.errors.Lost: gone", Trouble.REJECTED),
    ],
)
def test_a_state_is_read_as_what_it_is(state: str, message: str, trouble: Trouble) -> None:
    """A run ended from outside crashed; an error that is not ours, or none at all, is a bug."""
    assert trouble_of(state, message) is trouble


def test_only_the_watch_over_positions_is_repeated() -> None:
    """A run that died or met a closed door is repeated where that is always safe, and waits for its time elsewhere."""
    repeated = {(trouble, flow) for trouble in Trouble for flow in FLOWS if repeated_at_once(trouble, flow)}
    assert repeated == {(Trouble.CRASHED, "monitor_positions"), (Trouble.TRANSIENT, "monitor_positions")}


@settings(max_examples=40)
@given(message=st.text(), trouble=st.sampled_from(Trouble))
def test_people_read_what_failed_and_what_happens_next(message: str, trouble: Trouble) -> None:
    """Page and line carry the error's words, what the machine does, and what a person should do; the line is one."""
    remedy = TABLE[trouble]
    page, line = page_of("analyze", "Failed", message, trouble, ""), told("analyze", message, trouble, "")
    for part in (remedy.what, remedy.machine, remedy.person):
        assert part in page
        assert part in line
    assert len(line.splitlines()) == 1
    assert "Flow run encountered" not in told("analyze", "Flow run encountered an exception: Halt: x", trouble, "")
