"""One HubSpot portal as a source: which stream is read how. How often and where it lands is decided elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from integrations.credentials import Credential, Keep, parse_credential
from integrations.hubspot.catalog import Catalog
from integrations.hubspot.fetching import Fetcher
from integrations.hubspot.kinds import BIN_DAYS, KINDS
from integrations.hubspot.listings import Listings
from integrations.hubspot.marketing import Lists, Submissions
from integrations.hubspot.portal import Portal
from integrations.hubspot.records import tombstone
from integrations.hubspot.sides import Sides
from integrations.hubspot.walking import Walker
from integrations.retry import RetryPolicy
from integrations.source import Cursor, Page
from tekup.errors import VendorError

OBJECT_STREAMS = tuple(KINDS)


class HubspotSource:
    """One portal. ``overlap_seconds`` must exceed the search index's lag; ``clock`` is seconds since the epoch.

    ``paced`` keeps requests below the vendor's limits beforehand; by default it does so with the vendor itself.
    """

    vendor = "hubspot"
    # Schemas come first: they say which objects there are. Properties are read where objects changed, and told after.
    streams: tuple[str, ...] = (
        "schemas", *OBJECT_STREAMS, "custom_objects", "properties",
        "pipelines", "owners", "lists", "forms", "form_submissions", "association_labels",
    )  # fmt: skip
    append_only: frozenset[str] = frozenset()
    memory_days: float | None = BIN_DAYS

    def __init__(
        self,
        credential: Credential | str,
        api_base: str | None = None,
        *,
        keep: Keep | None = None,
        retry: RetryPolicy | None = None,
        overlap_seconds: float = 300.0,
        clock: Callable[[], float] = time.time,
        paced: bool | None = None,
    ) -> None:
        given = parse_credential(credential) if isinstance(credential, str) else credential
        self.sides: dict[str, tuple[str, ...]] = {
            **{name: kind.sides for name, kind in KINDS.items() if kind.sides},
            "custom_objects": ("associations",),
            "lists": ("list_memberships",),
        }
        overlap = int(overlap_seconds * 1000)
        self._overlap_ms = overlap
        self._portal = Portal(given, api_base, keep=keep, retry=retry or RetryPolicy(), clock=clock, paced=paced)
        self._catalog = Catalog(self._portal)
        self._sides = Sides(self._portal)
        self._walker = Walker(self._portal, self._catalog, self._sides, overlap)
        self._listings = Listings(self._portal, self._catalog)
        self._lists = Lists(self._portal, overlap)
        self._submissions = Submissions(self._portal, self._listings, overlap)
        self._identity = ""

    @property
    def lacking(self) -> dict[tuple[str, str], str]:
        """The pairs of kinds whose associations the credential was found not to be allowed to read, and why."""
        return dict(self._sides.lacking)

    def identity(self) -> str:
        """Return the portal's number."""
        if not self._identity:
            self._identity = f"portal {self._portal.get('account', '/account-info/v3/details')['portalId']}"
        return self._identity

    def pages(self, stream: str, cursor: Cursor | None) -> Iterator[Page]:
        """Yield pages of a stream; see ``integrations.source.Source``."""
        if stream in KINDS:
            return self._walker.pages(KINDS[stream], cursor)
        listings, recent = self._listings, self._recent()
        if stream == "custom_objects":
            return self._custom_pages(cursor or {"phase": "kinds", "states": {}, "done": []})
        if stream == "properties":
            return self._catalog.property_pages(cursor or {}, recent)
        if stream == "schemas":
            return listings.pages(cursor, [listings.schemas(recent)])
        if stream == "pipelines":
            return listings.pages(cursor, [listings.pipelines("deals"), listings.pipelines("tickets")])
        if stream == "owners":
            return listings.pages(cursor, [listings.owners(False), listings.owners(True)])
        if stream == "forms":
            return listings.pages(cursor, [listings.forms()])
        if stream == "lists":
            return self._lists.pages(cursor)
        if stream == "form_submissions":
            return self._submissions.pages(cursor)
        if stream == "association_labels":
            return listings.label_pages(cursor, recent)
        raise ValueError(f"hubspot has no stream {stream!r}")

    def fetch(self, stream: str, identifiers: Sequence[str]) -> Iterator[Page]:
        """Yield objects as they are now, with their sides; see ``integrations.source.Source``."""
        fetcher = Fetcher(self._portal, self._walker)
        if stream in KINDS:
            return fetcher.pages(KINDS[stream], identifiers)
        if stream != "custom_objects":
            raise ValueError(f"hubspot's {stream} can't be read one by one")
        return self._fetch_custom(fetcher, identifiers)

    def count(self, stream: str) -> int | None:
        """Return how many live objects there are; None for what is told with others, and for submissions."""
        if stream in KINDS:
            return self._walker.count(KINDS[stream])
        if stream == "custom_objects":
            return sum(self._walker.count(kind) for kind in self._catalog.custom_kinds(self._recent()))
        if stream == "lists":
            return int(self._lists.search(0, 1)["total"])
        if stream in ("schemas", "properties", "pipelines", "owners", "forms", "association_labels"):
            return sum(not record.deleted for page in self.pages(stream, None) for record in page.records)
        return None

    def check(self) -> dict[str, str]:
        """Return the portal and, per stream, ``"ok"`` or why it can't be read."""
        result = {}
        for name, probe in (("account", self.identity), *((stream, self._probe(stream)) for stream in self.streams)):
            try:
                found = probe()
                result[name] = str(found) if name == "account" else "ok"
            except VendorError as fault:
                result[name] = str(fault)
        return result

    def close(self) -> None:
        """Close the SDK's connections."""
        self._portal.close()

    def _recent(self) -> int:
        return self._portal.now() - self._overlap_ms

    def _probe(self, stream: str) -> Callable[[], object]:
        if stream in KINDS:
            return lambda: self._walker.count(KINDS[stream])
        if stream == "custom_objects":
            return lambda: self._catalog.custom_kinds(self._recent())
        return lambda: next(self.pages(stream, None))

    def _custom_pages(self, cursor: Cursor) -> Iterator[Page]:
        """Walk each of the portal's own kinds from where it stands; a new one from its beginning."""
        states, done = dict(cursor["states"]), list(cursor["done"])
        kinds = {kind.name: kind for kind in self._catalog.custom_kinds(self._recent())}
        states = {name: state for name, state in states.items() if name in kinds}
        for name, kind in kinds.items():
            if name in done:
                continue
            for page in self._walker.pages(kind, states.get(name)):
                states = {**states, name: page.cursor}
                if page.cursor["phase"] == "changes" and "until" not in page.cursor:
                    done = [*done, name]
                yield replace(page, cursor={"phase": "kinds", "states": states, "done": done})
        yield self._portal.meter.page([], {"phase": "kinds", "states": states, "done": []})

    def _fetch_custom(self, fetcher: Fetcher, identifiers: Sequence[str]) -> Iterator[Page]:
        kinds = {kind.name: kind for kind in self._catalog.custom_kinds(self._recent())}
        numbers: dict[str, list[str]] = {}
        for identifier in identifiers:
            name, _, number = identifier.partition("/")
            numbers.setdefault(name, []).append(number)
        for name, found in numbers.items():
            if name in kinds:
                yield from fetcher.pages(kinds[name], found)
            else:  # the kind is gone with all its objects
                gone = [tombstone(f"{name}/{number}", "vanished") for number in found]
                yield self._portal.meter.page(gone, {})
