"""The four sources of the market context: the simulated providers, recorded bodies, and answers that mean nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.context import FundingRates, Provider, context_sources
from adapters.http import http_client
from tests.contract.providers import FEAR_GREED, GLOBAL, PREMIUM, TETHER
from tests.contract.worlds import open_world
from trading.errors import Halt, Rejected, Transient
from trading.pairs import parse_pairs

PAIRS = parse_pairs(None)
SYMBOLS = {pair.binance for pair in PAIRS}
URLS = ("https://fng.test", "https://fapi.test/", "https://gecko.test")
EIGHT_HOURS = [{"symbol": symbol, "fundingIntervalHours": 8} for symbol in SYMBOLS]


class Providers:
    """All the providers on one wire; an answer is a body, a status, or an exception. Keeps what was asked."""

    def __init__(self, **changes: Any) -> None:
        self.bodies = {
            "/fng/": FEAR_GREED, "/fapi/v1/premiumIndex": PREMIUM, "/fapi/v1/fundingInfo": EIGHT_HOURS,
            "/api/v3/global": GLOBAL, "/api/v3/simple/price": TETHER, **changes,
        }  # fmt: skip
        self.asked: list[httpx.Request] = []
        self.http = http_client(transport=httpx.MockTransport(self))
        self.fear_greed, self.funding, self.dominance, self.usd_jpy = context_sources(
            *URLS, PAIRS, coingecko_key=SecretStr("planted-key"), http=self.http
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        body = self.bodies[request.url.path]
        if isinstance(body, Exception):
            raise body
        if isinstance(body, int):
            return httpx.Response(body, text="<html>planted-key</html>")
        return httpx.Response(200, content=body if isinstance(body, bytes) else json.dumps(body).encode())


def premium(symbol: str = "SOLUSDT", **changes: Any) -> list[dict[str, Any]]:
    """The list of all symbols, one of them changed."""
    return [{**row, **changes} if row["symbol"] == symbol else row for row in PREMIUM]


def test_the_simulated_providers() -> None:
    """Each source of the simulated world gives a value of its own time, and says where it was asked."""
    with open_world(fear_greed=12) as world:
        sources = context_sources(f"{world.url}/alternative", f"{world.url}/fapi", f"{world.url}/coingecko", PAIRS)
        mood, funding, share, tether = (source.read() for source in sources)
    midnight = datetime(2026, 1, 5, tzinfo=UTC)
    assert (mood.name, mood.value, mood.as_of) == ("fear_greed", 12, midnight)
    assert isinstance(funding.value, dict)
    assert set(funding.value) == SYMBOLS
    assert all(abs(rate) < 0.01 for rate in funding.value.values())
    assert isinstance(share.value, float)
    assert 40 < share.value < 65
    assert share.url == f"{world.url}/coingecko/api/v3/global"
    assert tether.name == "usd_jpy"
    assert isinstance(tether.value, float)
    assert tether.value == pytest.approx(float(world.config.usdjpy), rel=0.001)
    assert tether.url == f"{world.url}/coingecko/api/v3/simple/price"


def test_the_recorded_bodies(market_data) -> None:
    """What the providers really sent is read: an index of 12, a rate of 0.00008972, a share of 49.6 %."""
    payloads = market_data / "payloads"
    index = json.loads((payloads / "alternative-me/fng-data-array-head.json").read_bytes())
    rate = json.loads((payloads / "binance-futures/live-2026-09-15/premiumIndex-BTCUSDT.json").read_bytes())
    hours = json.loads(
        (payloads / "binance-futures/live-2026-09-15/fundingInfo-first-two-and-BTCUSDT.json").read_bytes()
    )
    share = json.loads((payloads / "coingecko/global-2023-12-21.json").read_bytes())
    wire = Providers(**{
        "/fng/": {"data": index}, "/api/v3/global": share, "/fapi/v1/premiumIndex": [rate],
        "/fapi/v1/fundingInfo": hours,
    })  # fmt: skip
    assert (wire.fear_greed.read().value, wire.fear_greed.read().as_of) == (12, datetime(2026, 6, 6, tzinfo=UTC))
    bitcoin = FundingRates(Provider("Binance futures", URLS[1], wire.http), ["BTCUSDT"]).read()
    assert (bitcoin.value, bitcoin.note) == ({"BTCUSDT": 0.00008972}, "")
    assert bitcoin.as_of == datetime(2026, 9, 15, 13, 18, 23, tzinfo=UTC)
    assert wire.dominance.read().value == pytest.approx(49.6, abs=0.05)


def test_a_rate_of_a_shorter_interval_is_one_per_eight_hours() -> None:
    """SOL paid every 2 hours in November 2022: -2 % of then are -8 % in 8 hours, the others stay as they are."""
    wire = Providers(**{
        "/fapi/v1/premiumIndex": premium(lastFundingRate="-0.02000000"),
        "/fapi/v1/fundingInfo": [{"symbol": "SOLUSDT", "fundingIntervalHours": 2}, {"symbol": "LPTUSDT"}],
    })  # fmt: skip
    rates = wire.funding.read().value
    assert isinstance(rates, dict)
    assert rates["SOLUSDT"] == pytest.approx(-0.08)
    assert rates["BTCUSDT"] == 0.00008972


@pytest.mark.parametrize("answer", [404, 500, b"<html>", {}, [{"symbol": "SOLUSDT", "fundingIntervalHours": 0}]])
def test_unknown_intervals_are_said_and_a_symbol_off_the_grid_is_left_out(answer: Any) -> None:
    """Without fundingInfo rates count as 8-hour ones, in words; one that is paid at 02:00 surely is none."""
    off_grid = premium(nextFundingTime=1789488000000 + 2 * 3_600_000)
    found = Providers(**{"/fapi/v1/premiumIndex": off_grid, "/fapi/v1/fundingInfo": answer}).funding.read()
    assert isinstance(found.value, dict)
    assert set(found.value) == SYMBOLS - {"SOLUSDT"}
    assert "funding intervals are not known" in found.note
    assert "SOLUSDT pays more often" in found.note


@pytest.mark.parametrize("rate", [None, "", "NaN", "0.2", "n/a", True, [], 10**400])
def test_a_symbol_without_a_rate_is_left_out_by_name(rate: Any) -> None:
    """One symbol's rate that means nothing takes that symbol out, in words, and leaves the others."""
    found = Providers(**{"/fapi/v1/premiumIndex": premium(lastFundingRate=rate)}).funding.read()
    assert isinstance(found.value, dict)
    assert set(found.value) == SYMBOLS - {"SOLUSDT"}
    assert "the rate of SOLUSDT is" in found.note


