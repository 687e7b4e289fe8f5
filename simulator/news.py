"""CryptoPanic's API v2: posts, newest first, 20 a page; as in the real one, links to pages carry the caller's token."""

from __future__ import annotations

import math
from typing import Any

from aiohttp import web

from simulator.headlines import SLOT_MS, Post, posts_of_slot, row
from simulator.times import HOUR_MS
from simulator.world import World, seen_ms, world_of
from trading.pairs import Pair

PAGE = 20
KEPT_MS = 48 * HOUR_MS
MEMORY_MS = 4 * HOUR_MS
PLANS = ("developer", "growth", "enterprise")


async def posts(request: web.Request) -> web.Response:
    """GET /api/{plan}/v2/posts/: auth_token, currencies, kind, filter=bullish|bearish, page; the rest does nothing."""
    query = request.query
    if request.match_info["plan"] not in PLANS:
        return web.json_response({"status": "api_error", "info": "Unknown plan"}, status=404)
    if not query.get("auth_token"):
        return web.json_response({"status": "api_error", "info": "Token not found"}, status=401)
    found = [post for post in published(world_of(request), seen_ms(request)) if _asked_for(post, query)]
    page = int(query["page"]) if query.get("page", "").isdecimal() else 1
    shown = found[(page - 1) * PAGE : page * PAGE] if page > 0 else []
    links = {
        "next": _link(request, page + 1) if len(found) > page * PAGE else None,
        "previous": _link(request, page - 1) if page > 1 else None,
    }
    return web.json_response({**links, "results": [row(post) for post in shown]})


def published(world: World, ms: int) -> list[Post]:
    """Everything of the last 48 hours by a time, newest first."""
    pairs, seed = world.config.pairs, world.config.seed

    def moved(pair: Pair, at_ms: int) -> float:
        if at_ms - MEMORY_MS < world.market.first_ms:
            return 0.0
        price = world.market.price_at
        return math.log(price(pair.binance, at_ms) / price(pair.binance, at_ms - MEMORY_MS))

    slots = range((ms - KEPT_MS) // SLOT_MS, ms // SLOT_MS + 1)
    every = [post for slot in slots for post in posts_of_slot(seed, slot, pairs, moved)]
    return [post for post in reversed(every) if post.at_ms <= ms]


def routes() -> list[web.RouteDef]:
    """The endpoint below the provider's base."""
    return [web.get("/api/{plan}/v2/posts/", posts)]


def _asked_for(post: Post, query: Any) -> bool:
    codes = {code.strip().upper() for code in query.get("currencies", "").split(",") if code.strip()}
    if codes and (post.pair is None or post.pair.news not in codes):
        return False
    if query.get("kind", "all") not in {"all", post.kind}:
        return False
    return post.mood == {"bullish": 1, "bearish": -1}.get(query.get("filter", ""), post.mood)


def _link(request: web.Request, page: int) -> str:
    return str(request.url.update_query(page=str(page)))
