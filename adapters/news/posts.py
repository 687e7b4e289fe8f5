"""CryptoPanic's posts as articles: what cannot be read is left out and counted, whatever the provider sends.

A post needs a title and a time that has passed. Everything else may be missing, null or senseless: votes and the panic
score are absent on some plans, ``instruments`` too, and API v1 called those ``currencies``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

from trading.pairs import Pair
from trading.ports.news import Article

NO_TITLE, NO_TIME, FUTURE = "without a title", "without a usable time", "from the future"
TWICE, RETOLD = "sent twice", "told again"
"""Why a post is left out."""

BITCOIN_BEGAN = datetime(2009, 1, 3, tzinfo=UTC)
LONGEST = 300
"""Letters of a title that are kept; a longer one is not a title."""
MOST_VOTES = 10**9
VOTES = ("negative", "positive", "important", "liked", "disliked", "lol", "toxic", "saved", "comments")
KINDS = ("news", "media", "blog", "twitter", "reddit")
TAG = re.compile(r"<[^<>]{0,200}>")

type Valued = Callable[[str], float]


def articles_of(
    posts: Iterable[object], pairs: Sequence[Pair], at: datetime, value: Valued
) -> tuple[tuple[Article, ...], dict[str, int]]:
    """The articles behind posts, newest first, and how many posts were left out, by reason.

    Of posts with one id the one published last counts, of those the one that was read last: a title may be edited.
    Of posts with one title the newest counts: a story that several pass on, or one source posts again, is one story.
    """
    found: dict[str, Article] = {}
    left_out: Counter[str] = Counter()
    for post in posts:
        article = _article(post, pairs, at, value)
        if isinstance(article, str):
            left_out[article] += 1
            continue
        before = found.get(article.key)
        left_out[TWICE] += before is not None
        if before is None or article.published_at >= before.published_at:
            found[article.key] = article
    newest = sorted(found.values(), key=lambda one: (-one.published_at.timestamp(), one.key))
    told: dict[str, Article] = {}
    for article in newest:
        told.setdefault(" ".join(article.title.casefold().split()), article)
    left_out[RETOLD] += len(newest) - len(told)
    return tuple(told.values()), {reason: count for reason, count in left_out.items() if count}


def _article(post: object, pairs: Sequence[Pair], at: datetime, value: Valued) -> Article | str:
    """One post as an article, or why it is none."""
    row = post if isinstance(post, dict) else {}
    title = text_of(row.get("title"), LONGEST)
    published = time_of(row.get("published_at")) or time_of(row.get("created_at"))
    if not title:
        return NO_TITLE
    if published is None or published < BITCOIN_BEGAN:
        return NO_TIME
    if published > at:
        return FUTURE
    kind = row.get("kind")
    return Article(
        key=_key(row, title),
        title=title,
        title_value=value(title),
        published_at=published,
        kind=kind if kind in KINDS else "other" if kind else "news",
        source=_source(row.get("source")),
        coins=_coins(row, title, pairs),
        votes=_votes(row.get("votes")),
        panic=_panic(row.get("panic_score")),
    )


def text_of(found: object, longest: int) -> str:
    """Foreign text on one line: without HTML, without what cannot be printed or stored; empty for anything else."""
    if not isinstance(found, str):
        return ""
    plain = TAG.sub("", unescape(TAG.sub("", found[: 20 * longest])))
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[:longest].strip()


def time_of(found: object) -> datetime | None:
    """An ISO 8601 time in UTC, which one without a zone is in; None for anything else."""
    if not isinstance(found, str):
        return None
    try:
        at = datetime.fromisoformat(found)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _key(row: dict[Any, Any], title: str) -> str:
    """What tells posts apart: the id, or what else names the post; some plans send no id."""
    names = (row.get(name) for name in ("id", "slug", "url"))
    return next((str(name)[:100] for name in names if isinstance(name, str | int) and name), title)


def _source(found: object) -> str:
    if isinstance(found, dict):
        return text_of(found.get("title"), 60) or text_of(found.get("domain"), 60)
    return ""


def _coins(row: dict[Any, Any], title: str, pairs: Sequence[Pair]) -> frozenset[str]:
    """The codes that a post names, as API v2 or v1 lists them; where it lists none at all, those of its title."""
    listed = row.get("instruments", row.get("currencies"))
    if isinstance(listed, list):
        codes = (one.get("code") for one in listed if isinstance(one, dict))
        return frozenset(code.strip().upper()[:20] for code in codes if isinstance(code, str) and code.strip())
    return frozenset(pair.news for pair in pairs if _named(title, pair))


def _named(title: str, pair: Pair) -> bool:
    """Whether a title names a coin: by its code in capitals, or by its name."""
    by_code = re.search(rf"(?<!\w){re.escape(pair.news)}(?!\w)", title)
    return bool(by_code or re.search(rf"(?<!\w){re.escape(pair.name)}(?!\w)", title, re.IGNORECASE))


def _votes(found: object) -> dict[str, int]:
    """Counts by kind; those that are no counts are as good as none."""
    given = found if isinstance(found, dict) else {}
    counts = {kind: given.get(kind) for kind in VOTES}
    return {kind: count for kind, count in counts.items() if type(count) is int and 0 < count <= MOST_VOTES}


def _panic(found: object) -> float | None:
    """A panic score of 0 to 100, else None."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found <= 100 and math.isfinite(found) else None
