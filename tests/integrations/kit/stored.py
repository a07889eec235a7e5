"""What a loader would hold after reading: tombstones and replaced children are applied. No test lives here."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from integrations.kit.client import KitSource
from integrations.source import Cursor, Page


@dataclass
class Stored:
    """The live rows of each stream and the cursor to go on from."""

    rows: dict[str, dict[str, bytes]] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)

    def take(self, stream: str, page: Page) -> None:
        """Apply one page."""
        held = self.rows.setdefault(stream, {})
        for parent in page.replaces:
            for name in [name for name in held if name.partition(":")[0] == parent]:
                del held[name]
        for record in page.records:
            if record.deleted:
                held.pop(record.object_id, None)
            else:
                held[record.object_id] = record.payload
        self.cursors[stream] = page.cursor

    def read(self, source: KitSource, *streams: str) -> None:
        """Bring streams up to date."""
        for stream in streams or source.streams:
            for page in source.pages(stream, self.cursors.get(stream)):
                self.take(stream, page)


def read_fresh(source: KitSource, *streams: str) -> Stored:
    """Everything, read from the beginning."""
    fresh = Stored()
    fresh.read(source, *streams)
    return fresh


def pages_of(source: KitSource, stream: str, cursor: Cursor | None) -> Iterator[Page]:
    """The pages of a read that is to be looked at one by one."""
    yield from source.pages(stream, cursor)
