"""Why nothing was traded at a time: how far every pair was, what stood in the way, or why nobody looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from trading.candles import one_hour_change_pct
from trading.errors import BadInput, TradingError
from trading.order import Side, Status, Trade
from trading.report.rows import Judgement, coin_of, judgement
from trading.report.words import plural, score_text
from trading.services.collect import HOUR_OF_CANDLES
from trading.services.explain import trades
from trading.services.explain.decisions import Decided, blocks, decided
from trading.services.explain.shapes import Explanation, Sources, Step, span, when
from trading.services.explain.things import of_decision

HOUR = timedelta(hours=1)
BACK = (HOUR, timedelta(days=1), timedelta(days=14), timedelta(days=90))
"""How far back the analysis before a time is looked for, step by step."""


def explain_time(at: datetime, sources: Sources) -> Explanation:
    """Why nothing was bought or sold at a time, from the hour before it and the last analysis there was by then.

    Raises BadInput for a time that has not come.
    """
    at = at.astimezone(UTC)
    if at > sources.now:
        msg = f"{when(at)} lies ahead; on this desk it is {when(sources.now)}"
        raise BadInput(msg)
    rows = _judged(at, sources)
    if not rows:
        words = f"Nothing was traded by {when(at)}, because no analysis had ever run. {_due(None, at, sources)}"
        return Explanation(f"nothing at {at.isoformat()}", words)
    last = max(one.at for one in rows)
    found = decided(next(one.decision_id for one in rows if one.at == last), sources)
    orders = _orders(at, sources)
    words = _headline(at, last, [one for one in rows if one.at > at - HOUR], orders, sources)
    if found is None:
        return Explanation(f"nothing at {at.isoformat()}", words)
    told = of_decision(f"nothing at {at.isoformat()}", found, sources)
    in_the_way = blocks(found)
    story = [*_looks(rows, at), *(step for trade in orders for step in trades.steps(trade))]
    return replace(
        told,
        headline=" ".join([words, *([f"In the way: {'; '.join(in_the_way)}."] if in_the_way else [])]),
        steps=tuple(sorted(story, key=lambda step: step.at or at)) or told.steps,
        reasons=(*found.reasons, *_later(found, orders)),
        data={**told.data, "blocked_by": in_the_way},
    )


def _judged(at: datetime, sources: Sources) -> list[Judgement]:
    """The judgements of the last analyses by a time: of its hour, or of the last one further back."""
    for back in BACK:
        rows = [
            found
            for pair in sources.pairs
            for row in sources.ledger.signals_of(pair.key, at - back, at)
            if (found := judgement(pair.key, row)) is not None
        ]
        if rows:
            last = max(one.at for one in rows)
            return [one for one in rows if one.at > min(at - HOUR, last - timedelta(seconds=1))]
    return []


def _headline(
    at: datetime, last: datetime, rows: Sequence[Judgement], orders: Sequence[Trade], sources: Sources
) -> str:
    done = [trade for trade in orders if trade.status is Status.FILLED]
    if done:
        named = ", ".join(f"{trade.intent.side} {coin_of(trade.intent.pair)}" for trade in done)
        ids = " and ".join(f"trader explain {trade.intent.trade_id}" for trade in done)
        return f"Something was traded in the hour to {when(at)}: {named}. See {ids}."
    nothing = f"Nothing was bought or sold in the hour to {when(at)}."
    if not rows:
        return f"{nothing} No analysis ran in it; the last one was {span((at - last).total_seconds())} before. " + _due(
            last, at, sources
        )
    wanted = [trade for trade in orders if trade.status is not Status.FILLED]
    if wanted:
        said = "; ".join(
            f"{trade.intent.side} {coin_of(trade.intent.pair)} {trade.status}: {trade.note or 'no note'}"
            for trade in wanted
        )
        return f"{nothing} It was wanted, but: {said}."
    return f"{nothing} {_closest(rows)}"


def _closest(rows: Sequence[Judgement]) -> str:
    """The analyses of the hour, and which pair came nearest to a buy in them."""
    ran = f"{plural(len({one.decision_id for one in rows}), 'analysis')} ran"
    near = [(one.short_by, one) for one in rows if one.short_by is not None]
    if not near:
        return f"{ran}, but no pair could be scored: its input was missing."
    short, one = min(near, key=lambda pair: pair[0])
    score = f"{coin_of(one.pair)} with {score_text(one.score)} at {one.at:%H:%M} UTC"
    if short <= 0:
        return f"{ran}; {score} reached the {score_text(one.buy_threshold)} to buy, but could not be bought."
    return f"{ran}; the closest was {score}, {short:.2f} short of the {score_text(one.buy_threshold)} to buy."


def _looks(rows: Sequence[Judgement], at: datetime) -> list[Step]:
    """One step per analysis: what its best pair was."""
    steps = []
    for when_ in sorted({one.at for one in rows if one.at > at - HOUR}):
        scored = [one for one in rows if one.at == when_ and one.score is not None]
        count = len([one for one in rows if one.at == when_])
        best = max(scored, key=lambda one: one.score or 0.0, default=None)
        said = "none could be scored" if best is None else f"best {coin_of(best.pair)} {score_text(best.score)}"
        needed = "" if best is None else f", {score_text(best.buy_threshold)} was needed"
        steps.append(Step(when_, f"{plural(count, 'pair')} analysed: {said}{needed}"))
    return steps


def _orders(at: datetime, sources: Sources) -> list[Trade]:
    """The trades that were booked in the hour before a time."""
    days = {(at - HOUR).date(), at.date()}
    found = [trade for day in sorted(days) for trade in sources.ledger.trades_of(day)]
    return [trade for trade in found if at - HOUR < trade.intent.created_at <= at]


def _later(found: Decided, orders: Sequence[Trade]) -> list[str]:
    """What the executor said of this decision's orders."""
    own = [trade for trade in orders if trade.intent.decision_id == found.decision_id]
    return [
        f"The executor, later: {'buy' if one.intent.side is Side.BUY else 'sell'} {one.intent.pair} {one.status}"
        + (f", {one.note}." if one.note else ".")
        for one in own
    ]


def _due(last: datetime | None, at: datetime, sources: Sources) -> str:
    """Whether an analysis was due at a time, and by which of its two rules."""
    strategy = sources.strategy
    patience = timedelta(minutes=strategy.trigger_after_minutes)
    rule = (
        f"One is due {span(patience.total_seconds())} after the last, or at a move of {strategy.trigger_change_pct:g} %"
    )
    moved = _biggest_move(at, sources)
    if last is not None and at - last < patience and not moved.startswith("!"):
        return f"{rule}: neither had come ({moved or 'no candles to tell a move by'})."
    why = f" ({moved.removeprefix('!')})" if moved else ""
    look = "Look at the runs of collect_prices: the trader was not running, or could not."
    return f"{rule}: one WAS due{why}. {look}"


def _biggest_move(at: datetime, sources: Sources) -> str:
    """The largest 1-hour change there was, in words, after a ! when it should have started an analysis."""
    moves = {}
    for pair in sources.pairs:
        try:
            candles = sources.candles.window(pair, at, HOUR_OF_CANDLES)
        except TradingError:
            continue
        if (change := one_hour_change_pct(candles)) is not None:
            moves[pair.key] = change
    if not moves:
        return ""
    key, change = max(moves.items(), key=lambda one: abs(one[1]))
    due = "!" if abs(change) >= sources.strategy.trigger_change_pct else ""
    return f"{due}the largest move of an hour was {coin_of(key)} {change:+.2f} %"
