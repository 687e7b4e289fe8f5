"""The outside: who answers, how fast, whether our clock agrees, and whether our keys are accepted."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from adapters.coincheck import CoincheckExchange, Credentials
from blocks.settings import Settings
from deployments.doctor.findings import Finding, State, fail, ok, warn
from trading.pairs import parse_pairs

SKEW_WARN_S, SKEW_FAIL_S = 5.0, 30.0
"""Requests are signed with our time, and orders expire by it. A Date header is whole seconds."""
SLOW_S = 3.0
ASK_S = 8.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: how long it took, and by how many seconds its clock is ahead of ours, when it says."""

    status: int
    took_s: float
    ahead_s: float | None


def ask(url: str, now_s: Callable[[], float] = time.time) -> Reply:
    """One GET; any answer counts. Raises OSError when there is none."""
    asked_s = now_s()
    request = urllib.request.Request(url, headers={"User-Agent": "crypto-trader"})  # noqa: S310 (addresses of settings)
    try:
        with urllib.request.urlopen(request, timeout=ASK_S) as reply:  # noqa: S310
            status, date = int(reply.status), reply.headers.get("Date")
    except urllib.error.HTTPError as error:
        status, date = error.code, error.headers.get("Date")
    took_s = now_s() - asked_s
    ahead_s = None
    if date is not None:
        # The header has whole seconds: its second may have begun up to one ago.
        ahead_s = parsedate_to_datetime(date).timestamp() + 0.5 - (asked_s + took_s / 2)
    return Reply(status, took_s, ahead_s)


def reachable(url: str, path: str, without: State, asked: Callable[[str], Reply] = ask) -> Finding:
    """Somebody answers there. ``without``: how bad it is when nobody does."""
    try:
        reply = asked(url.rstrip("/") + path)
    except OSError as error:
        return Finding(
            without, f"{url} does not answer: {getattr(error, 'reason', error)}", "check network and address"
        )
    said = f"{url} answers in {reply.took_s * 1000:.0f} ms"
    if reply.status >= 500 or reply.status in {403, 418, 429}:
        return Finding(
            without, f"{said}, with {reply.status}", "it refuses us or is down; wait, or see its status page"
        )
    return warn(said, "it is slow; candles and exits come late") if reply.took_s > SLOW_S else ok(said)


def clock(url: str, path: str, asked: Callable[[str], Reply] = ask) -> Finding:
    """Our clock agrees with the exchange's."""
    return skew("the exchange", asked(url.rstrip("/") + path).ahead_s)


def skew(whose: str, ahead_s: float | None) -> Finding:
    """What a difference between two clocks means."""
    if ahead_s is None:
        return warn(f"{whose} names no time", "compare the clock by hand: date -u")
    off_s = abs(ahead_s)
    said = f"{off_s:.1f} s {'behind' if ahead_s > 0 else 'ahead of'} {whose}"
    do = "set this machine's clock (timedatectl set-ntp true): signatures and expiries go by it"
    return fail(said, do) if off_s > SKEW_FAIL_S else warn(said, do) if off_s > SKEW_WARN_S else ok(said)


def coincheck_keys(settings: Settings, needed: State) -> Finding:
    """The exchange accepts our keys: one call that only reads. ``needed``: how bad it is to have none."""
    access, secret = settings.coincheck_access_key, settings.coincheck_secret_key
    if access is None or secret is None:
        do = "" if needed is State.OK else "set TRADER_COINCHECK_ACCESS_KEY and TRADER_COINCHECK_SECRET_KEY"
        return Finding(needed, "none set" + (", none needed here" if needed is State.OK else ""), do)
    CoincheckExchange(
        settings.coincheck_url, Credentials(access, secret), parse_pairs(settings.pairs_config)
    ).balances()
    return ok("the exchange accepts them")