def test_a_symbol_that_stands_still_is_left_out() -> None:
    """A symbol whose time stands hours behind the others is not traded any more: its rate does not age the rest."""
    found = Providers(**{"/fapi/v1/premiumIndex": premium(time=1789478303000 - 7_200_000)}).funding.read()
    assert isinstance(found.value, dict)
    assert "SOLUSDT" not in found.value
    assert found.as_of == datetime(2026, 9, 15, 13, 18, 23, tzinfo=UTC)


def test_fewer_than_half_of_the_rates_are_no_mean() -> None:
    """Two rates of six do not speak for the market: the source fails, and says of which symbols."""
    with pytest.raises(Rejected, match=r"2 of 6 funding rates: .* is not listed"):
        Providers(**{"/fapi/v1/premiumIndex": PREMIUM[:2]}).funding.read()


@pytest.mark.parametrize("value", [None, "", "NaN", "-1", "101", "1e2000", "extreme fear", True, {}, ["12"], "1_2"])
def test_an_index_that_means_nothing_is_rejected(value: Any) -> None:
    """What is no number from 0 to 100 is Rejected in words, and no default stands in for it (I18)."""
    wire = Providers(**{"/fng/": {"data": [{"value": value, "timestamp": "1780704000"}]}})
    with pytest.raises(Rejected, match=r"alternative\.me: the index is .*, not a number from 0 to 100"):
        wire.fear_greed.read()


@pytest.mark.parametrize("share", [None, "x", 0, -3.0, 100.4, 10**400])
def test_a_share_that_cannot_be_is_rejected(share: Any) -> None:
    """A share above 100 % (history has eleven), of nothing, or no number is Rejected."""
    wire = Providers(
        **{"/api/v3/global": {"data": {"market_cap_percentage": {"btc": share}, "updated_at": 1703201062}}}
    )
    with pytest.raises(Rejected, match="CoinGecko: Bitcoin's share is"):
        wire.dominance.read()


