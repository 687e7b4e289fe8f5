"""The model in this process: where its file comes from, what a file must say, and what it makes of odd series."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.aws import Aws
from adapters.forecast import local
from adapters.forecast.files import SHIPPED, SHIPPED_SHA256, model_file
from adapters.forecast.local import Loaded, LocalModel
from tests.unit.forecast_models import series
from trading.errors import BadInput, Rejected, TradingError, Transient
from trading.signals.outlook import LEVELS, Quantiles, Series

NOWHERE: Any = SimpleNamespace()
"""No S3: whoever asks it fails."""


def shipped() -> LocalModel:
    return LocalModel(lambda: model_file(None, NOWHERE, Path("unused")))


def test_the_shipped_model_forecasts() -> None:
    """Without any setting and without a network there is a model, and it says its own name."""
    model = shipped()
    assert model.name == "local"
    (answer,) = model.predict([series("btc_usdt", 60_000.0)], 12)
    assert isinstance(answer, Quantiles)
    assert answer.q50 == pytest.approx([60_000.0] * 12, rel=0.01)
    assert model.name == "chronos-2-small"


def test_a_series_is_padded_on_its_left_and_cut_on_its_left() -> None:
    """A series of 100 values is the same as one with NaN before it, and of a longer one only the newest count."""
    values = tuple(float(value) for value in 100 + np.random.default_rng(1).normal(0, 1, 100).cumsum())
    wide = (*[float("nan")] * 236, *values)
    found = [
        shipped().predict([Series("p", series("p").starts_at, given, values[-1])], 12)
        for given in (values, wide, (1e9,) * 50 + wide)
    ]
    assert found[0] == found[1] == found[2]


def test_a_file_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many threads that need the model first, at once, load it once."""
    asked: list[Path] = []
    real = local.load
    monkeypatch.setattr(local, "load", lambda *given: (asked.append(given[0]), real(*given))[1])
    model = shipped()
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: model.predict([series(f"p{n}")], 12)[0], range(6)))
    assert len(asked) == 1
    assert all(isinstance(answer, Quantiles) for answer in answers)


def test_a_file_that_cannot_be_loaded_is_not_asked_for_again_and_again() -> None:
    """Six pairs meet one failure, not six: the file is asked for once, and each pair gets the reason."""
    asked = []

    def file() -> Path:
        asked.append(1)
        raise Transient("S3 is busy")

    model = LocalModel(file)
    answers = [model.predict([series(f"p{n}")], 12)[0] for n in range(6)]
    assert (len(asked), {str(answer) for answer in answers}) == (1, {"S3 is busy"})


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """A missing file, and one that ONNX Runtime cannot read, are errors that say what to do."""
    with pytest.raises(BadInput, match="correct TRADER_FORECAST_MODEL"):
        model_file(str(tmp_path / "none.onnx"), NOWHERE, tmp_path)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(SHIPPED.read_bytes()[:5000])
    (answer,) = LocalModel(lambda: broken).predict([series("p")], 12)
    assert isinstance(answer, BadInput)
    assert "export it again" in str(answer)


def session(answer: Any = None, **told: str) -> Any:
    """Something that runs like a session, with this metadata."""
    return SimpleNamespace(
        get_modelmeta=lambda: SimpleNamespace(custom_metadata_map=told),
        run=lambda _names, _given: [answer],
    )


GOOD = {"name": "m", "context_length": "336", "steps": "16", "quantile_levels": "[0.1, 0.5, 0.9]"}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": None}, {"context_length": None}, {"steps": "many"}, {"quantile_levels": "[0.1, 0.5]"},
        {"quantile_levels": "0.1,0.5,0.9"}, {"quantile_levels": "7"}, {"quantile_levels": "[" * 100_000},
        {"quantile_levels": "[1" + "0" * 400 + "]"}, {"name": ""}, {"name": "a\nb"}, {"name": "n" * 61},
        {"context_length": "-36"}, {"context_length": "0"}, {"context_length": "1000000000"}, {"context_length": "1e3"},
        {"steps": "0"}, {"steps": "-1"}, {"steps": "1000000000"},
    ],
)  # fmt: skip
def test_a_file_must_say_what_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: dict[str, str | None]
) -> None:
    """Without its name, sizes that can be, or our three levels a file is refused before it forecasts anything."""
    told = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    monkeypatch.setattr(local.onnxruntime, "InferenceSession", lambda *_, **__: session(**told))
    file = tmp_path / "m.onnx"
    file.write_bytes(b"any")
    with pytest.raises(BadInput, match="does not say name, context_length, steps and quantile_levels"):
        local.load.__wrapped__(file, 0)


