"""The model's side of the endpoint: Chronos-2's request and answer, with the shipped model and with a stand-in's."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.forecast.files import SHIPPED, SHIPPED_SHA256
from deployments.model.container import inference
from deployments.model.container.inference import JSON, BadRequest, OnnxModel, input_fn, output_fn, predict_fn
from deployments.model.serve import transform

MODEL = OnnxModel(SHIPPED)
WALK = [100 + ((7 * at) % 11) / 10 for at in range(40)]


def ask(inputs, **parameters):
    """The answer's predictions."""
    question = input_fn(json.dumps({"inputs": inputs, "parameters": parameters}), "application/json")
    return json.loads(output_fn(predict_fn(question, MODEL), "application/json"))["predictions"]


values = st.one_of(st.none(), st.floats(1e-6, 1e6, allow_nan=False))
targets = st.lists(values, min_size=5, max_size=400).filter(
    lambda target: sum(value is not None for value in target[-336:]) >= 5
)


@settings(max_examples=60)
@given(
    series=st.lists(targets, min_size=1, max_size=4),
    steps=st.integers(1, MODEL.steps),
    levels=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=6),
)
def test_every_series_gets_what_was_asked_sorted_and_finite(series, steps, levels):
    """Whatever gaps and lengths: one answer per series, each level ``steps`` long, higher levels never lower."""
    found = ask([{"target": target} for target in series], prediction_length=steps, quantile_levels=levels)
    assert len(found) == len(series)
    for answer in found:
        paths = np.array([answer[str(level)] for level in sorted(set(levels))])
        assert paths.shape == (len(set(levels)), steps)
        assert np.isfinite(paths).all()
        assert (np.diff(paths, axis=0) >= 0).all()
        assert len(answer["mean"]) == steps


def test_an_answer_says_which_model_gave_it(tmp_path):
    """Beside the predictions stand the model's name and the beginning of its file's sha256: another file, another."""
    found = predict_fn(input_fn(json.dumps({"inputs": [{"target": WALK}]}), JSON), MODEL)
    assert found["model"] == f"chronos-2-small@{SHIPPED_SHA256[:8]}"
    other = tmp_path / "model.onnx"
    other.write_bytes(SHIPPED.read_bytes().replace(b"context_length\x12\x03336", b"context_length\x12\x03335"))
    assert OnnxModel(other).name == MODEL.name
    assert OnnxModel(other).digest != MODEL.digest


def test_a_series_is_judged_by_itself():
    """Alone or among others, in one batch or in several: the same numbers to the 32 bits they were computed in."""
    others = [{"target": [5.0 + at, *WALK]} for at in range(6)]
    (alone,) = ask(others[3:4], prediction_length=12)
    for batch in (1, 4, 256):
        together = ask(others, prediction_length=12, batch_size=batch)[3]
        assert all(np.allclose(alone[name], together[name], rtol=1e-5) for name in ("mean", "0.1", "0.5", "0.9"))


def test_mean_is_the_median():
    """Chronos-2 calls its median ``mean``; it is there whether or not 0.5 was asked for."""
    (with_it,) = ask([{"target": WALK}], prediction_length=3, quantile_levels=[0.5])
    (without,) = ask([{"target": WALK}], prediction_length=3, quantile_levels=[0.9])
    assert with_it["mean"] == with_it["0.5"] == without["mean"]
    assert set(without) == {"mean", "0.9"}


def test_a_gap_is_null_or_nan_and_padding_is_a_gap():
    """null, NaN and values that are not there before a short series mean the same."""
    gaps = [None, *WALK[:10], None, *WALK[10:]]
    spelled = [float("nan") if value is None else value for value in gaps]
    padded = [None] * 300 + gaps[1:]
    assert ask([{"target": gaps}]) == ask([{"target": spelled}]) == ask([{"target": padded}])


def test_only_the_newest_values_count():
    """What is older than the model's context changes nothing."""
    recent = [100 + at % 13 for at in range(MODEL.context_length)]
    assert ask([{"target": recent}]) == ask([{"target": [9e5, 1.0, *recent]}])


