"""Every error says who acts.

Transient -> the caller retries: nothing happened, the same call may be sent again.
Unknown   -> look it up first: it may have happened. Never resend on it.
Rejected  -> drop it and tell: the other side said a clear no.
Halt      -> a human acts: configuration, credentials or books are wrong.

The message is one line that says what is wrong and what to do about it.
"""

from __future__ import annotations


class TradingError(Exception):
    """Anything that stopped a step of ours; the subclass says who acts."""


class Transient(TradingError):
    """Nothing happened; the same call may be sent again."""


class Unknown(TradingError):
    """It may have happened; look it up before anything else."""


class Rejected(TradingError):
    """The other side refused and nothing happened; asking again will not help."""


class Halt(TradingError):
    """Stop: only a human can put this right."""


class Conflict(Rejected):
    """A conditional write lost: somebody else wrote first, and their version stands."""


class BadInput(Halt):
    """A file, a setting or a parameter is not usable as given; the message names it and the remedy."""


class InsufficientData(Rejected):
    """Too few candles to judge a pair: it sits out, visibly."""
