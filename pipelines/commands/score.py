"""`tekup score`: scores and reasons for a file of leads."""

from pathlib import Path

import click

from tekup.errors import BadInput


@click.command()
@click.argument("tenant")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Write CSV or Parquet instead of printing.")
def score(tenant: str, file: Path, out: Path | None) -> None:
    """Score the leads in FILE (features as in the mart ftr_lead) with the live model, adapted to TENANT."""
    import polars as pl

    from pipelines.commands.frames import read_frame, show_frame
    from pipelines.models.lead_features import TENANT
    from pipelines.resources.platform import Platform
    from tekup.settings import current_settings

    platform = Platform(current_settings())
    found = platform.tenant(tenant)
    model = platform.registry.live()
    if model is None:
        raise BadInput("no lead-score model is live", hint="train one: `tekup run`")
    frame = read_frame(file).with_columns(pl.lit(str(found.id)).alias(TENANT))
    scores = model.score(frame)
    reasons = pl.col("reasons").list.eval(
        pl.format("{} = {}", pl.element().struct.field("feature"), pl.element().struct.field("value"))
    )
    shown = scores.with_columns(reasons.list.join("; ")) if out is None or out.suffix != ".parquet" else scores
    keys = [name for name in ("lead_id", "key", "email") if name in frame.columns]
    show_frame(pl.concat([frame.select(keys), shown], how="horizontal"), out)
