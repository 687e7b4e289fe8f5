"""``Alerts`` for a desk without a webhook: notices go to the log and nowhere else."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from trading.ports import Notice

LOG = logging.getLogger("trader.notices")


class LoggedAlerts:
    """Writes each notice to the log: an alarm as a warning, the rest as information."""

    def tell(self, notices: Iterable[Notice]) -> int:
        """Log them; 0, for a log line counts as told."""
        for notice in notices:
            LOG.log(
                logging.WARNING if notice.alarm else logging.INFO,
                "%s: %s",
                notice.kind,
                notice.text,
                extra={"event": notice.kind},
            )
        return 0
