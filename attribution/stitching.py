"""Stitches ids that belong to one person. Which pairs of ids do belong together is known by the caller."""

from datetime import datetime

import numpy as np
import polars as pl
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from attribution.columns import Frame, collect, read_moment, read_times, require
from attribution.errors import BadColumn


def stitch_identities(links: Frame, *, as_of: datetime | None = None) -> pl.DataFrame:
    """The person behind each id: ids that links connect, over any number of steps, share the smallest of them.

    ``links``: left and right (ids of one type; a row with a null connects nothing), optional linked_at
    (moment; with ``as_of`` later links are not seen, so that a run for the past stays as it was). Connected
    components of an undirected graph (union-find; Tarjan 1975), O(links). A link that is taken back is left
    out of ``links`` and all is built anew: components can't be split by less.

    Returns one row per id that a link names, sorted: id, person_id. Raises MissingColumn, BadColumn.

    >>> links = pl.DataFrame({"left": ["cookie2", "cookie1"], "right": ["cookie1", "ann"]})
    >>> stitch_identities(links).rows()
    [('ann', 'ann'), ('cookie1', 'ann'), ('cookie2', 'ann')]
    """
    frame = collect(links, ("left", "right"), ("linked_at",), "links")
    if frame["left"].dtype != frame["right"].dtype and pl.Null not in (frame["left"].dtype, frame["right"].dtype):
        raise BadColumn(
            f"links: left is {frame['left'].dtype} and right {frame['right'].dtype}", hint="cast both to the same type"
        )
    moment = read_moment(as_of, "as_of")
    if moment is not None and "linked_at" in frame.columns:
        frame = frame.filter(pl.Series(read_times(frame, "linked_at", "links") <= moment))
    frame = frame.select("left", "right").drop_nulls()
    ids = pl.concat([frame["left"], frame["right"]]).unique().sort().alias("id")
    if ids.is_empty():
        return pl.DataFrame({"id": ids, "person_id": ids})
    number = ids.to_frame().with_row_index("number")
    ends = [
        frame.select(id=side).join(number, on="id", how="left", maintain_order="left")["number"].to_numpy()
        for side in ("left", "right")
    ]
    graph = sparse.coo_array((np.ones(len(frame), np.bool_), (ends[0], ends[1])), shape=(len(ids), len(ids)))
    _, component = connected_components(graph.tocsr(), directed=False)
    # Ids are sorted, so the first of a component is its smallest.
    _, smallest = np.unique(component, return_index=True)
    return pl.DataFrame({"id": ids, "person_id": ids.gather(smallest[component])})


def apply_identities(touchpoints: Frame, conversions: Frame, identities: Frame | None) -> tuple[Frame, Frame]:
    """Both frames with the person in place of each id that ``identities`` (id, person_id) names."""
    if identities is None:
        return touchpoints, conversions
    table = collect(identities, ("id", "person_id"), (), "identities")
    if table["id"].is_duplicated().any():
        raise BadColumn("identities: an id belongs to two persons", hint="build them with stitch_identities")
    return _replace(touchpoints, table, "touchpoints"), _replace(conversions, table, "conversions")


def _replace(frame: Frame, table: pl.DataFrame, what: str) -> Frame:
    require(frame, ("person_id",), what)
    kind = frame.collect_schema()["person_id"]
    if kind != table["id"].dtype and pl.Null not in (kind, table["id"].dtype):
        raise BadColumn(f"person_id of {what} is {kind}, identities are {table['id'].dtype}", hint="cast both alike")
    if table.is_empty() or kind == pl.Null:
        return frame
    person = pl.col("person_id")
    found = frame.lazy().join(
        table.lazy().rename({"id": "person_id", "person_id": "__person"}),
        on="person_id",
        how="left",
        maintain_order="left",
    )
    return found.with_columns(pl.coalesce("__person", person).alias("person_id")).drop("__person")
