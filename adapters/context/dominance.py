"""Bitcoin's share of the whole market's value, by CoinGecko, which renews it every ten minutes.

Source: docs.coingecko.com, "Crypto Global Market Data": keyless or with a demo key in a header.
"""

from __future__ import annotations

from adapters.context.reading import Provider, part
from trading.errors import Rejected, Transient
from trading.ports.context import Measured
from trading.signals.context import DOMINANCE

PATH = "/api/v3/global"


class BitcoinDominance:
    """The share as of the provider's last look."""

    name = DOMINANCE

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def read(self) -> Measured:
        """Bitcoin's share in percent. Raises Transient, Rejected (also for a share of 0 or above 100) or Halt."""
        provider = self._provider
        body, raw = provider.ask(self.name, PATH)
        data = part(body, "data")
        if not isinstance(data, dict):
            raise provider.error(Transient, "the answer holds no figures; try again")
        share = provider.number(part(data, "market_cap_percentage", "btc"), "Bitcoin's share", 0, 100)
        if share == 0:
            raise provider.error(Rejected, "Bitcoin's share is 0 %, which it cannot be; left out")
        as_of = provider.moment(data.get("updated_at"), "the time of the share")
        return Measured(self.name, share, as_of, provider.name, provider.shown(PATH), raw=raw)
