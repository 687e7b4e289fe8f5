"""The deployment's order of steps, over a SageMaker in memory that may stop it anywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sagemaker_endpoint import Endpoint
from deployments.model.endpoint import IMAGE, Deployer, Plan, account_of, checked_plan
from deployments.model.package import Package
from trading.errors import BadInput, Halt, Transient

ROLE = "arn:aws:iam::123456789012:role/service-role/forecast"
PACKAGE = Package(Path("p.tar.gz"), "a" * 64, {"name": "chronos-2-small"})
PLAN = Plan("desk-1", PACKAGE, "trader-models-123456789012", ROLE, IMAGE.format(region="ap-northeast-1"))
OTHER = replace(PLAN, package=replace(PACKAGE, digest="b" * 64))
FOREIGN = "chronos-2-desk-1-b-aaaaaaaa-bbbbbbbb"


class Cut(Exception):
    """The line went dead."""


class SageMaker:
    """What SageMakerControl offers, in memory. ``cut_at`` ends the n-th change, before it happens."""

    def __init__(self):
        self.stored, self.made_models, self.made_configs, self.found = {}, {}, {}, {}
        self.busy_looks, self.ends = 2, ("InService", "")
        self.steps, self.cut_at = [], None

    def _change(self, step):
        if self.cut_at is not None and len(self.steps) >= self.cut_at:
            raise Cut
        self.steps.append(step)

    def endpoint(self, name):
        found = self.found.get(name)
        if found is None or found["looks"] == 0:
            return found and Endpoint(name, found["status"], found["config"], found["reason"])
        found["looks"] -= 1
        if found["looks"] == 0:
            found["status"], found["reason"] = found["next"]
            if found["status"] == "gone":
                del self.found[name]
                return None
        return Endpoint(name, found["status"], found["config"], found["reason"])

    def config(self, name):
        return self.made_configs.get(name)

    def configs(self, part):
        return sorted(name for name in self.made_configs if part in name)

    def models(self, part):
        return sorted(name for name in self.made_models if part in name)

    def upload(self, file, uri, sha256):
        if self.stored.get(uri) == sha256:
            return False
        self._change(f"store {uri}")
        self.stored[uri] = sha256
        return True

    def make_model(self, name, **content):
        self._change(f"model {name}")
        self.made_models[name] = content

    def make_config(self, config):
        self._change(f"config {config.name}")
        assert config.model in self.made_models
        self.made_configs[config.name] = config

    def make_endpoint(self, name, config):
        self._change(f"endpoint {name}")
        assert name not in self.found
        assert config in self.made_configs
        self.found[name] = {"config": config, "looks": self.busy_looks, "next": self.ends, "status": "Creating"}
        self.found[name]["reason"] = ""

    def move_endpoint(self, name, config):
        self._change(f"move {name}")
        assert self.found[name]["status"] == "InService"
        assert config in self.made_configs
        new = config if self.ends[0] == "InService" and not self.ends[1] else self.found[name]["config"]
        self.found[name] |= {"config": new, "looks": self.busy_looks, "next": self.ends, "status": "Updating"}

    def remove_endpoint(self, name):
        if name not in self.found:
            return False
        self._change(f"remove {name}")
        self.found[name] |= {"looks": self.busy_looks, "next": ("gone", ""), "status": "Deleting"}
        return True

    def remove_config(self, name):
        self._change(f"remove {name}")
        assert all(one["config"] != name for one in self.found.values())
        return self.made_configs.pop(name, None) is not None

    def remove_model(self, name):
        self._change(f"remove {name}")
        return self.made_models.pop(name, None) is not None

    def holds(self, plan):
        """Exactly what a plan wants, and in service."""
        return (
            set(self.made_models) - {FOREIGN} == {plan.model}
            and set(self.made_configs) - {FOREIGN} == {plan.config.name}
            and {name: (one["status"], one["config"]) for name, one in self.found.items()}
            == {plan.endpoint: ("InService", plan.config.name)}
            and {plan.artefact, plan.newest} <= set(self.stored)
        )


@pytest.fixture
def sagemaker():
    return SageMaker()


def deployer(sagemaker, said=None, limit_s=600):
    return Deployer(sagemaker, say=(said if said is not None else []).append, pause=lambda _: None, limit_s=limit_s)


def test_a_second_deployment_changes_nothing(sagemaker):
    """The first makes package, model, configuration and endpoint; the second finds them all."""
    assert len(deployer(sagemaker).deploy(PLAN)["changed"]) == 5
    assert sagemaker.holds(PLAN)
    steps = list(sagemaker.steps)
    assert deployer(sagemaker).deploy(PLAN)["changed"] == []
    assert sagemaker.steps == steps


@given(data=st.data())
def test_a_deployment_cut_off_anywhere_is_completed_by_the_next(data):
    """First, changed or removed: after any cuts, one more run leaves exactly what it should, and one endpoint."""
    sagemaker = SageMaker()
    sagemaker.busy_looks = data.draw(st.integers(1, 3))
    for plan in data.draw(st.lists(st.sampled_from([PLAN, OTHER, None]), min_size=1, max_size=4)):
        for cut_after in data.draw(st.lists(st.integers(0, 9), max_size=3)):
            sagemaker.cut_at = len(sagemaker.steps) + cut_after
            try:
                one_run(sagemaker, plan)
            except Cut:
                continue
        sagemaker.cut_at = None
        one_run(sagemaker, plan)
        if plan is None:
            assert (sagemaker.found, sagemaker.made_models, sagemaker.made_configs) == ({}, {}, {})
        else:
            assert sagemaker.holds(plan)


def one_run(sagemaker, plan):
    return deployer(sagemaker).deploy(plan) if plan else deployer(sagemaker).delete(PLAN.endpoint)


def test_the_old_model_goes_only_when_the_new_one_serves(sagemaker):
    """New configuration first, then the move, then the old configuration and model."""
    deployer(sagemaker).deploy(PLAN)
    before = len(sagemaker.steps)
    deployer(sagemaker).deploy(OTHER)
    assert sagemaker.steps[before:] == [
        f"store {OTHER.artefact}", f"store {OTHER.newest}", f"model {OTHER.model}", f"config {OTHER.config.name}",
        "move desk-1", f"remove {PLAN.config.name}", f"remove {PLAN.model}",
    ]  # fmt: skip
    assert PLAN.artefact in sagemaker.stored  # the way back


def test_what_belongs_to_another_endpoint_stays(sagemaker):
    """``desk-1-b`` begins like ``desk-1`` and keeps its model and configuration, in update and delete."""
    sagemaker.made_models[FOREIGN] = sagemaker.made_configs[FOREIGN] = "somebody else's"
    deployer(sagemaker).deploy(PLAN)
    deployer(sagemaker).deploy(OTHER)
    assert sagemaker.holds(OTHER)
    assert deployer(sagemaker).delete("desk-1")["removed"][0] == "endpoint desk-1"
    assert (list(sagemaker.made_models), list(sagemaker.made_configs)) == ([FOREIGN], [FOREIGN])


def test_an_endpoint_that_failed_is_told_and_made_anew(sagemaker):
    """The reason reaches the person in one line; the next run removes the failed one and makes it again."""
    sagemaker.ends = ("Failed", "The container did not\npass the ping")
    with pytest.raises(Halt, match=r"desk-1 is Failed \(The container did not pass the ping\).*run it again"):
        deployer(sagemaker).deploy(PLAN)
    sagemaker.ends = ("InService", "")
    said = []
    deployer(sagemaker, said).deploy(PLAN)
    assert sagemaker.holds(PLAN)
    assert any("making it anew" in line for line in said)


def test_an_update_that_sagemaker_took_back_is_a_failure(sagemaker):
    """InService with the old configuration is not success; the old model is not removed."""
    deployer(sagemaker).deploy(PLAN)
    sagemaker.ends = ("InService", "out of memory")
    with pytest.raises(Halt, match=r"took endpoint desk-1 back to .* \(out of memory\)"):
        deployer(sagemaker).deploy(OTHER)
    assert PLAN.model in sagemaker.made_models
    assert PLAN.config.name in sagemaker.made_configs


def test_an_endpoint_that_nothing_can_be_done_with_is_for_a_person(sagemaker):
    """A roll-back that failed: neither moved nor removed by itself."""
    deployer(sagemaker).deploy(PLAN)
    sagemaker.found["desk-1"]["status"] = "UpdateRollbackFailed"
    with pytest.raises(Halt, match=r"is UpdateRollbackFailed .*`trader model delete`, then deploy"):
        deployer(sagemaker).deploy(PLAN)


def test_waiting_is_bounded_and_goes_on_next_time(sagemaker):
    """After limit_s of waiting the command ends as Transient; the next run waits on and finishes."""
    sagemaker.busy_looks = 9
    with pytest.raises(Transient, match=r"after 50 s endpoint desk-1 is Creating; run it again"):
        deployer(sagemaker, limit_s=50).deploy(PLAN)
    deployer(sagemaker).deploy(PLAN)
    assert sagemaker.holds(PLAN)


def test_a_busy_moment_while_waiting_is_passed_over(sagemaker, monkeypatch):
    """Throttled between two looks: it looks again."""
    looks = iter([None, Transient("throttled"), Transient("throttled")])
    own = sagemaker.endpoint

    def look(name):
        first = next(looks, None)
        if first is not None:
            raise first
        return own(name)

    monkeypatch.setattr(sagemaker, "endpoint", look)
    said = []
    deployer(sagemaker, said).deploy(PLAN)
    assert sagemaker.holds(PLAN)
    assert "throttled (0 s)" in said


def test_update_makes_nothing_under_a_mistyped_name(sagemaker):
    """must_exist: without the endpoint not even the package is stored."""
    with pytest.raises(Halt, match="there is no endpoint desk-1"):
        deployer(sagemaker).deploy(PLAN, must_exist=True)
    assert sagemaker.steps == []


def test_status_says_what_is_there(sagemaker):
    """Absent, then in service with its model, memory and concurrency."""
    assert deployer(sagemaker).status("desk-1") == {"endpoint": "desk-1", "status": "absent"}
    deployer(sagemaker).deploy(PLAN)
    told = deployer(sagemaker).status("desk-1")
    assert told["status"] == "InService"
    assert told["config"] == {
        "name": PLAN.config.name, "model": PLAN.model, "memory_mb": 6144, "concurrency": 8,
    }  # fmt: skip


@given(endpoint=st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,33}[a-zA-Z0-9])?", fullmatch=True))
def test_names_fit_sagemaker_and_change_with_what_they_stand_for(endpoint):
    """At most 63 letters, digits and hyphens, beginning with chronos-2; another image, role or size is another name."""
    plan = checked_plan(replace(PLAN, endpoint=endpoint))
    names = {plan.model, plan.config.name}
    for other in (replace(plan, image="x"), replace(plan, role="x"), replace(plan, concurrency=9)):
        names |= {other.model, other.config.name}
    assert len(names) == 2 + 2 + 2 + 1
    assert all(name.startswith("chronos-2-") and len(name) <= 63 for name in names)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"endpoint": "a" * 36}, "1 to 35"),
        ({"endpoint": "a_b"}, "1 to 35"),
        ({"memory_mb": 6000}, "in steps of 1024"),
        ({"memory_mb": 7168}, "1024 to 6144"),
        ({"concurrency": 0}, "1 to 200"),
        ({"concurrency": 201}, "1 to 200"),
    ],
)
def test_what_sagemaker_would_refuse_is_refused_before(wrong, words):
    """Names and sizes out of its bounds."""
    with pytest.raises(BadInput, match=words):
        checked_plan(replace(PLAN, **wrong))


@pytest.mark.parametrize("role", [None, "", "forecast", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:user/x"])
def test_a_role_is_needed_and_described(role):
    """Who may assume it and what it may do is in the line; a right one gives the account."""
    with pytest.raises(BadInput, match=r"sagemaker.amazonaws.com may assume .*read the models bucket"):
        account_of(role)
    assert account_of(ROLE) == "123456789012"
