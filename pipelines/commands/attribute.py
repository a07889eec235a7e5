"""`tekup attribute`: a credit table from a file of paths, or of touchpoints and one of conversions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import polars as pl

    from pipelines.models.attribution_files import Events

_KEYS = {
    "channel": ("channel",),
    "campaign": ("channel", "campaign"),
    "day": ("day", "channel"),
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--model", help="One of attribution.MODELS.  [default: markov]")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the model; repeatable.")
@click.option("--compare", is_flag=True, help="All models that the file can feed, side by side.")
@click.option(
    "--measure",
    type=click.Choice(["conversions", "value"]),
    default="conversions",
    show_default=True,
    help="What --compare shows.",
)
@click.option("--intervals", type=float, help="Level of the intervals, such as 0.9; by channel only.")
@click.option("--level", type=click.Choice(list(_KEYS)), default="channel", show_default=True)
@click.option("--unattributed", is_flag=True, help="Show the conversions that no touch precedes.")
@click.option("--separator", default=">", show_default=True, help="Between channels where a path is one text.")
@click.option("--conversions", "conversion_file", type=click.Path(path_type=Path), help="FILE holds touchpoints then.")
@click.option("--lookback", default="90d", show_default=True, help="How long before a conversion touches count.")
@click.option("--conversion-window", help="Most time between the last touch and the conversion.")
@click.option(
    "--policy", default="reset", show_default=True, help="Several conversions of a person: reset | overlap | first."
)
@click.option("--unit", default="channel", show_default=True, help="Column that is credited; several with commas.")
@click.option("--direct", default="keep", show_default=True, help="Direct visits: keep | drop_unless_only.")
@click.option("--nulls", default="people", show_default=True, help="Journeys without a sale: people | journeys | none.")
@click.option("--as-of", help="A day or a moment: as if nothing later had happened.")
@click.option("--timezone", default="UTC", show_default=True, help="Where days are cut.")
@click.option("--out", type=click.Path(path_type=Path), help="Write .csv, .parquet or .json instead of printing.")
def attribute(
    file: Path,
    model: str | None,
    params: tuple[str, ...],
    compare: bool,
    measure: str,
    intervals: float | None,
    level: str,
    unattributed: bool,
    separator: str,
    conversion_file: Path | None,
    lookback: str,
    conversion_window: str | None,
    policy: str,
    unit: str,
    direct: str,
    nulls: str,
    as_of: str | None,
    timezone: str,
    out: Path | None,
) -> None:
    """Credit channels from FILE (CSV, Parquet or JSONL).

    With the columns path, conversions and optionally value and nulls it holds paths. With --conversions it holds
    touchpoints (person_id, occurred_at, channel, optionally touch_id, campaign), and that file conversions (person_id,
    converted_at, optionally value, conversion_id).
    """
    import attribution
    from pipelines.commands.frames import read_frame
    from pipelines.models.attribution_files import Cut, read_duration, read_events, read_parameters, read_path_file
    from tekup.errors import BadInput

    _check_options(compare, model, params, intervals, level, conversion_file is not None, as_of, out)
    frame = read_frame(file)
    events = None
    if conversion_file is not None:
        cut = Cut(
            read_duration(lookback, "lookback"),
            None if conversion_window is None else read_duration(conversion_window, "conversion-window"),
            policy, tuple(unit.split(",")), direct, nulls, as_of, _known_zone(timezone),
        )  # fmt: skip
        events = read_events(frame, read_frame(conversion_file), cut)
        paths: object = events.paths
    elif "path" not in frame.columns and "occurred_at" in frame.columns:
        raise BadInput(f"{file.name} holds touchpoints", hint="name the file of conversions: --conversions FILE")
    else:
        paths = attribution.read_paths(read_path_file(frame, separator))
    if compare:
        found = _compare(paths, measure, unattributed)
    else:
        model = model or "markov"
        parameters = read_parameters(params, model)
        found = attribution.credit(
            paths, model, intervals=intervals, include_unattributed=unattributed or level != "channel", **parameters
        )
        if level != "channel" and events is not None:
            found = _drill(events, model, found, parameters, level, unattributed)
    _write(found, out)


def _check_options(
    compare: bool,
    model: str | None,
    params: tuple[str, ...],
    intervals: float | None,
    level: str,
    has_events: bool,
    as_of: str | None,
    out: Path | None,
) -> None:
    from tekup.errors import BadInput

    if compare and (model or params or intervals is not None or level != "channel"):
        raise BadInput("--compare shows all models by channel", hint="leave --model, --param, --intervals, --level out")
    if level != "channel" and intervals is not None:
        raise BadInput("intervals come by channel only", hint="leave --level or --intervals out")
    if not has_events and (level != "channel" or as_of is not None):
        raise BadInput("a file of paths has no campaigns and no days", hint="give touchpoints and --conversions FILE")
    if out is not None and out.suffix not in (".csv", ".parquet", ".json"):
        raise BadInput(f"{out.name}: unknown kind of file", hint="give .csv, .parquet or .json")


def _known_zone(name: str) -> str:
    from zoneinfo import available_timezones

    from tekup.errors import BadInput

    if name not in available_timezones():
        raise BadInput(f"timezone is {name!r}", hint="a name such as Europe/Copenhagen or UTC")
    return name


def _compare(paths: object, measure: str, unattributed: bool) -> "pl.DataFrame":
    """A column a model; those that ask for columns which the file lacks are named on standard error."""
    import polars as pl

    import attribution
    from tekup.errors import BadInput

    parts = []
    for name in attribution.MODELS:
        try:
            found = attribution.credit(paths, name, include_unattributed=unattributed)
        except BadInput as error:
            click.echo(f"left out: {name}: {error.what}", err=True)
            continue
        parts.append(found.select("channel", pl.lit(name).alias("model"), measure))
    wide = pl.concat(parts).pivot("model", index="channel", values=measure).fill_null(0.0)
    return wide.sort(pl.col("channel").str.starts_with("("), "channel")


def _drill(
    events: "Events",
    model: str,
    channels: "pl.DataFrame",
    parameters: dict[str, Any],
    level: str,
    unattributed: bool,
) -> "pl.DataFrame":
    """Credit by campaign or day; the sums by channel stay."""
    import polars as pl

    from attribution import UNATTRIBUTED
    from pipelines.models.attribution_drilldown import followed_rule, is_rule, share_out, sum_cells

    conversions = events.conversions
    if "value" not in conversions.columns:
        conversions = conversions.with_columns(value=pl.lit(0.0))
    followed = sum_cells(events.paths, events.touches, conversions, *followed_rule(model, parameters))
    cells = share_out(followed, channels, fit=not is_rule(model))
    if unattributed:
        met = pl.Series("row", events.paths.rows.astype("uint32")).to_frame()
        rest = conversions.with_row_index("row").join(met, on="row", how="anti")
        line = rest.select(
            "converted_date",
            pl.lit(UNATTRIBUTED).alias("channel"),
            pl.lit(None, cells.schema["campaign_id"]).alias("campaign_id"),
            pl.lit(1.0).alias("conversions"),
            pl.col("value").cast(pl.Float64),
        )
        cells = pl.concat([cells, line])
    keys = _KEYS[level]
    named = cells.rename({"converted_date": "day", "campaign_id": "campaign"})
    return named.group_by(keys).agg(pl.col("conversions", "value").sum()).sort(keys, nulls_last=True)


def _write(frame: "pl.DataFrame", out: Path | None) -> None:
    import polars as pl

    from pipelines.commands.frames import show_frame

    if out is not None and out.suffix == ".json":
        frame.write_json(out)
        return
    with pl.Config(tbl_width_chars=240):
        show_frame(frame, out)
