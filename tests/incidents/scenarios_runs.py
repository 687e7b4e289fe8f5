"""Incidents of runs: failures that nobody sees, notices that stop trading, secrets that are told."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from adapters import redaction
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.http import http_client
from adapters.slack import SlackAlerts
from blocks.secrecy import keep_secrets
from blocks.settings import Settings
from flows import collect_prices
from flows.analyze import analyze
from flows.monitor_positions import monitor_positions
from flows.outcomes import StepsFailedError
from tests.incidents.stage import Incident, Stage, harmless
from trading.errors import TradingError
from trading.money import yen
from trading.order import MarketBuy, Status
from trading.ports import Notice

# ----------------------------------------------------------------------------------------------------------------- I17


def an_outage_of_the_market(stage: Stage) -> None:
    """No candle can be had of any pair; then an analysis is asked for."""
    stage.room.world.fault(target="binance", path="klines", kind="5xx", times=None)
    said = ""
    try:
        stage.run(collect_prices.collect_prices)
    except StepsFailedError as error:
        said = str(error)
    assert "eth_usdt: Transient" in said, "the outage was silent"
    stage.told.notices.clear()
    analysis = stage.run(analyze)
    assert analysis.decision.action == "HOLD"
    assert all(row["missing"] for row in analysis.rows), "a failed analysis looks like a decision"
    assert {one.kind for one in stage.told.notices if one.alarm} == {"data.quarantined"}, "nobody was told"


def a_line_in_the_log(stage: Stage) -> None:
    """What failed is logged, and the run goes on as if it had not."""
    stage.patch.setattr(collect_prices, "fail_if_any", logging.getLogger("trader.test").warning)


# ----------------------------------------------------------------------------------------------------------------- I24


def a_webhook_outage(stage: Stage) -> None:
    """Slack is down when a position falls through its stop, and while its exit is carried out."""
    room = stage.room
    room.carried_out(room.book_buy("eth_usdt"))
    (position,) = room.ledger.open_positions()
    over = replace(position, stop_loss=position.stop_loss.scaled(Decimal(2)), version=position.version + 1)
    room.ledger.save_position(over)
    stage.alerts = SlackAlerts(SecretStr(f"{room.world.url}/slack/services/T/B/X"), sleep=lambda _: None)
    room.world.fault(target="slack", kind="5xx", times=None)
    with harmless("a notice that could not be told stopped the exit"):
        (look,) = stage.run(monitor_positions)
        stage.deliver()
    sold = room.ledger.trade(look.exit.trade_id)
    assert sold is not None
    assert sold.status is Status.FILLED, "an exit was missed"
    assert stage.alerts.undelivered == 2, "what was not told was not counted"
    room.world.calm()
    assert stage.alerts.tell([Notice("test", "again", room.now())]) == 0
    assert len(room.world.told()) == 1


def notices_raise(stage: Stage) -> None:
    """Telling raises what went wrong."""
    post = SlackAlerts._post

    def raising(self: SlackAlerts, batch: Any) -> str | None:
        trouble = post(self, batch)
        if trouble is not None:
            raise ConnectionError(trouble)
        return trouble

    stage.patch.setattr(SlackAlerts, "_post", raising)


# ----------------------------------------------------------------------------------------------------------------- I25

ACCESS, SECRET, HOOK = "planted/access+key==", "planted&secret?key", "http://127.0.0.1:9/services/T0/B0/plantedhook"
LOG = logging.getLogger("trader.test")


def everything_fails_in_the_log(stage: Stage) -> None:
    """Adapters fail in every way with a secret in the address, in the answer and in the exception; all is logged."""
    stage.patch.setattr(logging, "_logRecordFactory", logging.getLogRecordFactory())
    keep_secrets(Settings(coincheck_access_key=ACCESS, coincheck_secret_key=SECRET, slack_webhook_url=HOOK))
    with _log() as log:
        for fails in _failures():
            _logged(fails)
        LOG.warning("settings %s", {"ACCESS-KEY": ACCESS, "to": HOOK})
        SlackAlerts(SecretStr(HOOK), sleep=lambda _: None).tell(
            [Notice("test", "to nobody", datetime(2026, 1, 5, tzinfo=UTC))]
        )
    text = log.getvalue()
    assert text.count("ERROR failed: ") == len(_ANSWERS) + 2
    assert text.count("Traceback") >= len(_ANSWERS) + 2
    assert "notices not told" in text
    forms = [form for secret in (ACCESS, SECRET, HOOK, "plantedhook") for form in (secret, quote(secret, safe=""))]
    assert [form for form in forms if form in text] == [], "secrets stand in the log"


def _echo(request: httpx.Request) -> httpx.Response:
    return httpx.Response(500, text=f"<html>{SECRET} {quote(ACCESS, safe='')} {dict(request.headers)}</html>")


def _refusal(request: httpx.Request) -> httpx.Response:
    return httpx.Response(400, json={"success": False, "error": f"key {request.headers['ACCESS-KEY']} is not known"})


def _no_answer(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout(f"no answer to {request.headers['ACCESS-KEY']} signed with {SECRET}", request=request)


_ANSWERS = (_echo, _refusal, _no_answer)


def _failures() -> Iterator[Callable[[], Any]]:
    keys = Credentials(SecretStr(ACCESS), SecretStr(SECRET))
    for answer in _ANSWERS:
        http = http_client(transport=httpx.MockTransport(answer))
        venue = CoincheckExchange("https://venue.test", keys, http=http, orders_per_s=None, details_per_s=None)
        yield lambda venue=venue: venue.place(MarketBuy("btc_jpy", yen(5_000)), lambda: True)
    yield lambda: httpx.get(f"http://127.0.0.1:9/?auth_token={ACCESS}").raise_for_status()
    yield lambda: (_ for _ in ()).throw(ValueError(f"could not post to {HOOK} with {SECRET}"))


def _logged(fails: Callable[[], Any]) -> None:
    """As a careless handler does it: the message, and the whole traceback."""
    try:
        fails()
    except (TradingError, httpx.HTTPError, ValueError) as error:
        LOG.exception("failed: %s %r", error, error)  # noqa: TRY401 (careless, as said)


@contextmanager
def _log() -> Iterator[io.StringIO]:
    """All that is logged at any level, as a program writes it."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def no_redaction(stage: Stage) -> None:
    """Text stays as it is."""
    stage.patch.setattr(redaction, "redacted", lambda text, _secrets=(): text)


INCIDENTS = {
    "I17": Incident(an_outage_of_the_market, a_line_in_the_log, "the outage was silent"),
    "I24": Incident(a_webhook_outage, notices_raise, "a notice that could not be told stopped the exit"),
    "I25": Incident(everything_fails_in_the_log, no_redaction, "secrets stand in the log"),
}