def test_only_the_very_file_that_we_ship_bears_its_plain_name(tmp_path: Path) -> None:
    """A copy is the same model; one changed byte, and the name has the file's digest: no record is inherited."""
    copy, other = tmp_path / "copy.onnx", tmp_path / "other.onnx"
    data = SHIPPED.read_bytes()
    assert sha256(data).hexdigest() == SHIPPED_SHA256
    copy.write_bytes(data)
    changed = data.replace(b"context_length\x12\x03336", b"context_length\x12\x03335")
    assert changed != data
    other.write_bytes(changed)
    names = [local.load(path, 0).name for path in (SHIPPED, copy, other)]
    assert names == ["chronos-2-small", "chronos-2-small", f"chronos-2-small@{sha256(changed).hexdigest()[:8]}"]


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True)  # what runs is native code: the same cases everywhere
def test_whatever_a_file_is_there_is_a_forecast_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes of the shipped file overwritten anywhere, most of all in what it says of itself: nothing else escapes."""
    whole = bytearray(SHIPPED.read_bytes())
    words = whole.find(b"context_length")
    near = st.integers(words - 200, words + 200)
    for at in data.draw(st.lists(near | st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
        whole[min(at, len(whole) - 1)] = data.draw(st.integers(0, 255) | st.sampled_from(b"0189-e. "))
    file = tmp_path_factory.mktemp("odd") / "m.onnx"
    file.write_bytes(whole)
    (answer,) = LocalModel(lambda: file).predict([series("p")], 12)
    assert isinstance(answer, Quantiles | TradingError)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (np.full((1, 3, 16), np.nan), "the forecast holds nan"),
        (np.full((1, 3, 16), -1.0), "the forecast holds -1"),
        (np.full((1, 3, 11), 1.0), "the forecast has 11"),
        (np.full((1, 2, 16), 1.0), "answers in the shape"),
        (np.full((2, 3, 16), 1.0), "answers in the shape"),
        (np.full((3, 16), 1.0), "answers in the shape"),
        (np.full((1, 3, 16), 1 + 2j), "answers complex128 values where numbers belong"),
        (np.full((1, 3, 16), "1.0"), "values where numbers belong"),
        (np.full((1, 3, 16), "1.0", dtype=object), "answers object values where numbers belong"),
        ([[1.0]], "answers a list where numbers belong"),
        (None, "answers a NoneType where numbers belong"),
    ],
)
def test_a_model_that_answers_wrongly_gives_no_number(answer: Any, said: str) -> None:
    """NaN, negative prices, other shapes and other types are one error of ours per series."""
    model = LocalModel(lambda: SHIPPED)
    model._loaded = Loaded(session(answer), "m", 336, 16, (0, 1, 2))
    (found,) = model.predict([series("p")], 12)
    assert isinstance(found, BadInput)
    assert said in str(found)


def test_a_crash_on_the_way_is_an_error_of_ours() -> None:
    """Where the model's own sizes cannot be, the reason is told and nothing is raised."""
    model = LocalModel(lambda: SHIPPED)
    model._loaded = Loaded(session(np.full((1, 3, 16), 1.0)), "m", -36, 16, (0, 1, 2))
    (found,) = model.predict([series("p")], 12)
    assert isinstance(found, BadInput)
    assert str(found) == "m crashes: ValueError: negative dimensions are not allowed; export it again"


def test_its_own_levels_are_found_among_others() -> None:
    """Of a file with more levels than ours the rows of 0.1, 0.5 and 0.9 are taken, and steps beyond ours are not."""
    model = LocalModel(lambda: SHIPPED)
    rows = np.arange(5, dtype=float)[None, :, None] + 10 + np.zeros((1, 5, 16))
    model._loaded = Loaded(session(rows), "m", 336, 16, (1, 2, 4))
    assert model.predict([series("p")], 12) == [Quantiles((11.0,) * 12, (12.0,) * 12, (14.0,) * 12)]
    assert len(LEVELS) == 3


def test_more_steps_than_the_model_has_are_refused() -> None:
    """A strategy that asks for more steps than the file forecasts is told so; nothing is extrapolated."""
    (found,) = shipped().predict([series("p")], 17)
    assert str(found) == "chronos-2-small forecasts 16 steps, forecast_steps asks for 17"


def test_a_model_on_s3_is_fetched_once_per_version(aws: Aws, tmp_path: Path) -> None:
    """The object is fetched into the cache, found there again, and fetched anew only when it has changed."""
    bucket = "models-of-the-test"
    aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    aws.s3.upload_file(str(SHIPPED), bucket, "a/b.onnx")
    first = model_file(f"s3://{bucket}/a/b.onnx", aws.s3, tmp_path / "cache")
    assert first.read_bytes() == SHIPPED.read_bytes()
    first.write_bytes(b"kept")  # a second fetch would put it right
    assert model_file(f"s3://{bucket}/a/b.onnx", aws.s3, tmp_path / "cache").read_bytes() == b"kept"
    aws.s3.put_object(Bucket=bucket, Key="a/b.onnx", Body=b"newer")
    assert model_file(f"s3://{bucket}/a/b.onnx", aws.s3, tmp_path / "cache").read_bytes() == b"newer"
    assert len(list((tmp_path / "cache").iterdir())) == 2
    with pytest.raises(Rejected, match="could not read s3://"):
        model_file(f"s3://{bucket}/a/none.onnx", aws.s3, tmp_path / "cache")


@pytest.mark.parametrize("source", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key"])
def test_an_uri_without_an_object_is_refused(source: str, tmp_path: Path) -> None:
    """What names no object is a setting to correct, before anything is asked."""
    with pytest.raises(BadInput, match="TRADER_FORECAST_MODEL takes s3://bucket/key"):
        model_file(source, NOWHERE, tmp_path)


def test_a_path_may_be_given(tmp_path: Path) -> None:
    """Any ONNX file of the contract can be used by its path."""
    copy = tmp_path / "mine.onnx"
    shutil.copy(SHIPPED, copy)
    (answer,) = LocalModel(lambda: model_file(str(copy), NOWHERE, tmp_path)).predict([series("p")], 12)
    assert isinstance(answer, Quantiles)
