"""Make, change, remove and look at the serverless forecast endpoint; every step may be repeated, none doubles anything.

Names say what a thing holds: ``chronos-2-<endpoint>-<package>-<rest>``. So a deployment that broke off is completed by
running it again, and what belongs to this endpoint but is not in use any more is found by its name alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from adapters.sagemaker_endpoint import Endpoint, EndpointConfig, SageMakerControl
from deployments.model.package import Package
from trading.errors import BadInput, Halt, Transient

FAMILY = "chronos-2"
"""SageMaker's container for the family, and ours, want model names that begin with it."""
IMAGE = "763104351884.dkr.ecr.{region}.amazonaws.com/pytorch-inference:2.6.0-cpu-py312"
"""AWS's own image; an endpoint takes images of its own region only."""
MEMORY_MB, CONCURRENCY = 6144, 8
NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,33}[a-zA-Z0-9])?")
ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+")
ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
    "SAGEMAKER_MODEL_SERVER_WORKERS": "1",  # a serverless container answers one request at a time
    "SAGEMAKER_MODEL_SERVER_TIMEOUT": "60",
}
POLL_S = 10
BUSY = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}

type Progress = Callable[[str], None]
type Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment would make."""

    endpoint: str
    package: Package
    bucket: str
    role: str
    image: str
    memory_mb: int = MEMORY_MB
    concurrency: int = CONCURRENCY

    @property
    def artefact(self) -> str:
        """Where the endpoint's model loads its package from: never written twice, so a running one is not changed."""
        return f"s3://{self.bucket}/{FAMILY}/{self.package.digest[:16]}/model.tar.gz"

    @property
    def newest(self) -> str:
        """Where the newest package is found by people and programs."""
        return f"s3://{self.bucket}/{FAMILY}/model.tar.gz"

    @property
    def model(self) -> str:
        """The model's name: another image, role or package is another model."""
        return self._named(self.image, self.role, self.artefact)

    @property
    def config(self) -> EndpointConfig:
        """The configuration: another model, memory or concurrency is another one."""
        name = self._named(self.model, str(self.memory_mb), str(self.concurrency))
        return EndpointConfig(name, self.model, self.memory_mb, self.concurrency)

    def _named(self, *content: str) -> str:
        rest = hashlib.sha256("\n".join(content).encode()).hexdigest()
        return f"{FAMILY}-{self.endpoint}-{self.package.digest[:8]}-{rest[:8]}"

    def facts(self) -> dict[str, Any]:
        """The plan for a person or a program."""
        return {
            "endpoint": self.endpoint, "artefact": self.artefact, "newest": self.newest, "model": self.model,
            "config": asdict(self.config), "image": self.image, "role": self.role, "environment": ENVIRONMENT,
            "package": self.package.facts(),
        }  # fmt: skip


def checked_plan(plan: Plan) -> Plan:
    """The same plan, when SageMaker can take it. Raises BadInput with what to change."""
    if not NAME.fullmatch(plan.endpoint):
        msg = f"endpoint {plan.endpoint!r}: use 1 to 35 letters, digits and hyphens; its models' names contain it"
        raise BadInput(msg)
    if plan.memory_mb not in range(1024, 6145, 1024) or not 1 <= plan.concurrency <= 200:
        msg = "a serverless endpoint has 1024 to 6144 MB in steps of 1024, and takes 1 to 200 requests at once"
        raise BadInput(msg)
    return plan


def account_of(role: str | None) -> str:
    """The account of the role that the model runs under. Raises BadInput when there is none or it is no ARN."""
    found = ROLE.fullmatch(role or "")
    if found is None:
        msg = (
            f"--role {role or 'is missing'}: give the ARN of a role that sagemaker.amazonaws.com may assume and "
            "that may read the models bucket, pull the image and write logs: arn:aws:iam::123456789012:role/NAME"
        )
        raise BadInput(msg)
    return found[1]


