"""Figures of the whole market: alternative.me's fear and greed, CoinGecko's global figures and its price of a tether.

Both are seeded curves of the clock, with a little of what Bitcoin really did in this market.
"""

from __future__ import annotations

from datetime import UTC

from aiohttp import web

from simulator.seeded import smooth
from simulator.times import DAY_MS, from_ms
from simulator.world import World, seen_ms, world_of

CLASSES = ((25, "Extreme Fear"), (46, "Fear"), (54, "Neutral"), (75, "Greed"), (100, "Extreme Greed"))
HISTORY_DAYS = 365
CACHE_MS, PRICE_CACHE_MS = 600_000, 60_000
SUPPLY = {"btc": 19_800_000, "eth": 120_400_000, "sol": 470_000_000, "xrp": 56_000_000_000}
COINS = {"btc": "BTCUSDT", "eth": "ETHUSDT", "sol": "SOLUSDT", "xrp": "XRPUSDT"}


async def fear_greed(request: web.Request) -> web.Response:
    """GET /fng/?limit=N: newest first, numbers as text; only the newest row says when the next one comes."""
    world, ms = world_of(request), seen_ms(request)
    asked = request.query.get("limit", "1")
    limit = int(asked) if asked.isdecimal() else 1
    today = ms // DAY_MS
    days = range(today, today - (limit or HISTORY_DAYS), -1)
    data = [_day(world, day, us_dates=request.query.get("date_format") == "us") for day in days]
    data[0]["time_until_update"] = str((DAY_MS - ms % DAY_MS) // 1000)
    return web.json_response({"name": "Fear and Greed Index", "data": data, "metadata": {"error": None}})


async def global_figures(request: web.Request) -> web.Response:
    """GET /api/v3/global: as of the last ten minutes, like the real cache."""
    world = world_of(request)
    ms = max(seen_ms(request) // CACHE_MS * CACHE_MS, world.market.first_ms)
    prices = {
        coin: world.market.price_at(symbol, ms) for coin, symbol in COINS.items() if symbol in world.market.symbols
    }
    share = dominance(world, ms)
    total_usd = prices.get("btc", 60_000.0) * SUPPLY["btc"] / share * 100
    shares = {coin: price * SUPPLY[coin] / total_usd * 100 for coin, price in prices.items()}
    yen = float(world.rates.at(ms))
    figures = {
        "active_cryptocurrencies": 11_687,
        "upcoming_icos": 0,
        "ongoing_icos": 49,
        "ended_icos": 3_376,
        "markets": 955,
        "total_market_cap": _in_currencies(total_usd, prices, yen),
        "total_volume": _in_currencies(total_usd * 0.048, prices, yen),
        "market_cap_percentage": {"btc": share, **{coin: value for coin, value in shares.items() if coin != "btc"}},
        "market_cap_change_percentage_24h_usd": bitcoin_change(world, ms) * 100,
        "updated_at": ms // 1000,
    }
    return web.json_response({"data": figures})


async def simple_price(request: web.Request) -> web.Response:
    """GET /api/v3/simple/price: a tether in dollars and yen, of the last minute; what is not known is left out."""
    asked = {name: request.query.get(name, "") for name in ("ids", "vs_currencies")}
    for name, value in asked.items():
        if not value:
            return web.json_response({"error": f"Missing parameter {name}"}, status=422)
    if "tether" not in asked["ids"].split(","):
        return web.json_response({})
    world = world_of(request)
    ms = max(seen_ms(request) // PRICE_CACHE_MS * PRICE_CACHE_MS, world.market.first_ms)
    usd = 1 + 0.0005 * smooth(world.config.seed, "tether", ms / DAY_MS)
    known = {"usd": round(usd, 6), "jpy": round(usd * float(world.rates.at(ms)), 2)}
    price: dict[str, float] = {name: known[name] for name in asked["vs_currencies"].split(",") if name in known}
    stamp = {"last_updated_at": ms // 1000} if request.query.get("include_last_updated_at") == "true" else {}
    return web.json_response({"tether": {**price, **stamp}})


def alternative_routes() -> list[web.RouteDef]:
    """alternative.me below its base."""
    return [web.get("/fng/", fear_greed), web.get("/fng", fear_greed)]


def coingecko_routes() -> list[web.RouteDef]:
    """CoinGecko below its base."""
    return [web.get("/api/v3/global", global_figures), web.get("/api/v3/simple/price", simple_price)]


def fear_greed_value(world: World, day: int) -> int:
    """The index of a day (days since 1970), 5 to 95, known at its start."""
    if world.config.fear_greed is not None:
        return world.config.fear_greed
    mood = 22 * smooth(world.config.seed, "fear and greed", day / 5)
    moved = 150 * bitcoin_change(world, day * DAY_MS)
    return round(min(max(50 + mood + min(max(moved, -15), 15), 5), 95))


def dominance(world: World, ms: int) -> float:
    """Bitcoin's share of the market's value, percent, 44 to 60."""
    seed = world.config.seed
    return 52 + 6.5 * smooth(seed, "dominance", ms / (10 * DAY_MS)) + 1.5 * smooth(seed, "dominance today", ms / DAY_MS)


def bitcoin_change(world: World, ms: int) -> float:
    """Bitcoin's change over the 24 hours before a time; 0 where the market does not reach back that far."""
    market = world.market
    symbol = "BTCUSDT" if "BTCUSDT" in market.symbols else market.symbols[0]
    if ms - DAY_MS < market.first_ms:
        return 0.0
    return market.price_at(symbol, ms) / market.price_at(symbol, ms - DAY_MS) - 1


def _day(world: World, day: int, *, us_dates: bool) -> dict[str, str]:
    value = fear_greed_value(world, day)
    name = next(name for top, name in CLASSES if value <= top)
    stamp = from_ms(day * DAY_MS).astimezone(UTC).strftime("%m-%d-%Y") if us_dates else str(day * DAY_MS // 1000)
    return {"value": str(value), "value_classification": name, "timestamp": stamp}


def _in_currencies(usd: float, prices: dict[str, float], yen: float) -> dict[str, float]:
    coins: dict[str, float] = {coin: usd / prices[coin] for coin in ("btc", "eth", "xrp") if coin in prices}
    return {**coins, "usd": usd, "jpy": usd * yen}
