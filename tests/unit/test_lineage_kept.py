"""How a record lies in a table."""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st

from trading.lineage.inputs import canonical, hash_of
from trading.lineage.kept import PACKED, PLAIN_BYTES, kept, read_again

ITEM_BYTES = 400 * 1024
"""What one item of DynamoDB holds."""
LONG = canonical({"numbers": list(range(PLAIN_BYTES // 4))})
STORED = kept(LONG)


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.integers(0, 3))
def test_a_record_comes_back_as_it_was(body: dict[str, object], size: int) -> None:
    """Short or long, with any characters: what is read is what was kept."""
    text = canonical({**body, "filler": "あ" * (size * PLAIN_BYTES // 3)})
    assert read_again(kept(text)) == text


def test_a_short_record_is_readable_where_it_lies() -> None:
    """Whoever looks at the table of six pairs reads JSON."""
    assert kept('{"action":"HOLD"}') == '{"action":"HOLD"}'


def test_a_record_of_many_pairs_fits_into_an_item() -> None:
    """800 pairs of the size that real ones have, hashes and scores and all, stay under what an item holds."""
    random.seed(1)
    one = {f"number_{name}": round(random.random(), 3) for name in range(30)}
    words = {f"words_{name}": "what is said of a pair in the words of the rule" for name in range(10)}
    pairs = {
        f"q{n}_usdt": {**one, **words, "a": hash_of(n), "b": hash_of(str(n)), "s": random.random()} for n in range(800)
    }
    text = canonical({"pairs": pairs})
    assert len(text) > 1_000_000
    assert len(kept(text)) < ITEM_BYTES
    assert json.loads(read_again(kept(text)))["pairs"] == pairs


@given(st.integers(0, 10_000), st.characters(codec="ascii"))
def test_a_packed_record_that_was_changed_never_reads_as_another(at: int, letter: str) -> None:
    """Whatever is written over a place of it, it says the same as before, or it is not what was hashed."""
    place = len(PACKED) + at % (len(STORED) - len(PACKED))
    found = read_again(STORED[:place] + letter + STORED[place + 1 :])
    assert found == LONG or not found.startswith("{")