@dataclass(frozen=True, slots=True)
class Deployer:
    """The verbs, over SageMaker's calls. ``pause`` waits between two looks; ``limit_s`` bounds each wait."""

    control: SageMakerControl
    say: Progress
    pause: Pause
    limit_s: float = 1800

    def deploy(self, plan: Plan, *, must_exist: bool = False) -> dict[str, Any]:
        """Make the endpoint, or bring it to the plan; what changed. Raises Halt when SageMaker could not do it."""
        found = self._settled(plan.endpoint)
        if must_exist and found is None:
            raise Halt(f"there is no endpoint {plan.endpoint}; make it with `trader model deploy`")
        changed = self._stored(plan)
        if found is not None and found.status == "Failed":
            self.say(f"endpoint {plan.endpoint} failed ({_reason(found)}): making it anew")
            self.control.remove_endpoint(plan.endpoint)
            found = self._settled(plan.endpoint)
        if found is None:
            self.say(f"making endpoint {plan.endpoint}")
            self.control.make_endpoint(plan.endpoint, plan.config.name)
            changed.append("endpoint made")
        elif found.status != "InService":
            msg = f"endpoint {plan.endpoint} is {found.status} ({_reason(found)}); `trader model delete`, then deploy"
            raise Halt(msg)
        elif found.config != plan.config.name:
            self.say(f"moving endpoint {plan.endpoint} from {found.config} to {plan.config.name}")
            self.control.move_endpoint(plan.endpoint, plan.config.name)
            changed.append("endpoint moved")
        self._must_serve(plan)
        changed += [f"removed {name}" for name in self._tidied(plan.endpoint, keep={plan.model, plan.config.name})]
        return {"endpoint": plan.endpoint, "status": "InService", "config": plan.config.name, "changed": changed}

    def delete(self, endpoint: str) -> dict[str, Any]:
        """Remove the endpoint and what was made for it; the packages stay in the bucket. Safe to repeat."""
        removed = [f"endpoint {endpoint}"] if self.control.remove_endpoint(endpoint) else []
        if self._settled(endpoint) is not None:
            raise Halt(f"endpoint {endpoint} is still there; run it again, or remove it in the console")
        return {"endpoint": endpoint, "removed": removed + self._tidied(endpoint, keep=set())}

    def status(self, endpoint: str) -> dict[str, Any]:
        """What is there: the endpoint's status, its configuration and model; ``absent`` when there is none."""
        found = self.control.endpoint(endpoint)
        if found is None:
            return {"endpoint": endpoint, "status": "absent"}
        config = self.control.config(found.config) if found.config else None
        made_for = asdict(config) if config else None
        return {"endpoint": endpoint, "status": found.status, "reason": found.reason, "config": made_for}

    def _stored(self, plan: Plan) -> list[str]:
        """Package, model and configuration, each made unless it is there."""
        changed = []
        sha256 = plan.package.digest
        for uri in (plan.artefact, plan.newest):
            if self.control.upload(plan.package.file, uri, sha256):
                self.say(f"stored {uri}")
                changed.append(f"stored {uri}")
        if plan.model not in self.control.models(plan.model):
            self.control.make_model(
                plan.model, image=plan.image, role=plan.role, data_url=plan.artefact, environment=ENVIRONMENT
            )
            changed.append(f"made model {plan.model}")
        if self.control.config(plan.config.name) is None:
            self.control.make_config(plan.config)
            changed.append(f"made configuration {plan.config.name}")
        return changed

    def _must_serve(self, plan: Plan) -> None:
        found = self._settled(plan.endpoint)
        if found is None or found.status != "InService":
            status = "gone" if found is None else f"{found.status} ({_reason(found)})"
            msg = f"endpoint {plan.endpoint} is {status}; put that right, then run it again: it goes on from there"
            raise Halt(msg)
        if found.config != plan.config.name:
            msg = (
                f"SageMaker took endpoint {plan.endpoint} back to {found.config} ({_reason(found)}): "
                "the new model does not start; the container's log in CloudWatch says why"
            )
            raise Halt(msg)

    def _settled(self, endpoint: str) -> Endpoint | None:
        """The endpoint once SageMaker has finished with it. Raises Transient when that takes too long."""
        for waited_s in count(0, POLL_S):
            try:
                found = self.control.endpoint(endpoint)
            except Transient as busy:
                seen = str(busy)
            else:
                if found is None or found.status not in BUSY:
                    return found
                seen = f"endpoint {endpoint} is {found.status}"
            if waited_s >= self.limit_s:
                break
            self.say(f"{seen} ({waited_s} s)")
            self.pause(POLL_S)
        msg = f"after {self.limit_s:.0f} s {seen}; run it again to go on waiting"
        raise Transient(msg)

    def _tidied(self, endpoint: str, *, keep: set[str]) -> list[str]:
        """Remove what earlier deployments of this endpoint left: configurations first, then the models they named."""
        ours = re.compile(rf"{FAMILY}-{re.escape(endpoint)}-[0-9a-f]{{8}}-[0-9a-f]{{8}}")
        removed = []
        for names, remove in (
            (self.control.configs, self.control.remove_config),
            (self.control.models, self.control.remove_model),
        ):
            for name in names(f"{FAMILY}-{endpoint}-"):
                if ours.fullmatch(name) and name not in keep and remove(name):
                    self.say(f"removed {name}")
                    removed.append(name)
        return removed


def _reason(found: Endpoint) -> str:
    return " ".join(found.reason.split()) or "SageMaker gives no reason"
