"""Every table, key, index, lifetime, column, queue, topic, bucket and secret, once, as data.

The adapters, the checks, the embedded desk and the infrastructure read it from here; nothing else repeats a name.
Times in keys are epoch seconds UTC, times in attributes ISO 8601 UTC, ``ttl`` is epoch seconds. Prices are USDT in
``prices`` and yen in ``order-state``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trading.errors import BadInput

type Kind = Literal["S", "N"]
"""How DynamoDB keeps a key: S text, N number."""

TTL = "ttl"
"""The attribute that says when an item may vanish, in every table that forgets."""


@dataclass(frozen=True, slots=True)
class Key:
    """One part of a table's or an index's key."""

    name: str
    kind: Kind = "S"


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute: its name, how it is kept (S text, N number, M map, L list) and what it means, with its unit."""

    name: str
    kind: Literal["S", "N", "M", "L"]
    meaning: str


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index; besides the keys it carries just what its access pattern shows (INCLUDE)."""

    name: str
    pk: Key
    sk: Key
    include: tuple[str, ...]
    serves: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``ttl_days`` None: its items stay, or say themselves when they vanish (order-state)."""

    name: str
    pk: Key
    sk: Key | None
    ttl_days: int | None
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every attribute that is part of a key, of the table or of an index, each once."""
        sort = () if self.sk is None else (self.sk,)
        found = (self.pk, *sort, *(key for index in self.indexes for key in (index.pk, index.sk)))
        return tuple(dict.fromkeys(found))


def _columns(text: str) -> tuple[Column, ...]:
    """One column a line: name, kind, meaning."""
    rows = (line.split(maxsplit=2) for line in text.strip().splitlines())
    return tuple(Column(name, kind, meaning) for name, kind, meaning in rows)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------ time series

PAIR, TIMESTAMP = Key("pair"), Key("timestamp", "N")

PRICES = Table(
    "prices",
    PAIR,
    TIMESTAMP,
    14,
    _columns("""
    open    N  first price of the candle, USDT; timestamp is the candle's open time
    high    N  highest price, USDT
    low     N  lowest price, USDT
    close   N  last price, USDT
    volume  N  traded volume, base coins
    source  S  the venue it came from
"""),
)

SENTIMENT = Table(
    "sentiment",
    PAIR,
    TIMESTAMP,
    14,
    _columns("""
    value          N  mood of the news, 0 (bad) to 1 (good)
    score          N  the same as a score, -1 to +1
    article_count  N  articles that counted
    counts         M  articles by kind
    headlines      L  the heaviest articles, with published_at
"""),
)

SIGNALS = Table(
    "signals",
    PAIR,
    TIMESTAMP,
    90,
    _columns("""
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
    _columns("""
    fear_greed     N  fear and greed index, 0 to 100
    funding        M  funding rate by symbol, a fraction per 8 hours
    btc_dominance  N  bitcoin's share of the market, percent
    score          N  the market's mood, -1 to +1
    failed         L  sources that did not answer
"""),
)
MARKET = "market"
"""The one context type there is so far: the whole market."""

