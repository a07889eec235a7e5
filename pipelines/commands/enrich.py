"""`tekup enrich`: ask what leads' texts say, or say whether that may be done. The work is in `pipelines.enrichment`."""

import contextlib
import sys
from typing import TYPE_CHECKING

import click

from tekup.errors import BadInput

if TYPE_CHECKING:
    from pipelines.enrichment.enrich import Report
    from pipelines.resources.platform import Platform
    from tekup.directory.connections import Connection


@click.command()
@click.argument("tenant")
@click.option("--on/--off", "switch", default=None, help="Give or withdraw the tenant's consent.")
@click.option("--budget", type=click.IntRange(min=1), help="With --on: tokens a calendar month.")
@click.option("--model", help="With --on: which of OpenAI's models.")
@click.option("--backfill", is_flag=True, help="By batch, at half the price, even where few texts wait.")
@click.option("--wait", type=click.IntRange(min=0), default=10, show_default=True, help="Minutes to wait for a batch.")
@click.option("--dry-run", is_flag=True, help="Show what would be asked; nothing is sent or written.")
def enrich(
    tenant: str, switch: bool | None, budget: int | None, model: str | None, backfill: bool, wait: int, dry_run: bool
) -> None:
    """Ask OpenAI what the texts of TENANT's leads say: industry, seniority, intent, language, a summary.

    Nothing is sent before `tekup enrich TENANT --on --budget N`.
    """
    from pipelines.resources.platform import Platform
    from tekup.settings import current_settings

    if switch is not True and (budget is not None or model is not None):
        raise BadInput("--budget and --model go with --on", hint=f"tekup enrich {tenant} --on --budget 500000")
    platform = Platform(current_settings())
    with contextlib.ExitStack() as stack:
        found = platform.tenant(tenant)
        if dry_run:
            _preview(platform, tenant)
            return
        platform = _reaching_sandbox(platform, platform.connection(found, "openai"), stack)
        if switch is not None:
            _switch(platform, tenant, switch, budget, model)
            return
        from pipelines.enrichment.backfill import Patience
        from pipelines.enrichment.enrich import enrich_tenant

        report = enrich_tenant(platform, found, by_batch=backfill, patience=Patience(wait * 60.0))
    _tell(report)
    if report.trouble is not None:
        raise report.trouble
    if report.skipped is not None:
        sys.exit(1)


def _switch(platform: "Platform", tenant: str, is_on: bool, budget: int | None, model: str | None) -> None:
    from pipelines.enrichment.consent import give_consent

    found = platform.tenant(tenant)
    if is_on:
        consent = give_consent(platform.doors, found.id, monthly_tokens=budget, model=model)
        click.echo(f"enrichment of {found.name}: on, {consent.monthly_tokens:,} tokens a month, {consent.model}")
        if platform.connection(found, "openai") is None:
            click.echo(f"its key is missing yet: tekup connect {found.domain} openai")
        return
    from pipelines.enrichment.enrich import switch_off

    unstopped = switch_off(platform, found)
    click.echo(f"enrichment of {found.name}: off; what was answered stays until its lead is deleted")
    if unstopped:
        click.echo(f"a batch may still be at the vendor: {unstopped}; run the same again", err=True)


def _preview(platform: "Platform", tenant: str) -> None:
    from pipelines.enrichment.consent import read_consent
    from pipelines.enrichment.preview import preview

    found = platform.tenant(tenant)
    consent = read_consent(platform.doors, found.id)
    seen = preview(platform.doors, found.id, consent.model)
    state = f"on, {consent.monthly_tokens:,} tokens a month" if consent.is_given else "off: nothing would be asked"
    click.echo(f"consent: {state}")
    click.echo(f"leads with something to read: {seen.leads:,}, different texts: {seen.texts:,}")
    click.echo(f"without an answer: {seen.unanswered:,} texts, at most {seen.most_tokens:,} tokens of {consent.model}")
    for sample in seen.samples:
        click.echo(f"\n{sample}")


def _reaching_sandbox(platform: "Platform", connection: "Connection | None", stack: contextlib.ExitStack) -> "Platform":
    """The platform with the demonstration's vendors beside it, where the connection is to them."""
    from pipelines.resources.platform import Platform
    from pipelines.run import demonstration

    chosen = demonstration.read_demonstration(platform.settings.home_path)
    if connection is None or not connection.is_sandbox or chosen is None:
        return platform
    address = stack.enter_context(demonstration.running_sandbox(platform, chosen))
    return Platform(platform.settings, sandbox_url=address)


def _tell(report: "Report") -> None:
    if report.skipped is not None:
        click.echo(f"nothing more was asked: {report.skipped}", err=True)
        if not (report.asked or report.erased):
            return
    outcomes = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(report.outcomes.items()))
    click.echo(f"{report.leads:,} leads with something to read, {report.cached:,} had their answer already")
    click.echo(f"{report.asked:,} texts asked{': ' + outcomes if outcomes else ''}")
    click.echo(f"{report.waiting:,} wait, {report.given_up:,} were given up, {report.erased:,} answers were erased")
    click.echo(f"{report.tokens_used:,} tokens used, {report.tokens_left:,} left this month")
    if report.is_budget_used_up:
        click.echo("the month's budget is used up; the rest waits for the next month or a larger --budget")
    if report.batch is not None:
        click.echo(f"batch: {report.batch}")
