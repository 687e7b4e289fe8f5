"""The real names behind the declarations."""

from __future__ import annotations

from dataclasses import dataclass

from trading.errors import BadInput
from trading.tables.buckets import BUCKETS
from trading.tables.kinds import Table
from trading.tables.queues import Queue


@dataclass(frozen=True, slots=True)
class Names:
    """The real names behind the declarations. ``account`` (12 digits) is part of bucket names only."""

    prefix: str = "trader"
    account: str = ""

    def table(self, table: Table) -> str:
        """``trader-prices``."""
        return f"{self.prefix}-{table.name}"

    def queue(self, queue: Queue) -> str:
        """``trader-order-requests``."""
        return f"{self.prefix}-{queue.name}"

    def topic(self, topic: str) -> str:
        """``trader-alerts``."""
        return f"{self.prefix}-{topic}"

    def secret(self, secret: str) -> str:
        """``trader/coincheck/credentials``."""
        return f"{self.prefix}/{secret}"

    def bucket(self, purpose: str) -> str:
        """``trader-models-123456789012``. Raises BadInput for an unknown purpose or without an account."""
        known = [bucket.purpose for bucket in BUCKETS]
        if purpose not in known:
            msg = f"there is no bucket for {purpose!r}; there are {', '.join(known)}"
            raise BadInput(msg)
        if not self.account:
            msg = "bucket names end in the AWS account's number: Names(prefix, account)"
            raise BadInput(msg)
        return f"{self.prefix}-{purpose}-{self.account}"
