"""Why something was bought or sold, in words: the booked reason, filled in from the analysis that led to it."""

from __future__ import annotations

from trading.report.rows import Judgement
from trading.stops import ExitReason

SIGNAL = ExitReason.SIGNAL.value
IN_WORDS = {
    ExitReason.STOP_LOSS.value: "stop-loss: the price fell to the stop",
    ExitReason.TRAILING_STOP.value: "trailing stop: the price fell back from its peak",
    ExitReason.BREAK_EVEN.value: "break-even stop: the price fell back to the entry",
    ExitReason.TAKE_PROFIT.value: "take-profit: the price reached its goal",
    SIGNAL: "signal: the score reached its threshold",
}


def reason_text(reason: str) -> str:
    """A booked reason in words; one that is not of the list stands as it is."""
    return IN_WORDS.get(reason, reason)


def bought_because(reason: str, judgement: Judgement | None) -> str:
    """``score +0.31, +0.28 was needed; most from technical +0.52 and forecast +0.33``."""
    if reason != SIGNAL or judgement is None or judgement.score is None or judgement.buy_threshold is None:
        return reason_text(reason)
    needed = f"score {judgement.score:+.2f}, {judgement.buy_threshold:+.2f} was needed"
    return needed + _most_from(judgement, sign=1)


def sold_because(reason: str, judgement: Judgement | None) -> str:
    """``score -0.22, at or under -0.15 is sold; most from technical -0.46``; or what stopped it out."""
    if reason != SIGNAL or judgement is None or judgement.score is None or judgement.sell_threshold is None:
        return reason_text(reason)
    limit = f"score {judgement.score:+.2f}, at or under {judgement.sell_threshold:+.2f} is sold"
    return limit + _most_from(judgement, sign=-1)


def _most_from(judgement: Judgement, *, sign: int) -> str:
    """The two judges that pulled hardest in the direction of ``sign``."""
    pulling = sorted((part for part in judgement.parts if part.pull * sign > 0), key=lambda part: -part.pull * sign)
    return f"; most from {' and '.join(f'{part.name} {part.value:+.2f}' for part in pulling[:2])}" if pulling else ""
