"""``trader model``: pack, deploy and serve the forecast model."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, answer
from trading.errors import BadInput

if TYPE_CHECKING:
    from adapters.aws import Aws
    from adapters.sagemaker_endpoint import SageMakerControl
    from deployments.model.endpoint import Deployer, Plan
    from deployments.model.package import Package

model = typer.Typer(
    help="""The forecast model: pack it, put it on a SageMaker serverless endpoint, or serve it on this machine.

    Without any of this the forecast runs in process, from the model that is shipped (`trader model card`).

    To deploy: `trader model quota`, `trader model deploy --role ARN --dry-run`, the same without --dry-run, then set
    TRADER_SAGEMAKER_ENDPOINT to the endpoint's name. Every command may be repeated: it does what is missing.

    To try it without AWS: `trader model serve --port 8800`, with
    AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=http://127.0.0.1:8800 and TRADER_SAGEMAKER_ENDPOINT=any-name.
    """,
    no_args_is_help=True,
)

ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="PATH", help="An ONNX file or a Chronos-2 checkpoint folder; default: the one shipped."
    ),
]
PackageOption = Annotated[
    Path | None,
    typer.Option("--package", metavar="FILE", help="A package made before; default: one made now from --model."),
]
EndpointOption = Annotated[
    str | None,
    typer.Option("--endpoint", metavar="NAME", help="Default TRADER_SAGEMAKER_ENDPOINT, else <prefix>-chronos-2."),
]
RoleOption = Annotated[
    str | None,
    typer.Option("--role", metavar="ARN", help="Role that the model runs under; it reads the models bucket."),
]
ImageOption = Annotated[
    str | None,
    typer.Option("--image", metavar="URI", help="Container image; default: AWS's PyTorch 2.6 CPU image of the region."),
]
Memory = Annotated[int, typer.Option("--memory-mb", metavar="MB", help="1024 to 6144, in steps of 1024.")]
Concurrency = Annotated[
    int, typer.Option("--max-concurrency", metavar="N", help="Most requests at once at the endpoint, 1 to 200.")
]
AccountQuota = Annotated[
    int | None,
    typer.Option("--account-quota", metavar="N", min=0, help="The account's quota, where it cannot be read."),
]
Wait = Annotated[float, typer.Option("--wait-s", metavar="S", min=0, help="How long to wait for SageMaker each time.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be made. Asks AWS nothing.")]


@model.command("package")
def package(
    source: ModelOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Default <state directory>/model/model.tar.gz.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Pack a model with its inference code as model.tar.gz. The same model always gives the same bytes."""
    made = _packed(source, out)
    facts = made.facts()
    text = f"{facts['package']}: {facts['name']}, {facts['size_bytes']:,} bytes, digest {made.digest[:16]}"
    answer(facts, as_json=json, text=text)


@model.command("update", help="Like deploy, for an endpoint that must be there: nothing is made under a mistyped name.")
@model.command("deploy")
def deploy(
    ctx: typer.Context,
    role: RoleOption = None,
    endpoint: EndpointOption = None,
    package: PackageOption = None,
    source: ModelOption = None,
    image: ImageOption = None,
    memory_mb: Memory = 6144,
    max_concurrency: Concurrency = 8,
    account_quota: AccountQuota = None,
    wait_s: Wait = 1800,
    dry_run: DryRun = False,
    json: AsJson = False,
) -> None:
    """Make the serverless endpoint, or bring it up to date; completes what broke off, changes nothing that is right.

    While an endpoint moves to another model or size, the old one answers until the new one does.
    """
    from adapters.aws import open_aws

    aws = open_aws()
    plan = _plan(aws.region, role, endpoint, package, source, image, memory_mb, max_concurrency)
    if dry_run:
        facts = plan.facts()
        text = f"would make, unless it is there:\n{jsonlib.dumps(facts, indent=2)}"
        answer({"dry_run": True} | facts, as_json=json, text=text)
        return
    control = _control(aws)
    limits = _limits(control, plan.concurrency, account_quota)
    told = _deployer(control, wait_s).deploy(plan, must_exist=ctx.info_name == "update") | {"limits": limits}
    changed = "\n".join(told["changed"]) or "everything is there already"
    text = f"{changed}\n{plan.endpoint} is in service; TRADER_SAGEMAKER_ENDPOINT={plan.endpoint} makes the desk use it"
    answer(told, as_json=json, text=text)


