"""The demo's screen: readable in 80 x 24, plain where nobody watches, and harmless to the terminal."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from deployments.screen import LOG_LINES, Screen
from deployments.screen_parts import BAR, score_bar
from deployments.screen_views import CycleView, PairView, Summary, clean
from tests.days import PAIRS

AT = datetime(2024, 3, 5, 20, 30, tzinfo=UTC)
HELD = PairView("sol_usdt", Decimal("19366.2"), -0.42, 0.31, 0.28, -0.15, Decimal("1234.56789012"), Decimal("-1234.5"))
PAIR_VIEWS = [HELD, *(PairView(pair.key, Decimal("9512300.4"), 1.5, 0.1, 0.28, -0.15) for pair in PAIRS[:4])]
SIX = [*PAIR_VIEWS, PairView("xrp_usdt")]
DONE = Summary(
    cycles=24,
    pairs=6,
    candles_stored=1728,
    analyses=18,
    decisions={"BUY": 3, "SELL": 2, "HOLD": 13},
    orders={"sent": 5, "filled": 5, "rejected": 0, "unknown": 0},
    positions={"opened": 3, "closed": 2, "open": 1},
    pnl_jpy=Decimal("627.20001"),
    report="/home/someone/a/rather/long/path/that/does/not/fit/into/eighty/columns/of/text/report.html",
    prefect_ui="PREFECT_HOME=/home/someone/.crypto-trader/demo/prefect .venv/bin/prefect server start --port 4200",
    seconds=71.64,
    headline="After 18 analyses the trader made 3 purchases. What was sold earned ¥627.",
)


def view(cycle: int = 3) -> CycleView:
    return CycleView("generated, seed 1", AT, cycle, 24, SIX, Decimal(100_120), Decimal("-12.6"))


def played(file: io.TextIOBase, *, terminal: bool, width: int = 80) -> None:
    """A short run of the screen into a file."""
    console = Console(
        file=file, force_terminal=terminal, width=width, height=24, legacy_windows=False, color_system=None
    )
    ticks = iter(range(1000))
    with Screen(console, clock=lambda: next(ticks)) as screen:
        screen.phase("playing the market")
        for cycle in range(1, 25):
            screen.cycle(view(cycle))
            screen.event(
                AT, f"bought SOL for ¥15,000 at ¥14,532 in cycle {cycle}: score 0.31 over 0.28, and more words"
            )
    screen.summary(DONE)


def picture(width: int = 80) -> list[str]:
    """The last live picture as lines."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    screen = Screen(console, clock=iter([0.0, 83.0]).__next__)
    with console.capture() as held:
        screen._phase, screen._view = "playing", view()
        for cycle in range(20):
            screen._log.append(f"05:30 event {cycle} " + "x" * 90)
        console.print(screen._picture())
    return held.get().splitlines()


def test_a_picture_fits_the_smallest_terminal() -> None:
    """At 80 x 24 all is there: market, time in Japan, progress, six pairs, what is held, the latest events."""
    lines = picture()
    text = "\n".join(lines)
    assert len(lines) <= 24
    assert max(cell_len(line) for line in lines) <= 80
    for word in (
        "generated, seed 1",
        "2024-03-06 05:30 JST",
        "cycle 3 of 24",
        "1:23",
        "worth ¥100,120",
        "realised -¥13",
    ):
        assert word in text
    for pair in ("SOL", "BTC", "ETH", "XRP", "1,234.56789012", "-¥1,234", "¥9,512,300", "-0.42%", "+0.31"):
        assert pair in text
    assert "event 19" in text
    assert f"event {19 - LOG_LINES}" not in text


def test_wide_terminals_show_more_of_a_line() -> None:
    """At 120 columns the events are cut later, and still at the edge."""
    assert max(cell_len(line) for line in picture(120)) == 120


