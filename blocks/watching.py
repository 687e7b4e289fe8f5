"""What the watchdog and the kill switch stand on: a desk's tables, queue, alerts and clock, and no exchange.

It opens none of a desk's judges and no trading venue, needs no Prefect, and starts as quickly as AWS's client does.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from adapters.aws import open_aws
from adapters.clock import MarketClock, SystemClock
from adapters.dynamodb import open_tables
from adapters.metrics import CloudWatchMetrics
from adapters.notices import LoggedAlerts
from adapters.slack import SlackAlerts
from adapters.sqs import SqsOrderQueue
from blocks.names import desk_names
from blocks.secrecy import keep_secrets
from blocks.secrets import with_slack
from blocks.settings import Settings, load_settings
from trading.errors import TradingError
from trading.ports import Alerts, Clock, Ledger, MarketData, Notice
from trading.services.watchdog import Post

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Guardhouse:
    """A watchdog's post, the desk's clock, and whom to tell when nothing else can be opened."""

    post: Post
    clock: Clock


class SoughtAlerts:
    """People are told at an address that is asked for until it is there. What is to be told before, is only logged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Alerts | None = None

    def tell(self, notices: Iterable[Notice]) -> int:
        """Tell them; how many got lost. A log line counts as told only where nobody set an address."""
        told = list(notices)
        try:
            self._found = self._found or _alerts(with_slack(self._settings))
        except TradingError as error:
            log.error("no address to tell people at: %s", error)  # noqa: TRY400 (it comes again with every notice)
            LoggedAlerts().tell(told)
            return len(told)
        return self._found.tell(told)


def _alerts(settings: Settings) -> Alerts:
    keep_secrets(settings)
    return SlackAlerts(settings.slack_webhook_url) if settings.slack_webhook_url else LoggedAlerts()


@dataclass(frozen=True, slots=True)
class Books:
    """A desk's ledger and its clock."""

    ledger: Ledger
    clock: Clock


def open_books(name: str) -> Books:
    """What is held and what may be sent, from the tables alone: no strategy, venue, secret or Prefect is needed.

    Raises BadInput for a wrong setting or unknown desk, Halt when AWS does not answer.
    """
    settings, aws = load_settings(block=False), open_aws()
    names = desk_names(name, settings)
    aws.reachable()
    return Books(open_tables(names, aws).ledger, _CLOCKS[name](settings))


def open_guardhouse(name: str) -> Guardhouse:
    """The watchdog's post at a desk; no request is made yet. Raises BadInput for a wrong setting or unknown desk."""
    settings, aws = load_settings(block=False), open_aws()
    names = desk_names(name, settings)
    tables, stops = open_tables(names, aws), settings.watchdog_stops_entries
    post = Post(
        ledger=tables.ledger,
        watch=tables.heartbeats,
        queue=SqsOrderQueue(names, aws),
        alerts=SoughtAlerts(settings),
        metrics=CloudWatchMetrics({"desk": name, "prefix": names.prefix}),
        stops_entries=_STOPS_ENTRIES[name] if stops is None else stops,
    )
    return Guardhouse(post, _CLOCKS[name](settings))


def _markets_clock(settings: Settings) -> Clock:
    return MarketClock(_market(settings))


def _markets_clock_or_ours(settings: Settings) -> Clock:
    """The clock that the desk's heartbeats carry; the watchdog looks on while that market cannot be asked."""
    return MarketClock(_market(settings), SystemClock())


def _market(settings: Settings) -> MarketData:
    from adapters.binance import BinanceMarketData  # noqa: PLC0415 (loads tables that nothing else here needs)

    return BinanceMarketData(settings.binance_url)


_CLOCKS: dict[str, Callable[[Settings], Clock]] = {
    "embedded": _markets_clock,
    "paper": _markets_clock_or_ours,
    "live": _markets_clock_or_ours,
}
_STOPS_ENTRIES = {"embedded": False, "paper": False, "live": True}
"""Real money: nothing is bought until a person looked. Elsewhere an alarm is enough."""
