"""The suites, one a table: what its columns are comes from ``trading/tables``, what they must be is written here."""

from __future__ import annotations

from trading.quality.rules import Kind, Rule, Suite, present, suite, within
from trading.strategy import Strategy
from trading.tables import FORECASTS, PRICES, Table

PRICE_COLUMNS = ("open", "high", "low", "close")
HIGH = "with a high below another price"
COMPUTED = ("off_grid_s", "unclosed_s", "age_min", "missing_before", "quiet_run", "moved_without_trade")
"""What ``windows`` computes of a window for its rules."""

PATHS = ("q10", "q50", "q90")
ACTIONS = ("BUY", "SELL", "HOLD")
SUM_MARGIN = 1e-6
"""By how much sums of floats may miss what they must be."""


def candle_suite(strategy: Strategy) -> Suite:
    """Candles of one pair, oldest first, as ``windows.with_computed`` completes them."""
    columns = (("open_time", "time"), *_numbers(PRICES), *_computed(*COMPUTED))
    return suite(
        "candles",
        "candle",
        columns,
        Rule("enough candles", "row_count", (), limit=strategy.candles_min),
        present("open_time", *PRICE_COLUMNS, "volume"),
        Rule("prices are above zero", "above", PRICE_COLUMNS, "with a price not above zero", 0),
        Rule("high is the highest", "at_least_columns", ("high", "open", "close", "low"), HIGH),
        Rule("low is the lowest", "at_most_columns", ("low", "open", "close"), "with a low above another price"),
        Rule("volume is not negative", "at_least", ("volume",), "with a negative volume", 0),
        Rule("only trades move a price", "at_most", ("moved_without_trade",), "with a range but no volume", 0),
        Rule("each time once", "unique", ("open_time",), "whose time is there twice"),
        Rule("times rise", "increasing", ("open_time",), "older than the one before"),
        Rule("on the 5-minute grid", "at_most", ("off_grid_s",), "off the 5-minute grid", 0),
        Rule("closed", "at_most", ("unclosed_s",), "not closed yet", 0),
        *_of_time(strategy),
    )


def _of_time(strategy: Strategy) -> tuple[Rule, ...]:
    old, gap, quiet = strategy.candle_max_age_minutes, strategy.gap_slots_max, strategy.quiet_slots_max
    return (
        Rule("fresh", "at_most", ("age_min",), f"that is the newest but closed {{worst}} min ago, over {old:g}", old),
        Rule("no gap", "at_most", ("missing_before",), f"after {{worst}} missing slots, over {gap}", gap),
        Rule(
            "trading goes on", "at_most", ("quiet_run",), f"in a run of {{worst}} without volume, over {quiet}", quiet
        ),
    )


def sentiment_suite() -> Suite:
    """One stored reading of a pair's news, as ``frames.sentiment_frame`` lays it out."""
    return suite(
        "sentiment",
        "reading",
        _computed("timestamp", "value", "score", "article_count", "score_off", "undated", "ahead_s"),
        present("timestamp", "value"),  # what is judged; the rest tells of it
        *within("value", 0, 1),
        *within("score", -1, 1),
        Rule("score says what value says", "at_most", ("score_off",), "whose score and value differ", SUM_MARGIN),
        Rule("articles are counted", "at_least", ("article_count",), "with a negative number of articles", 0),
        Rule("headlines are dated", "at_most", ("undated",), "with {worst} headlines without a time", 0),
        NOT_AHEAD,
    )


def context_suite() -> Suite:
    """One stored reading of the market, one row a value, as ``frames.context_frame`` lays it out."""
    return suite(
        "market-context",
        "value",
        (("name", "text"), *_computed("value", "low", "high", "ahead_s")),
        Rule("something was measured", "row_count", (), limit=2),  # the score and what it was made of
        present("value"),
        Rule("at least what it can be", "at_least_columns", ("value", "low"), "below what it can be"),
        Rule("at most what it can be", "at_most_columns", ("value", "high"), "above what it can be"),
        NOT_AHEAD,
    )


def forecast_suite() -> Suite:
    """One forecast, one row a step, as ``frames.forecast_frame`` lays it out."""
    paths = [(name, "number") for name in _named(FORECASTS, *PATHS)]
    columns = (("step", "number"), ("price", "number"), *paths, *_computed("lacking", "ahead_s"))
    return suite(
        "forecasts",
        "step",
        columns,  # type: ignore[arg-type]
        Rule("there are steps", "row_count", (), limit=1),
        present("price", "q50"),
        Rule("prices are above zero", "above", ("price", *PATHS), "with a price not above zero", 0),
        Rule("q10 <= q50", "at_most_columns", ("q10", "q50"), "with q10 above q50"),
        Rule("q50 <= q90", "at_most_columns", ("q50", "q90"), "with q50 above q90"),
        Rule("paths end together", "at_most", ("lacking",), "that not every path has", 0),
        NOT_AHEAD,
    )


def signal_suite() -> Suite:
    """The rows of one decision, one a pair, as ``frames.signal_frame`` lays them out."""
    words: tuple[tuple[str, Kind], ...] = (("pair", "text"), ("decision_id", "text"), ("action", "text"))
    values = ("buy_threshold", "sell_threshold", "score", "part_low", "part_high", "weights_off", "ahead_s")
    return suite(
        "signals",
        "row",
        (*words, *_computed(*values)),
        Rule("there are rows", "row_count", (), limit=1),
        present("pair", "decision_id", "action", "buy_threshold", "sell_threshold"),
        Rule("each pair once", "unique", ("pair",), "whose pair is there twice"),
        Rule("action is known", "one_of", ("action",), "with an action that nobody knows", among=ACTIONS),
        Rule("buys above zero", "above", ("buy_threshold",), "with a buy threshold not above zero", 0),
        Rule("sells below", "at_most_columns", ("sell_threshold", "buy_threshold"), "that would sell what it buys"),
        *within("score", -1, 1),
        Rule("components are at least -1", "at_least", ("part_low",), "with a component of {worst}, below -1", -1),
        Rule("components are at most 1", "at_most", ("part_high",), "with a component of {worst}, above 1", 1),
        Rule("weights sum to 1", "at_most", ("weights_off",), "whose weights do not sum to 1", SUM_MARGIN),
        NOT_AHEAD,
    )


NOT_AHEAD = Rule("not from the future", "at_most", ("ahead_s",), "from {worst} s ahead", 0)


def _numbers(table: Table) -> tuple[tuple[str, Kind], ...]:
    """The numbers that a table declares."""
    return tuple((column.name, "number") for column in table.columns if column.kind == "N")


def _named(table: Table, *names: str) -> tuple[str, ...]:
    """These columns, which the table declares."""
    declared = {column.name for column in table.columns}
    return tuple(name for name in names if name in declared)


def _computed(*names: str) -> tuple[tuple[str, Kind], ...]:
    return tuple((name, "number") for name in names)