def test_a_tether_in_yen() -> None:
    """One question for one coin in one currency; the price is of the time that the provider names."""
    wire = Providers()
    found = wire.usd_jpy.read()
    assert (found.name, found.value, found.provider) == ("usd_jpy", 155.12, "CoinGecko")
    assert found.as_of == datetime(2024, 3, 25, 8, 45, tzinfo=UTC)
    assert dict(wire.asked[0].url.params) == {
        "ids": "tether", "vs_currencies": "jpy", "include_last_updated_at": "true"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "kind"),
    [({}, Transient), ({"tether": None}, Transient), ({"tether": {"last_updated_at": 1711356300}}, Rejected),
     ({"tether": {"jpy": 0, "last_updated_at": 1711356300}}, Rejected), ({"tether": {"jpy": 155.12}}, Rejected),
     ({"tether": {"jpy": 1e9, "last_updated_at": 1711356300}}, Rejected), (429, Transient), (401, Halt)],
)  # fmt: skip
def test_a_tether_without_a_believable_price_or_time_is_no_rate(answer: Any, kind: type[Exception]) -> None:
    """What is not there, cannot be yen, or has no time is an error in words; no rate stands in for it (I18)."""
    with pytest.raises(kind, match=r"^CoinGecko: "):
        Providers(**{"/api/v3/simple/price": answer}).usd_jpy.read()


@pytest.mark.parametrize("stamp", [None, "", "06-06-2026", 0, -1, "1780704000000", 10**400])
def test_a_value_without_a_time_is_rejected(stamp: Any) -> None:
    """A value of which nobody can say when it was true is none (``date_format=us`` included)."""
    wire = Providers(**{"/fng/": {"data": [{"value": "12", "timestamp": stamp}]}})
    with pytest.raises(Rejected, match="not a time"):
        wire.fear_greed.read()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (429, Transient), (418, Transient), (500, Transient), (503, Transient), (401, Halt), (403, Halt), (451, Halt),
        (404, Rejected), (302, Rejected), (b"", Transient), (b"<html>", Transient), (b'{"data":[', Transient),
        ([], Transient), ({"data": []}, Transient), ({"metadata": {"error": "down"}, "data": [{}]}, Transient),
        (httpx.ReadTimeout("slow"), Transient), (httpx.ConnectError("no"), Transient),
    ],
)  # fmt: skip
def test_who_acts_when_there_is_no_answer(answer: Any, kind: type[Exception]) -> None:
    """What may pass is Transient, a key or a place that is refused is for a human, a wrong address is a clear no."""
    with pytest.raises(kind, match=r"^alternative\.me: "):
        Providers(**{"/fng/": answer}).fear_greed.read()


@pytest.mark.parametrize("url", ["ftp://x", "nonsense", "http://a:b", "https://"])
def test_an_address_that_is_none_is_for_a_human(url: str) -> None:
    """A setting that is no address is a Halt, not an outage that is asked again and again."""
    source = context_sources(url, url, url, PAIRS)[0]
    with pytest.raises(Halt, match="check the setting"):
        source.read()


def test_the_key_goes_to_coingecko_only_and_into_no_error() -> None:
    """The key is a header of one provider; an answer that quotes it is shown without it."""
    wire = Providers(**{"/api/v3/global": 401})
    with pytest.raises(Halt) as refused:
        wire.dominance.read()
    wire.fear_greed.read()
    wire.funding.read()
    wire.usd_jpy.read()
    sent = [request.headers.get("x-cg-demo-api-key") for request in wire.asked]
    assert sent == ["planted-key", None, None, None, "planted-key"]
    assert "planted" not in str(refused.value) + repr(wire.dominance) + repr(wire.dominance._provider)
    assert all("planted" not in str(request.url) for request in wire.asked)


def test_a_time_is_the_sources_own() -> None:
    """The value of a day is dated to the start of that day, however late it is asked for."""
    assert Providers().fear_greed.read().as_of == datetime(2026, 6, 6, tzinfo=UTC)
    assert Providers().dominance.read().as_of == datetime(2023, 12, 21, 23, 24, 22, tzinfo=UTC)
    assert timedelta(0) == Providers().funding.read().as_of.utcoffset()
