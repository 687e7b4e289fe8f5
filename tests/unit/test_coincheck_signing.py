"""Signatures and nonces of the Coincheck client (I23)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.coincheck.signing import NONCE_MAX, Credentials, Nonces, nonces_of, signature, signed_headers
from trading.errors import BadInput, Halt

CLOCKS = st.lists(st.integers(0, 2_000_000_000_000_000_000), min_size=1, max_size=30)


@given(CLOCKS, st.sets(st.integers(0, 29)))
def test_nonces_only_rise_whatever_the_clock_does(readings, refused):
    """A clock that stands still or is set back, and refusals in between, never repeat or lower a nonce."""
    clock = iter(readings)
    last_reading = [0]

    def time_ns() -> int:
        last_reading[0] = next(clock, last_reading[0])
        return last_reading[0]

    nonces, seen = Nonces(time_ns), []
    for step in range(len(readings)):
        with nonces.turn() as nonce:
            seen.append(nonce)
            if step in refused:
                nonces.jump()
    assert seen == sorted(set(seen))


def test_a_nonce_is_the_microsecond_when_the_clock_runs():
    """Two processes with one key stay close together: both count the microseconds since 1970."""
    nonces = Nonces(lambda: 1_700_000_000_123_456_789)
    with nonces.turn() as first:
        pass
    with nonces.turn() as second:
        pass
    assert (first, second) == (1_700_000_000_123_456, 1_700_000_000_123_457)


def test_a_refused_nonce_jumps_ahead_and_further_each_time():
    """A key whose last nonce lies in the future is caught up with; one accepted nonce makes jumps small again."""
    nonces, steps = Nonces(lambda: 0), []
    for _ in range(4):
        with nonces.turn() as nonce:
            nonces.jump()
        with nonces.turn() as after:
            steps.append(after - nonce)
    assert steps == [1_000_001, 2_000_001, 4_000_001, 8_000_001]
    nonces.settle()
    with nonces.turn() as nonce:
        nonces.jump()
    with nonces.turn() as after:
        assert after - nonce == 1_000_001


def test_a_key_once_used_with_nanoseconds_is_passed_within_fifty_refusals():
    """Doubling jumps reach any nonce that another program may have used."""
    nonces = Nonces(lambda: 1_700_000_000_000_000_000)
    for _ in range(50):
        with nonces.turn() as nonce:
            if nonce > 1_700_000_000_000_000_000:
                return
            nonces.jump()
    pytest.fail("not reached")


def test_used_up_nonces_are_for_a_human():
    """Beyond the venue's largest nonce nothing can be sent."""
    nonces = Nonces(lambda: (NONCE_MAX + 1) * 1000)
    with pytest.raises(Halt, match="create a new key"), nonces.turn():
        pytest.fail("a nonce beyond the range was given out")


def test_one_key_has_one_source_and_one_request_in_flight():
    """Many threads and clients of one key: nonces are given out in order, and each turn ends before the next begins."""
    key, order, flying = SecretStr("planted-shared-key"), [], []

    def call(_: int) -> None:
        with nonces_of(key).turn() as nonce:
            flying.append(nonce)
            assert len(flying) == 1
            order.append(nonce)
            flying.pop()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, range(200)))
    assert len(order) == 200
    assert order == sorted(set(order))
    assert nonces_of(SecretStr("planted-shared-key")) is nonces_of(key)
    assert nonces_of(SecretStr("another-key")) is not nonces_of(key)


def test_the_signature_is_the_documented_one():
    """Hex HMAC-SHA256 of nonce + URL + body; the value comes from openssl, not from this code."""
    body = b"market_buy_amount=5000&order_type=market_buy&pair=btc_jpy"
    url, nonce = "https://coincheck.com/api/exchange/orders", 1_700_000_000_000_000
    expected = "acc5f85f6c68e439b7eff11d05e4cf4bb86894a8c507875f6149272e775e7f41"
    assert signature(SecretStr("planted-secret"), nonce, url, body) == expected
    headers = signed_headers(Credentials(SecretStr("access"), SecretStr("planted-secret")), nonce, url, body)
    assert headers == {"ACCESS-KEY": "access", "ACCESS-NONCE": str(nonce), "ACCESS-SIGNATURE": expected}


@pytest.mark.parametrize("text", ["", "key\n", "key with blank", "ｋｅｙ", "k\x00y"])
def test_a_badly_copied_key_is_found_before_anything_is_sent(text):
    """A pasted line break would otherwise break the header of a signed order; the error does not show the key."""
    with pytest.raises(BadInput, match="copy it again") as caught:
        Credentials(SecretStr("good"), SecretStr(text))
    assert not text.strip() or text not in str(caught.value)


def test_how_far_a_nonce_runs_ahead_is_told():
    """By the clock it is nothing; after a refused one it is what was jumped, in seconds."""
    nonces = Nonces(lambda: 5_000_000_000)
    with nonces.turn() as by_the_clock:
        assert nonces.ahead_s(by_the_clock) == 0
        nonces.jump()
    with nonces.turn() as jumped:
        assert 0.9 < nonces.ahead_s(jumped) < 1.1
