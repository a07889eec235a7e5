"""Rows of a file that are of persons whom the tenant has erased. How rows are judged and loaded is told elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

import polars as pl

from pipelines.importing.checking import Checked
from pipelines.importing.entities import Entity
from pipelines.importing.shapes import LINE
from tekup.privacy.ledger import Ledger

_KINDS = {"email": "email", "phone": "phone", "anonymous_id": "cookie"}
_OWN = {"leads": "lead", "contacts": "contact"}


@dataclass(frozen=True, slots=True)
class Sieve:
    """Leaves the erased out; ``row_id`` says which row a key of an entity is."""

    ledger: Ledger
    row_id: Callable[[str, object], UUID]

    def sift(self, entity: Entity, checked: Checked) -> tuple[Checked, int]:
        """The batch without rows of the erased, and how many those were; a deal of such a lead stays without it."""
        if not self.ledger or checked.rows.is_empty():
            return checked, 0
        rows = checked.rows
        if "lead_key" in rows.columns:
            gone = [key for key in rows["lead_key"].drop_nulls().unique() if self._is_erased("leads", key)]
            lead_key = pl.when(pl.col("lead_key").is_in(gone)).then(None).otherwise(pl.col("lead_key"))
            rows = rows.with_columns(lead_key.alias("lead_key"))
        left_out = [
            line
            for line, *values in rows.select(LINE, *self._columns(entity, rows)).iter_rows()
            if any(
                self._knows(entity, name, one) for name, one in zip(self._columns(entity, rows), values, strict=True)
            )
        ]
        kept = replace(
            checked,
            rows=rows.filter(~pl.col(LINE).is_in(left_out)),
            rejects=[reject for reject in checked.rejects if reject.line not in set(left_out)],
        )
        return kept, len(left_out)

    def _columns(self, entity: Entity, rows: pl.DataFrame) -> list[str]:
        own = ["key"] if entity.name in _OWN else []
        return [name for name in (*_KINDS, *own) if name in rows.columns]

    def _knows(self, entity: Entity, column: str, value: object) -> bool:
        if value is None:
            return False
        if column == "key":
            return self._is_erased(entity.name, value)
        return self.ledger.knows(_KINDS[column], str(value))

    def _is_erased(self, entity: str, key: object) -> bool:
        return self.ledger.knows(_OWN[entity], str(self.row_id(entity, key)))
