"""Payloads in the archive: as they came, found by their key, and never believed once they were changed."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.files import Files
from trading.errors import Halt, Rejected, Transient, Unknown
from trading.ports.payloads import Payload
from trading.services.payloads import BUCKET, REFUSED, keep, kept, load

AT = datetime(2024, 1, 3, 12, 5, 7, tzinfo=UTC)
words = st.text(max_size=20)
payloads = st.lists(
    st.builds(Payload, words, words, words, words, st.binary(max_size=80) | words.map(str.encode)),
    min_size=1,
    max_size=3,
)
KLINES = Payload("Binance futures", "klines", "btc_usdt", "https://x/klines", b'[["1"]]')


@settings(max_examples=50)
@given(payloads)
def test_what_was_received_comes_back_byte_for_byte(found):
    """Whatever the bytes, text or not: the same payloads in the same order; storing them again is the same file."""
    files = Files()
    key = keep(found, AT, files)
    first = dict(files.files)
    assert load(key, files) == found
    assert keep(found, AT, files) == key
    assert files.files == first
    assert next(iter(first.values()))[4:8] == bytes(4)  # gzip's own time of writing: none


def test_a_key_says_what_it_holds():
    """Provider, name, subject, day and time can be read from the key; evidence has its own place."""
    files = Files()
    key = keep([KLINES], AT, files)
    assert key.startswith("binance-futures/klines/btc_usdt/date=2024-01-03/120507-")
    assert keep([KLINES], AT, files, REFUSED) == f"{REFUSED}{key}"


@settings(max_examples=200)
@given(st.data())
def test_a_changed_byte_is_found(data):
    """One byte changed anywhere, or the file of another time under this key: Halt, never another content."""
    files = Files()
    body = data.draw(st.binary(min_size=1, max_size=60))
    found = [Payload("binance", "klines", "btc_usdt", "https://x", body)]
    key = keep(found, AT, files)
    stored = bytearray(files.files[BUCKET, key])
    at, bit = data.draw(st.integers(0, len(stored) - 1)), data.draw(st.integers(0, 7))
    stored[at] ^= 1 << bit
    files.files[BUCKET, key] = bytes(stored)
    with suppress(Halt):
        assert load(key, files) == found  # a byte of gzip's own head, which says nothing of the content


def test_the_file_of_another_key_is_found():
    """A whole file put in the place of another is sound in itself, and still not what the key names."""
    files = Files()
    one, other = keep([KLINES], AT, files), keep([KLINES], AT.replace(minute=10), files)
    files.files[BUCKET, one] = files.files[BUCKET, other]
    with pytest.raises(Halt, match="hash that its key names"):
        load(one, files)
    with pytest.raises(Rejected):
        load("none", files)


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_archive_that_fails_is_tried_twice_and_stops_nothing(failing):
    """The second try counts; after it there is no key, and it is said why, without an error."""
    files = Files()
    files.failing = [Transient("S3 is slow"), Unknown("no answer")][:failing]
    key, trouble = kept([KLINES], AT, files)
    assert (bool(key), bool(trouble), files.puts) == (failing < 2, failing == 2, min(failing + 1, 2))
    if trouble:
        assert trouble == "the Binance futures answer is not in the archive (Unknown: no answer)"


def test_nothing_is_kept_of_nothing():
    """A source that gave no answers costs no file."""
    files = Files()
    assert (kept([], AT, files), files.puts) == (("", ""), 0)