@given(level=st.floats(0.001, 0.999), trained=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3))
def test_levels_between_trained_ones_are_interpolated_and_outside_they_are_the_outermost(level, trained):
    """A level lies on the straight line between its trained neighbours; 0.001 is the lowest trained one."""
    model = object.__new__(OnnxModel)
    model.name, model.context_length, model.steps, model.levels = "m", 5, 2, (0.1, 0.5, 0.9)
    quantiles = np.repeat(np.array(trained, dtype=np.float32)[None, :, None], 2, axis=2)
    model._session = SimpleNamespace(run=lambda *_: [quantiles])
    question = input_fn(json.dumps({"inputs": [{"target": WALK}], "parameters": {"prediction_length": 2}}), JSON)
    found = model.forecast(question, (level, 0.1, 0.5, 0.9))
    assert found[0, 0, 1] == pytest.approx(np.interp(level, model.levels, quantiles[0, :, 1]), rel=1e-6, abs=1e-6)
    assert found[0, 1:, 0].tolist() == quantiles[0, :, 0].tolist()


def test_item_id_and_start_come_back():
    """The id as it was, the start moved to the first step ahead; without them neither is in the answer."""
    told = {"target": WALK, "item_id": "btc_usdt", "start": "2026-01-01T00:00:00"}
    (answer,) = ask([told], freq="5min")
    assert (answer["item_id"], answer["start"]) == ("btc_usdt", "2026-01-01T03:20:00")
    assert set(ask([{"target": WALK}])[0]) == {"mean", "0.1", "0.5", "0.9"}


@pytest.mark.parametrize(
    ("inputs", "parameters", "words"),
    [
        ([], {}, "1 to 1000 series"),
        ([{"target": WALK}] * 1001, {}, "1 to 1000 series"),
        (None, {}, "1 to 1000 series"),
        (["x"], {}, "covariates"),
        ([{"target": WALK, "past_covariates": {}}], {}, "covariates"),
        ([{"target": [WALK, WALK]}], {}, "one list of numbers"),
        ([{"target": [True] * 9}], {}, "one list of numbers"),
        ([{"target": ["1"] * 9}], {}, "one list of numbers"),
        ([{"target": [10**400] * 9}], {}, "too large"),
        ([{"target": [float("inf")] * 9}], {}, "too large"),
        ([{"target": [1e16] * 9}], {}, "too large"),
        ([{"target": [1, 2, 3, 4, None]}], {}, "4 are known"),
        ([{"target": [1] * 9 + [None] * 336}], {}, "0 are known"),
        ([{"target": WALK}], {"prediction_length": 2000}, "steps ahead"),
        ([{"target": WALK}], {"prediction_length": 0}, "whole number"),
        ([{"target": WALK}], {"prediction_length": True}, "whole number"),
        ([{"target": WALK}], {"batch_size": 0}, "whole number"),
        ([{"target": WALK}], {"quantile_levels": []}, "quantile_levels"),
        ([{"target": WALK}], {"quantile_levels": [1.0]}, "quantile_levels"),
        ([{"target": WALK}], {"quantile_levels": "0.5"}, "quantile_levels"),
        ([{"target": WALK}], {"cross_learning": True}, "each series alone"),
        ([{"target": WALK}], {"cross_learning": 1}, "true or false"),
        ([{"target": WALK}], {"temperature": 1}, "unknown"),
        ([{"target": WALK, "item_id": "a"}] * 2, {}, "different"),
        ([{"target": WALK, "item_id": 1}], {}, "item_id is a text"),
        ([{"target": WALK, "start": "2026-01-01"}], {}, "together, or neither"),
        ([{"target": WALK}], {"freq": "5min"}, "together, or neither"),
        ([{"target": WALK, "start": "yesterday"}], {"freq": "5min"}, "not a time"),
        ([{"target": WALK, "start": "9999-12-31"}], {"freq": "999999D"}, "not a time"),
        ([{"target": WALK, "start": "2026-01-01"}], {"freq": "ME"}, "not understood"),
        ([{"target": WALK, "start": "2026-01-01"}], {"freq": 5}, "not understood"),
    ],
)
def test_what_cannot_be_answered_is_the_callers_fault(inputs, parameters, words):
    """Status 400 and one line that says what to change."""
    body = json.dumps({"inputs": inputs, "parameters": parameters}).encode()
    status, text = transform(MODEL, body, "application/json", "*/*")
    assert status == 400
    assert words in text
    assert "\n" not in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["target", "item_id", "start", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=40),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"inputs": st.just([{"target": WALK}]) | json_values},
        optional={
            "parameters": st.dictionaries(st.sampled_from(sorted(inference.PARAMETERS)), json_values, max_size=3)
        },
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=400)
@given(body=bodies)
def test_no_body_crashes_the_container(body):
    """Any bytes are an answer or a 400: never a 500, whose cause a caller could not find."""
    status, _ = transform(MODEL, body, "application/json", "*/*")
    assert status in {200, 400}


