"""What is kept by time: prices, readings, signals, forecasts, and what tuning changed."""

from __future__ import annotations

from trading.tables.kinds import Key, Table, columns

PAIR, TIMESTAMP = Key("pair"), Key("timestamp", "N")

PRICES = Table(
    "prices",
    PAIR,
    TIMESTAMP,
    14,
    columns("""
    open    N  first price of the candle, USDT; timestamp is the candle's open time
    high    N  highest price, USDT
    low     N  lowest price, USDT
    close   N  last price, USDT
    volume  N  traded volume, base coins
    source  S  the venue it came from
    raw     S  key of the payload in the raw-market-data bucket that it was read from; absent when that is not known
"""),
)

SENTIMENT = Table(
    "sentiment",
    PAIR,
    TIMESTAMP,
    14,
    columns("""
    value          N  mood of the news, 0 (bad) to 1 (good)
    score          N  the same as a score, -1 to +1
    article_count  N  articles that counted
    counts         M  articles by kind
    headlines      L  the heaviest articles, with published_at
    left_out       M  posts that did not count, by reason
    raw            S  key of the answers it was made from, in the raw-market-data bucket; absent when not kept
"""),
)

SIGNALS = Table(
    "signals",
    PAIR,
    TIMESTAMP,
    90,
    columns("""
    decision_id       S  the decision that this row is part of; timestamp is its time
    at_utc            S  the decision's time
"""),
)
"""One row a pair and decision: besides these columns, everything that the decision was made from."""

MARKET_CONTEXT = Table(
    "market-context",
    Key("context_type"),
    TIMESTAMP,
    14,
    columns("""
    fear_greed     N  fear and greed index, 0 to 100
    funding        M  funding rate by symbol, a fraction per 8 hours
    btc_dominance  N  bitcoin's share of the market, percent
    usd_jpy        N  yen per US dollar; not scored, it joins the analysis venue's prices with the trading venue's
    score          N  the market's mood, -1 to +1
    failed         L  sources that did not answer
    sources        M  where and when each value came from: as_of, age_s, provider, url, note, raw by source
"""),
)
MARKET = "market"
"""The one context type there is so far: the whole market."""

FORECASTS = Table(
    "forecasts",
    PAIR,
    TIMESTAMP,
    90,
    columns("""
    model            S  who forecast, such as chronos-2-small
    fallback_reason  S  why a better model did not; absent when the first one asked answered
    decision_id      S  the decision that the forecast was made for; timestamp is its time
    first_step_at    S  open time of the candle of the first step, ISO 8601
    price            N  last close when the forecast was made, USDT
    q10              L  0.1 quantile by step, USDT; empty where the model gives none
    q50              L  median by step, USDT
    q90              L  0.9 quantile by step, USDT; empty where the model gives none
    momentum_pct     N  the change that momentum expected at the same time, percent
    volatility_pct   N  standard deviation of one step in the window before, percent
    outcome          L  what the typical price came to by step, USDT; absent until known, empty when it never will be
    error_pct        N  mean absolute error of the median, percent of the price; only in the losses
    naive_error_pct  N  the same of the last close, percent of the price; only in the losses
    made_at          S  when the forecast of these losses was made, ISO 8601; only in the losses
    settled_at       S  when the losses were known, market time, ISO 8601; only in the losses
"""),
)
"""Every forecast with what came of it. The losses that a weight is earned by are items of their own, one a model, pair
and hour: under ``losses <pair> <model>`` and the beginning of the UTC hour in which the forecast was made."""

ANALYSIS_STATE = Table(
    "analysis_state",
    PAIR,
    None,
    None,
    columns("""
    last_analysed_utc  S  when the pair was last analysed
    decision_id        S  by which decision
    cool_downs         M  ends of cool-downs by reason, ISO 8601
"""),
)

IMPROVEMENTS = Table(
    "improvements",
    Key("improvement_id"),
    None,
    180,
    columns("""
    before    M  the strategy before
    after     M  the strategy after
    evidence  M  what spoke for the change
    decision  S  what was decided, and why
    rollback  S  when and why it was taken back
"""),
)

REVISIONS = Table(
    "revisions",
    PAIR,
    Key("revision"),
    None,
    columns("""
    before   L  open, high, low, close (USDT) and volume as first seen; revision is <open time>#<seen at>, ISO 8601
    after    L  the same as the venue had it later
    seen_at  S  when the change was seen, ISO 8601
    raw      S  key of the payload that showed it
"""),
)
"""Candles that the venue changed after they had closed. The prices table holds the later version."""

LINEAGE = Table(
    "lineage",
    Key("day"),
    Key("number", "N"),
    90,
    columns("""
    body      S  the record of one decision, canonical JSON, packed beyond 300 KB (lineage/kept.py); not in the head (0)
    sha256    S  hash over the previous hash and the body; in the head that of the last record
    previous  S  hash of the record before; empty for the first of a day
    count     N  how many records the day has; only in the head
"""),
)
"""What each decision was made from, chained by day: whoever changes a record breaks the day from there on."""
