"""Files under TEKUP_HOME that may quote a person: logs, and the record of runs that Dagster keeps beside them."""

import contextlib
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tekup.privacy.holders import Row, Scope
from tekup.privacy.mentions import ERASED, Needles, needles_of
from tekup.privacy.operational import shared_words
from tekup.privacy.persons import Kind, Person

APART = {"postgres", "lake", "models", "sandbox"}
"""Folders with rules of their own: the databases and extracts are erased by row, models hold no row, and the sandbox
plays the vendor."""
_SQLITE = b"SQLite format 3\x00"


class Files:
    """Everything under the state folder that no other holder looks after."""

    def links(self, scope: Scope, person: Person) -> Iterable[tuple[Kind, str | None]]:
        """Files know nothing of their own."""
        return ()

    def export(self, scope: Scope, person: Person) -> Iterator[tuple[str, Row]]:
        """Lines that quote a person are of others as well: they are counted as mentions."""
        return iter(())

    def erase(self, scope: Scope, person: Person) -> Mapping[str, int]:
        """Nothing in a file is the person's own; see `sweep`."""
        return {}

    def sweep(self, scope: Scope, person: Person, *, mends: bool) -> Mapping[str, int]:
        """Quotes of the person, by file; written over in place, so that who is writing a log goes on."""
        needles = needles_of(person, shared=shared_words(scope, person))
        home = scope.doors.settings.home_path
        found: dict[str, int] = {}
        if needles is None:
            return found
        for path in sorted(files_under(home)):
            with contextlib.suppress(FileNotFoundError):
                count = _sweep_file(path, needles, mends)
                if count:
                    found[f"file {path.relative_to(home)}"] = count
        return found


def files_under(home: Path) -> Iterator[Path]:
    """The files that are looked through."""
    for folder in home.iterdir() if home.is_dir() else ():
        if folder.name in APART or folder.name.startswith("postgres"):
            continue
        yield from (path for path in ([folder] if folder.is_file() else folder.rglob("*")) if path.is_file())


def _sweep_file(path: Path, needles: Needles, mends: bool) -> int:
    with path.open("r+b" if mends else "rb") as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            return _sweep_sqlite(path, needles, mends)
        if path.name.endswith(("-wal", "-shm")):
            return 0  # a part of a SQLite database, which is looked through by its own means
        file.seek(0)
        content = file.read()
        text = content.decode("utf-8", "surrogateescape")
        hits = list(needles.exact.finditer(text))
        if mends:
            for hit in hits:
                start = len(text[: hit.start()].encode("utf-8", "surrogateescape"))
                file.seek(start)
                file.write(b"x" * len(hit.group().encode("utf-8", "surrogateescape")))
        return len(hits)


def _sweep_sqlite(path: Path, needles: Needles, mends: bool) -> int:
    found = 0

    def redact(value: Any) -> Any:
        return needles.exact.sub(ERASED, value) if isinstance(value, str) else value

    def mentions(value: object) -> bool:
        return isinstance(value, str) and needles.exact.search(value) is not None

    with contextlib.closing(sqlite3.connect(path, timeout=30)) as database, database:
        database.create_function("redact", 1, redact, deterministic=True)
        database.create_function("mentions", 1, mentions, deterministic=True)
        for (table,) in database.execute("select name from sqlite_master where type = 'table'").fetchall():
            if not re.fullmatch(r"\w+", table):
                continue
            columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
            which = " or ".join(f'mentions("{column}")' for column in columns)
            (count,) = database.execute(f'select count(*) from "{table}" where {which}').fetchone()  # noqa: S608  # names from the catalogue
            found += count
            if count and mends:
                changes = ", ".join(f'"{column}" = redact("{column}")' for column in columns)
                database.execute(f'update "{table}" set {changes} where {which}')  # noqa: S608  # names from the catalogue
    return found
