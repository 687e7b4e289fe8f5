"""A Slack webhook that keeps what it gets, and refuses what Slack would refuse."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web

from simulator.times import iso
from simulator.world import world_of

BLOCKS_MAX = 50
TEXT_MAX = 3000


async def receive(request: web.Request) -> web.Response:
    """POST /services/T/B/X: ``ok``, or 400 with Slack's word for what is wrong."""
    world = world_of(request)
    try:
        message = _message(await request.text())
    except ValueError:
        return web.Response(text="invalid_payload", status=400)
    if not message.get("text") and not message.get("blocks"):
        return web.Response(text="no_text", status=400)
    blocks = message.get("blocks") or []
    if len(blocks) > BLOCKS_MAX or any(_too_long(block) for block in blocks):
        return web.Response(text="invalid_blocks", status=400)
    world.slack.append({"received_at": iso(world.clock.ms()), "path": request.path, "message": message})
    return web.Response(text="ok")


def routes() -> list[web.RouteDef]:
    """The webhook below the provider's base."""
    return [web.post("/services/{team}/{channel}/{token}", receive)]


def _message(text: str) -> dict[str, Any]:
    """A JSON body, or a form with the JSON in ``payload``. Raises ValueError."""
    if text.startswith("payload="):
        text = parse_qs(text)["payload"][0]
    message = json.loads(text)
    if not isinstance(message, dict):
        raise ValueError(text)  # noqa: TRY004 - one kind of error for everything that is no message
    return message


def _too_long(block: Any) -> bool:
    text = block.get("text") if isinstance(block, dict) else None
    return isinstance(text, dict) and len(str(text.get("text", ""))) > TEXT_MAX
