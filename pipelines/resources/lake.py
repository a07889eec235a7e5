"""The lake: Parquet extracts under each tenant's own prefix, in a folder or an object store. It runs no query."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import duckdb
import polars as pl

from tekup.directory.extracts import extracts_prefix, remove_extracts


@dataclass(frozen=True, slots=True)
class Lake:
    """Datasets as ``<root>/<tenant id>/<dataset>.parquet``; a file is replaced whole or not at all."""

    root: str

    def address(self, tenant_id: UUID, dataset: str) -> str:
        """Where one tenant's extract of a dataset lies."""
        return f"{extracts_prefix(self.root, tenant_id)}/{dataset}.parquet"

    def write(self, tenant_id: UUID, dataset: str, frame: pl.DataFrame) -> str:
        """Replace one tenant's extract; on an object store a put is atomic by itself."""
        address = self.address(tenant_id, dataset)
        if self._is_remote:
            frame.write_parquet(address, compression="zstd", statistics=True)
            return address
        path = Path(address)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(f".{uuid4().hex}.tmp")
        try:
            frame.write_parquet(temporary, compression="zstd", statistics=True)
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        return address

    def read(self, tenant_id: UUID, dataset: str) -> pl.DataFrame | None:
        """One tenant's extract, or None where there is none yet."""
        return pl.read_parquet(self.address(tenant_id, dataset)) if self.holds(tenant_id, dataset) else None

    def scan(self, tenant_id: UUID, dataset: str) -> pl.LazyFrame:
        """One tenant's extract, of which only what is asked for will be read."""
        return pl.scan_parquet(self.address(tenant_id, dataset))

    def holds(self, tenant_id: UUID, dataset: str) -> bool:
        """Whether the extract is there; of an object store only reading tells."""
        return self._is_remote or Path(self.address(tenant_id, dataset)).exists()

    def query(self, dataset: str, tenant_ids: Sequence[UUID], select: str = "*") -> pl.DataFrame:
        """Some columns of the extracts of some tenants, streamed by DuckDB; extracts that do not exist are left out.

        ``select`` is a list of SQL expressions over the dataset's columns. Columns are joined by name, so that extracts
        of different age go together.
        """
        addresses = [self.address(tenant_id, dataset) for tenant_id in tenant_ids]
        found = [address for address in addresses if self._is_remote or Path(address).exists()]
        if not found:
            return pl.DataFrame()
        with duckdb.connect() as connection:
            source = connection.read_parquet(found, union_by_name=True)
            frame: pl.DataFrame = source.select(select).pl()
            return frame

    def forget(self, tenant_id: UUID) -> None:
        """Delete a tenant's whole prefix (local folders only)."""
        remove_extracts(self.root, tenant_id)

    @property
    def _is_remote(self) -> bool:
        return "://" in self.root
