"""What became of one intent, step by step, as a person would tell it."""

from __future__ import annotations

from collections.abc import Iterator

from trading.order import Side, Status, Trade
from trading.position import Position, PositionStatus
from trading.report.rows import coin_of
from trading.report.why import reason_text
from trading.report.words import price_text, size_text, yen_text
from trading.services.explain.shapes import Step, span, when

REFUSALS = {
    "stale": "An intent is good for minutes only: the market it was decided in is not the market of a late order.",
    "price": "A price that moved since would make it another trade than the one that was decided.",
    "spread": "Buying across a wide spread costs more than the decision reckoned with.",
    "kill switch": "The switch is asked right before each order.",
    "book and venue": "While book and venue disagree nothing is bought, for nobody knows what is held.",
}
"""Why our own last check refuses, by how its reason begins."""


def headline(trade: Trade, position: Position | None) -> str:
    """What became of an intent, in a sentence or two."""
    intent = trade.intent
    verb = "bought" if intent.side is Side.BUY else "sold"
    what = f"{coin_of(intent.pair)} was"
    if trade.status is Status.FILLED and trade.executed is not None:
        done, at = trade.executed, when(trade.updated_at or intent.created_at)
        size = size_text(done.quantity.number, done.quantity.coin)
        filled = f"{size} {verb} for {yen_text(done.funds.number)} on {at}, at {price_text(done.price.number)}"
        return f"{filled}: {reason_text(intent.reason)}.{_result(trade, position)}"
    if trade.status is Status.REFUSED:
        return f"{what} not {verb}: our own last check refused it and nothing was sent. {_sentence(trade.note)}"
    if trade.status is Status.REJECTED:
        return f"{what} not {verb}: the venue said no, or it never got there. {_sentence(trade.note)}"
    if trade.status is Status.UNKNOWN:
        since = f" since {when(trade.unknown_since)}" if trade.unknown_since else ""
        return (
            f"Nobody knows{since} whether {coin_of(intent.pair)} was {verb}: the venue's answer was lost. It is looked"
            " up by evidence, is never sent again meanwhile, and its pair stays blocked."
        )
    if trade.status is Status.HALTED:
        return (
            f"A person must say whether {coin_of(intent.pair)} was {verb}: {trade.note or 'the evidence is unclear'}."
            f" Look at the venue, then: trader resolve {intent.trade_id}"
        )
    return f"{what} to be {verb}, and is under way: {trade.status}."


def _result(trade: Trade, position: Position | None) -> str:
    if position is None:
        return ""
    if trade.intent.side is Side.BUY and position.status is not PositionStatus.CLOSED:
        return f" It is held, with the stop at {price_text(position.stop_loss.number)}."
    if position.realized_pnl is None:
        return ""
    return f" The whole trade came to {yen_text(position.realized_pnl.number, signed=True)}."


def steps(trade: Trade) -> Iterator[Step]:
    """An intent from its booking to its end."""
    intent = trade.intent
    if intent.side is Side.BUY and intent.spend is not None:
        band = (
            f" at {price_text(intent.band.low.number)} to {price_text(intent.band.high.number)}" if intent.band else ""
        )
        wanted = f"booked: buy {coin_of(intent.pair)} for at most {yen_text(intent.spend.number)}{band}"
    else:
        size = intent.quantity
        sold = size_text(size.number, size.coin) if size is not None else coin_of(intent.pair)
        wanted = f"booked: sell {sold}, {reason_text(intent.reason)}"
    yield Step(intent.created_at, f"{wanted}, good until {intent.expires_at:%H:%M:%S} UTC ({intent.trade_id})")
    if trade.sent_at is not None:
        before = f"; the account held {yen_text(trade.before.jpy.number)}" if trade.before else ""
        yield Step(trade.sent_at, f"sent to the venue{before}")
    if trade.unknown_since is not None:
        yield Step(trade.unknown_since, "the venue's answer was lost: from here on nobody knew")
    yield from _end(trade)


def _end(trade: Trade) -> Iterator[Step]:
    at, status = trade.updated_at, trade.status
    if status is Status.FILLED and trade.executed is not None:
        done = trade.executed
        fee = f", {yen_text(done.fee.number)} of it a fee" if done.fee.number else ""
        size = size_text(done.quantity.number, done.quantity.coin)
        yield Step(at, f"filled: {size} for {yen_text(done.funds.number)}{fee} (order {trade.order_id or 'unknown'})")
    elif status is Status.REFUSED:
        meaning = next((why for start, why in REFUSALS.items() if trade.note.startswith(start)), "")
        late = (at - trade.intent.created_at).total_seconds() if at else 0
        yield Step(at, f"refused {span(late)} after it was decided, nothing was sent: {trade.note}. {meaning}".strip())
    elif status is Status.REJECTED:
        yield Step(at, f"ended without a fill: {trade.note or 'the venue rejected it'}")
    elif status is Status.HALTED:
        yield Step(at, f"halted for a person: {trade.note}")
    elif status is Status.UNKNOWN:
        absent = f"; not seen at the venue since {trade.absent_since:%H:%M:%S} UTC" if trade.absent_since else ""
        yield Step(at, f"looked up, not clear yet{absent}" + (f": {trade.note}" if trade.note else ""))
    elif status is Status.ACCEPTED:
        yield Step(at, f"the venue has it as order {trade.order_id}; its fills are not booked yet")


def held_steps(position: Position) -> Iterator[Step]:
    """A position from its opening to its end, each move of its stop included."""
    first, *moves = position.stop_moves or (None,)
    goal = f"sold at {price_text(position.take_profit.number)} or above"
    stop = price_text(first.price.number if first else position.stop_loss.number)
    yield Step(position.opened_at, f"position open at {price_text(position.entry_price.number)}: {goal}, stop {stop}")
    for move in moves:
        if move is not None:
            yield Step(move.at, f"the price had risen: stop raised to {price_text(move.price.number)}")
    if position.closed_at is not None and position.realized_pnl is not None:
        came = f"{yen_text(position.realized_pnl.number, signed=True)} after {_held(position)}"
        exit_price = price_text(position.exit_price.number if position.exit_price else None)
        yield Step(position.closed_at, f"position closed at {exit_price}, {reason_text(position.exit_reason)}: {came}")


def _held(position: Position) -> str:
    return span((position.closed_at - position.opened_at).total_seconds()) if position.closed_at else ""


def _sentence(note: str) -> str:
    return f"{note[:1].upper()}{note[1:]}." if note else ""
