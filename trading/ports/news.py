"""Where news come from, and how many calls of a month may still be made there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from trading.ports.payloads import Payload

if TYPE_CHECKING:
    from trading.pairs import Pair


@dataclass(frozen=True, slots=True)
class Article:
    """One article. ``title_value`` is what the title says by itself, 0 (bad) to 1 (good).

    coins: codes of the currencies it names; empty: it is about the market as a whole.
    votes: by kind, empty where nobody voted.  panic: the 0-100 panic score, None where the source gives none.
    """

    key: str
    title: str
    title_value: float
    published_at: datetime
    kind: str = "news"
    source: str = ""
    coins: frozenset[str] = frozenset()
    votes: Mapping[str, int] = field(default_factory=dict)
    panic: float | None = None


@dataclass(frozen=True, slots=True)
class Latest:
    """What a source has now: articles, newest first, and how many posts were left out, by reason.

    missing: why there is nothing at all, in words; empty when the source was asked.
    alarm: people have not been told of that yet.
    raw: the answers it was read from; kept: the archive's key of them, once they are there.
    """

    articles: tuple[Article, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    missing: str = ""
    alarm: bool = False
    raw: tuple[Payload, ...] = field(default=(), repr=False, compare=False)
    kept: str = ""


class News(Protocol):
    """A source of news, or the plain statement that there is none."""

    @property
    def missing(self) -> str:
        """Why this desk has no source of news, in words; empty when it has one."""

    def latest(self, pairs: Sequence[Pair], at: datetime) -> Latest:
        """The newest articles about these pairs and the market, none published after ``at``.

        Raises Transient, Rejected or Halt; a single broken post is left out and counted.
        """


class Quota(Protocol):
    """Counts calls by calendar month (UTC), shared by all machines of a desk."""

    def take(self, at: datetime, most: int) -> bool:
        """Count one call in the month of ``at``; False, and nothing is counted, when ``most`` were already made.

        Raises when it cannot be counted: then the call must not be made.
        """

    def first_refusal(self, at: datetime) -> bool:
        """Whether nobody has asked this yet in the month of ``at``: True once, so that people are told once."""
