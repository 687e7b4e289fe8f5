"""A desk without news: it says so, and everything else goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trading.pairs import Pair
from trading.ports.news import Latest

NO_SOURCE = "no news source: set TRADER_CRYPTOPANIC_API_KEY"


class NoNews:
    """The News port of a desk that has no key."""

    missing = NO_SOURCE

    def latest(self, pairs: Sequence[Pair], at: datetime) -> Latest:
        """Nothing, and why. Nobody is alarmed: a desk may do without news."""
        del pairs, at
        return Latest(missing=self.missing)
