"""`tekup run`: the main job."""

import sys

import click


@click.command()
@click.option("--seed", type=int, help="Which simulated world, at the first run.  [default: 7]")
@click.option("--scale", type=click.FloatRange(0.001, 100), help="How large a world, at the first run.  [default: 1]")
@click.option(
    "--sandbox/--no-sandbox",
    default=None,
    help="With or without the simulated tenants. Default: with them unless a tenant has a real connection.",
)
def run(seed: int | None, scale: float | None, sandbox: bool | None) -> None:
    """Set up, pull, build, train, score, attribute, check; then say where to look next."""
    from rich.console import Console

    from pipelines.run import main, summary
    from pipelines.run.progress import Progress
    from tekup.settings import current_settings

    settings = current_settings()
    console = Console()
    report = main.run(settings, Progress(console), seed=seed, scale=scale, sandbox=sandbox)
    summary.show(console, settings, report)
    sys.exit(0 if report.succeeded else 1)
