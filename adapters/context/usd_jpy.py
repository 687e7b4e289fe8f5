"""Yen per dollar, as a tether costs it: the analysis venue's prices are in tethers, not in dollars (CoinGecko).

Source: docs.coingecko.com, "Coin Price by IDs": renewed every minute, keyless or with a demo key in a header.
"""

from __future__ import annotations

from adapters.context.reading import Provider, part
from trading.errors import Transient
from trading.ports.context import Measured
from trading.signals.context import RANGES, USD_JPY

PATH = "/api/v3/simple/price"
QUERY = {"ids": "tether", "vs_currencies": "jpy", "include_last_updated_at": "true"}


class YenPerDollar:
    """A tether in yen as of the provider's last look."""

    name = USD_JPY

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def read(self) -> Measured:
        """Yen for one tether. Raises Transient, Rejected (also for a price that cannot be one) or Halt."""
        provider = self._provider
        body, raw = provider.ask(self.name, PATH, QUERY)
        data = part(body, "tether")
        if not isinstance(data, dict):
            raise provider.error(Transient, "the answer holds no price of a tether; try again")
        yen = provider.number(data.get("jpy"), "a tether in yen", *RANGES[USD_JPY])
        as_of = provider.moment(data.get("last_updated_at"), "the time of the tether's price")
        return Measured(self.name, yen, as_of, provider.name, provider.shown(PATH), raw=raw)
