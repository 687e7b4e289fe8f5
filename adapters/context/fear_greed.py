"""The fear and greed index of alternative.me: one value a day, dated to the start of its day.

Source: alternative.me/crypto/fear-and-greed-index, "API": keyless, newest first, numbers as text.
"""

from __future__ import annotations

from adapters.context.reading import Provider, part
from trading.errors import Transient
from trading.ports.context import Measured
from trading.signals.context import FEAR_GREED

PATH = "/fng/"


class FearGreed:
    """The newest index."""

    name = FEAR_GREED

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def read(self) -> Measured:
        """The newest index, 0 (fear) to 100 (greed). Raises Transient, Rejected or Halt."""
        provider = self._provider
        body, raw = provider.ask(self.name, PATH, {"limit": "1"})
        row = part(body, "data", 0)
        if trouble := part(body, "metadata", "error"):
            raise provider.error(Transient, f"it says {trouble}; try again")
        if not isinstance(row, dict):
            raise provider.error(Transient, "the answer holds no day; try again")
        value = provider.number(row.get("value"), "the index", 0, 100)
        as_of = provider.moment(row.get("timestamp"), "the time of the index")
        return Measured(self.name, value, as_of, provider.name, provider.shown(PATH), raw=raw)
