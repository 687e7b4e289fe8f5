"""The pairs that are watched and traded, from ``TRADING_PAIRS_CONFIG``: adding one needs no code change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from trading.errors import BadInput

DEFAULT_PAIRS: dict[str, dict[str, str]] = {
    "eth_usdt": {"binance": "ETHUSDT", "coincheck": "eth_jpy", "news": "ETH", "name": "Ethereum"},
    "btc_usdt": {"binance": "BTCUSDT", "coincheck": "btc_jpy", "news": "BTC", "name": "Bitcoin"},
    "xrp_usdt": {"binance": "XRPUSDT", "coincheck": "xrp_jpy", "news": "XRP", "name": "XRP"},
    "sol_usdt": {"binance": "SOLUSDT", "coincheck": "sol_jpy", "news": "SOL", "name": "Solana"},
    "doge_usdt": {"binance": "DOGEUSDT", "coincheck": "doge_jpy", "news": "DOGE", "name": "Dogecoin"},
    "avax_usdt": {"binance": "AVAXUSDT", "coincheck": "avax_jpy", "news": "AVAX", "name": "Avalanche"},
}

HOW = "TRADING_PAIRS_CONFIG must be a JSON object like " + json.dumps({"eth_usdt": DEFAULT_PAIRS["eth_usdt"]})


class PairConfig(BaseModel):
    """One value of ``TRADING_PAIRS_CONFIG``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    binance: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,20}USDT$")]
    coincheck: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,20}_jpy$")]
    news: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,20}$")]
    name: Annotated[str, StringConstraints(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Pair:
    """One currency, on the analysis side (``binance``, USDT) and on the trading side (``coincheck``, JPY)."""

    key: str
    binance: str
    coincheck: str
    news: str
    name: str

    @property
    def coin(self) -> str:
        """The coin's code, ``BTC`` for ``btc_jpy``."""
        return self.coincheck.removesuffix("_jpy").upper()


@dataclass(frozen=True, slots=True)
class LotRules:
    """What the trading venue accepts for one pair; sizes are in coins, ``market_buy_step_jpy`` in yen.

    The venue publishes no machine-readable table: these are our settings, and its error text is the authority
    (docs/decisions/0003).
    """

    min_size: Decimal
    size_step: Decimal
    price_step: Decimal
    market_buy_step_jpy: Decimal = Decimal(1)


LOT_RULES: dict[str, LotRules] = {
    "BTC": LotRules(Decimal("0.001"), Decimal("0.00000001"), Decimal(1)),
    "ETH": LotRules(Decimal("0.001"), Decimal("0.00000001"), Decimal(1)),
    "XRP": LotRules(Decimal(1), Decimal("0.000001"), Decimal("0.001")),
    "SOL": LotRules(Decimal("0.01"), Decimal("0.00000001"), Decimal("0.01")),
    "DOGE": LotRules(Decimal(1), Decimal("0.00000001"), Decimal("0.001")),
    "AVAX": LotRules(Decimal("0.01"), Decimal("0.00000001"), Decimal("0.01")),
}
"""Smallest order, size step and price step by coin."""

FALLBACK_LOT = LotRules(Decimal("0.001"), Decimal("0.00000001"), Decimal("0.001"))


def lot_rules(pair: Pair) -> LotRules:
    """The order rules of a pair; a coin that is not listed gets the cautious fallback."""
    return LOT_RULES.get(pair.coin, FALLBACK_LOT)


def coin_of(trading_pair: str) -> str:
    """The coin of a yen pair of the venue: ``btc_jpy`` -> ``BTC``."""
    return trading_pair.removesuffix("_jpy").upper()


def parse_pairs(text: str | None) -> tuple[Pair, ...]:
    """The configured pairs, in their order; ``None`` gives the six of the design.

    Raises BadInput with one line for broken JSON, an empty object, an unknown field or a symbol named twice.
    """
    configs = _configs(json.dumps(DEFAULT_PAIRS) if text is None else text)
    pairs = tuple(Pair(key=key, **config.model_dump()) for key, config in configs.items())
    for field in ("binance", "coincheck", "news"):
        names = [getattr(pair, field) for pair in pairs]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            msg = f"TRADING_PAIRS_CONFIG names {field} {', '.join(doubled)} twice; every pair needs its own"
            raise BadInput(msg)
    return pairs


def _configs(text: str) -> dict[str, PairConfig]:
    try:
        raw: Any = json.loads(text, object_pairs_hook=_without_doubles)
    except json.JSONDecodeError as error:
        msg = f"TRADING_PAIRS_CONFIG is not JSON ({error.msg} at character {error.pos}). {HOW}"
        raise BadInput(msg) from error
    if not isinstance(raw, dict) or not raw:
        msg = f"TRADING_PAIRS_CONFIG is empty or not an object. {HOW}"
        raise BadInput(msg)
    key_type = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{2,20}_usdt$")]
    try:
        return TypeAdapter(dict[key_type, PairConfig]).validate_python(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"TRADING_PAIRS_CONFIG: {where}: {first['msg']}. {HOW}"
        raise BadInput(msg) from error


def _without_doubles(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object that refuses a key named twice, which ``json`` would silently let win."""
    keys = [key for key, _ in items]
    if len(set(keys)) != len(keys):
        doubled = next(key for key in keys if keys.count(key) > 1)
        msg = f"TRADING_PAIRS_CONFIG names {doubled} twice; every pair needs its own key"
        raise BadInput(msg)
    return dict(items)