def test_plain_lines_where_nobody_watches() -> None:
    """Piped into a file there is no escape code, every event is a line, and progress is a handful of lines."""
    file = io.StringIO()
    played(file, terminal=False)
    text = file.getvalue()
    assert "\x1b" not in text
    assert text.startswith("playing the market\n")
    assert len(re.findall(r"^05:30 bought SOL", text, re.MULTILINE)) == 24
    assert (
        5 <= text.count("cycle 24 of 24") + len(re.findall(r"^cycle \d+ of 24, 2024-03-06", text, re.MULTILINE)) <= 14
    )
    assert f"report: {DONE.report}\n" in text
    assert f"Prefect UI: {DONE.prefect_ui}\n" in text
    assert "+¥627" in text


def test_json_mode_leaves_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With ``Console(stderr=True)`` everything is on standard error, and what others print stays on standard output."""
    with Screen(Console(stderr=True, force_terminal=True)) as screen:
        screen.cycle(view())
        print("{}")  # noqa: T201 - the one JSON object of --json
        screen.summary(DONE)
    out, err = capsys.readouterr()
    assert out == "{}\n"
    assert "done in 72 seconds" in err


def interrupted(file: io.StringIO) -> None:
    with Screen(Console(file=file, force_terminal=True)) as screen:
        screen.cycle(view())
        raise KeyboardInterrupt


def test_an_error_gives_the_terminal_back() -> None:
    """However the run ends, the cursor is shown again and the error goes on."""
    file = io.StringIO()
    with pytest.raises(KeyboardInterrupt):
        interrupted(file)
    assert file.getvalue().rindex("\x1b[?25h") > file.getvalue().rindex("\x1b[?25l")


def test_after_the_summary_nothing_is_drawn() -> None:
    """What is told after the summary is a plain line under it; the picture does not come back over it."""
    file = io.StringIO()
    with Screen(Console(file=file, force_terminal=True, width=80)) as screen:
        screen.summary(DONE)
        told = len(file.getvalue())
        screen.phase("holding until Ctrl-C")
    assert file.getvalue()[told:] == "holding until Ctrl-C\n"


def test_a_terminal_without_a_yen_sign() -> None:
    """On an ASCII terminal the yen sign is a Y, the bars are dashes, and nothing fails."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    played(file, terminal=True)
    file.flush()
    assert b"Y15,000" in raw.getvalue()
    assert b"--o--" in raw.getvalue()


@given(st.floats(-1, 1), st.floats(-0.5, 0), st.floats(0.01, 0.8), st.booleans())
def test_the_bar_reaches_an_end_only_with_the_score(score: float, sell: float, buy: float, ascii_only: bool) -> None:
    """The knob stands at the right end exactly when the buy threshold is reached, at the left exactly when to sell."""
    bar = score_bar(PairView("x", score=score, buy_threshold=buy, sell_threshold=sell), ascii_only=ascii_only).plain
    spot = bar.index("o" if ascii_only else "●")
    assert len(bar) == BAR
    assert (spot == BAR - 1) == (score >= buy)
    assert (spot == 0) == (score <= sell)


@given(st.text())
def test_no_text_steers_the_terminal(text: str) -> None:
    """An event is one line of printable characters, whatever an exchange or a headline wrote into it."""
    assert clean(text).isprintable()
    file = io.StringIO()
    with Screen(Console(file=file, force_terminal=False, width=80)) as screen:
        screen.event(AT, text)
    assert file.getvalue() == f"05:30 {clean(text)}\n"


def test_words_in_brackets_are_words() -> None:
    """Brackets and colons are not read as markup or emoji."""
    file = io.StringIO()
    with Screen(Console(file=file, force_terminal=False)) as screen:
        screen.event(AT, "[bold]loss[/bold] :smile:")
    assert file.getvalue() == "05:30 [bold]loss[/bold] :smile:\n"


def test_the_summary_is_json_with_the_promised_keys() -> None:
    """``as_json`` has every field of the contract, as plain JSON; yen as text, exact to the last digit."""
    done = json.loads(json.dumps(DONE.as_json()))
    promised = {"cycles", "pairs", "candles_stored", "analyses", "decisions", "orders", "positions", "pnl_jpy"}
    assert promised | {"report", "prefect_ui", "seconds"} <= set(done)
    assert (done["pnl_jpy"], done["seconds"], done["decisions"]["HOLD"]) == ("627.20001", 71.6, 13)
