"""`tekup model`: which versions of each kind there are, what each is made of, and which is live."""

import getpass
import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pipelines.resources.platform import Platform
    from scoring.registry import Registry

KINDS = ("lead_score", "deal_value", "conversion_time", "subscription_churn")
"""As `scoring.kinds.KINDS`, whose import would cost every command seconds."""
_SHOWN = ("roc_auc", "log_loss", "ece", "gamma_deviance", "total_ratio")
_KIND = click.option(
    "--kind", type=click.Choice(KINDS), default=KINDS[0], show_default=True, help="Which kind of model is meant."
)
_BY = click.option("--by", default=None, help="Who does it; default: the user of this machine.")
_WHY = click.option("--why", default=None, help="The reason, for the history.")
_SCORE = click.option("--score/--no-score", "rescore", default=True, help="Score all with it now; on by default.")


@click.group()
def model() -> None:
    """List, show, promote and roll back versions of the models: the lead score, or another kind by --kind."""


@model.command("list")
@_KIND
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_versions(kind: str, as_json: bool) -> None:
    """Show all versions of a kind, the newest last: where each stands, its quality, and what was decided about it."""
    platform = _platform()
    registry = _registry(platform, kind)
    live, challenger = registry.live_version(), registry.challenger_version()
    from pipelines.models.model_records import read_versions

    noted = read_versions(platform, kind)
    told = []
    for version in registry.versions():
        metrics, decision = noted.get(version, ({}, {}))
        standing = "live" if version == live else "challenger" if version == challenger else ""
        told.append({"version": version, "standing": standing, "metrics": metrics, "decision": decision})
        if not as_json:
            shown = "  ".join(f"{name} {metrics[name]:.4f}" for name in _SHOWN if metrics.get(name) is not None)
            click.echo(f"{version}  {standing:<10}  {shown}  {decision.get('outcome', '')}".rstrip())
    if as_json:
        click.echo(json.dumps(told, default=str))
    elif not told:
        click.echo(f"There is no {kind} model yet: `tekup run` trains one once there is enough to learn from.")


@model.command()
@click.argument("version", required=False)
@_KIND
def show(version: str | None, kind: str) -> None:
    """Show VERSION (default: the live one): its card, what it is made of, and the history of what was live."""
    registry = _registry(_platform(), kind)
    chosen = version or registry.live_version()
    if chosen is None:
        click.echo(f"No {kind} model is live yet: `tekup run` trains one once there is enough to learn from.")
        return
    click.echo(f"version {chosen}\n\n{registry.card(chosen)}")
    click.echo(json.dumps(registry.provenance(chosen), indent=1))
    click.echo("\nhistory")
    for entry in registry.history():
        why = f": {entry['why']}" if entry.get("why") else ""
        click.echo(f"{entry['at'][:19]}  {entry['action']:<9} {entry['version']}  by {entry['by']}{why}")


@model.command()
@click.argument("version")
@_KIND
@_BY
@_WHY
@_SCORE
def promote(version: str, kind: str, by: str | None, why: str | None, rescore: bool) -> None:
    """Make VERSION live, whatever the rules say of it; the API takes it up within a second."""
    platform = _platform()
    _registry(platform, kind).promote(version, by=by or getpass.getuser(), why=why or "by hand")
    _finish(platform, kind, version, rescore)


@model.command()
@_KIND
@_BY
@_WHY
@_SCORE
def rollback(kind: str, by: str | None, why: str | None, rescore: bool) -> None:
    """Make the version live that was live before; a second rollback goes one further back."""
    platform = _platform()
    version = _registry(platform, kind).rollback(by=by or getpass.getuser(), why=why or "by hand")
    _finish(platform, kind, version, rescore)


def _platform() -> "Platform":
    from pipelines.resources.platform import Platform
    from tekup.settings import current_settings

    return Platform(current_settings())


def _registry(platform: "Platform", kind: str) -> "Registry[Any]":
    from pipelines.models.predictions import DEFINITIONS

    kinds = {definition.kind.name: definition.kind for definition in DEFINITIONS}
    return platform.registry_of(kinds[kind]) if kind in kinds else platform.registry


def _finish(platform: "Platform", kind: str, version: str, rescore: bool) -> None:
    from pipelines.models.lead_scores import score_all
    from pipelines.models.model_records import record_history
    from pipelines.models.prediction_batch import predict_all
    from pipelines.models.predictions import DEFINITIONS

    record_history(platform, _registry(platform, kind), kind)
    click.echo(f"live: {version}")
    if not rescore:
        return
    definition = next((one for one in DEFINITIONS if one.kind.name == kind), None)
    if definition is None:
        done = score_all(platform)
        click.echo(f"scored {sum(one.scored for one in done.values()):,} leads of {len(done)} tenants with it")
    else:
        told = predict_all(platform, definition)
        click.echo(f"predicted {sum(one.changed for one in told.values()):,} rows of {len(told)} tenants with it")
