"""The whole outside world as one web application, a prefix per provider."""

from __future__ import annotations

from aiohttp import web

from simulator import binance, control, futures, indices, news, sagemaker, slack
from simulator.coincheck import private, public
from simulator.config import SimulatorConfig
from simulator.misbehave import misbehave
from simulator.world import WORLD, make_world

PROVIDERS: dict[str, list[web.RouteDef]] = {
    "binance": binance.routes(),
    "fapi": futures.routes(),
    "coincheck": [*public.routes(), *private.routes()],
    "alternative": indices.alternative_routes(),
    "coingecko": indices.coingecko_routes(),
    "cryptopanic": news.routes(),
    "slack": slack.routes(),
    "sagemaker": sagemaker.routes(),
}
"""Prefix -> the endpoints below it; ``http://HOST:PORT/<prefix>`` is the provider's base URL."""


def make_app(config: SimulatorConfig) -> web.Application:
    """The application of a configuration, ready to serve. Raises BadInput."""
    app = web.Application(middlewares=[misbehave])
    app[WORLD] = make_world(config)
    for prefix, routes in PROVIDERS.items():
        app.add_routes(web.RouteDef(r.method, f"/{prefix}{r.path}", r.handler, r.kwargs) for r in routes)
    app[sagemaker.ENDPOINT] = sagemaker.Endpoint()
    app.add_routes([*control.routes(), *sagemaker.control_routes()])
    return app