@pytest.mark.parametrize(("sends", "accepts"), [("text/csv", "*/*"), (None, "*/*"), ("application/json", "text/csv")])
def test_only_json_is_spoken(sends, accepts):
    """Another content type, or none, is refused in either direction."""
    status, text = transform(MODEL, json.dumps({"inputs": [{"target": WALK}]}).encode(), sends, accepts)
    assert status == 400
    assert "application/json" in text


@pytest.mark.parametrize("quantiles", [np.full((1, 2, 1), np.nan), np.zeros((1, 2, 5)), np.zeros((2, 2, 1))])
def test_a_model_that_answers_nonsense_is_a_500(quantiles):
    """NaN or another shape is never passed on as a forecast."""
    model = SimpleNamespace(name="m", steps=9, context_length=9, levels=(), forecast=lambda *_: quantiles)
    body = json.dumps({"inputs": [{"target": WALK}], "parameters": {"quantile_levels": [0.1]}}).encode()
    status, text = transform(model, body, "application/json", "*/*")
    assert status == 500
    assert "were due" in text


def test_a_refusal_is_what_the_toolkit_turns_into_a_400():
    """The toolkit reads status_code, message and phrase, in this order."""
    refused = BadRequest("say it otherwise")
    assert (refused.status_code, refused.message, refused.phrase) == (400, "say it otherwise", "Bad Request")


# ------------------------------------------------------------------------------------------------------ a checkpoint


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """A checkpoint folder, and a chronos package whose pipeline answers (variates, steps, levels) per series."""
    facts = {"context_length": 8192, "output_patch_size": 16, "max_output_patches": 64, "quantiles": [0.1, 0.5, 0.9]}
    (tmp_path / "config.json").write_text(json.dumps({"chronos_config": facts}))
    asked = []

    class Pipeline:
        @staticmethod
        def from_pretrained(path, **options):
            assert (path, options) == (str(tmp_path), {"device_map": "cpu", "dtype": "float32"})
            return Pipeline()

        def predict_quantiles(self, inputs, **options):
            asked.append((inputs, options))
            steps, levels = options["prediction_length"], options["quantile_levels"]
            grid = np.arange(steps)[:, None] + np.array(levels)[None, ::-1]  # crossed on purpose
            return [grid[None] + one[-1] for one in inputs], [None] * len(inputs)

    monkeypatch.setitem(sys.modules, "chronos", SimpleNamespace(BaseChronosPipeline=Pipeline))
    return tmp_path, asked


def test_a_checkpoint_folder_is_run_by_chronos_forecasting(checkpoint):
    """The same request and answer: one task per series, levels sorted, options passed on."""
    folder, asked = checkpoint
    model = inference.model_fn(str(folder))
    body = {
        "inputs": [{"target": [1, 2, None, 4, 5, 6]}, {"target": [9] * 5}],
        "parameters": {"prediction_length": 2, "cross_learning": True, "quantile_levels": [0.9, 0.1], "batch_size": 7},
    }
    found = predict_fn(input_fn(json.dumps(body), "application/json"), model)["predictions"]
    assert model.digest == inference.digest_of([folder / "config.json"])
    assert [answer["0.1"] for answer in found] == [[6.1, 7.1], [9.1, 10.1]]
    assert [answer["0.9"] for answer in found] == [[6.9, 7.9], [9.9, 10.9]]
    ((inputs, options),) = asked
    assert options == {
        "prediction_length": 2,
        "quantile_levels": [0.1, 0.5, 0.9],
        "batch_size": 7,
        "cross_learning": True,
    }
    assert [one.shape for one in inputs] == [(6,), (5,)]
    assert np.isnan(inputs[0][2])
    assert model.steps == 1024


def test_a_folder_without_a_model_says_what_is_missing(tmp_path):
    """Neither model.onnx nor config.json."""
    with pytest.raises(FileNotFoundError, match=r"neither model.onnx nor a Chronos-2 checkpoint"):
        inference.model_fn(str(tmp_path))
