"""Persons in a tenant's Parquet extracts: files are written again without their rows."""

from collections.abc import Iterable, Iterator, Mapping

import polars as pl

from pipelines.models.attribution_state import NEWS, STATE
from pipelines.resources.lake import Lake
from tekup.privacy.holders import Row, Scope
from tekup.privacy.persons import Kind, Person

DATASETS = ("touchpoints", "conversions", "lead_features", STATE, NEWS)
_COLUMNS: Mapping[str, Kind] = {"person_id": "person", "lead_id": "lead"}


class Extracts:
    """The lake: a folder, or an object store."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """Extracts know nothing that the marts do not."""
        return ()

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """The person's rows of each extract."""
        for dataset in DATASETS:
            frame = _read(scope, dataset)
            if frame is not None and (about := _about(frame, person)) is not None:
                for row in frame.filter(about).iter_rows(named=True):
                    yield f"lake.{dataset}", {name: value for name, value in row.items() if value is not None}

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Write files without the person; the sums of journeys are counted anew from those that are left."""
        lake, done = Lake(scope.doors.settings.lake), {}
        for dataset in DATASETS:
            frame = _read(scope, dataset)
            if frame is None or (about := _about(frame, person)) is None:
                continue
            kept = frame.filter(~about)
            if kept.height < frame.height:
                done[f"lake.{dataset}"] = frame.height - kept.height
                # an empty state says that there is none: sums can't be told apart by person
                lake.write(scope.tenant_id, dataset, frame.clear() if dataset in (STATE, NEWS) else kept)
        return done

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Rows by id are found again and go; extracts hold no texts of persons."""
        if mends:
            return self.erase(scope, person)
        found: dict[str, int] = {}
        for place, _ in self.export(scope, person):
            found[place] = found.get(place, 0) + 1
        return found


def _read(scope: Scope, dataset: str) -> pl.DataFrame | None:
    try:
        return Lake(scope.doors.settings.lake).read(scope.tenant_id, dataset)
    except OSError:
        return None  # an object store tells only by reading that there is none


def _about(frame: pl.DataFrame, person: Person) -> pl.Expr | None:
    parts = [
        pl.col(column).cast(pl.String).is_in(sorted(person.of(kind)))
        for column, kind in _COLUMNS.items()
        if column in frame.columns and person.of(kind)
    ]
    return pl.any_horizontal(parts).fill_null(False) if parts else None