ANALYSIS_STATE = Table(
    "analysis_state",
    PAIR,
    None,
    None,
    _columns("""
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
    _columns("""
    before    M  the strategy before
    after     M  the strategy after
    evidence  M  what spoke for the change
    decision  S  what was decided, and why
    rollback  S  when and why it was taken back
"""),
)

# ------------------------------------------------------------------------------------------------------ order state

POSITION_TTL_DAYS = 365
"""A closed position stays so long; an open one for ever."""
TRADE_TTL_DAYS = 90
"""A trade stays so long after it ended; one that has not ended for ever. The archive keeps both for good."""
PAPER_ORDER_TTL_DAYS = 365
"""An order of the paper exchange stays so long after it ended; one that rests until then."""

_POSITION = ("item_type", "position_id", "trade_id", "symbol", "status", "size", "entry_price", "realized_pnl")

GSI1 = Index("GSI1", Key("gs1pk"), Key("gs1sk"), (*_POSITION, "signal_id"), "positions of a strategy")
GSI2 = Index("GSI2", Key("gs2pk"), Key("gs2sk"), (*_POSITION, "strategy_id"), "positions of a pair by status")
_OPEN = ("item_type", "position_id", "trade_id", "symbol", "status", "version", "side", "size", "entry_price")
GSI3 = Index("GSI3", Key("gs3pk"), Key("gs3sk"), _OPEN, "everything open or pending, at once (sparse)")
GSI4 = Index(
    "GSI4", Key("gs4pk"), Key("gs4sk"), ("item_type", "trade_id", "symbol", "side", "status"), "signal to trades"
)
GSI5 = Index("GSI5", Key("gs5pk"), Key("gs5sk"), (*_POSITION, "side", "reason", "note"), "a day")

ORDER_STATE = Table(
    "order-state",
    Key("pk"),
    Key("sk"),
    None,
    _columns("""
    item_type         S  trade, position, slot, setting, counter, paper_order
    version           N  optimistic lock: every change names the version it changes
    write_id          S  the one write that made this state, so that a writer knows its own after a lost reply
    created_utc       S  when the thing came to be
    last_updated_utc  S  when it was last changed
    coin              S  the coin that quantities and prices of this item are about
    symbol            S  the pair's key, btc_usdt
"""),
    (GSI1, GSI2, GSI3, GSI4, GSI5),
)
"""Trades, positions, slots, settings and counters (single-table design).

Besides these columns a trade holds the fields of Intent and Trade, a position those of Position, under their own names
(``pair`` as ``symbol``); prices are yen per coin, amounts yen, quantities coins, all as numbers.
"""

TABLES = (PRICES, SENTIMENT, SIGNALS, MARKET_CONTEXT, ANALYSIS_STATE, IMPROVEMENTS, ORDER_STATE)

# --------------------------------------------------------------------------------------------------- queues, topics


@dataclass(frozen=True, slots=True)
class Queue:
    """A standard queue. After ``max_receives`` without a ``done``, a message moves to ``dead_letters``."""

    name: str
    visibility_s: int
    retention_s: int
    wait_s: int
    dead_letters: Queue | None = None
    max_receives: int = 0


DAY_S = 86_400
ORDER_REQUESTS_DLQ = Queue("order-requests-dlq", visibility_s=60, retention_s=14 * DAY_S, wait_s=0)
ORDER_REQUESTS = Queue("order-requests", 60, 4 * DAY_S, wait_s=20, dead_letters=ORDER_REQUESTS_DLQ, max_receives=3)
QUEUES = (ORDER_REQUESTS_DLQ, ORDER_REQUESTS)
"""In the order of making: a dead-letter queue comes before the queue that names it."""

TOPICS = ("system-events", "alerts")
SECRETS = (
    "coincheck/credentials",
    "mt5/credentials",
    "slack/webhook_url",
    "cryptopanic/api_key",
    "github/token",
)

# ---------------------------------------------------------------------------------------------------------- buckets


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket by its purpose: versioned, encrypted, never public; it cools down with age and may forget."""

    purpose: str
    holds: str
    infrequent_days: int = 30
    glacier_days: int = 90
    expire_days: int | None = None


BUCKETS = (
    Bucket("raw-market-data", "provider payloads as received, gz JSON"),
    Bucket("processed-market-data", "cleaned candles, Parquet: candles/pair=<pair>/date=<YYYY-MM-DD>/..."),
    Bucket("backtest-results", "backtest reports, charts, parameters"),
    Bucket("daily-reports", "daily-reports/<YYYY-MM-DD>.json and .html", expire_days=90),
    Bucket("models", "chronos-2/model.tar.gz"),
)

# ------------------------------------------------------------------------------------------------------------ names


@dataclass(frozen=True, slots=True)
class Names:
    """The real names behind the declarations. ``account`` (12 digits) is part of bucket names only."""

    prefix: str = "trader"
    account: str = ""

    def table(self, table: Table) -> str:
        """``trader-prices``."""
        return f"{self.prefix}-{table.name}"

    def queue(self, queue: Queue) -> str:
        """``trader-order-requests``."""
        return f"{self.prefix}-{queue.name}"

    def topic(self, topic: str) -> str:
        """``trader-alerts``."""
        return f"{self.prefix}-{topic}"

    def secret(self, secret: str) -> str:
        """``trader/coincheck/credentials``."""
        return f"{self.prefix}/{secret}"

    def bucket(self, purpose: str) -> str:
        """``trader-models-123456789012``. Raises BadInput for an unknown purpose or without an account."""
        known = [bucket.purpose for bucket in BUCKETS]
        if purpose not in known:
            msg = f"there is no bucket for {purpose!r}; there are {', '.join(known)}"
            raise BadInput(msg)
        if not self.account:
            msg = "bucket names end in the AWS account's number: Names(prefix, account)"
            raise BadInput(msg)
        return f"{self.prefix}-{purpose}-{self.account}"
