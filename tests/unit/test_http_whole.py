"""An answer of a provider is read to its end within a time and a size."""

from __future__ import annotations

import itertools

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http import WHOLE_BYTES_MAX, WHOLE_S_MAX, get_whole, http_client


class Packets(httpx.SyncByteStream):
    """A body in pieces."""

    def __init__(self, pieces):
        self.pieces, self.given = pieces, 0

    def __iter__(self):
        for piece in self.pieces:
            self.given += 1
            yield piece


def answering(body, **headers):
    return http_client(transport=httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=body)))


@given(st.lists(st.binary(max_size=50), max_size=10), st.sampled_from(["application/json", "text/html; charset=utf-8"]))
def test_an_answer_in_pieces_is_the_answer(pieces, kind):
    """However it is cut into packets, its bytes, its status and its kind are the answer's."""
    found = get_whole(answering(Packets(pieces), **{"content-type": kind}), "http://x/y", {"a": "b"})
    assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"".join(pieces), kind)
    assert str(found.request.url) == "http://x/y?a=b"


def test_an_answer_that_trickles_has_an_end():
    """A packet now and then, each in time, does not extend the time of the whole: it ends as a time-out."""
    drops, seconds = Packets(itertools.repeat(b" ")), itertools.count(0, 10)
    with pytest.raises(httpx.ReadTimeout, match=f"did not end within {WHOLE_S_MAX:g} s"):
        get_whole(answering(drops), "http://x", {}, monotonic=lambda: next(seconds))
    assert drops.given == 5


def test_an_answer_without_end_is_refused():
    """Reading stops at the largest size, which no answer that we ask for comes near."""
    flood = Packets(itertools.repeat(b"x" * 1_000_000))
    with pytest.raises(httpx.ReadError, match="8,000,000 bytes"):
        get_whole(answering(flood), "http://x", {})
    assert flood.given == WHOLE_BYTES_MAX // 1_000_000 + 1
