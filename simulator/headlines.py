"""News made up from a seed: what was published when, about which coin, in what mood. Pure.

The mood follows what the coin's price did in the hours before publication, with much noise, as real headlines do; it
knows nothing of what comes after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.seeded import rng
from simulator.times import iso
from trading.pairs import Pair

SLOT_MS = 900_000
"""Every quarter of an hour has room for up to two posts."""

TITLES = {
    1: (
        "{name} rallies as buyers return",
        "{name} breaks above resistance, traders see more upside",
        "Institutional inflows lift {name} to a weekly high",
        "{name} adoption grows as a payments firm joins the network",
    ),
    0: (
        "{name} trades sideways ahead of the weekly close",
        "What to watch in {name} this week",
        "{name} developers publish the next upgrade plan",
        "{name} volumes steady as traders wait",
    ),
    -1: (
        "{name} slides as sellers take over",
        "{name} loses key support after heavy liquidations",
        "Regulators raise concerns over {name} products",
        "{name} drops, analysts warn of further losses",
    ),
}
SOURCES = (
    ("CoinDesk", "coindesk.com"),
    ("U.Today", "u.today"),
    ("The Daily Hodl", "dailyhodl.com"),
    ("Decrypt", "decrypt.co"),
)


@dataclass(frozen=True, slots=True)
class Post:
    """One post; ``pair`` is None for the market as a whole, ``votes`` None where the API leaves them out."""

    id: int
    at_ms: int
    pair: Pair | None
    mood: int
    title: str
    source: tuple[str, str]
    kind: str
    votes: dict[str, int] | None
    panic: int | None


def posts_of_slot(seed: int, slot: int, pairs: tuple[Pair, ...], moved: Callable[[Pair, int], float]) -> list[Post]:
    """The posts of a quarter of an hour, oldest first. ``moved`` gives a coin's recent log return at a time in ms."""
    draw = rng(seed, "news", slot)
    count = int(draw.choice(3, p=(0.35, 0.45, 0.20)))
    times = sorted(slot * SLOT_MS + 1000 * int(second) for second in draw.integers(0, SLOT_MS // 1000, count))
    return [_post(draw, slot * 10 + number, at, pairs, moved) for number, at in enumerate(times)]


def _post(
    draw: np.random.Generator, number: int, at_ms: int, pairs: tuple[Pair, ...], moved: Callable[[Pair, int], float]
) -> Post:
    pair = pairs[int(draw.integers(0, len(pairs)))]
    about = pair if draw.random() < 0.8 else None
    feeling = np.tanh(30 * moved(pair, at_ms)) + draw.normal(0, 0.55)
    mood = int(feeling > 0.35) - int(feeling < -0.35)
    title = TITLES[mood][int(draw.integers(0, len(TITLES[mood])))].format(name=about.name if about else "Crypto market")
    votes = _votes(draw, mood) if draw.random() < 0.75 else None
    panic = int(np.clip(50 + 20 * mood + draw.normal(0, 8), 0, 100)) if draw.random() < 0.6 else None
    source = SOURCES[int(draw.integers(0, len(SOURCES)))]
    return Post(number, at_ms, about, mood, title, source, "news" if draw.random() < 0.9 else "media", votes, panic)


def _votes(draw: np.random.Generator, mood: int) -> dict[str, int]:
    """Few votes for most posts, with the mood in the majority."""
    means = {
        "negative": 1 - mood,
        "positive": 2 + 2 * mood,
        "important": 1,
        "liked": 1 + mood,
        "disliked": 0.4 - 0.3 * mood,
    }
    counted = {name: int(draw.poisson(max(mean, 0.1))) for name, mean in means.items()}
    return {**counted, "lol": 0, "toxic": int(draw.poisson(0.1)), "saved": 0, "comments": int(draw.poisson(0.3))}


def row(post: Post) -> dict[str, Any]:
    """A post as API v2 shows it; votes are left out where there are none, the panic score is null."""
    slug = "-".join("".join(letter if letter.isalnum() else " " for letter in post.title).split())
    name, domain = post.source
    shown: dict[str, Any] = {
        "id": post.id,
        "slug": slug,
        "title": post.title,
        "description": f"{post.title}.",
        "published_at": iso(post.at_ms)[:19] + "Z",
        "created_at": iso(post.at_ms)[:19] + "Z",
        "kind": post.kind,
        "source": {"title": name, "region": "en", "domain": domain, "type": "feed"},
        "original_url": f"https://{domain}/{slug.lower()}",
        "url": f"https://cryptopanic.com/news/{post.id}/{slug}",
        "image": None,
        "instruments": [_instrument(post.pair)] if post.pair else [],
        "panic_score": post.panic,
        "panic_score_1h": None,
        "author": None,
        "content": {"original": None, "clean": None},
    }
    return shown if post.votes is None else {**shown, "votes": post.votes}


def _instrument(pair: Pair) -> dict[str, Any]:
    unknown = dict.fromkeys(("market_cap_usd", "price_in_usd", "market_rank"))
    return {"code": pair.news, "title": pair.name, "slug": pair.name.lower(), **unknown}
