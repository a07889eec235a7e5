"""Dagster's event log in SQLite, with its connections kept open.

Dagster's own class opens a file, makes an engine and compiles each statement anew for every event, of which a build
has thousands. This one keeps an engine for each of the files that were used last, so that a statement is compiled once.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_KEPT = 4


class KeptConnections(SqliteEventLogStorage):
    """Dagster's event log under ``DAGSTER_HOME``: the same files, readable by Dagster's own class."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """No settings: the files are where Dagster keeps them by itself."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnections":
        """The storage of the instance that ``DAGSTER_HOME`` names, which whoever opens one has to set."""
        return cls(str(Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        path = self.path_for_shard(shard)
        kept = self._engines.pop(shard, None)
        if kept is not None and not os.path.exists(path):  # a run's file was removed with its run
            kept.dispose()
            self._initialized_dbs.discard(shard)
            kept = None
        if kept is None:
            kept = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(kept, "connect", _leave_flushing_to_checkpoints)
        self._engines[shard] = kept
        while len(self._engines) > _KEPT:
            self._engines.popitem(last=False)[1].dispose()
        return kept

    def wipe(self) -> None:
        """Forget every run's events."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


def _leave_flushing_to_checkpoints(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """In WAL mode a killed process loses nothing by this; a power cut may cost the last events, never the file."""
    connection.cursor().execute("pragma synchronous = normal")