@model.command("delete")
def delete(endpoint: EndpointOption = None, wait_s: Wait = 1800, json: AsJson = False) -> None:
    """Remove the endpoint, its configurations and models; the packages stay in the bucket."""
    told = _deployer(_control(), wait_s).delete(_endpoint(endpoint))
    text = "\n".join(f"removed {one}" for one in told["removed"]) or f"there is no endpoint {told['endpoint']}"
    answer(told, as_json=json, text=text)


@model.command("status")
def status(endpoint: EndpointOption = None, json: AsJson = False) -> None:
    """What is deployed: the endpoint's status, model, memory and concurrency. Changes nothing."""
    told = _deployer(_control(), 0).status(_endpoint(endpoint))
    config = told.get("config") or {}
    words = [f"{told['endpoint']} {told['status']}", told.get("reason", "")]
    words += [f"{config['model']}, {config['memory_mb']} MB, {config['concurrency']} at once"] if config else []
    answer(told, as_json=json, text="\n".join(filter(None, words)))


@model.command("quota")
def quota(max_concurrency: Concurrency = 8, account_quota: AccountQuota = None, json: AsJson = False) -> None:
    """Check that the account's quota >= the endpoint's limit >= our own budget, as 10 >= 8 >= 6."""
    limits = _limits(_control(), max_concurrency, account_quota)
    answer(limits, as_json=json, text=f"{limits['account']} >= {limits['endpoint']} >= {limits['ours']}: fits")


@model.command("serve")
def serve(
    source: ModelOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free one.")] = 0,
    endpoint: Annotated[
        str, typer.Option(metavar="NAME", help="The one endpoint that is here; default: any name is answered.")
    ] = "",
    json: AsJson = False,
) -> None:
    """The endpoint on this machine, until stopped: /ping, /invocations and SageMaker's own invocation address."""
    from deployments.model.serve import make_app
    from deployments.model.serve import serve as run

    def ready(url: str) -> None:
        text = f"serving at {url}; AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url} points boto3 here"
        answer({"url": url}, as_json=json, text=text)

    run(make_app(source or _shipped(), endpoint), port, ready)


@model.command("card")
def card(json: AsJson = False) -> None:
    """What the shipped model is and is not, with its figures on real candles."""
    file = _shipped().with_name("MODEL_CARD.md")
    if not file.is_file():
        raise BadInput(f"there is no card {file}; `python -m deployments.model.card --help` writes it")
    text = file.read_text(encoding="utf-8")
    answer({"card": str(file), "text": text}, as_json=json, text=text)


# ------------------------------------------------------------------------------------------------- what they share


def _shipped() -> Path:
    from adapters.forecast.files import SHIPPED

    return SHIPPED


def _packed(source: Path | None, out: Path | None) -> Package:
    from deployments.model.package import pack

    return pack(source or _shipped(), out or load_settings().state / "model" / "model.tar.gz")


def _endpoint(name: str | None) -> str:
    settings = load_settings()
    return name or settings.sagemaker_endpoint or f"{settings.prefix}-chronos-2"


def _plan(
    region: str,
    role: str | None,
    endpoint: str | None,
    package: Path | None,
    source: Path | None,
    image: str | None,
    memory_mb: int,
    concurrency: int,
) -> Plan:
    from deployments.model.endpoint import IMAGE, Plan, account_of, checked_plan
    from deployments.model.package import read_package
    from trading.tables import Names

    account = account_of(role)
    if package and source:
        raise BadInput("give --package or --model, not both")
    return checked_plan(
        Plan(
            endpoint=_endpoint(endpoint),
            package=read_package(package) if package else _packed(source, None),
            bucket=Names(load_settings().prefix, account).bucket("models"),
            role=role or "",
            image=image or IMAGE.format(region=region),
            memory_mb=memory_mb,
            concurrency=concurrency,
        )
    )


def _control(aws: Aws | None = None) -> SageMakerControl:
    from adapters.aws import open_aws
    from adapters.sagemaker_endpoint import open_sagemaker

    return open_sagemaker(aws or open_aws())


def _limits(control: SageMakerControl, concurrency: int, given: int | None) -> dict[str, Any]:
    from deployments.model.quota import Limits, account_quota, must_fit

    account, source = account_quota(control, given)
    return must_fit(Limits(account, concurrency, load_settings().forecast_concurrency, source)).facts()


def _deployer(control: SageMakerControl, wait_s: float) -> Deployer:
    import time

    from deployments.model.endpoint import Deployer

    return Deployer(control, say=lambda text: typer.echo(text, err=True), pause=time.sleep, limit_s=wait_s)
