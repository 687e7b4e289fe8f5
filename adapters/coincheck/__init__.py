"""Our own Coincheck client.

Why not ccxt's: it knows one of our six pairs, its market buy is broken, and it takes HTTP 200 with HTML for an order
without an id, and without an error (docs/decisions, providers).
"""

from adapters.coincheck.exchange import CoincheckExchange
from adapters.coincheck.signing import Credentials

__all__ = ["CoincheckExchange", "Credentials"]
