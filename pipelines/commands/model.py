"""`tekup model`: which versions there are, what each is made of, and which is live."""

import getpass
import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pipelines.resources.platform import Platform

_SHOWN = ("roc_auc", "log_loss", "ece")
_BY = click.option("--by", default=None, help="Who does it; default: the user of this machine.")
_WHY = click.option("--why", default=None, help="The reason, for the history.")
_SCORE = click.option("--score/--no-score", "rescore", default=True, help="Score all leads with it now; on by default.")


@click.group()
def model() -> None:
    """List, show, promote and roll back versions of the lead-score model."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_versions(as_json: bool) -> None:
    """Show all versions, the newest last: where each stands, its quality, and what was decided about it."""
    platform = _platform()
    registry = platform.registry
    live, challenger = registry.live_version(), registry.challenger_version()
    from pipelines.models.model_records import read_versions

    noted = read_versions(platform)
    told = []
    for version in registry.versions():
        metrics, decision = noted.get(version, ({}, {}))
        standing = "live" if version == live else "challenger" if version == challenger else ""
        told.append({"version": version, "standing": standing, "metrics": metrics, "decision": decision})
        if not as_json:
            shown = "  ".join(f"{name} {metrics[name]:.4f}" for name in _SHOWN if name in metrics)
            click.echo(f"{version}  {standing:<10}  {shown}  {decision.get('outcome', '')}".rstrip())
    if as_json:
        click.echo(json.dumps(told, default=str))
    elif not told:
        click.echo("There is no model yet: `tekup run` trains one.")


@model.command()
@click.argument("version", required=False)
def show(version: str | None) -> None:
    """Show VERSION (default: the live one): its card, what it is made of, and the history of what was live."""
    registry = _platform().registry
    chosen = version or registry.live_version()
    if chosen is None:
        click.echo("No model is live yet: `tekup run` trains one.")
        return
    click.echo(f"version {chosen}\n\n{registry.card(chosen)}")
    click.echo(json.dumps(registry.provenance(chosen), indent=1))
    click.echo("\nhistory")
    for entry in registry.history():
        why = f": {entry['why']}" if entry.get("why") else ""
        click.echo(f"{entry['at'][:19]}  {entry['action']:<9} {entry['version']}  by {entry['by']}{why}")


@model.command()
@click.argument("version")
@_BY
@_WHY
@_SCORE
def promote(version: str, by: str | None, why: str | None, rescore: bool) -> None:
    """Make VERSION live, whatever the rules say of it; the API takes it up within a second."""
    platform = _platform()
    platform.registry.promote(version, by=by or getpass.getuser(), why=why or "by hand")
    _finish(platform, version, rescore)


@model.command()
@_BY
@_WHY
@_SCORE
def rollback(by: str | None, why: str | None, rescore: bool) -> None:
    """Make the version live that was live before; a second rollback goes one further back."""
    platform = _platform()
    version = platform.registry.rollback(by=by or getpass.getuser(), why=why or "by hand")
    _finish(platform, version, rescore)


def _platform() -> "Platform":
    from pipelines.resources.platform import Platform
    from tekup.settings import current_settings

    return Platform(current_settings())


def _finish(platform: "Platform", version: str, rescore: bool) -> None:
    from pipelines.models.lead_scores import score_all
    from pipelines.models.model_records import record_history

    record_history(platform, platform.registry)
    click.echo(f"live: {version}")
    if rescore:
        done = score_all(platform)
        click.echo(f"scored {sum(one.scored for one in done.values()):,} leads of {len(done)} tenants with it")
